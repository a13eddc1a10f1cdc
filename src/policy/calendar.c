#include "policy/calendar.h"

#include "base/text.h"

#define US_PER_SECOND INT64_C(1000000)
#define SECONDS_PER_DAY INT64_C(86400)
#define MONDAY 3 /* 1970-01-01 was a Thursday */

/* A moment in local time. */
struct local {
	int64_t day;     /* since 1970-01-01 */
	uint32_t second; /* of that day */
};

static int64_t floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

/* The last shift of the zone that is not after `second`; the first one comes before all time. */
static const struct vg_img_shift *shift_at(const struct vg_image *image,
					   const struct vg_img_zone *zone, int64_t second)
{
	const struct vg_img_shift *rows = vg_img_shifts(image) + zone->shifts.first;
	uint32_t low = 0, high = zone->shifts.count;
	while (high - low > 1) {
		uint32_t mid = low + (high - low) / 2;
		if (rows[mid].at <= second)
			low = mid;
		else
			high = mid;
	}
	return &rows[low];
}

static struct local local_of(int64_t second, int32_t offset)
{
	int64_t day = floor_div(second + offset, SECONDS_PER_DAY);
	return (struct local){day, (uint32_t)(second + offset - day * SECONDS_PER_DAY)};
}

static bool is_closed(const struct vg_image *image, struct vg_span closed, int64_t day)
{
	const struct vg_img_day *rows = vg_img_days(image) + closed.first;
	for (uint32_t i = 0; i < closed.count; i++)
		if (rows[i].day == day)
			return true;
	return false;
}

/* Whether the window opens on that day. */
static bool opens_on(const struct vg_image *image, const struct vg_img_window *window,
		     struct vg_span closed, int64_t day)
{
	int64_t week = day + MONDAY;
	unsigned weekday = (unsigned)(week - floor_div(week, 7) * 7);
	return (window->weekdays >> weekday & 1) != 0 &&
	       (window->monthdays >> vg_date_of_days(day).day & 1) != 0 &&
	       !is_closed(image, closed, day);
}

static bool has(const struct vg_image *image, const struct vg_img_window *window,
		struct vg_span closed, struct local now)
{
	uint32_t from = window->from * UINT32_C(60), to = window->to * UINT32_C(60);
	if (from < to)
		return now.second >= from && now.second < to &&
		       opens_on(image, window, closed, now.day);
	return (now.second >= from && opens_on(image, window, closed, now.day)) ||
	       (now.second < to && opens_on(image, window, closed, now.day - 1));
}

bool vg_calendar_is_open(const struct vg_image *image, const struct vg_img_hours *hours,
			 int64_t now)
{
	int64_t second = floor_div(now, US_PER_SECOND);
	for (uint32_t i = 0; i < hours->windows.count; i++) {
		const struct vg_img_window *window = &vg_img_windows(
			image)[hours->windows.first + i];
		const struct vg_img_zone *zone = &vg_img_zones(image)[window->zone];
		int32_t offset = shift_at(image, zone, second)->offset;
		if (has(image, window, hours->closed, local_of(second, offset)))
			return true;
	}
	return hours->windows.count == 0;
}

/* The first of the window's ends, midnight and the zone's next shift. */
static int64_t edge_of(const struct vg_image *image, const struct vg_img_window *window,
		       int64_t second)
{
	const struct vg_img_zone *zone = &vg_img_zones(image)[window->zone];
	const struct vg_img_shift *rows = vg_img_shifts(image) + zone->shifts.first;
	const struct vg_img_shift *shift = shift_at(image, zone, second);
	uint32_t at = local_of(second, shift->offset).second;
	const uint32_t ends[] = {window->from * UINT32_C(60), window->to * UINT32_C(60)};
	int64_t edge = second + SECONDS_PER_DAY - at;
	for (size_t i = 0; i < VG_COUNT(ends); i++)
		if (ends[i] > at && second + ends[i] - at < edge)
			edge = second + ends[i] - at;
	if (shift + 1 < rows + zone->shifts.count && shift[1].at < edge)
		edge = shift[1].at;
	return edge;
}

int64_t vg_calendar_edge(const struct vg_image *image, const struct vg_img_hours *hours,
			 int64_t now)
{
	int64_t second = floor_div(now, US_PER_SECOND), first = INT64_MAX;
	for (uint32_t i = 0; i < hours->windows.count; i++) {
		int64_t edge = edge_of(image, &vg_img_windows(image)[hours->windows.first + i],
				       second);
		if (edge * US_PER_SECOND < first)
			first = edge * US_PER_SECOND;
	}
	return first;
}
