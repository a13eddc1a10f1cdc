/* Hours, from what is written to whether a moment is open, beside libc's local time. */
#include "config/hours.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/text.h"
#include "config/zone.h"
#include "policy/calendar.h"
#include "policy_fixture.h"

#define US INT64_C(1000000)

static const struct {
	const char *text;
	uint8_t weekdays;
	uint32_t monthdays;
	uint16_t from, to;
} good[] = {
	{"Mon-Fri 07:30-19:00 Europe/Paris", 0x1f, VG_HOURS_EVERY_MONTHDAY, 450, 1140},
	{"Fri-Mon 00:00-24:00 UTC", 0x71, VG_HOURS_EVERY_MONTHDAY, 0, 1440},
	{"Sun 22:00-06:00 America/Argentina/Buenos_Aires", 0x40, VG_HOURS_EVERY_MONTHDAY, 1320,
	 360},
	{"Mon-Sun 22:00-00:00 UTC", 0x7f, VG_HOURS_EVERY_MONTHDAY, 1320, 0},
	{"Mon-Mon 01:00-02:00 UTC", 0x01, VG_HOURS_EVERY_MONTHDAY, 60, 120},
	{"24..28 06:00-22:00 Europe/Paris", 0x7f, UINT32_C(0x1f) << 24, 360, 1320},
	{"1 06:00-22:00 Etc/GMT+3", 0x7f, 2, 360, 1320},
	{"  08:00-09:00\t UTC ", 0x7f, VG_HOURS_EVERY_MONTHDAY, 480, 540},
};

static const char *const bad[] = {
	"",
	"Mon-Fri",
	"Mon-Fri 07:30-19:00",
	"07:30-19:00",
	"mon-fri 07:30-19:00 UTC",
	"Mon-Fry 07:30-19:00 UTC",
	"Mon- 07:30-19:00 UTC",
	"Mon,Tue 07:30-19:00 UTC",
	"28..24 06:00-22:00 UTC",
	"0..3 06:00-22:00 UTC",
	"1..32 06:00-22:00 UTC",
	"01 06:00-22:00 UTC",
	"1.5 06:00-22:00 UTC",
	"1.. 06:00-22:00 UTC",
	"7:30-19:00 UTC",
	"07:30-19:60 UTC",
	"07:30-24:01 UTC",
	"24:00-07:00 UTC",
	"07:30-07:30 UTC",
	"07:30 - 19:00 UTC",
	"07:30-19:00 UTC +1",
	"07:30-19:00 ../etc/passwd",
	"07:30-19:00 /etc/localtime",
	"07:30-19:00 Europe//Paris",
	"07:30-19:00 Europe/",
};

Test(config_hours, items)
{
	struct vg_hours_item item;
	for (size_t i = 0; i < VG_COUNT(good); i++) {
		cr_assert(vg_hours_item(&item, vg_slice_str(good[i].text)), "%s", good[i].text);
		cr_expect_eq(item.weekdays, good[i].weekdays, "%s", good[i].text);
		cr_expect_eq(item.monthdays, good[i].monthdays, "%s", good[i].text);
		cr_expect_eq(item.from, good[i].from, "%s", good[i].text);
		cr_expect_eq(item.to, good[i].to, "%s", good[i].text);
	}
	for (size_t i = 0; i < VG_COUNT(bad); i++)
		cr_expect_not(vg_hours_item(&item, vg_slice_str(bad[i])), "%s", bad[i]);
}

static const struct {
	const char *text, *from, *until; /* NULL: none */
} spans[] = {
	{"2026-01-01 .. 2026-12-31", "2026-01-01", "2027-01-01"},
	{"2026-01-01 .. 2026-01-01", "2026-01-01", "2026-01-02"},
	{"2026-01-01T08:00:00+01:00 .. 2026-02-28", "2026-01-01T07:00:00Z", "2026-03-01"},
	{"2026-01-01 .. 2026-02-01T12:00:00Z", "2026-01-01", "2026-02-01T12:00:00Z"},
	{"2026-01-02 .. 2026-01-01", NULL, NULL},
	{"2026-01-01", NULL, NULL},
	{"2026-01-01..2026-02-01", NULL, NULL},
	{"2026-01-01 .. ", NULL, NULL},
	{"2026-01-01 .. 2026-02-30", NULL, NULL},
	{"2026-01-01 .. 2026-02-01 x", NULL, NULL},
};

