#include <criterion/criterion.h>

#include "proxy/redirect.h"

static const struct {
	const char *prefix, *location, *mapped; /* mapped NULL: refused */
} rows[] = {
	/* Paths move below the prefix. */
	{"", "/v1/a", "/v1/a"},
	{"/residents", "/v1/a?x=1#f", "/residents/v1/a?x=1#f"},
	{"/residents", "/", "/residents/"},
	/* The upstream's own names, with or without a port. */
	{"/residents", "http://10.0.0.7:8080/v1/a", "/residents/v1/a"},
	{"/residents", "http://api.agency.example/v1/a", "/residents/v1/a"},
	{"/residents", "https://API.agency.example:8443/v1/a", "/residents/v1/a"},
	{"/residents", "http://api.agency.example", "/residents/"},
	/* Relative references stay. */
	{"/residents", "next?page=2", "next?page=2"},
	{"/residents", "?page=2", "?page=2"},
	{"", "a/b:c", "a/b:c"},
	/* Elsewhere. */
	{"", "http://evil.example/", NULL},
	{"", "//evil.example/", NULL},
	{"", "http://10.0.0.8:8080/", NULL},
	{"", "http://api.agency.example.evil.example/", NULL},
	{"", "http://api.agency.example@evil.example/", NULL},
	{"", "http://api.agency.example//evil.example/", NULL},
	{"", "javascript:alert(1)", NULL},
	{"", "ftp://api.agency.example/", NULL},
	{"", "http:/v1/a", NULL},
	{"", "HTTP://evil.example/", NULL},
	/* A way up, or what a client may read differently. */
	{"/residents", "/../courses", NULL},
	{"/residents", "../courses", NULL},
	{"/residents", "/v1/..", NULL},
	{"", "/\\evil.example/", NULL},
	{"", "\\\\evil.example/", NULL},
	{"", "/a b", NULL},
	{"", "/a\tb", NULL},
	{"", "/caf\xc3\xa9", NULL},
	{"", "", NULL},
};

Test(proxy_redirect, table)
{
	for (size_t i = 0; i < VG_COUNT(rows); i++) {
		struct vg_arena arena;
		struct vg_slice mapped = VG_SLICE_EMPTY;
		struct vg_redirect redirect = {
			.host = VG_SLICE("api.agency.example"),
			.upstream = VG_SLICE("10.0.0.7:8080"),
			.prefix = vg_slice_str(rows[i].prefix),
		};
		vg_arena_init(&arena, 4096);
		bool good = vg_redirect_map(&redirect, vg_slice_str(rows[i].location), &arena,
					    &mapped);
		cr_expect_eq(good, rows[i].mapped != NULL, "row %zu: %s", i, rows[i].location);
		if (good && rows[i].mapped != NULL)
			cr_expect(vg_slice_eq(mapped, vg_slice_str(rows[i].mapped)),
				  "row %zu: %s became %.*s", i, rows[i].location,
				  VG_SLICE_FMT(mapped));
		vg_arena_fini(&arena);
	}
}
