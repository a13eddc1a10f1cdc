/*
 * Values as people write them: whole numbers, sizes, durations, rates, yes and no, names, words of a set.
 * Pure functions of the text; called by the key rows (key.h) and the patterns (pattern.h).
 */
#ifndef VG_CONFIG_UNITS_H
#define VG_CONFIG_UNITS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/slice.h"

#define VG_NAME_MAX 40 /* bytes of a name */

/* Bytes: digits, and one of KB MB GB (powers of 1000) or KiB MiB GiB (of 1024), or nothing. */
bool vg_units_size(struct vg_slice s, uint64_t *bytes) VG_MUST_CHECK;

/* Bytes a second: a size of at least 1 and "/s"; "off" is 0. */
bool vg_units_byte_rate(struct vg_slice s, uint64_t *bytes) VG_MUST_CHECK;

/* Milliseconds: digits and one of ms s m h d; a bare number is none. */
bool vg_units_duration(struct vg_slice s, uint64_t *ms) VG_MUST_CHECK;

/*
 * `N/s` or `N/s burst M`, both from 1 to VG_RATE_MAX, as one number: vg_units_rate_… take it apart.
 * Without a burst, N may come at once.
 */
#define VG_RATE_MAX UINT32_C(1000000)
bool vg_units_rate(struct vg_slice s, uint64_t *rate) VG_MUST_CHECK;

static inline uint32_t vg_units_rate_count(uint64_t rate)
{
	return (uint32_t)(rate >> 32);
}

static inline uint32_t vg_units_rate_burst(uint64_t rate)
{
	return (uint32_t)rate;
}

/* The same the other way: the largest unit that gives a whole number. */
#define VG_UNITS_TEXT 32
void vg_units_size_text(char out[VG_UNITS_TEXT], uint64_t bytes);
void vg_units_byte_rate_text(char out[VG_UNITS_TEXT], uint64_t bytes);
void vg_units_duration_text(char out[VG_UNITS_TEXT], uint64_t ms);
void vg_units_rate_text(char out[VG_UNITS_TEXT], uint64_t rate);

/* A decimal number, maybe negative, within int64_t; no plus sign, no leading zero. */
bool vg_units_int(struct vg_slice s, int64_t *value) VG_MUST_CHECK;

/* "yes" or "no". */
bool vg_units_bool(struct vg_slice s, bool *value) VG_MUST_CHECK;

/* [a-z0-9][a-z0-9_-]{0,39} */
bool vg_units_name(struct vg_slice s) VG_MUST_CHECK;

/* The place of `s` among the words of "one|two|three"; false where it is none of them. */
bool vg_units_word(struct vg_slice s, const char *words, uint64_t *place) VG_MUST_CHECK;

#endif
