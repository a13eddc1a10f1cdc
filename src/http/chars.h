/*
 * What each byte may be in a message (RFC 9110 5.5, 5.6.2, RFC 3986 2), as one table: the parser,
 * the body decoder and the writers ask the same one.
 */
#ifndef VG_HTTP_CHARS_H
#define VG_HTTP_CHARS_H

#include <stdint.h>

#include "base/attr.h"
#include "base/slice.h"

enum vg_char {
	VG_CHAR_NAME = 1,     /* letters, digits, hyphen: what field names are made of */
	VG_CHAR_TOKEN = 2,    /* tchar */
	VG_CHAR_VALUE = 4,    /* HTAB, SP, VCHAR */
	VG_CHAR_OPAQUE = 8,   /* obs-text, 0x80 to 0xff */
	VG_CHAR_VISIBLE = 16, /* VCHAR */
	VG_CHAR_HOST = 32     /* letters, digits, hyphen, dot, underscore */
};

extern const uint8_t vg_chars[256];

static inline unsigned vg_char(char c)
{
	return vg_chars[(uint8_t)c];
}

/* The end of the run of bytes that are of one of `classes`. */
static inline const char *vg_chars_run(const char *at, const char *end, unsigned classes)
{
	while (at < end && (vg_char(*at) & classes) != 0)
		at++;
	return at;
}

/* Every byte is of one of `classes`, or there is none. */
static inline bool vg_chars_all(struct vg_slice s, unsigned classes)
{
	return s.len == 0 || vg_chars_run(s.ptr, s.ptr + s.len, classes) == s.ptr + s.len;
}

#define VG_CHARS_EACH UINT64_C(0x0101010101010101)

static inline uint64_t vg_chars_load(const char *at)
{
	uint64_t word;
	memcpy(&word, at, sizeof(word));
	return word;
}

/* 0 only where none of the eight bytes is a control byte below SP. */
static inline uint64_t vg_chars_low(uint64_t word)
{
	return (word - 0x20 * VG_CHARS_EACH) & ~word & (0x80 * VG_CHARS_EACH);
}

/* 0 only where all of the eight bytes are SP or VCHAR. */
static inline uint64_t vg_chars_odd(uint64_t word)
{
	uint64_t del = word ^ (0x7f * VG_CHARS_EACH);
	uint64_t high = (word - 0x20 * VG_CHARS_EACH) | word | ((del - VG_CHARS_EACH) & ~del);
	return high & (0x80 * VG_CHARS_EACH);
}

/* All bytes may stand in a field's value: looked at eight at a time. */
static inline bool vg_chars_value(struct vg_slice s)
{
	while (s.len >= 8 && vg_chars_odd(vg_chars_load(s.ptr)) == 0)
		s = vg_slice(s.ptr + 8, s.len - 8);
	return vg_chars_all(s, VG_CHAR_VALUE | VG_CHAR_OPAQUE);
}

#endif
