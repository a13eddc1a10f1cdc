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
	{"/residents", "http://api.agency.example?page=2", "/residents/?page=2"},
	{"/residents", "http://api.agency.example#f", "/residents/#f"},
	{"/residents", "http://api.agency.example:/v1", "/residents/v1"},
	{"/residents", "http://10.0.0.7:8080?page=2", "/residents/?page=2"},
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
	/* What looks like a port, and is a password, or nothing. */
	{"", "http://api.agency.example:x@evil.example/", NULL},
	{"", "http://api.agency.example:80@evil.example/", NULL},
	{"", "http://api.agency.example:@evil.example/", NULL},
	{"", "http://api.agency.example:65536/", NULL},
	{"", "http://api.agency.example:+80/", NULL},
	{"", "http://api.agency.example:80:80/", NULL},
	{"", "http://10.0.0.7:8080@evil.example/", NULL},
	{"", "http://10.0.0.7/", NULL},
	{"", "http://10.0.0.7:80/", NULL},
	{"", "http://[::1]/", NULL},
	{"", "http:///v1/a", NULL},
	{"", "http://", NULL},
	{"", "http://?@api.agency.example/", NULL},
	{"", "http://evil.example?@api.agency.example/", NULL},
	{"", "http://evil.example#@api.agency.example/", NULL},
	{"", "///evil.example/", NULL},
	{"", "http:evil.example", NULL},
	{"", "data:text/html,x", NULL},
	{"", "HTTPS://api.agency.example/", NULL},
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
	{"/residents", "/%2e%2e/courses", NULL},
	{"/residents", "/v1/.%2E/a", NULL},
	{"/residents", "/v1/%2e", "/residents/v1/%2e"},
	{"/residents", "/v1/...", "/residents/v1/..."},
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

Test(proxy_redirect, an_upstream_leaves_out_its_default_port)
{
	static const struct {
		const char *upstream, *location;
		bool own;
	} cases[] = {
		{"10.0.0.7:80", "http://10.0.0.7/a", true},
		{"10.0.0.7:443", "https://10.0.0.7/a", true},
		{"[2001:db8::7]:80", "http://[2001:DB8::7]/a", true},
		{"10.0.0.7:8080", "http://10.0.0.7/a", false},
		{"10.0.0.7:80", "http://10.0.0.7:8080/a", false},
		{"[2001:db8::7]:80", "http://[2001:db8::8]/a", false},
	};
	for (size_t i = 0; i < VG_COUNT(cases); i++) {
		struct vg_arena arena;
		struct vg_slice mapped;
		struct vg_redirect redirect = {.host = VG_SLICE("api.agency.example"),
					       .upstream = vg_slice_str(cases[i].upstream),
					       .prefix = VG_SLICE("/r")};
		vg_arena_init(&arena, 4096);
		cr_expect_eq(vg_redirect_map(&redirect, vg_slice_str(cases[i].location), &arena,
					     &mapped),
			     cases[i].own, "%s", cases[i].location);
		vg_arena_fini(&arena);
	}
}

/* What the upstream is told that it is, and who it then is. */
static const struct {
	const char *host, *location;
	bool own;
} names[] = {
	{"residents.internal", "http://residents.internal/a", true},
	{"residents.internal", "https://residents.internal:9443/a", true},
	{"residents.internal", "http://api.agency.example/a", false},
	{"residents.internal:8080", "http://residents.internal:8080/a", true},
	{"residents.internal:8080", "http://residents.internal/a", true},
	{"residents.internal:8080", "http://residents.internal.evil.example/a", false},
	{"[2001:db8::7]:80", "http://[2001:db8::7]/a", true},
	{"[2001:db8::7]", "http://[2001:db8::7]:8080/a", true},
	{"[2001:db8::7]", "http://[2001:db8::8]/a", false},
	{"[2001:db8::7]", "http://[/a", false},
	{"residents.internal", "http:///a", false},
};

Test(proxy_redirect, the_names_of_an_upstream)
{
	for (size_t i = 0; i < VG_COUNT(names); i++) {
		struct vg_arena arena;
		struct vg_slice mapped;
		struct vg_redirect redirect = {.host = vg_slice_str(names[i].host),
					       .upstream = VG_SLICE("10.0.0.7:8080"),
					       .prefix = VG_SLICE("/r")};
		vg_arena_init(&arena, 4096);
		bool good = vg_redirect_map(&redirect, vg_slice_str(names[i].location), &arena,
					    &mapped);
		cr_expect_eq(good, names[i].own, "%s: %s", names[i].host, names[i].location);
		if (good)
			cr_expect(vg_slice_eq(mapped, VG_SLICE("/r/a")));
		vg_arena_fini(&arena);
	}
}

#define OWN "http://10.0.0.7:8080"

