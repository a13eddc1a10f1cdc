/* Services by host and prefix, rules by path and method, the most specific first. */
#include <criterion/criterion.h>

#include "policy/route.h"
#include "policy_fixture.h"

static struct fixture fixture;

static const char *const patterns[] = {
	"/a/b",                     /* 0 */
	"/a/{n:int}",               /* 1 */
	"/a/{n:uuid}.json",         /* 2 */
	"/a/{s}",                   /* 3 */
	"/a/{s}/c",                 /* 4 */
	"/a/{s}/",                  /* 5 */
	"/a/**",                    /* 6 */
	"/b/",                      /* 7 */
	"/b/pre-{d:date}.csv",      /* 8 */
	"/t/{x:text<=8}",           /* 9 */
	"/",                        /* 10 */
	"/{any}/x/**",              /* 11 */
	"/{one}/{two}/{three:int}", /* 12 */
};

static void setup(void)
{
	fixture_begin(&fixture);
	fixture_service(&fixture, "a.example", "/x/y");
	fixture_service(&fixture, "a.example", "/x");
	fixture_service(&fixture, "b.example", "/x");
	fixture_service(&fixture, "c.example", "");
	fixture_vendor(&fixture, "acme", VG_MODE_ENFORCE);
	fixture_rule(&fixture, (struct fixture_rule){1, "GET", "/one"});
	for (size_t i = 0; i < VG_COUNT(patterns); i++)
		fixture_rule(&fixture, (struct fixture_rule){3, "GET", patterns[i]});
	fixture_vendor(&fixture, "bolt", VG_MODE_ENFORCE);
	fixture_rule(&fixture, (struct fixture_rule){3, "GET", "/bolt"});
	fixture_rule(&fixture, (struct fixture_rule){3, "POST", "/both"});
	fixture_rule(&fixture, (struct fixture_rule){3, "HEAD", "/head"});
	fixture_rule(&fixture, (struct fixture_rule){3, "GET", "/{any}"});
	fixture_vendor(&fixture, "cold", VG_MODE_ENFORCE);
	fixture_open(&fixture);
}

static void teardown(void)
{
	fixture_end(&fixture);
}

static void parse(struct vg_path *path, struct vg_arena *arena, const char *text)
{
	const char *fault;
	vg_arena_init(arena, 4096);
	cr_assert(vg_path_parse(path, vg_slice_str(text), arena, &fault), "%s: %s", text, fault);
}

static const struct {
	const char *path;
	int pattern;          /* -1: none */
	const char *captures; /* name=value, separated by spaces */
} rows[] = {
	{"/a/b", 0, ""},
	{"/a/%62", 0, ""},
	{"/a/B", 3, "s=B"},
	{"/a/7", 1, "n=7"},
	{"/a/07", 3, "s=07"},
	{"/a/0b1c2d3e-4f50-6172-8394-a5b6c7d8e9f0.json", 2,
	 "n=0b1c2d3e-4f50-6172-8394-a5b6c7d8e9f0"},
	{"/a/.json", 3, "s=.json"},
	{"/a/x", 3, "s=x"},
	{"/a/x%20y", 6, ""}, /* untyped takes no encoded byte, ** does */
	{"/a/x/c", 4, "s=x"},
	{"/a/b/c", 4, "s=b"},
	{"/a/x/", 5, "s=x"},
	{"/a/7/", 5, "s=7"},
	{"/a/", 6, ""}, /* ** takes nothing behind a slash */
	{"/a", -1, ""}, /* but not without it */
	{"/a/x/y/z", 6, ""},
	{"/a/x/c/", 6, ""},
	{"/a/b/c/d/e/f", 6, ""},
	{"/A/b", -1, ""},
	{"/b/", 7, ""},
	{"/b", -1, ""},
	{"/b/pre-2026-06-01.csv", 8, "d=2026-06-01"},
	{"/b/pre-2026-06-31.csv", -1, ""},
	{"/b/pre-2026-06-01.csv/", -1, ""},
	{"/b/pre-.csv", -1, ""},
	{"/t/a%20b", 9, "x=a%20b"},
	{"/t/a%C3%A9", 9, "x=a%C3%A9"},
	{"/t/123456789", -1, ""},
	{"/", 10, ""},
	{"/q/r/5", 12, "one=q two=r three=5"},
	{"/q/x/5", 11, "any=q"}, /* the first segment that differs in kind tells */
	{"/q/x/y", 11, "any=q"},
	{"/q/x/", 11, "any=q"},
	{"/q/x", -1, ""},
	{"/q/r/s", -1, ""},
	{"/a/b/5", 6, ""}, /* literal a before {one}, whatever comes behind */
};

