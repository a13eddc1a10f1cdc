/*
 * A rate that holds at every moment: `N/s burst M` lets M come at once, and N in each second
 * besides (the generic cell rate algorithm of ITU-T I.371, with one number of state). Never more
 * than M + N * T in any T seconds.
 *
 * A pure function of the times that are handed in. The places of the handshakes ask it.
 */
#ifndef VG_LIMITS_BUCKET_H
#define VG_LIMITS_BUCKET_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"

struct vg_bucket {
	int64_t interval;  /* nanoseconds from one to the next; 0: no limit */
	int64_t tolerance; /* how far ahead of time one may come */
	int64_t due;       /* when the next one would come, had they kept their time */
};

/*
 * `rate` a second, `burst` at once, shared by so many who each have a bucket of their own: theirs
 * together hold to the rate, and to the burst where it can be divided (each lets one through at
 * least). A rate of 0: no limit. What was taken before stays taken.
 */
void vg_bucket_set(struct vg_bucket *bucket, uint32_t rate, uint32_t burst, uint32_t shares);

/*
 * Takes one, `now` in microseconds of a clock that doesn't go back. Else false, and *wait is set to
 * the microseconds until one can be taken: 1 at least.
 */
bool vg_bucket_take(struct vg_bucket *bucket, int64_t now, int64_t *wait) VG_MUST_CHECK;

#endif
