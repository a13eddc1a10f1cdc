/* Paths: what is refused, and the one form of what is not. */
#include <criterion/criterion.h>

#include "policy/path.h"

static const struct {
	const char *raw;
	const char *normal; /* NULL: refused */
	const char *fault;  /* or, where it is not, the segments joined with a bar */
} rows[] = {
	/* The honest ones. */
	{"/", "/", ""},
	{"/a", "/a", "a"},
	{"/a/", "/a/", "a"},
	{"/a/b", "/a/b", "a|b"},
	{"/v1/courses/0b1c/attendees", "/v1/courses/0b1c/attendees", "v1|courses|0b1c|attendees"},
	{"/%7E", "/~", "~"},
	{"/%7euser", "/~user", "~user"},
	{"/%c3%a9", "/%C3%A9", "%C3%A9"},
	{"/%C3%A9t%c3%a9", "/%C3%A9t%C3%A9", "%C3%A9t%C3%A9"},
	{"/%e2%82%ac", "/%E2%82%AC", "%E2%82%AC"},
	{"/%f0%9f%99%82", "/%F0%9F%99%82", "%F0%9F%99%82"},
	{"/%41%62%30", "/Ab0", "Ab0"},
	{"/%2d%2E5%5f", "/-.5_", "-.5_"},
	{"/a%20b", "/a%20b", "a%20b"},
	{"/a%2Bb", "/a%2Bb", "a%2Bb"},
	{"/a+b", "/a+b", "a+b"},
	{"/!$&'()*+,=:@", "/!$&'()*+,=:@", "!$&'()*+,=:@"},
	{"/%21", "/%21", "%21"},
	{"/%23", "/%23", "%23"},
	{"/%3f", "/%3F", "%3F"},
	{"/...", "/...", "..."},
	{"/.a", "/.a", ".a"},
	{"/a..", "/a..", "a.."},
	{"/..a/", "/..a/", "..a"},
	{"/100%25", "/100%25", "100%25"},
	{"/%25/x", "/%25/x", "%25|x"},
	{"/%25g1", "/%25g1", "%25g1"},
	{"/a%25", "/a%25", "a%25"},
	{"/%22%3c%7c%7d", "/%22%3C%7C%7D", "%22%3C%7C%7D"},
	{"/%ef%bc%8f", "/%EF%BC%8F", "%EF%BC%8F"},
	/* Ten spellings of a way out, and their relatives. */
	{"/a/..%2fb", NULL, "encoded slash"},
	{"/a/..%2Fb", NULL, "encoded slash"},
	{"/a/..;/b", NULL, "path parameter"},
	{"/a/%252e%252e/b", NULL, "double encoding"},
	{"/a/..\\b", NULL, "backslash in the path"},
	{"/a/%c0%ae%c0%ae/b", NULL, "encoded bytes that are not UTF-8"},
	{"/x/..", NULL, "dot segment"},
	{"/a//b", NULL, "empty segment"},
	{"/a/./b", NULL, "dot segment"},
	{"/a%00", NULL, "encoded control byte"},
	{"/a/%2e%2e/b", NULL, "dot segment"},
	{"/a/%2E/b", NULL, "dot segment"},
	{"/a/.%2e", NULL, "dot segment"},
	{"/a/../b", NULL, "dot segment"},
	{"/..", NULL, "dot segment"},
	{"/.", NULL, "dot segment"},
	{"/./", NULL, "dot segment"},
	{"/../", NULL, "dot segment"},
	{"//", NULL, "empty segment"},
	{"//a", NULL, "empty segment"},
	{"/a//", NULL, "empty segment"},
	{"/a;v=1", NULL, "path parameter"},
	{"/a%3bv=1", NULL, "encoded path parameter"},
	{"/..%3B/b", NULL, "encoded path parameter"},
	{"/a/..%01/b", NULL, "encoded control byte"},
	{"/a%5cb", NULL, "encoded slash"},
	{"/a%5Cb", NULL, "encoded slash"},
	{"/%%36%36", NULL, "percent sign without two digits"},
	{"/%2541", NULL, "double encoding"},
	{"/%25%34%31", NULL, "double encoding"},
	{"/%25%32%65", NULL, "double encoding"},
	{"/%252f", NULL, "double encoding"},
	{"/x%25%2541", NULL, "double encoding"},
	{"/a#b", NULL, "fragment in the path"},
	{"/a%", NULL, "percent sign without two digits"},
	{"/a%4", NULL, "percent sign without two digits"},
	{"/a%4g", NULL, "percent sign without two digits"},
	{"/a%g4", NULL, "percent sign without two digits"},
	{"/a%u0041", NULL, "percent sign without two digits"},
	{"/a b", NULL, "byte that no path may hold"},
	{"/a\tb", NULL, "byte that no path may hold"},
	{"/a\x01", NULL, "byte that no path may hold"},
	{"/a\x7f", NULL, "byte that no path may hold"},
	{"/\xc3\xa9", NULL, "byte that no path may hold"},
	{"/\"", NULL, "byte that no path may hold"},
	{"/<", NULL, "byte that no path may hold"},
	{"/a|b", NULL, "byte that no path may hold"},
	{"/a[0]", NULL, "byte that no path may hold"},
	{"/a^b", NULL, "byte that no path may hold"},
	{"/a`b", NULL, "byte that no path may hold"},
	{"/{a}", NULL, "byte that no path may hold"},
	{"/a?b", NULL, "byte that no path may hold"},
	{"/%0a", NULL, "encoded control byte"},
	{"/%0D%0A", NULL, "encoded control byte"},
	{"/%7f", NULL, "encoded control byte"},
	{"/%c3", NULL, "encoded bytes that are not UTF-8"},
	{"/%c3/%a9", NULL, "encoded bytes that are not UTF-8"},
	{"/%a9", NULL, "encoded bytes that are not UTF-8"},
	{"/%c3%41", NULL, "encoded bytes that are not UTF-8"},
	{"/%ff", NULL, "encoded bytes that are not UTF-8"},
	{"/%ed%a0%80", NULL, "encoded bytes that are not UTF-8"},
	{"/%e0%80%af", NULL, "encoded bytes that are not UTF-8"},
	{"/%f4%90%80%80", NULL, "encoded bytes that are not UTF-8"},
	{"", NULL, "path without a slash in front"},
	{"a", NULL, "path without a slash in front"},
	{"*", NULL, "path without a slash in front"},
	{"%2fa", NULL, "path without a slash in front"},
	{"http://x/", NULL, "path without a slash in front"},
};

