#include "limits/bucket.h"

#define SECOND INT64_C(1000000000)

void vg_bucket_set(struct vg_bucket *bucket, uint32_t rate, uint32_t burst, uint32_t shares)
{
	if (shares == 0)
		shares = 1;
	uint32_t own = burst / shares + (burst % shares != 0);
	bucket->interval = rate == 0 ? 0 : SECOND * shares / rate;
	bucket->tolerance = own <= 1 ? 0 : bucket->interval * (own - 1);
}

bool vg_bucket_take(struct vg_bucket *bucket, int64_t now, int64_t *wait)
{
	now *= 1000;
	*wait = 0;
	int64_t furthest = now + bucket->tolerance + bucket->interval;
	if (bucket->due < now)
		bucket->due = now;
	/* By a rate that no longer holds. */
	if (bucket->due > furthest)
		bucket->due = furthest;
	if (bucket->interval > 0 && bucket->due - now > bucket->tolerance) {
		*wait = (bucket->due - now - bucket->tolerance + 999) / 1000;
		return false;
	}
	bucket->due += bucket->interval;
	return true;
}