Test(config_hours, spans)
{
	for (size_t i = 0; i < VG_COUNT(spans); i++) {
		int64_t from, until, want;
		bool is = vg_hours_span(vg_slice_str(spans[i].text), &from, &until);
		cr_assert_eq(is, spans[i].from != NULL, "%s", spans[i].text);
		if (!is)
			continue;
		cr_assert(vg_time_parse(vg_slice_str(spans[i].from), &want));
		cr_expect_eq(from, want, "%s", spans[i].text);
		cr_assert(vg_time_parse(vg_slice_str(spans[i].until), &want));
		cr_expect_eq(until, want, "%s", spans[i].text);
	}
}

/* One that has no summer time, both hemispheres, half an hour of it, a date line that moved, a
   month without it. */
static const char *const zones[] = {"UTC",          "Europe/Paris",        "America/New_York",
				    "Asia/Kolkata", "Australia/Lord_Howe", "America/Santiago",
				    "Pacific/Apia", "Africa/Casablanca"};

static uint32_t add_zone(struct fixture *fixture, const char *name)
{
	struct vg_zone zone;
	struct vg_img_zone row = {.name = vg_build_text(fixture->build, vg_slice_str(name)),
				  .shifts.first = vg_build_count(fixture->build, VG_SECTION_SHIFT)};
	cr_assert(vg_zone_read(&zone, vg_slice_str(name), VG_SLICE("TZif2"), &fixture->arena));
	for (size_t i = 0; i < zone.count; i++) {
		struct vg_img_shift shift = {zone.shifts[i].at, zone.shifts[i].offset, 0};
		(void)vg_build_row(fixture->build, VG_SECTION_SHIFT, &shift);
	}
	row.shifts.count = (uint32_t)zone.count;
	return vg_build_row(fixture->build, VG_SECTION_ZONE, &row);
}

static uint32_t seed = 20261124;

static uint32_t below(uint32_t end)
{
	seed = seed * 1664525 + 1013904223;
	return (uint32_t)((uint64_t)(seed >> 4) * end >> 28);
}

static struct vg_img_window random_window(uint32_t zone)
{
	struct vg_img_window window = {.zone = zone,
				       .weekdays = (uint8_t)(below(127) + 1),
				       .monthdays = VG_HOURS_EVERY_MONTHDAY,
				       .from = (uint16_t)below(1440),
				       .to = (uint16_t)below(1441)};
	if (below(3) == 0)
		window.monthdays = (below(UINT32_MAX) << 4 | below(16)) & ~UINT32_C(1);
	if (below(4) == 0) { /* where offsets change */
		window.from = (uint16_t)(below(4) * 60);
		window.to = (uint16_t)(below(8) * 30);
	}
	return window;
}

/* By libc, minute for minute as a person would: what day, what time is it there? */
static bool is_day(const struct vg_img_window *window, const struct tm *tm, int64_t closed)
{
	return (window->weekdays >> (tm->tm_wday + 6) % 7 & 1) != 0 &&
	       (window->monthdays >> tm->tm_mday & 1) != 0 &&
	       vg_days(tm->tm_year + 1900, (unsigned)tm->tm_mon + 1, (unsigned)tm->tm_mday) !=
		       closed;
}

static bool is_open(const struct vg_img_window *window, int64_t now, int64_t closed)
{
	time_t time = now / US;
	struct tm today, before;
	localtime_r(&time, &today);
	before = today;
	before.tm_mday--;
	before.tm_hour = 12;
	before.tm_isdst = -1;
	(void)timegm(&before); /* the calendar's day before, whatever the clock does */
	int minute = today.tm_hour * 60 + today.tm_min;
	if (window->from < window->to)
		return is_day(window, &today, closed) && minute >= window->from &&
		       minute < window->to;
	return (is_day(window, &today, closed) && minute >= window->from) ||
	       (is_day(window, &before, closed) && minute < window->to);
}

#define WINDOWS 64
#define MOMENTS 400
#define BEGIN (INT64_C(946684800) * US) /* 2000-01-01 */
#define DAYS 25000

/* Often within a few hours of a shift. */
static int64_t random_moment(const struct vg_image *image, uint32_t zone)
{
	struct vg_span span = vg_img_zones(image)[zone].shifts;
	if (below(2) == 0 && span.count > 1) {
		uint32_t at = span.first + 1 + below(span.count - 1);
		return (vg_img_shifts(image)[at].at + (int64_t)below(14400) - 7200) * US;
	}
	return BEGIN + ((int64_t)below(DAYS) * 86400 + below(86400)) * US + below(1000000);
}