static void check_segments(const struct vg_path *path, const char *joined, const char *raw)
{
	struct vg_slice rest = vg_slice_str(joined), part;
	size_t count = 0;
	while (rest.len > 0 && vg_slice_cut(&rest, '|', &part)) {
		cr_assert_lt(count, path->count, "%s: too few segments", raw);
		cr_expect(vg_slice_eq(path->segments[count], part), "%s: segment %zu", raw, count);
		count++;
	}
	cr_expect_eq(path->count, count, "%s: %zu segments", raw, path->count);
}

Test(policy_path, table)
{
	for (size_t i = 0; i < VG_COUNT(rows); i++) {
		struct vg_arena arena;
		struct vg_path path;
		const char *fault;
		vg_arena_init(&arena, VG_PATH_BYTES_MAX);
		bool good = vg_path_parse(&path, vg_slice_str(rows[i].raw), &arena, &fault);
		cr_expect_eq(good, rows[i].normal != NULL, "%s: %s", rows[i].raw,
			     good ? "passed" : fault);
		if (good && rows[i].normal != NULL) {
			struct vg_slice normal = vg_slice_str(rows[i].normal);
			cr_expect(vg_slice_eq(path.text, normal), "%s became %.*s", rows[i].raw,
				  VG_SLICE_FMT(path.text));
			cr_expect_eq(path.slash, normal.ptr[normal.len - 1] == '/', "%s",
				     rows[i].raw);
			check_segments(&path, rows[i].fault, rows[i].raw);
		} else if (!good) {
			cr_expect_str_eq(fault, rows[i].fault, "%s: %s", rows[i].raw, fault);
		}
		vg_arena_fini(&arena);
	}
}

