#include "config/emit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "config/hours.h"
#include "config/zone.h"

#define US_PER_MS INT64_C(1000)
#define US_PER_DAY INT64_C(86400000000)
#define WARN_DAYS 30

/* A zone is read once; where it can't be, each that names it is told. */
struct emit_zone {
	const char *fault; /* NULL: it has a row */
	uint32_t row;
};

static uint32_t zone_rows(struct vg_emit *emit, struct vg_slice name, const struct vg_zone *zone)
{
	struct vg_img_zone row = {
		.name = vg_build_text(emit->build, name),
		.shifts = {vg_build_count(emit->build, VG_SECTION_SHIFT), (uint32_t)zone->count},
	};
	for (size_t i = 0; i < zone->count; i++) {
		struct vg_img_shift shift = {.at = zone->shifts[i].at,
					     .offset = zone->shifts[i].offset};
		(void)vg_build_row(emit->build, VG_SECTION_SHIFT, &shift);
	}
	return vg_build_row(emit->build, VG_SECTION_ZONE, &row);
}

/* Its file is an input as others are, so that a generation's digest tells which rules it was made
   of. */
static const char *read_zone(struct vg_emit *emit, struct vg_slice name, struct vg_zone *zone)
{
	char path[sizeof(VG_ZONE_DIRECTORY) + 64] = VG_ZONE_DIRECTORY;
	size_t at = sizeof(VG_ZONE_DIRECTORY) - 1;
	if (!vg_slice_text(path + at, sizeof(path) - at, name))
		return "its name is too long";
	struct vg_slice copy = vg_arena_dup(emit->arena, vg_slice_str(path));
	const struct vg_input *input = copy.ptr == NULL
					       ? NULL
					       : vg_input_read(emit->inputs, copy, VG_ZONE_FILE_MAX,
							       VG_INPUT_POLICY);
	if (input == NULL)
		return strerror(errno);
	return vg_zone_read(zone, name, input->bytes, emit->arena)
		       ? NULL
		       : "its file is none of time zones";
}

static struct emit_zone *find_zone(struct vg_emit *emit, struct vg_slice name)
{
	struct vg_zone zone = {0};
	struct emit_zone *found = vg_map_get(&emit->zones, name);
	if (found != NULL)
		return found;
	found = vg_arena_alloc(emit->arena, sizeof(*found));
	if (found == NULL)
		return NULL;
	found->fault = read_zone(emit, name, &zone);
	if (found->fault == NULL)
		found->row = zone_rows(emit, name, &zone);
	return vg_map_add(&emit->zones, name, found);
}

static void emit_window(struct vg_emit *emit, const struct vg_set *set,
			const struct vg_set_text *text)
{
	struct vg_hours_item item;
	if (!vg_hours_item(&item, text->value))
		return; /* told when it was read */
	const struct emit_zone *zone = find_zone(emit, item.zone);
	if (zone == NULL || zone->fault != NULL) {
		VG_EMIT_ERROR(emit, set, text->line,
			      "time zone \"%.*s\" can't be read below %s (package tzdata): %s",
			      VG_SLICE_FMT(item.zone), VG_ZONE_DIRECTORY,
			      zone == NULL ? "out of memory" : zone->fault);
		return;
	}
	struct vg_img_window row = {.zone = zone->row,
				    .monthdays = item.monthdays,
				    .from = item.from,
				    .to = item.to,
				    .weekdays = item.weekdays};
	(void)vg_build_row(emit->build, VG_SECTION_WINDOW, &row);
}

struct vg_img_hours vg_emit_hours(struct vg_emit *emit, const struct vg_set *set,
				  const struct vg_set_list *windows, struct vg_span closed)
{
	struct vg_img_hours hours = {.windows = {vg_build_count(emit->build, VG_SECTION_WINDOW), 0},
				     .closed = closed};
	for (size_t i = 0; i < windows->count; i++)
		emit_window(emit, set, &windows->items[i]);
	hours.windows.count = vg_build_count(emit->build, VG_SECTION_WINDOW) - hours.windows.first;
	return hours;
}

struct vg_span vg_emit_closed(struct vg_emit *emit, const struct vg_set_list *days)
{
	struct vg_span span = {vg_build_count(emit->build, VG_SECTION_DAY), 0};
	for (size_t i = 0; i < days->count; i++) {
		struct vg_img_day row;
		if (!vg_date_parse(days->items[i].value, &row.day))
			continue;
		(void)vg_build_row(emit->build, VG_SECTION_DAY, &row);
		span.count++;
	}
	return span;
}

/* What ends is told while there is time to do something, and once it has ended. */
static void warn_of_end(struct vg_emit *emit, const struct vg_set *set, unsigned line,
			const char *what, int64_t end)
{
	char day[VG_TIME_TEXT];
	if (end == INT64_MAX || end - emit->now > WARN_DAYS * US_PER_DAY)
		return;
	vg_time_text(day, end - 1); /* the last day that it has */
	day[sizeof("2026-12-31") - 1] = '\0';
	bool ended = end <= emit->now;
	vg_diag_add(emit->diags, VG_SEVERITY_WARNING, set->input->shown, line,
		    ended ? "%s ended with %s: every request is refused"
			  : "%s ends with %s: every request is refused afterwards",
		    what, day);
}

void vg_emit_terms(struct vg_emit *emit, const struct vg_set_vendor *vendor,
		   struct vg_img_vendor *row)
{
	int64_t day;
	row->contract_from = INT64_MIN;
	row->contract_until = row->assessed_until = INT64_MAX;
	if (vendor->contract.line != 0 &&
	    vg_hours_span(vendor->contract.value, &row->contract_from, &row->contract_until))
		warn_of_end(emit, &vendor->set, vendor->contract.line, "the contract",
			    row->contract_until);
	if (vendor->assessed.line != 0 && vg_date_parse(vendor->assessed.value, &day)) {
		row->assessed_until = day * US_PER_DAY +
				      (int64_t)vendor->assessment_valid.value * US_PER_MS;
		warn_of_end(emit, &vendor->set, vendor->assessed.line, "the assessment",
			    row->assessed_until);
	} else if (vendor->assessment_valid.line != 0) {
		VG_EMIT_ERROR(emit, &vendor->set, vendor->assessment_valid.line,
			      "assessment_valid without assessed: nothing begins with it");
	}
}
