/*
 * Request ids: a ULID is 48 bits of milliseconds and 80 random bits as 26 letters of Crockford's
 * base 32, so that ids sort by time and can't be guessed. Pure: time and entropy are handed in.
 */
#ifndef VG_BASE_ULID_H
#define VG_BASE_ULID_H

#include <stdint.h>

#define VG_ULID_TEXT 27 /* 26 letters and a NUL */

void vg_ulid(char out[VG_ULID_TEXT], int64_t us, const uint8_t entropy[10]);

#endif
