#include "config/hours.h"

#include "base/text.h"
#include "config/zone.h"

#define US_PER_DAY INT64_C(86400000000)
#define MINUTES_PER_DAY 1440

static bool weekday(struct vg_slice s, unsigned *day)
{
	static const char *const names[] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
	for (*day = 0; *day < VG_COUNT(names); ++*day)
		if (vg_slice_eq(s, vg_slice_str(names[*day])))
			return true;
	return false;
}

static bool weekdays(struct vg_slice s, uint8_t *days)
{
	unsigned first, last;
	size_t dash = vg_slice_find(s, '-');
	if (!weekday(vg_slice_first(s, dash), &first))
		return false;
	last = first;
	if (dash < s.len && !weekday(vg_slice_from(s, dash + 1), &last))
		return false;
	*days = (uint8_t)(1U << last);
	for (unsigned day = first; day != last; day = (day + 1) % 7)
		*days |= (uint8_t)(1U << day);
	return true;
}

static bool monthday(struct vg_slice s, uint64_t *day)
{
	return vg_slice_u64(s, day) && *day >= 1 && *day <= 31 && s.ptr[0] != '0';
}

static bool monthdays(struct vg_slice s, uint32_t *days)
{
	uint64_t first, last;
	size_t dot = vg_slice_find(s, '.');
	if (!monthday(vg_slice_first(s, dot), &first))
		return false;
	last = first;
	if (dot < s.len && (!vg_slice_starts(vg_slice_from(s, dot), VG_SLICE("..")) ||
			    !monthday(vg_slice_from(s, dot + 2), &last)))
		return false;
	*days = 0;
	for (uint64_t day = first; day <= last; day++)
		*days |= UINT32_C(1) << day;
	return first <= last;
}

/* HH:MM, up to 24:00. */
static bool clock_time(struct vg_slice s, uint16_t *minutes)
{
	uint64_t hour, minute;
	if (s.len != 5 || s.ptr[2] != ':' || !vg_slice_u64(vg_slice_first(s, 2), &hour) ||
	    !vg_slice_u64(vg_slice_from(s, 3), &minute) || hour > 24 || minute > 59 ||
	    (hour == 24 && minute > 0))
		return false;
	*minutes = (uint16_t)(hour * 60 + minute);
	return true;
}

static bool clock_span(struct vg_slice s, struct vg_hours_item *item)
{
	size_t dash = vg_slice_find(s, '-');
	return clock_time(vg_slice_first(s, dash), &item->from) &&
	       clock_time(vg_slice_from(s, dash + 1), &item->to) && item->from < MINUTES_PER_DAY &&
	       item->from != item->to;
}

/* The next word; false at the end. */
static bool word(struct vg_slice *rest, struct vg_slice *out)
{
	*rest = vg_slice_trim(*rest);
	size_t end = 0;
	while (end < rest->len && rest->ptr[end] != ' ' && rest->ptr[end] != '\t')
		end++;
	*out = vg_slice_first(*rest, end);
	*rest = vg_slice_from(*rest, end);
	return out->len > 0;
}

bool vg_hours_item(struct vg_hours_item *item, struct vg_slice text)
{
	struct vg_slice rest = text, first;
	*item = (struct vg_hours_item){.weekdays = VG_HOURS_EVERY_WEEKDAY,
				       .monthdays = VG_HOURS_EVERY_MONTHDAY};
	if (!word(&rest, &first))
		return false;
	if ((weekdays(first, &item->weekdays) || monthdays(first, &item->monthdays)) &&
	    !word(&rest, &first))
		return false;
	return clock_span(first, item) && word(&rest, &item->zone) && !word(&rest, &first) &&
	       vg_zone_is_name(item->zone);
}

/* A day's begin, or its end; a time as it stands. */
static bool moment(struct vg_slice s, bool end, int64_t *us)
{
	int64_t days;
	if (!vg_date_parse(s, &days))
		return vg_time_parse(s, us);
	*us = (days + end) * US_PER_DAY;
	return true;
}

bool vg_hours_span(struct vg_slice text, int64_t *from, int64_t *until)
{
	struct vg_slice rest = text, begin, dots, end;
	return word(&rest, &begin) && word(&rest, &dots) && vg_slice_eq(dots, VG_SLICE("..")) &&
	       word(&rest, &end) && vg_slice_trim(rest).len == 0 && moment(begin, false, from) &&
	       moment(end, true, until) && *from < *until;
}
