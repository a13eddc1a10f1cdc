/* Which bytes of a path are values: of the rule that matched, and where none did. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "policy/capture.h"
#include "policy_fixture.h"

static struct fixture fixture;

static const char *const patterns[] = {
	"/v1/people/{id:int}",           /* 0 */
	"/v1/people/{id:int}/x-{n}.png", /* 1 */
	"/files/**",                     /* 2 */
	"/{any}/{other}/",               /* 3 */
	"/",                             /* 4 */
	"/plain/words/",                 /* 5 */
};

#define NONE (-1)

static void setup(void)
{
	fixture_begin(&fixture);
	fixture_service(&fixture, "a.example", "/mount/here");
	fixture_service(&fixture, "b.example", "");
	fixture_vendor(&fixture, "acme", VG_MODE_ENFORCE);
	for (size_t i = 0; i < VG_COUNT(patterns); i++)
		fixture_rule(&fixture, (struct fixture_rule){0, "GET", patterns[i]});
	fixture_vendor(&fixture, "zeta", VG_MODE_ENFORCE);
	fixture_rule(&fixture, (struct fixture_rule){0, "GET", "/v1/photos"});
	fixture_rule(&fixture, (struct fixture_rule){0, "GET", "/v1/people/{id:int}"});
	fixture_rule(&fixture, (struct fixture_rule){1, "GET", "/elsewhere"});
	fixture_open(&fixture);
}

static void teardown(void)
{
	fixture_end(&fixture);
}

/* Service, rule, path, and the path with its values in braces. */
static const struct {
	int service, rule;
	const char *path, *marked;
} table[] = {
	{0, 0, "/mount/here/v1/people/17", "/mount/here/v1/people/{17}"},
	{0, 1, "/mount/here/v1/people/17/x-a.png", "/mount/here/v1/people/{17}/x-{a}.png"},
	{0, 2, "/mount/here/files/a/b", "/mount/here/files/{a}/{b}"},
	{0, 2, "/mount/here/files/a/", "/mount/here/files/{a}/"},
	{0, 2, "/mount/here/files/", "/mount/here/files/"},
	{0, 3, "/mount/here/v1/people/", "/mount/here/{v1}/{people}/"},
	{0, 4, "/mount/here/", "/mount/here/"},
	{0, 5, "/mount/here/plain/words/", "/mount/here/plain/words/"},
	{0, NONE, "/mount/here", "/mount/here"},
	{0, NONE, "/mount/here/v1/people/17/y", "/mount/here/v1/people/{17}/{y}"},
	{0, NONE, "/mount/here/v1/photos/1", "/mount/here/v1/photos/{1}"},
	{0, NONE, "/mount/here/photos", "/mount/here/{photos}"},
	{0, NONE, "/mount/here/elsewhere", "/mount/here/{elsewhere}"},
	{0, NONE, "/mount/here/v1/17.png", "/mount/here/v1/{17.png}"},
	{0, NONE, "/mount/here/words/plain", "/mount/here/{words}/{plain}"},
	{1, NONE, "/elsewhere/v1", "/elsewhere/{v1}"},
	{NONE, NONE, "/mount/v1", "/{mount}/{v1}"},
	{NONE, NONE, "/", "/"},
};

static void apply(char *out, size_t size, const struct vg_path *path, const uint8_t *marks,
		  size_t len)
{
	size_t at = 0, used = 0;
	for (size_t i = 0; i < len; i += 2) {
		size_t from = marks[i], count = marks[i + 1];
		cr_assert(from >= at && from + count <= path->text.len);
		used += (size_t)snprintf(out + used, size - used, "%.*s{%.*s}", (int)(from - at),
					 path->text.ptr + at, (int)count, path->text.ptr + from);
		at = from + count;
	}
	(void)snprintf(out + used, size - used, "%.*s", (int)(path->text.len - at),
		       path->text.ptr + at);
}

static uint32_t row(int index)
{
	return index < 0 ? VG_NO_ROW : (uint32_t)index;
}

/* The image sorts rules: the one with this pattern. */
static uint32_t rule_of(int pattern)
{
	for (uint32_t i = 0; pattern >= 0 && i < vg_img_rule_count(&fixture.image); i++)
		if (vg_slice_eq(vg_img_str(&fixture.image, vg_img_rules(&fixture.image)[i].pattern),
				vg_slice_str(patterns[pattern])))
			return i;
	return VG_NO_ROW;
}

Test(policy_capture, marks, .init = setup, .fini = teardown)
{
	for (size_t i = 0; i < VG_COUNT(table); i++) {
		uint8_t marks[VG_MARKS_MAX];
		char text[256];
		const char *fault;
		struct vg_arena arena;
		struct vg_path path;
		vg_arena_init(&arena, 4096);
		cr_assert(vg_path_parse(&path, vg_slice_str(table[i].path), &arena, &fault));
		uint32_t rule = rule_of(table[i].rule);
		cr_assert_eq(rule == VG_NO_ROW, table[i].rule < 0);
		size_t len = vg_capture_marks(marks, &fixture.image, row(table[i].service), rule,
					      &path);
		apply(text, sizeof(text), &path, marks, len);
		cr_expect_str_eq(text, table[i].marked, "%s: %s", table[i].path, text);
		vg_arena_fini(&arena);
	}
}

/* Around the end of what is kept, and as many segments as a path can have. */
Test(policy_capture, ends, .init = setup, .fini = teardown)
{
	char raw[600];
	uint8_t marks[VG_MARKS_MAX];
	const char *fault;
	struct vg_path path;
	for (size_t len = 245; len < 262; len++) {
		struct vg_arena arena;
		vg_arena_init(&arena, 4096);
		(void)snprintf(raw, sizeof(raw), "/%0*d/z", (int)len - 1, 7);
		cr_assert(vg_path_parse(&path, vg_slice_str(raw), &arena, &fault));
		size_t count = vg_capture_marks(marks, &fixture.image, VG_NO_ROW, VG_NO_ROW, &path);
		bool whole = len <= VG_MARKED_PATH_MAX, second = len + 1 < VG_MARKED_PATH_MAX;
		cr_expect_eq(count, second ? 4 : 2, "%zu: %zu", len, count);
		cr_expect_eq(marks[0], 1);
		cr_expect_eq(marks[1], whole ? len - 1 : 0, "%zu: %u", len, marks[1]);
		vg_arena_fini(&arena);
	}
	for (size_t i = 0; i < VG_PATH_SEGMENTS_MAX; i++)
		memcpy(raw + 2 * i, "/s", 3);
	struct vg_arena arena;
	vg_arena_init(&arena, 4096);
	cr_assert(vg_path_parse(&path, vg_slice_str(raw), &arena, &fault));
	cr_expect_eq(vg_capture_marks(marks, &fixture.image, VG_NO_ROW, VG_NO_ROW, &path),
		     VG_MARKS_MAX);
	vg_arena_fini(&arena);
}
