/*
 * Small things about text and time as values: character classes (RFC 9110 5.6.2, RFC 3986 2),
 * hexadecimal, UTF-8, RFC 3339. No locale, no clock: a time is microseconds since 1970 UTC, and
 * somebody hands it in.
 */
#ifndef VG_BASE_TEXT_H
#define VG_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/slice.h"

static inline char vg_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

static inline bool vg_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static inline bool vg_is_alpha(char c)
{
	return vg_lower(c) >= 'a' && vg_lower(c) <= 'z';
}

/* RFC 3986 2.3 unreserved. */
static inline bool vg_is_unreserved(char c)
{
	return vg_is_alpha(c) || vg_is_digit(c) || c == '-' || c == '.' || c == '_' || c == '~';
}

/* 0 to 15, or -1 where c is no hexadecimal digit. */
int vg_hex_value(char c) VG_MUST_CHECK;

/* RFC 9110 5.6.2 tchar. */
bool vg_is_tchar(char c) VG_MUST_CHECK;

/* All bytes are tchar, and there is at least one. */
bool vg_is_token(struct vg_slice s) VG_MUST_CHECK;

/* Lower-case digits of `len` bytes and a NUL: `out` has room for 2 * len + 1. */
void vg_hex(char *out, const void *bytes, size_t len);

/* 2 * len digits, any case, into `len` bytes. */
bool vg_unhex(struct vg_slice hex, uint8_t *out, size_t len) VG_MUST_CHECK;

/*
 * The length of the well-formed UTF-8 character that `s` begins with (RFC 3629: no overlong form,
 * no surrogate, none above U+10FFFF); 0 where there is none.
 */
size_t vg_utf8_len(struct vg_slice s) VG_MUST_CHECK;
bool vg_is_utf8(struct vg_slice s) VG_MUST_CHECK;

#define VG_U64_TEXT 21 /* the largest number, and a NUL */

/* Decimal digits and a NUL; the length without it. Costs a tenth of snprintf. */
size_t vg_u64_text(char out[VG_U64_TEXT], uint64_t value);

#define VG_TIME_TEXT 28 /* "2026-06-01T10:00:00.000000Z" and a NUL */

/* RFC 3339, UTC, six fraction digits. Years 1970 to 9999; outside them the nearest end. */
void vg_time_text(char out[VG_TIME_TEXT], int64_t us);

/* Days since 1970-01-01 of a proleptic Gregorian date; month and day count from 1. */
int64_t vg_days(int64_t year, unsigned month, unsigned day) VG_MUST_CHECK;

/* The same the other way. */
struct vg_date {
	int64_t year;
	unsigned month, day; /* from 1 */
};
struct vg_date vg_date_of_days(int64_t days) VG_MUST_CHECK;

/* RFC 3339 date-time or date alone (its midnight, UTC); false where it is none. */
bool vg_time_parse(struct vg_slice s, int64_t *us) VG_MUST_CHECK;

/* `YYYY-MM-DD` of the Gregorian calendar, as days since 1970-01-01; false where it is none. */
bool vg_date_parse(struct vg_slice s, int64_t *days) VG_MUST_CHECK;

#endif
