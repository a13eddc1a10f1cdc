#include <criterion/criterion.h>

#include "limits/bucket.h"

#define SECOND INT64_C(1000000)

/* How many come in a time, where somebody asks each `step` microseconds. */
static unsigned taken(struct vg_bucket *bucket, int64_t from, int64_t to, int64_t step)
{
	unsigned count = 0;
	int64_t wait;
	for (int64_t now = from; now < to; now += step)
		count += vg_bucket_take(bucket, now, &wait);
	return count;
}

Test(limits_bucket, a_burst_comes_at_once_and_the_rate_afterwards)
{
	struct vg_bucket bucket = {0};
	vg_bucket_set(&bucket, 100, 5, 1);
	cr_expect_eq(taken(&bucket, SECOND, SECOND + 50, 1), 5);
	cr_expect_eq(taken(&bucket, SECOND + 50, 2 * SECOND, 50), 99);
	cr_expect_eq(taken(&bucket, 2 * SECOND, 12 * SECOND, 500), 1000);
	/* A rest fills it again, and no further. */
	cr_expect_eq(taken(&bucket, 90 * SECOND, 90 * SECOND + 50, 1), 5);
}

Test(limits_bucket, who_waits_as_long_as_it_says_gets_one)
{
	static const uint32_t rates[] = {1, 3, 7, 100, 999, 300000, 1000000};
	for (size_t i = 0; i < VG_COUNT(rates); i++) {
		struct vg_bucket bucket = {0};
		int64_t now = SECOND, wait = 0;
		vg_bucket_set(&bucket, rates[i], 1, 1);
		for (unsigned n = 0; n < 1000; n++) {
			if (vg_bucket_take(&bucket, now, &wait))
				continue;
			cr_assert(wait >= 1 && wait <= SECOND, "%u/s", rates[i]);
			int64_t soon;
			cr_assert(wait == 1 || !vg_bucket_take(&bucket, now + wait - 1, &soon));
			now += wait;
			cr_assert(vg_bucket_take(&bucket, now, &wait), "%u/s", rates[i]);
		}
	}
}

Test(limits_bucket, never_more_than_burst_and_rate_in_any_window)
{
	struct vg_bucket bucket = {0};
	int64_t times[4000], now = SECOND, wait;
	size_t count = 0;
	uint64_t dice = 7;
	vg_bucket_set(&bucket, 200, 20, 1);
	while (count < VG_COUNT(times)) {
		dice = dice * UINT64_C(6364136223846793005) + 1442695040888963407U;
		now += (int64_t)(dice >> 33) % ((dice >> 60) == 0 ? 300000 : 4000);
		if (vg_bucket_take(&bucket, now, &wait))
			times[count++] = now;
	}
	for (size_t first = 0; first < count; first++)
		for (size_t last = first; last < count && last < first + 500; last++)
			cr_assert_leq((int64_t)(last - first + 1),
				      20 + 200 * (times[last] - times[first]) / SECOND,
				      "%zu to %zu", first, last);
}

Test(limits_bucket, shares_hold_to_the_rate_together)
{
	struct vg_bucket buckets[3] = {{0}};
	unsigned burst = 0, rest = 0;
	for (size_t i = 0; i < VG_COUNT(buckets); i++) {
		vg_bucket_set(&buckets[i], 100, 10, 3);
		burst += taken(&buckets[i], SECOND, SECOND + 10, 1);
		rest += taken(&buckets[i], SECOND + 10, 11 * SECOND + 10, 100);
	}
	cr_expect_eq(burst, 12, "10 are not three times a whole number: %u", burst);
	cr_expect(rest >= 999 && rest <= 1000, "%u", rest);
}

Test(limits_bucket, no_rate_is_no_limit_and_a_new_rate_holds_at_once)
{
	struct vg_bucket bucket = {0};
	vg_bucket_set(&bucket, 0, 0, 4);
	cr_expect_eq(taken(&bucket, 0, 1000, 1), 1000);
	vg_bucket_set(&bucket, 10, 1, 1);
	cr_expect_eq(taken(&bucket, SECOND, 2 * SECOND, 1000), 10);
	vg_bucket_set(&bucket, 0, 0, 1);
	cr_expect_eq(taken(&bucket, 2 * SECOND, 2 * SECOND + 1000, 1), 1000);
	/* What an old rate would have had wait for hours doesn't. */
	vg_bucket_set(&bucket, 1, 10000, 1);
	cr_expect_eq(taken(&bucket, 3 * SECOND, 3 * SECOND + 20000, 1), 10000);
	vg_bucket_set(&bucket, 10, 1, 1);
	cr_expect_eq(taken(&bucket, 4 * SECOND, 5 * SECOND, 1000), 9);
}