/* Between two edges nothing changes. */
static void check_edge(const struct vg_image *image, const struct vg_img_hours *hours, int64_t now)
{
	int64_t edge = vg_calendar_edge(image, hours, now);
	bool open = vg_calendar_is_open(image, hours, now);
	cr_assert(edge > now && edge - now <= 86400 * US);
	for (int i = 0; i < 4; i++) {
		int64_t between = now + (edge - now) / 5 * i;
		cr_assert_eq(vg_calendar_is_open(image, hours, between), open);
	}
	cr_assert_eq(vg_calendar_is_open(image, hours, edge - 1), open);
}

Test(config_hours, as_libc_reads_the_clock)
{
	struct fixture fixture;
	struct vg_img_window windows[VG_COUNT(zones)][WINDOWS];
	fixture_begin(&fixture);
	for (uint32_t z = 0; z < VG_COUNT(zones); z++) {
		cr_assert_eq(add_zone(&fixture, zones[z]), z);
		for (uint32_t w = 0; w < WINDOWS; w++) {
			windows[z][w] = random_window(z);
			(void)vg_build_row(fixture.build, VG_SECTION_WINDOW, &windows[z][w]);
		}
	}
	struct vg_img_day closed = {20000};
	(void)vg_build_row(fixture.build, VG_SECTION_DAY, &closed);
	const struct vg_image *image = fixture_open(&fixture);
	unsigned open = 0, all = 0;
	for (uint32_t z = 0; z < VG_COUNT(zones); z++) {
		setenv("TZ", zones[z], 1);
		tzset();
		for (uint32_t i = 0; i < WINDOWS * MOMENTS; i++) {
			uint32_t w = i % WINDOWS;
			struct vg_img_hours hours = {{z * WINDOWS + w, 1}, {0, 1}};
			int64_t now = random_moment(image, z);
			if (i % 8 == 0)
				now = (closed.day * 86400 + (int64_t)below(200000) - 50000) * US;
			bool is = vg_calendar_is_open(image, &hours, now);
			cr_assert_eq(is, is_open(&windows[z][w], now, closed.day),
				     "%s, %u-%u, days %x/%x, at %lld", zones[z], windows[z][w].from,
				     windows[z][w].to, windows[z][w].weekdays,
				     windows[z][w].monthdays, (long long)(now / US));
			check_edge(image, &hours, now);
			open += is;
			all++;
		}
	}
	/* Both answers were given often: else this would compare nothing. */
	cr_assert(open > all / 10 && open < all * 9 / 10, "%u of %u", open, all);
	fixture_end(&fixture);
}

Test(config_hours, several_windows)
{
	struct fixture fixture;
	fixture_begin(&fixture);
	(void)add_zone(&fixture, "UTC");
	const struct vg_img_window rows[] = {
		{.monthdays = VG_HOURS_EVERY_MONTHDAY, .from = 60, .to = 120, .weekdays = 0x7f},
		{.monthdays = VG_HOURS_EVERY_MONTHDAY, .from = 110, .to = 180, .weekdays = 0x7f},
	};
	for (size_t i = 0; i < VG_COUNT(rows); i++)
		(void)vg_build_row(fixture.build, VG_SECTION_WINDOW, &rows[i]);
	const struct vg_image *image = fixture_open(&fixture);
	const struct vg_img_hours both = {{0, 2}, {0, 0}}, none = {{0, 0}, {0, 0}};
	static const struct {
		int minute;
		bool open;
	} cases[] = {{59, false}, {60, true}, {115, true}, {150, true}, {179, true}, {180, false}};
	for (size_t i = 0; i < VG_COUNT(cases); i++)
		cr_expect_eq(vg_calendar_is_open(image, &both, cases[i].minute * 60 * US),
			     cases[i].open, "%d", cases[i].minute);
	cr_expect(vg_calendar_is_open(image, &none, 0));
	cr_expect_eq(vg_calendar_edge(image, &none, 0), INT64_MAX);
	cr_expect_eq(vg_calendar_edge(image, &both, 100 * 60 * US), 110 * 60 * US);
	fixture_end(&fixture);
}

Test(config_hours, a_file_that_is_no_zone)
{
	struct vg_arena arena;
	struct vg_zone zone;
	vg_arena_init(&arena, 1 << 20);
	cr_expect(vg_zone_read(&zone, VG_SLICE("Europe/Paris"), VG_SLICE("TZif2"), &arena));
	cr_expect(zone.count > 100);
	cr_expect_not(vg_zone_read(&zone, VG_SLICE("zone.tab"), VG_SLICE("# tab"), &arena));
	vg_arena_fini(&arena);
}
