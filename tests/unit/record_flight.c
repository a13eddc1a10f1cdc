/* What must be repeated after a break: all that has not been acknowledged for three seconds. */
#include <criterion/criterion.h>

#include "record/flight.h"

static struct vg_store_place at(uint64_t seq)
{
	return (struct vg_store_place){.segment = 1, .offset = seq * 100, .seq = seq};
}

static uint64_t safe(struct vg_flight *flight, int64_t ms)
{
	struct vg_store_place place = vg_flight_safe(flight, ms * 1000);
	cr_assert_eq(place.offset, place.seq * 100);
	return place.seq;
}

enum act { SENT, ARRIVED, SAFE };

static const struct {
	enum act act;
	int64_t ms;
	uint64_t value; /* SENT: seq, of 10 bytes each; ARRIVED: bytes; SAFE: the seq */
} steps[] = {
	{SAFE, 0, 1},         {SENT, 0, 5},          {SENT, 100, 7}, /* one mark: close together */
	{SENT, 400, 9},       {SAFE, 9000, 1},       {ARRIVED, 9000, 69}, /* not all of the first */
	{SAFE, 13000, 1},     {ARRIVED, 13000, 70},  {SAFE, 15999, 1},    {SAFE, 16000, 7},
	{ARRIVED, 16100, 90}, {ARRIVED, 16500, 90}, /* the first time counts */
	{SAFE, 19099, 7},     {SAFE, 19100, 9},      {SENT, 19200, 11},   {ARRIVED, 19250, 110},
	{SENT, 19300, 12}, /* the last has arrived: this is another one */
	{SAFE, 22250, 11},    {ARRIVED, 22300, 500}, {SAFE, 26000, 12},   {SAFE, 99000, 12},
};

Test(record_flight, steps)
{
	struct vg_flight flight;
	vg_flight_begin(&flight, at(1));
	for (size_t i = 0; i < VG_COUNT(steps); i++) {
		int64_t now = steps[i].ms * 1000;
		if (steps[i].act == SENT)
			vg_flight_sent(&flight, at(steps[i].value), steps[i].value * 10, now);
		else if (steps[i].act == ARRIVED)
			vg_flight_arrived(&flight, steps[i].value, now);
		else
			cr_expect_eq(safe(&flight, steps[i].ms), steps[i].value, "step %zu", i);
	}
}

Test(record_flight, without_room_the_last_mark_moves_on)
{
	struct vg_flight flight;
	vg_flight_begin(&flight, at(1));
	for (uint64_t i = 0; i < 1000; i++)
		vg_flight_sent(&flight, at(2 + i), 10 * (i + 1), (int64_t)i * 1000000);
	cr_assert_eq(flight.count, VG_FLIGHT_MARKS);
	vg_flight_arrived(&flight, 9999, 2000000000);
	cr_expect_eq(safe(&flight, 2003000), VG_FLIGHT_MARKS, "all but what the last stands for");
	vg_flight_arrived(&flight, 10000, 2004000000);
	cr_expect_eq(safe(&flight, 2007000), 1001);
	vg_flight_begin(&flight, at(500));
	cr_expect_eq(safe(&flight, 9000000), 500);
}