static void check_captures(const struct vg_route *route, const char *expected, const char *path)
{
	struct vg_slice rest = vg_slice_str(expected), part, name;
	size_t count = 0;
	while (rest.len > 0 && vg_slice_cut(&rest, ' ', &part)) {
		cr_assert_lt(count, route->capture_count, "%s", path);
		cr_assert(vg_slice_cut(&part, '=', &name));
		cr_expect(vg_slice_eq(route->captures[count].name, name), "%s", path);
		cr_expect(vg_slice_eq(route->captures[count].value, part), "%s", path);
		count++;
	}
	cr_expect_eq(count, route->capture_count, "%s", path);
}

Test(policy_route, specificity, .init = setup, .fini = teardown)
{
	for (size_t i = 0; i < VG_COUNT(rows); i++) {
		struct vg_arena arena;
		struct vg_path path;
		struct vg_route route;
		parse(&path, &arena, rows[i].path);
		vg_route_find(&route, &fixture.image, 0, 3, VG_METHOD_GET, &path);
		uint32_t expected = rows[i].pattern < 0 ? VG_NO_ROW : (uint32_t)rows[i].pattern + 1;
		cr_expect_eq(route.rule, expected, "%s: rule %u", rows[i].path, route.rule);
		cr_expect_eq(route.near_rule, VG_NO_ROW, "%s", rows[i].path);
		check_captures(&route, rows[i].captures, rows[i].path);
		vg_arena_fini(&arena);
	}
}

static const struct {
	uint32_t vendor, service;
	const char *method, *path;
	uint32_t rule, near_rule; /* counted within the vendor; VG_NO_ROW */
} method_rows[] = {
	{1, 3, "GET", "/bolt", 0, VG_NO_ROW},
	{1, 3, "HEAD", "/bolt", 0, VG_NO_ROW}, /* HEAD follows GET */
	{1, 3, "POST", "/bolt", VG_NO_ROW, 0},
	{1, 3, "get", "/bolt", VG_NO_ROW, 0},
	{1, 3, "TRACE", "/bolt", VG_NO_ROW, 0},
	{1, 3, "OPTIONS", "/bolt", VG_NO_ROW, 0},
	{1, 3, "POST", "/both", 1, VG_NO_ROW},
	{1, 3, "GET", "/both", 3, VG_NO_ROW}, /* candidates match path and method */
	{1, 3, "PUT", "/both", VG_NO_ROW, 1},
	{1, 3, "HEAD", "/head", 2, VG_NO_ROW},
	{1, 3, "GET", "/head", 3, VG_NO_ROW}, /* and GET doesn't follow HEAD */
	{1, 3, "GET", "/none/such", VG_NO_ROW, VG_NO_ROW},
	{1, 1, "GET", "/bolt", VG_NO_ROW, VG_NO_ROW}, /* another service's rule */
	{1, 0, "GET", "/bolt", VG_NO_ROW, VG_NO_ROW},
	{0, 3, "GET", "/bolt", VG_NO_ROW, VG_NO_ROW}, /* another vendor's rule */
	{2, 3, "GET", "/bolt", VG_NO_ROW, VG_NO_ROW}, /* a vendor without one */
	{0, 1, "GET", "/one", 0, VG_NO_ROW},
	{0, 3, "GET", "/one", VG_NO_ROW, VG_NO_ROW},
};

Test(policy_route, methods, .init = setup, .fini = teardown)
{
	for (size_t i = 0; i < VG_COUNT(method_rows); i++) {
		struct vg_arena arena;
		struct vg_path path;
		struct vg_route route;
		uint32_t vendor = method_rows[i].vendor;
		uint32_t first = vg_img_vendors(&fixture.image)[vendor].rules.first;
		parse(&path, &arena, method_rows[i].path);
		vg_route_find(&route, &fixture.image, vendor, method_rows[i].service,
			      vg_method_of(vg_slice_str(method_rows[i].method)), &path);
		uint32_t rule = route.rule == VG_NO_ROW ? VG_NO_ROW : route.rule - first;
		uint32_t near = route.near_rule == VG_NO_ROW ? VG_NO_ROW : route.near_rule - first;
		cr_expect_eq(rule, method_rows[i].rule, "row %zu: %u", i, rule);
		cr_expect_eq(near, method_rows[i].near_rule, "row %zu: %u", i, near);
		vg_arena_fini(&arena);
	}
}

