/* What the tests of src/http share: texts with NUL in them, and a head as a worker gets it. */
#ifndef VG_TESTS_UNIT_HTTP_H
#define VG_TESTS_UNIT_HTTP_H

#include <criterion/criterion.h>
#include <stdio.h>

#include "http/parse.h"

/* A text of a table: its own length, since it may hold NUL. */
#define TEXT(literal)                                                                              \
	{                                                                                          \
		"" literal, sizeof(literal) - 1                                                    \
	}

/* What a failed check shows of a text: printable, cut. */
static inline const char *shown(struct vg_slice text)
{
	static char out[512];
	size_t len = 0;
	for (size_t i = 0; i < text.len && len + 6 < sizeof(out); i++) {
		unsigned char c = (unsigned char)text.ptr[i];
		if (c >= 0x20 && c < 0x7f)
			out[len++] = (char)c;
		else
			len += (size_t)snprintf(out + len, 5, "\\x%02x", c);
	}
	out[len] = '\0';
	return out;
}

/* A copy at the end of its own allocation, so that ASan sees a read past it. */
static inline char *exact(struct vg_slice text)
{
	char *copy = malloc(text.len == 0 ? 1 : text.len);
	cr_assert(copy != NULL);
	memcpy(copy, text.ptr, text.len);
	return copy;
}

#endif
