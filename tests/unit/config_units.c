/* Values as people write them. */
#include <criterion/criterion.h>

#include "config/units.h"

#define NONE UINT64_MAX

struct number {
	const char *text;
	uint64_t value; /* NONE: refused */
};

static const struct number sizes[] = {
	{"0", 0},
	{"17", 17},
	{"1KB", 1000},
	{"1KiB", 1024},
	{"2MB", 2000000},
	{"2MiB", 2097152},
	{"3GB", 3000000000},
	{"3GiB", 3221225472},
	{"18446744073709551614", UINT64_MAX - 1},
	{"", NONE},
	{"KB", NONE},
	{"1kb", NONE},
	{"1kB", NONE},
	{"1K", NONE},
	{"1B", NONE},
	{"1 KB", NONE},
	{" 1KB", NONE},
	{"-1KB", NONE},
	{"+1", NONE},
	{"1.5MB", NONE},
	{"0x10", NONE},
	{"17179869184GiB", NONE},
	{"18446744073709551616", NONE},
};

static const struct number durations[] = {
	{"0s", 0},      {"5ms", 5},      {"1s", 1000},        {"90s", 90000},
	{"2m", 120000}, {"1h", 3600000}, {"30d", 2592000000}, {"", NONE},
	{"10", NONE},   {"s", NONE},     {"1S", NONE},        {"1min", NONE},
	{"1 s", NONE},  {"-1s", NONE},   {"1m30s", NONE},     {"18446744073709551615s", NONE},
};

Test(config_units, sizes)
{
	for (size_t i = 0; i < VG_COUNT(sizes); i++) {
		uint64_t value = NONE;
		if (!vg_units_size(vg_slice_str(sizes[i].text), &value))
			value = NONE;
		cr_expect_eq(value, sizes[i].value, "%s", sizes[i].text);
	}
}

Test(config_units, byte_rates)
{
	static const struct {
		const char *text, *back;
		uint64_t value;
	} rows[] = {
		{"1KiB/s", "1KiB/s", 1024}, {"2048/s", "2KiB/s", 2048}, {"5MB/s", "5MB/s", 5000000},
		{"1/s", "1/s", 1},          {"off", "off", 0},          {"0/s", NULL, NONE},
		{"0", NULL, NONE},          {"1KiB", NULL, NONE},       {"1KiB/", NULL, NONE},
		{"1KiB/m", NULL, NONE},     {"1KiB/s/s", NULL, NONE},   {"1KiB /s", NULL, NONE},
		{"/s", NULL, NONE},         {"OFF", NULL, NONE},        {"", NULL, NONE},
	};
	for (size_t i = 0; i < VG_COUNT(rows); i++) {
		uint64_t value = 7;
		char text[VG_UNITS_TEXT];
		bool good = vg_units_byte_rate(vg_slice_str(rows[i].text), &value);
		cr_expect_eq(good, rows[i].value != NONE, "%s", rows[i].text);
		if (!good)
			continue;
		cr_expect_eq(value, rows[i].value, "%s", rows[i].text);
		vg_units_byte_rate_text(text, value);
		cr_expect_str_eq(text, rows[i].back);
	}
}

Test(config_units, back_to_text)
{
	static const struct {
		uint64_t value;
		const char *size, *duration;
	} rows[] = {
		{0, "0", "0ms"},
		{1, "1", "1ms"},
		{1000, "1KB", "1s"},
		{1024, "1KiB", "1024ms"},
		{16384, "16KiB", "16384ms"},
		{30000, "30KB", "30s"},
		{60000, "60KB", "1m"},
		{86400000, "84375KiB", "1d"},
		{10485760, "10MiB", "10485760ms"},
		{UINT64_MAX, "18446744073709551615", "18446744073709551615ms"},
	};
	for (size_t i = 0; i < VG_COUNT(rows); i++) {
		char text[VG_UNITS_TEXT];
		vg_units_size_text(text, rows[i].value);
		cr_expect_str_eq(text, rows[i].size);
		vg_units_duration_text(text, rows[i].value);
		cr_expect_str_eq(text, rows[i].duration);
	}
}

Test(config_units, durations)
{
	for (size_t i = 0; i < VG_COUNT(durations); i++) {
		uint64_t value = NONE;
		if (!vg_units_duration(vg_slice_str(durations[i].text), &value))
			value = NONE;
		cr_expect_eq(value, durations[i].value, "%s", durations[i].text);
	}
}