/* What was normalised stays as it is: no second reader of the text sees another path. */
Test(policy_path, normal_form_is_final)
{
	for (size_t i = 0; i < VG_COUNT(rows); i++) {
		struct vg_arena arena;
		struct vg_path path;
		const char *fault;
		if (rows[i].normal == NULL)
			continue;
		vg_arena_init(&arena, VG_PATH_BYTES_MAX);
		cr_assert(vg_path_parse(&path, vg_slice_str(rows[i].normal), &arena, &fault), "%s",
			  rows[i].normal);
		cr_expect(vg_slice_eq(path.text, vg_slice_str(rows[i].normal)));
		vg_arena_fini(&arena);
	}
}

static bool parses(const char *mem, size_t len, size_t arena_max, const char **fault)
{
	struct vg_arena arena;
	struct vg_path path;
	vg_arena_init(&arena, arena_max);
	bool good = vg_path_parse(&path, vg_slice(mem, len), &arena, fault);
	vg_arena_fini(&arena);
	return good;
}

Test(policy_path, bounds)
{
	char text[VG_PATH_BYTES_MAX + 1];
	const char *fault;
	memset(text, 'a', sizeof(text));
	text[0] = '/';
	cr_expect(parses(text, VG_PATH_BYTES_MAX, sizeof(text), &fault));
	cr_expect_not(parses(text, VG_PATH_BYTES_MAX + 1, sizeof(text), &fault));
	cr_expect_str_eq(fault, "path too long");
	cr_expect_not(parses(text, 100, 99, &fault));
	cr_expect_str_eq(fault, "no memory for the path");

	for (size_t i = 0; i < 2 * VG_PATH_SEGMENTS_MAX + 2; i += 2)
		memcpy(text + i, "/a", 2);
	cr_expect(parses(text, (size_t)2 * VG_PATH_SEGMENTS_MAX, sizeof(text), &fault));
	cr_expect(parses(text, (size_t)2 * VG_PATH_SEGMENTS_MAX + 1, sizeof(text), &fault));
	cr_expect_not(parses(text, (size_t)2 * VG_PATH_SEGMENTS_MAX + 2, sizeof(text), &fault));
	cr_expect_str_eq(fault, "too many segments");
}

/* A NUL is a byte like others that no path may hold. */
Test(policy_path, nul)
{
	const char *fault;
	cr_expect(parses("/a", 2, 64, &fault));
	cr_expect_not(parses("/a\0b", 4, 64, &fault));
	cr_expect_str_eq(fault, "byte that no path may hold");
}

static const struct {
	const char *path, *prefix;
	const char *below; /* NULL: it is not */
	size_t count;
	bool slash;
} below_rows[] = {
	{"/a/b", "", "/a/b", 2, false},      {"/", "", "/", 0, true},
	{"/a/b", "/a", "/b", 1, false},      {"/a", "/a", "/", 0, true},
	{"/a/", "/a", "/", 0, true},         {"/ab", "/a", NULL, 0, false},
	{"/b", "/a", NULL, 0, false},        {"/", "/a", NULL, 0, false},
	{"/a/b/c/", "/a/b", "/c/", 1, true}, {"/a/bc", "/a/b", NULL, 0, false},
	{"/A/b", "/a", NULL, 0, false},      {"/%61/b", "/a", "/b", 1, false},
	{"/a", "/a/b", NULL, 0, false},
};

Test(policy_path, below)
{
	for (size_t i = 0; i < VG_COUNT(below_rows); i++) {
		struct vg_arena arena;
		struct vg_path path, below;
		const char *fault;
		vg_arena_init(&arena, 4096);
		cr_assert(vg_path_parse(&path, vg_slice_str(below_rows[i].path), &arena, &fault));
		bool is = vg_path_below(&below, &path, vg_slice_str(below_rows[i].prefix));
		cr_expect_eq(is, below_rows[i].below != NULL, "row %zu", i);
		if (is && below_rows[i].below != NULL) {
			cr_expect(vg_slice_eq(below.text, vg_slice_str(below_rows[i].below)),
				  "row %zu", i);
			cr_expect_eq(below.count, below_rows[i].count, "row %zu", i);
			cr_expect_eq(below.slash, below_rows[i].slash, "row %zu", i);
		}
		vg_arena_fini(&arena);
	}
}
