/* Queries: pairs, each name once, and what goes upstream. */
#include <criterion/criterion.h>

#include "policy/query.h"

static const struct {
	const char *raw;
	const char *text; /* NULL: refused */
	const char *what; /* the fault, or the pairs: name=value, or name alone */
} rows[] = {
	{"a=1", "a=1", "a=1"},
	{"a=1&b=2", "a=1&b=2", "a=1 b=2"},
	{"b=2&a=1", "b=2&a=1", "b=2 a=1"},
	{"a", "a", "a"},
	{"a=", "a=", "a="},
	{"a=b=c", "a=b=c", "a=b=c"},
	{"a==", "a==", "a=="},
	{"a=x+y", "a=x+y", "a=x+y"},
	{"a=x%20y", "a=x%20y", "a=x%20y"},
	{"a=%7e%41", "a=~A", "a=~A"},
	{"%61=1", "a=1", "a=1"},
	{"a=%2f%3a", "a=%2F%3A", "a=%2F%3A"},
	{"a=/?:@", "a=/?:@", "a=/?:@"},
	{"a=1,2", "a=1,2", "a=1,2"},
	{"a=%2541", "a=%2541", "a=%2541"},
	{"a=%26b", "a=%26b", "a=%26b"},
	{"f%5Bname%5D=1", "f%5Bname%5D=1", "f%5Bname%5D=1"},
	{"a=1&A=2", "a=1&A=2", "a=1 A=2"},
	{"a=%c3%a9", "a=%C3%A9", "a=%C3%A9"},
	{"", NULL, "empty query pair"},
	{"&", NULL, "empty query pair"},
	{"a=1&", NULL, "empty query pair"},
	{"&a=1", NULL, "empty query pair"},
	{"a=1&&b=2", NULL, "empty query pair"},
	{"=1", NULL, "query value without a name"},
	{"=", NULL, "query value without a name"},
	{"a=1&=2", NULL, "query value without a name"},
	{"a=1&a=2", NULL, "query parameter given twice"},
	{"a=1&a", NULL, "query parameter given twice"},
	{"a=1&b=2&a=1", NULL, "query parameter given twice"},
	{"a=1&%61=2", NULL, "query parameter given twice"},
	{"a!=1&a%21=2", NULL, "query parameter given twice"},
	{"a=1;b=2", NULL, "byte that no query may hold"},
	{"a=1#b", NULL, "byte that no query may hold"},
	{"a=x y", NULL, "byte that no query may hold"},
	{"a=\x80", NULL, "byte that no query may hold"},
	{"a=\x01", NULL, "byte that no query may hold"},
	{"a=\\", NULL, "byte that no query may hold"},
	{"a[0]=1", NULL, "byte that no query may hold"},
	{"a=b|c", NULL, "byte that no query may hold"},
	{"a=%", NULL, "byte that no query may hold"},
	{"a=%4", NULL, "byte that no query may hold"},
	{"a=%zz", NULL, "byte that no query may hold"},
	{"%=1", NULL, "byte that no query may hold"},
	{"a=\"", NULL, "byte that no query may hold"},
};

static void check_pairs(const struct vg_query *query, const char *joined, const char *raw)
{
	struct vg_slice rest = vg_slice_str(joined), part;
	size_t count = 0;
	while (rest.len > 0 && vg_slice_cut(&rest, ' ', &part)) {
		cr_assert_lt(count, query->count, "%s: too few pairs", raw);
		const struct vg_query_pair *pair = &query->pairs[count++];
		size_t equals = vg_slice_find(part, '=');
		cr_expect(vg_slice_eq(pair->name, vg_slice_first(part, equals)), "%s", raw);
		cr_expect_eq(pair->has_value, equals < part.len, "%s", raw);
		cr_expect(vg_slice_eq(pair->value, vg_slice_from(part, equals + 1)), "%s", raw);
	}
	cr_expect_eq(query->count, count, "%s: %zu pairs", raw, query->count);
}

Test(policy_query, table)
{
	for (size_t i = 0; i < VG_COUNT(rows); i++) {
		struct vg_arena arena;
		struct vg_query query;
		const char *fault;
		vg_arena_init(&arena, 4096);
		bool good = vg_query_parse(&query, vg_slice_str(rows[i].raw), &arena, &fault);
		cr_expect_eq(good, rows[i].text != NULL, "%s: %s", rows[i].raw,
			     good ? "passed" : fault);
		if (good && rows[i].text != NULL) {
			cr_expect(vg_slice_eq(query.text, vg_slice_str(rows[i].text)),
				  "%s became %.*s", rows[i].raw, VG_SLICE_FMT(query.text));
			check_pairs(&query, rows[i].what, rows[i].raw);
		} else if (!good) {
			cr_expect_str_eq(fault, rows[i].what, "%s: %s", rows[i].raw, fault);
		}
		vg_arena_fini(&arena);
	}
}

static bool parses(size_t pairs, const char **fault)
{
	struct vg_arena arena;
	struct vg_query query;
	char text[(VG_QUERY_PAIRS_MAX + 1) * 4];
	for (size_t i = 0; i < pairs; i++) {
		text[4 * i] = (char)('a' + i / 26);
		text[4 * i + 1] = (char)('a' + i % 26);
		text[4 * i + 2] = '=';
		text[4 * i + 3] = '&';
	}
	vg_arena_init(&arena, sizeof(text));
	bool good = vg_query_parse(&query, vg_slice(text, pairs * 4 - 1), &arena, fault);
	vg_arena_fini(&arena);
	return good;
}

Test(policy_query, bounds)
{
	const char *fault;
	cr_expect(parses(VG_QUERY_PAIRS_MAX, &fault));
	cr_expect_not(parses(VG_QUERY_PAIRS_MAX + 1, &fault));
	cr_expect_str_eq(fault, "too many query parameters");

	struct vg_arena arena;
	struct vg_query query;
	vg_arena_init(&arena, 2);
	cr_expect_not(vg_query_parse(&query, VG_SLICE("a=1"), &arena, &fault));
	cr_expect_str_eq(fault, "query too long");
	vg_arena_fini(&arena);
}
