/* Text and time: classes of characters, hexadecimal, UTF-8, RFC 3339. */
#include <criterion/criterion.h>

#include <stdio.h>

#include "base/text.h"

#define SECOND INT64_C(1000000)
#define DAY (86400 * SECOND)

static const struct {
	const char *text;
	bool good;
	int64_t us;
} times[] = {
	{"1970-01-01T00:00:00Z", true, 0},
	{"1970-01-01", true, 0},
	{"1970-01-02", true, DAY},
	{"1969-12-31T23:59:59Z", true, -SECOND},
	{"2026-06-01T10:00:00+02:00", true, 1780300800 * SECOND},
	{"2026-06-01T08:00:00Z", true, 1780300800 * SECOND},
	{"2026-06-01t08:00:00z", true, 1780300800 * SECOND},
	{"2026-06-01T08:00:00-00:00", true, 1780300800 * SECOND},
	{"2026-05-31T23:30:00-08:30", true, 1780300800 * SECOND},
	{"2000-02-29T12:34:56.789Z", true, 951827696789000},
	{"2000-02-29T12:34:56.123456Z", true, 951827696123456},
	{"2000-02-29T12:34:56.1234567Z", true, 951827696123456}, /* cut, not rounded */
	{"2001-09-09T01:46:40Z", true, 1000000000 * SECOND},
	{"2038-01-19T03:14:08Z", true, (INT64_C(1) << 31) * SECOND},
	{"9999-12-31T23:59:59.999999Z", true, 253402300799999999},
	{"2026-02-29", false, 0},
	{"1900-02-29", false, 0},
	{"2026-06-31", false, 0},
	{"2026-00-01", false, 0},
	{"2026-13-01", false, 0},
	{"2026-06-00", false, 0},
	{"2026-6-1", false, 0},
	{"2026-06-01T10:00:00", false, 0}, /* no zone */
	{"2026-06-01T10:00Z", false, 0},
	{"2026-06-01 10:00:00Z", false, 0},
	{"2026-06-01T24:00:00Z", false, 0},
	{"2026-06-01T10:60:00Z", false, 0},
	{"2026-06-01T10:00:60Z", false, 0},
	{"2026-06-01T10:00:00.Z", false, 0},
	{"2026-06-01T10:00:00+2:00", false, 0},
	{"2026-06-01T10:00:00+0200", false, 0},
	{"2026-06-01T10:00:00+24:00", false, 0},
	{"2026-06-01T10:00:00Zx", false, 0},
	{"2026-06-01T", false, 0},
	{"+026-06-01", false, 0},
	{"", false, 0},
};

Test(base_text, times)
{
	for (size_t i = 0; i < VG_COUNT(times); i++) {
		int64_t us = 0;
		bool good = vg_time_parse(vg_slice_str(times[i].text), &us);
		cr_expect_eq(good, times[i].good, "%s", times[i].text);
		if (good)
			cr_expect_eq(us, times[i].us, "%s: %ld", times[i].text, us);
	}
}

Test(base_text, numbers)
{
	static const uint64_t numbers[] = {0, 1, 9, 10, 99, 1234567890, INT64_MAX, UINT64_MAX};
	for (size_t i = 0; i < VG_COUNT(numbers); i++) {
		char text[VG_U64_TEXT], want[VG_U64_TEXT];
		int len = snprintf(want, sizeof(want), "%llu", (unsigned long long)numbers[i]);
		cr_expect_eq(vg_u64_text(text, numbers[i]), (size_t)len, "%s", want);
		cr_expect_str_eq(text, want);
	}
}

/* Every day of the four centuries after which the calendar repeats, and an odd time of each. */
Test(base_text, time_round_trip)
{
	for (int64_t day = 0; day < 146097 + 366; day++) {
		int64_t us = day * DAY + day * 7919 % 86400 * SECOND + day % 1000000, back = -1;
		char text[VG_TIME_TEXT];
		vg_time_text(text, us);
		cr_assert(vg_time_parse(vg_slice_str(text), &back), "%s", text);
		cr_assert_eq(back, us, "%s", text);
	}
	char text[VG_TIME_TEXT];
	vg_time_text(text, 0);
	cr_expect_str_eq(text, "1970-01-01T00:00:00.000000Z");
	vg_time_text(text, INT64_MIN);
	cr_expect_str_eq(text, "1970-01-01T00:00:00.000000Z");
	vg_time_text(text, INT64_MAX);
	cr_expect_str_eq(text, "9999-12-31T23:59:59.000000Z");
}

