#include "http/chars.h"

#define LETTER (VG_CHAR_NAME | VG_CHAR_TOKEN | VG_CHAR_VALUE | VG_CHAR_VISIBLE | VG_CHAR_HOST)
#define TOKEN (VG_CHAR_TOKEN | VG_CHAR_VALUE | VG_CHAR_VISIBLE)
#define DELIM (VG_CHAR_VALUE | VG_CHAR_VISIBLE)

const uint8_t vg_chars[256] = {
	['\t'] = VG_CHAR_VALUE,
	[' '] = VG_CHAR_VALUE,
	['!'] = TOKEN,
	['"'] = DELIM,
	['#' ... '\''] = TOKEN,
	['(' ... ')'] = DELIM,
	['*' ... '+'] = TOKEN,
	[','] = DELIM,
	['-'] = LETTER,
	['.'] = TOKEN | VG_CHAR_HOST,
	['/'] = DELIM,
	['0' ... '9'] = LETTER,
	[':' ... '@'] = DELIM,
	['A' ... 'Z'] = LETTER,
	['[' ... ']'] = DELIM,
	['^'] = TOKEN,
	['_'] = TOKEN | VG_CHAR_HOST,
	['`'] = TOKEN,
	['a' ... 'z'] = LETTER,
	['{'] = DELIM,
	['|'] = TOKEN,
	['}'] = DELIM,
	['~'] = TOKEN,
	[0x80 ... 0xff] = VG_CHAR_OPAQUE,
};
