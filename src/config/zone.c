#include "config/zone.h"

#include <stdlib.h>
#include <time.h>

#include "base/text.h"

#define NAME_MAX_LEN 64
#define SECONDS_PER_DAY INT64_C(86400)
#define FIRST_DAY INT64_C(10957) /* 2000-01-01 */
#define LAST_DAY INT64_C(36525)  /* 2070-01-01 */
#define STEP_DAYS 3 /* no zone has changed its offset twice within so few days, nor will */

bool vg_zone_is_name(struct vg_slice name)
{
	struct vg_slice rest = name, part;
	if (name.len == 0 || name.len > NAME_MAX_LEN)
		return false;
	while (vg_slice_cut(&rest, '/', &part)) {
		if (part.len == 0 || !vg_is_alpha(part.ptr[0]))
			return false;
		for (size_t i = 0; i < part.len; i++)
			if (!vg_is_alpha(part.ptr[i]) && !vg_is_digit(part.ptr[i]) &&
			    part.ptr[i] != '_' && part.ptr[i] != '-' && part.ptr[i] != '+')
				return false;
	}
	return true;
}

static bool offset_at(int64_t second, int32_t *offset)
{
	struct tm tm;
	time_t time = (time_t)second;
	if (localtime_r(&time, &tm) == NULL)
		return false;
	*offset = (int32_t)tm.tm_gmtoff;
	return true;
}

/* The first second with another offset than that of `low`, between the two. */
static bool find_shift(int64_t low, int64_t high, struct vg_zone_shift *shift)
{
	int32_t before, offset;
	if (!offset_at(low, &before))
		return false;
	while (high - low > 1) {
		int64_t mid = low + (high - low) / 2;
		if (!offset_at(mid, &offset))
			return false;
		if (offset == before)
			low = mid;
		else
			high = mid;
	}
	shift->at = high;
	return offset_at(high, &shift->offset);
}

static bool find_shifts(struct vg_zone_shift *shifts, size_t *count)
{
	shifts[0].at = INT64_MIN;
	if (!offset_at(FIRST_DAY * SECONDS_PER_DAY, &shifts[0].offset))
		return false;
	*count = 1;
	for (int64_t day = FIRST_DAY; day < LAST_DAY; day += STEP_DAYS) {
		int32_t offset;
		int64_t low = day * SECONDS_PER_DAY, high = low + STEP_DAYS * SECONDS_PER_DAY;
		if (!offset_at(high, &offset))
			return false;
		if (offset == shifts[*count - 1].offset)
			continue;
		if (*count == VG_ZONE_SHIFTS_MAX || !find_shift(low, high, &shifts[*count]))
			return false;
		++*count;
	}
	return true;
}

/* libc reads the file by its path: a name that it can't read would be taken for UTC. */
bool vg_zone_read(struct vg_zone *zone, struct vg_slice name, struct vg_slice bytes,
		  struct vg_arena *arena)
{
	char tz[sizeof(":" VG_ZONE_DIRECTORY) + NAME_MAX_LEN] = ":" VG_ZONE_DIRECTORY;
	size_t at = sizeof(":" VG_ZONE_DIRECTORY) - 1;
	struct vg_zone_shift *shifts = vg_arena_array(arena, VG_ZONE_SHIFTS_MAX, sizeof(*shifts));
	if (shifts == NULL || !vg_slice_starts(bytes, VG_SLICE("TZif")) ||
	    !vg_slice_text(tz + at, sizeof(tz) - at, name) || setenv("TZ", tz, 1) != 0)
		return false;
	tzset();
	zone->shifts = shifts;
	bool good = find_shifts(shifts, &zone->count);
	(void)unsetenv("TZ");
	tzset();
	return good;
}