Test(base_text, days)
{
	cr_expect_eq(vg_days(1970, 1, 1), 0);
	cr_expect_eq(vg_days(1969, 12, 31), -1);
	cr_expect_eq(vg_days(2000, 3, 1), 11017);
	cr_expect_eq(vg_days(0, 3, 1), -719468);
	int64_t days;
	cr_expect(vg_date_parse(VG_SLICE("2024-02-29"), &days));
	cr_expect_eq(days, vg_days(2024, 2, 29));
	cr_expect_not(vg_date_parse(VG_SLICE("2023-02-29"), &days));
	cr_expect_not(vg_date_parse(VG_SLICE("2024-02-29T00:00:00Z"), &days));
	for (days = -800000; days < 3000000; days += 97) {
		struct vg_date date = vg_date_of_days(days);
		cr_assert_eq(vg_days(date.year, date.month, date.day), days);
	}
}

static const struct {
	const char *text;
	size_t len; /* of the first character; 0: none */
} chars[] = {
	{"", 0},
	{"a", 1},
	{"\x7f", 1},
	{"\x80", 0},
	{"\xbf", 0},
	{"\xc0\x80", 0},
	{"\xc1\xbf", 0},
	{"\xc2\x80", 2},
	{"\xc2\x7f", 0},
	{"\xc2", 0},
	{"\xdf\xbf", 2},
	{"\xe0\x9f\xbf", 0},
	{"\xe0\xa0\x80", 3},
	{"\xe2\x82\xac", 3},
	{"\xe2\x82", 0},
	{"\xed\x9f\xbf", 3},
	{"\xed\xa0\x80", 0},
	{"\xef\xbf\xbf", 3},
	{"\xf0\x8f\xbf\xbf", 0},
	{"\xf0\x90\x80\x80", 4},
	{"\xf4\x8f\xbf\xbf", 4},
	{"\xf4\x90\x80\x80", 0},
	{"\xf5\x80\x80\x80", 0},
	{"\xff", 0},
	{"\xf0\x9f\x99\x82x", 4},
	{"\xf0\x9f\x99", 0},
	{"\xe2\x28\xa1", 0},
};

Test(base_text, utf8)
{
	for (size_t i = 0; i < VG_COUNT(chars); i++) {
		struct vg_slice s = vg_slice_str(chars[i].text);
		cr_expect_eq(vg_utf8_len(s), chars[i].len, "row %zu", i);
		if (s.len > 0 && (chars[i].len == 0 || chars[i].len == s.len))
			cr_expect_eq(vg_is_utf8(s), chars[i].len > 0, "row %zu", i);
	}
	cr_expect_eq(vg_utf8_len(vg_slice("\0", 1)), 1, "NUL is a character like others");
	cr_expect(vg_is_utf8(VG_SLICE("")));
	cr_expect(vg_is_utf8(VG_SLICE("a\xc3\xa9z")));
	cr_expect_not(vg_is_utf8(VG_SLICE("a\xc3z")));
}

Test(base_text, hex)
{
	char out[9];
	uint8_t bytes[4];
	vg_hex(out, "\x00\x9a\xff\x10", 4);
	cr_expect_str_eq(out, "009aff10");
	cr_expect(vg_unhex(VG_SLICE("009AfF10"), bytes, 4));
	cr_expect_arr_eq(bytes, "\x00\x9a\xff\x10", 4);
	cr_expect_not(vg_unhex(VG_SLICE("009AfF1"), bytes, 4));
	cr_expect_not(vg_unhex(VG_SLICE("009AfF100"), bytes, 4));
	cr_expect_not(vg_unhex(VG_SLICE("009AfF1g"), bytes, 4));
	cr_expect_not(vg_unhex(VG_SLICE("0x9aff10"), bytes, 4));
}

Test(base_text, classes)
{
	unsigned unreserved = 0, tchar = 0;
	for (int c = 0; c < 256; c++) {
		unreserved += vg_is_unreserved((char)c);
		tchar += vg_is_tchar((char)c);
		cr_expect_eq(vg_hex_value((char)c) >= 0,
			     c != 0 && strchr("0123456789abcdefABCDEF", c) != NULL);
	}
	cr_expect_eq(unreserved, 66); /* RFC 3986 2.3 */
	cr_expect_eq(tchar, 77);      /* RFC 9110 5.6.2 */
	cr_expect(vg_is_token(VG_SLICE("X-Request_Id")));
	cr_expect_not(vg_is_token(VG_SLICE("")));
	cr_expect_not(vg_is_token(VG_SLICE("a b")));
	cr_expect_not(vg_is_token(VG_SLICE("a:b")));
	cr_expect_not(vg_is_token(vg_slice("a\0b", 3)));
	cr_expect_eq(vg_lower('A'), 'a');
	cr_expect_eq(vg_lower('\xc0'), '\xc0');
}