static const struct {
	const char *host, *path;
	uint32_t service;
	const char *below;
} service_rows[] = {
	{"a.example", "/x/y/z", 0, "/z"},   {"a.example", "/x/y", 0, "/"},
	{"a.example", "/x/z", 1, "/z"},     {"a.example", "/x", 1, "/"},
	{"a.example", "/x/", 1, "/"},       {"a.example", "/x/yz", 1, "/yz"},
	{"a.example", "/z", VG_NO_ROW, ""}, {"a.example", "/", VG_NO_ROW, ""},
	{"b.example", "/x/y/z", 2, "/y/z"}, {"c.example", "/x/y", 3, "/x/y"},
	{"c.example", "/", 3, "/"},         {"d.example", "/", VG_NO_ROW, ""},
	{"", "/", VG_NO_ROW, ""},           {"a.exampl", "/x", VG_NO_ROW, ""},
};

Test(policy_route, services, .init = setup, .fini = teardown)
{
	for (size_t i = 0; i < VG_COUNT(service_rows); i++) {
		struct vg_arena arena;
		struct vg_path path, below;
		struct vg_slice host = vg_slice_str(service_rows[i].host);
		parse(&path, &arena, service_rows[i].path);
		uint32_t service = vg_route_service(&fixture.image, host, &path, &below);
		cr_expect_eq(service, service_rows[i].service, "row %zu: %u", i, service);
		if (service != VG_NO_ROW)
			cr_expect(vg_slice_eq(below.text, vg_slice_str(service_rows[i].below)),
				  "row %zu", i);
		vg_arena_fini(&arena);
	}
}

Test(policy_route, hosts, .init = setup, .fini = teardown)
{
	cr_expect(vg_route_knows_host(&fixture.image, VG_SLICE("a.example")));
	cr_expect(vg_route_knows_host(&fixture.image, VG_SLICE("c.example")));
	cr_expect_not(vg_route_knows_host(&fixture.image, VG_SLICE("A.example")));
	cr_expect_not(vg_route_knows_host(&fixture.image, VG_SLICE("")));
	cr_expect_not(vg_route_knows_host(&fixture.image, VG_SLICE("z.example")));
	cr_expect_not(vg_route_knows_host(&fixture.image, VG_SLICE("a.example.")));
}

static const struct {
	const char *a, *b;
	int order;
} order_rows[] = {
	{"/a", "/{x:int}", -1},
	{"/{x:int}", "/{x}", -1},
	{"/{x}", "/**", -1},
	{"/a", "/**", -1},
	{"/a/", "/a/**", -1},
	{"/a/{x}", "/a/{x}/**", -1},
	{"/{x}/b", "/{x}/{y}", -1},
	{"/{x}/{y:int}/b", "/{x}/{y}/b", -1},
	{"/a/b", "/a/b", 0},
	{"/a/b", "/a/c", 0},
	{"/a/{x}", "/b/c", 0},
	{"/a", "/a/b", 0},
	{"/{x:int}/a", "/{x:uuid}/{y}", 0},
	{"/", "/**", -1},
	{"/", "/", 0},
};

Test(policy_route, order)
{
	for (size_t i = 0; i < VG_COUNT(order_rows); i++) {
		struct fixture two;
		fixture_begin(&two);
		fixture_service(&two, "x.example", "");
		fixture_vendor(&two, "acme", VG_MODE_ENFORCE);
		fixture_rule(&two, (struct fixture_rule){0, "GET", order_rows[i].a});
		fixture_rule(&two, (struct fixture_rule){0, "GET", order_rows[i].b});
		const struct vg_img_rule *rules = vg_img_rules(fixture_open(&two));
		int order = vg_route_order(&two.image, &rules[0], &rules[1]);
		int back = vg_route_order(&two.image, &rules[1], &rules[0]);
		cr_expect_eq(order, order_rows[i].order, "row %zu: %d", i, order);
		cr_expect_eq(back, -order_rows[i].order, "row %zu: %d", i, back);
		fixture_end(&two);
	}
}
