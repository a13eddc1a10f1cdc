/* Typed values, and which types share a value. */
#include <criterion/criterion.h>

#include "policy/value.h"
#include "policy_fixture.h"

static struct fixture fixture;

static void setup(void)
{
	fixture_begin(&fixture);
}

static void teardown(void)
{
	fixture_end(&fixture);
}

#define UUID "0b1c2d3e-4f50-6172-8394-a5b6c7d8e9f0"

static const struct {
	const char *type, *good, *bad; /* values that are separated by spaces */
} rows[] = {
	{"int", "0 1 -1 10 999999999999999999 -999999999999999999",
	 "00 01 -0 - +1 1.0 1e3 0x1 a 1000000000000000000 1a %31 -01 --1"},
	{"int:1..50", "1 2 49 50", "0 51 -1 01 100 500"},
	{"int:-5..-1", "-5 -1", "-6 0 5 1"},
	{"uuid", UUID " 0B1C2D3E-4F50-6172-8394-A5B6C7D8E9F0",
	 "0b1c2d3e4f5061728394a5b6c7d8e9f0 0b1c2d3e-4f50-6172-8394-a5b6c7d8e9f "
	 "0b1c2d3e-4f50-6172-8394-a5b6c7d8e9fg 0b1c2d3e-4f50-6172-8394-a5b6c7d8e9f00 "
	 "{0b1c2d3e-4f50-6172-8394-a5b6c7d8e9f0} -b1c2d3e-4f50-6172-8394-a5b6c7d8e9f0"},
	{"date", "2026-06-01 2024-02-29 2000-02-29 1999-12-31",
	 "2026-02-29 1900-02-29 2026-13-01 2026-00-10 2026-01-32 2026-1-1 20260101 2026-06-01T "
	 "26-06-01 2026-04-31"},
	{"hex<=4", "0 f F09a dead", "g 12345 0x1 - %61"},
	{"slug<=6", "a a-b A_9 ------ abcdef", "abcdefg a.b a~b a%20 a+b"},
	{"text<=4", "abcd %C3%A9%C3%A9 a%20b + %3B a.b! %F0%9F%99%82 ~",
	 "abcde %C3%A9%C3%A9a %00 %0A a%7F %C2%80 %C2%9F %C3 %FF %ED%A0%80"},
	{"name|date|x%2Fy", "name date x%2Fy", "nam names Name nam%65x x"},
	{"a!|b", "a! a%21 b", "a a!! %21"},
	{"int*3", "1 1,2 1,2,3 1%2C2 1%2C2,3", "1,2,3,4 1,,2 ,1 1, 1,a 1%2C2%2C3%2C4 ,"},
	{"a|b*2", "a b a,b b,b", "a,b,a c a,c"},
	{"", "a x%20y + %00 /?:@", ""},
};

Test(policy_value, table, .init = setup, .fini = teardown)
{
	struct vg_img_value values[VG_COUNT(rows)];
	for (size_t i = 0; i < VG_COUNT(rows); i++)
		values[i] = fixture_value(&fixture, rows[i].type);
	fixture_open(&fixture); /* words lie in it */
	for (size_t i = 0; i < VG_COUNT(rows); i++) {
		for (int good = 0; good < 2; good++) {
			struct vg_slice part, rest;
			rest = vg_slice_str(good == 1 ? rows[i].good : rows[i].bad);
			while (rest.len > 0 && vg_slice_cut(&rest, ' ', &part))
				cr_expect_eq(vg_value_matches(&fixture.image, &values[i], part),
					     good == 1, "%s: %.*s", rows[i].type,
					     VG_SLICE_FMT(part));
		}
		cr_expect_not(vg_value_matches(&fixture.image, &values[i], VG_SLICE_EMPTY),
			      "%s: an empty value", rows[i].type);
	}
}

Test(policy_value, longest_of_a_query, .init = setup, .fini = teardown)
{
	char text[3 * VG_VALUE_ANY_MAX + 3];
	struct vg_img_value any = fixture_value(&fixture, "");
	memset(text, 'a', sizeof(text));
	fixture_open(&fixture);
	cr_expect(vg_value_matches(&fixture.image, &any, vg_slice(text, VG_VALUE_ANY_MAX)));
	cr_expect_not(vg_value_matches(&fixture.image, &any, vg_slice(text, VG_VALUE_ANY_MAX + 1)));
	for (size_t i = 0; i + 3 <= sizeof(text); i += 3)
		memcpy(text + i, "%20", 3);
	cr_expect(vg_value_matches(&fixture.image, &any, vg_slice(text, 3 * VG_VALUE_ANY_MAX)));
	cr_expect_not(vg_value_matches(&fixture.image, &any, vg_slice(text, sizeof(text))));
}

Test(policy_value, untyped)
{
	char text[VG_VALUE_DEFAULT_MAX + 1];
	memset(text, 'a', sizeof(text));
	cr_expect(vg_value_untyped(vg_slice(text, VG_VALUE_DEFAULT_MAX)));
	cr_expect_not(vg_value_untyped(vg_slice(text, VG_VALUE_DEFAULT_MAX + 1)));
	cr_expect(vg_value_untyped(VG_SLICE("A-z.0_9~")));
	cr_expect_not(vg_value_untyped(VG_SLICE("")));
	cr_expect_not(vg_value_untyped(VG_SLICE("a%20")));
	cr_expect_not(vg_value_untyped(VG_SLICE("a+b")));
	cr_expect_not(vg_value_untyped(VG_SLICE("a@b")));
}

static const struct {
	const char *a, *b;
	bool overlap;
} overlaps[] = {
	{"", "int", true},
	{"int", "int", true},
	{"int:1..9", "int:10..20", false},
	{"int:1..9", "int:9..20", true},
	{"int:5..6", "int:1..9", true},
	{"int", "uuid", false},
	{"int", "date", false},
	{"int", "hex<=4", true},
	{"int", "slug<=4", true},
	{"int", "text<=4", true},
	{"uuid", "uuid", true},
	{"uuid", "date", false},
	{"uuid", "hex<=64", false},
	{"uuid", "slug<=36", true},
	{"uuid", "slug<=35", false},
	{"uuid", "text<=35", false},
	{"date", "date", true},
	{"date", "hex<=64", false},
	{"date", "slug<=10", true},
	{"date", "slug<=9", false},
	{"hex<=4", "hex<=8", true},
	{"hex<=4", "slug<=4", true},
	{"slug<=4", "text<=4", true},
	{"a|b", "b|c", true},
	{"a|b", "c|d", false},
	{"a|b", "int", false},
	{"a|7", "int", true},
	{"a|b", "slug<=4", true},
	{"word", "slug<=3", false},
	{"x.y", "slug<=9", false},
};

Test(policy_value, overlap, .init = setup, .fini = teardown)
{
	struct vg_img_value a[VG_COUNT(overlaps)], b[VG_COUNT(overlaps)];
	for (size_t i = 0; i < VG_COUNT(overlaps); i++) {
		a[i] = fixture_value(&fixture, overlaps[i].a);
		b[i] = fixture_value(&fixture, overlaps[i].b);
	}
	const struct vg_image *image = fixture_open(&fixture);
	for (size_t i = 0; i < VG_COUNT(overlaps); i++) {
		cr_expect_eq(vg_value_overlap(image, &a[i], &b[i]), overlaps[i].overlap, "%s %s",
			     overlaps[i].a, overlaps[i].b);
		cr_expect_eq(vg_value_overlap(image, &b[i], &a[i]), overlaps[i].overlap, "%s %s",
			     overlaps[i].b, overlaps[i].a);
	}
}