static const struct {
	const char *value, *mapped; /* mapped NULL: refused */
} links[] = {
	{"</v1>; rel=next", "</r/v1>; rel=\"next\""},
	{"<" OWN "/v1?p=2>; rel=\"next prev\"", "</r/v1?p=2>; rel=\"next prev\""},
	{"</a>,</b>", "</r/a>, </r/b>"},
	{" , </a> ; rel=x ,, </b>;; rev=y;, ", "</r/a>; rel=\"x\", </r/b>; rev=\"y\""},
	{"<>; rel=self", "<>; rel=\"self\""},
	{"<?p=2>; rel=next", "<?p=2>; rel=\"next\""},
	{"", ""},
	{"  ", ""},
	/* What stands in quotes is no syntax. */
	{"</a>; title=\"x, <http://evil/>; y \\\" z\"; rel=a",
	 "</r/a>; title=\"x, <http://evil/>; y \\\" z\"; rel=\"a\""},
	{"</a>; title*=UTF-8''caf%c3%a9", "</r/a>; title*=UTF-8''caf%c3%a9"},
	{"</a>; title*=\"a>, <http://evil.example/>; rel=next\"; rel=x", "</r/a>; rel=\"x\""},
	{"</a>; x*=\"y\"", "</r/a>"},
	{"</a>; type=text/html", "</r/a>; type=\"text/html\""},
	{"</a>; rel=\"https://rels.example/x\"", "</r/a>; rel=\"https://rels.example/x\""},
	/* A context is a place, too. */
	{"</a>; anchor=\"" OWN "/b\"", "</r/a>; anchor=\"/r/b\""},
	{"</a>; ANCHOR=\"#f\"; rel=x", "</r/a>; ANCHOR=\"#f\"; rel=\"x\""},
	/* Of what nobody knows, only what can be no place. */
	{"</a>; cursor=\"0:100:0\"; flag; rel=x", "</r/a>; cursor=\"0:100:0\"; flag; rel=\"x\""},
	{"</a>; anchor*=UTF-8''http%3A%2F%2F10.0.0.1%2Fb; rel=x", "</r/a>; rel=\"x\""},
	{"</a>; imagesrcset=\"http://10.0.0.1/b.jpg 2x\"; rel=x", "</r/a>; rel=\"x\""},
	/* Elsewhere, be it one of several. */
	{"<http://evil.example/>; rel=next", NULL},
	{"</a>; rel=next, <http://10.0.0.1/>; rel=last", NULL},
	{"<//evil.example/>", NULL},
	{"<../a>", NULL},
	{"</a>; anchor=\"http://evil.example/\"", NULL},
	{"</a>; anchor=\"\\/evil\"", NULL},
	/* Not to be read. */
	{"/a; rel=next", NULL},
	{"</a; rel=next", NULL},
	{"<</a>", NULL},
	{"</a> </b>", NULL},
	{"</a>; rel=\"next", NULL},
	{"</a>; rel=\"next\\", NULL},
	{"</a>; =x", NULL},
	{"</a>; rel=", NULL},
	{"</a>; rel=<x>", NULL},
	{"</a>; title=\"x\"y", NULL},
};

Test(proxy_redirect, links)
{
	struct vg_redirect redirect = {.host = VG_SLICE("api.agency.example"),
				       .upstream = VG_SLICE("10.0.0.7:8080"),
				       .prefix = VG_SLICE("/r")};
	for (size_t i = 0; i < VG_COUNT(links); i++) {
		struct vg_arena arena;
		struct vg_buf out;
		vg_arena_init(&arena, 4096);
		vg_buf_init(&out, 4096);
		bool good = vg_redirect_links(&redirect, vg_slice_str(links[i].value), &arena,
					      &out);
		cr_expect_eq(good, links[i].mapped != NULL, "row %zu: %s", i, links[i].value);
		if (good && links[i].mapped != NULL)
			cr_expect(vg_slice_eq(vg_buf_slice(&out), vg_slice_str(links[i].mapped)),
				  "row %zu: %s became %.*s", i, links[i].value,
				  VG_SLICE_FMT(vg_buf_slice(&out)));
		vg_buf_fini(&out);
		vg_arena_fini(&arena);
	}
}

Test(proxy_redirect, links_have_a_bound)
{
	struct vg_redirect redirect = {.host = VG_SLICE("a"), .upstream = VG_SLICE("b:1")};
	struct vg_arena arena;
	struct vg_buf out;
	vg_arena_init(&arena, 4096);
	vg_buf_init(&out, 8);
	cr_expect(vg_redirect_links(&redirect, VG_SLICE("</a>"), &arena, &out));
	cr_expect_not(vg_redirect_links(&redirect, VG_SLICE("</b>"), &arena, &out));
	vg_buf_fini(&out);
	vg_arena_fini(&arena);
}