Test(config_units, rates)
{
	static const struct {
		const char *text;
		uint32_t count, burst; /* 0: it is none */
		const char *shown;
	} rows[] = {
		{"500/s", 500, 500, "500/s"},
		{"1/s", 1, 1, "1/s"},
		{"500/s burst 500", 500, 500, "500/s"},
		{"500/s  burst\t1000", 500, 1000, "500/s burst 1000"},
		{"1000000/s burst 1", 1000000, 1, "1000000/s burst 1"},
		{"500", 0, 0, NULL},
		{"/s", 0, 0, NULL},
		{"0/s", 0, 0, NULL},
		{"05/s", 0, 0, NULL},
		{"-5/s", 0, 0, NULL},
		{"1.5/s", 0, 0, NULL},
		{"500 /s", 0, 0, NULL},
		{"500/m", 0, 0, NULL},
		{"500/second", 0, 0, NULL},
		{"500/s 1000", 0, 0, NULL},
		{"500/s burst", 0, 0, NULL},
		{"500/s burst 0", 0, 0, NULL},
		{"500/s burst 1/s", 0, 0, NULL},
		{"500/s burst 10 20", 0, 0, NULL},
		{"500/s, burst 10", 0, 0, NULL},
		{"1000001/s", 0, 0, NULL},
		{"1/s burst 1000001", 0, 0, NULL},
		{"18446744073709551617/s", 0, 0, NULL},
	};
	for (size_t i = 0; i < VG_COUNT(rows); i++) {
		char text[VG_UNITS_TEXT];
		uint64_t rate = 0;
		bool good = vg_units_rate(vg_slice_str(rows[i].text), &rate);
		cr_expect_eq(good, rows[i].count > 0, "%s", rows[i].text);
		if (!good || rows[i].count == 0)
			continue;
		cr_expect_eq(vg_units_rate_count(rate), rows[i].count, "%s", rows[i].text);
		cr_expect_eq(vg_units_rate_burst(rate), rows[i].burst, "%s", rows[i].text);
		vg_units_rate_text(text, rate);
		cr_expect_str_eq(text, rows[i].shown);
	}
}

Test(config_units, ints)
{
	static const struct {
		const char *text;
		bool good;
		int64_t value;
	} rows[] = {
		{"0", true, 0},
		{"7", true, 7},
		{"-7", true, -7},
		{"9223372036854775807", true, INT64_MAX},
		{"-9223372036854775807", true, -INT64_MAX},
		{"9223372036854775808", false, 0},
		{"", false, 0},
		{"-", false, 0},
		{"-0", false, 0},
		{"00", false, 0},
		{"07", false, 0},
		{"+7", false, 0},
		{"7 ", false, 0},
		{"0x7", false, 0},
		{"1e3", false, 0},
	};
	for (size_t i = 0; i < VG_COUNT(rows); i++) {
		int64_t value = 0;
		bool good = vg_units_int(vg_slice_str(rows[i].text), &value);
		cr_expect_eq(good, rows[i].good, "%s", rows[i].text);
		cr_expect(!good || value == rows[i].value, "%s", rows[i].text);
	}
}

Test(config_units, words_and_names)
{
	uint64_t place = 9;
	bool value = false;
	cr_expect(vg_units_word(VG_SLICE("two"), "one|two", &place) && place == 1);
	cr_expect_not(vg_units_word(VG_SLICE("tw"), "one|two", &place));
	cr_expect_not(vg_units_word(VG_SLICE("one|two"), "one|two", &place));
	cr_expect_not(vg_units_word(VG_SLICE(""), "one|two", &place));
	cr_expect(vg_units_bool(VG_SLICE("yes"), &value) && value);
	cr_expect(vg_units_bool(VG_SLICE("no"), &value) && !value);
	cr_expect_not(vg_units_bool(VG_SLICE("true"), &value));
	cr_expect_not(vg_units_bool(VG_SLICE("YES"), &value));

	static const char *const good[] = {"a", "7", "acme-training", "a_b",
					   "abcdefghijabcdefghijabcdefghijabcdefghij"};
	static const char *const bad[] = {
		"",    "-a",  "_a",       "A",
		"a b", "a.b", "\xc3\xa9", "abcdefghijabcdefghijabcdefghijabcdefghijk"};
	for (size_t i = 0; i < VG_COUNT(good); i++)
		cr_expect(vg_units_name(vg_slice_str(good[i])), "%s", good[i]);
	for (size_t i = 0; i < VG_COUNT(bad); i++)
		cr_expect_not(vg_units_name(vg_slice_str(bad[i])), "%s", bad[i]);
}
