/* Slices: comparison, cutting, numbers. */
#include <criterion/criterion.h>

#include "base/slice.h"

Test(base_slice, comparison)
{
	static const struct {
		const char *a, *b;
		int order;
	} rows[] = {
		{"", "", 0},     {"", "a", -1},  {"a", "a", 0}, {"a", "b", -1},
		{"a", "ab", -1}, {"b", "ab", 1}, {"a", "A", 1}, {"\xff", "a", 1},
	};
	for (size_t i = 0; i < VG_COUNT(rows); i++) {
		struct vg_slice a = vg_slice_str(rows[i].a), b = vg_slice_str(rows[i].b);
		int order = vg_slice_cmp(a, b), back = vg_slice_cmp(b, a);
		cr_expect_eq((order > 0) - (order < 0), rows[i].order, "row %zu", i);
		cr_expect_eq((back > 0) - (back < 0), -rows[i].order, "row %zu", i);
		cr_expect_eq(vg_slice_eq(a, b), rows[i].order == 0, "row %zu", i);
	}
	cr_expect(vg_slice_eq(vg_slice(NULL, 0), VG_SLICE("")));
	cr_expect_not(vg_slice_eq(VG_SLICE("a\0b"), VG_SLICE("a\0c")));
	cr_expect(vg_slice_eq_case(VG_SLICE("Host"), VG_SLICE("hOST")));
	cr_expect_not(vg_slice_eq_case(VG_SLICE("Host"), VG_SLICE("Hos")));
	cr_expect_not(vg_slice_eq_case(VG_SLICE("@["), VG_SLICE("`{")), "letters alone");
	cr_expect_not(vg_slice_eq_case(VG_SLICE("\xc0"), VG_SLICE("\xe0")));
}

Test(base_slice, ends)
{
	struct vg_slice s = VG_SLICE("abc");
	cr_expect(vg_slice_starts(s, VG_SLICE("")));
	cr_expect(vg_slice_starts(s, VG_SLICE("abc")));
	cr_expect_not(vg_slice_starts(s, VG_SLICE("abcd")));
	cr_expect_not(vg_slice_starts(s, VG_SLICE("b")));
	cr_expect(vg_slice_ends(s, VG_SLICE("")));
	cr_expect(vg_slice_ends(s, VG_SLICE("bc")));
	cr_expect_not(vg_slice_ends(s, VG_SLICE("ab")));
	cr_expect_not(vg_slice_ends(s, VG_SLICE("xabc")));
	cr_expect_eq(vg_slice_from(s, 9).len, 0);
	cr_expect_eq(vg_slice_first(s, 9).len, 3);
	cr_expect_eq(vg_slice_find(s, 'c'), 2);
	cr_expect_eq(vg_slice_find(s, 'x'), 3);
	cr_expect_eq(vg_slice_find(vg_slice(NULL, 0), 'x'), 0);
}

Test(base_slice, cut)
{
	static const struct {
		const char *text;
		const char *parts[4];
		size_t count;
	} rows[] = {
		{"a,b", {"a", "b"}, 2},      {"a", {"a"}, 1},      {"", {""}, 1},
		{",", {"", ""}, 2},          {"a,", {"a", ""}, 2}, {",a", {"", "a"}, 2},
		{"a,,b", {"a", "", "b"}, 3},
	};
	for (size_t i = 0; i < VG_COUNT(rows); i++) {
		struct vg_slice rest = vg_slice_str(rows[i].text), part;
		size_t count = 0;
		while (vg_slice_cut(&rest, ',', &part)) {
			cr_assert_lt(count, rows[i].count, "row %zu", i);
			cr_expect(vg_slice_eq(part, vg_slice_str(rows[i].parts[count])), "row %zu",
				  i);
			count++;
		}
		cr_expect_eq(count, rows[i].count, "row %zu", i);
	}
}

Test(base_slice, trim)
{
	cr_expect(vg_slice_eq(vg_slice_trim(VG_SLICE(" \t a b\t ")), VG_SLICE("a b")));
	cr_expect(vg_slice_eq(vg_slice_trim(VG_SLICE("\na")), VG_SLICE("\na")), "no line ends");
	cr_expect_eq(vg_slice_trim(VG_SLICE(" \t ")).len, 0);
	cr_expect_eq(vg_slice_trim(VG_SLICE("")).len, 0);
}

Test(base_slice, numbers)
{
	static const struct {
		const char *text;
		bool good;
		uint64_t value;
	} rows[] = {
		{"0", true, 0},
		{"007", true, 7},
		{"18446744073709551615", true, UINT64_MAX},
		{"18446744073709551616", false, 0},
		{"99999999999999999999", false, 0},
		{"184467440737095516150", false, 0},
		{"", false, 0},
		{"-1", false, 0},
		{"+1", false, 0},
		{" 1", false, 0},
		{"1 ", false, 0},
		{"0x1", false, 0},
		{"1e3", false, 0},
		{"\xb9", false, 0},
	};
	for (size_t i = 0; i < VG_COUNT(rows); i++) {
		uint64_t value = 0;
		cr_expect_eq(vg_slice_u64(vg_slice_str(rows[i].text), &value), rows[i].good, "%s",
			     rows[i].text);
		cr_expect_eq(value, rows[i].value, "%s", rows[i].text);
	}
}

Test(base_slice, texts)
{
	char text[4] = "old";
	cr_expect(vg_slice_text(text, sizeof(text), VG_SLICE("abc")));
	cr_expect_str_eq(text, "abc");
	cr_expect_not(vg_slice_text(text, sizeof(text), VG_SLICE("defg")));
	cr_expect_not(vg_slice_text(text, sizeof(text), VG_SLICE("d\0f")));
	cr_expect_not(vg_slice_text(text, 0, VG_SLICE_EMPTY));
	cr_expect_str_eq(text, "abc", "what doesn't fit changes nothing");
	cr_expect(vg_slice_text(text, sizeof(text), VG_SLICE_EMPTY));
	cr_expect_str_eq(text, "");
}
