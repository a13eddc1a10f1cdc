/* Diagnostics: all of them, in order, none lost in silence; and what a word was meant to be. */
#include <criterion/criterion.h>

#include "base/diag.h"

Test(base_diag, sorted_and_counted)
{
	static const struct {
		const char *file;
		unsigned line;
		const char *text;
	} order[] = {
		{"", 0, "whole"},       {"a.ini", 1, "first"},  {"a.ini", 1, "second"},
		{"a.ini", 20, "third"}, {"b.ini", 3, "fourth"},
	};
	struct vg_arena arena;
	struct vg_diags diags;
	vg_arena_init(&arena, 1 << 16);
	vg_diags_init(&diags, &arena);
	cr_expect_not(vg_diags_failed(&diags));
	vg_diag_add(&diags, VG_SEVERITY_NOTE, "b.ini", 3, "%s", "fourth");
	vg_diag_add(&diags, VG_SEVERITY_WARNING, "a.ini", 20, "third");
	vg_diag_add(&diags, VG_SEVERITY_WARNING, "a.ini", 1, "first");
	vg_diag_add(&diags, VG_SEVERITY_NOTE, "", 0, "whole");
	cr_expect_not(vg_diags_failed(&diags), "a warning is no failure");
	vg_diag_add(&diags, VG_SEVERITY_ERROR, "a.ini", 1, "second");
	cr_expect(vg_diags_failed(&diags));
	vg_diags_sort(&diags);
	size_t i = 0;
	for (const struct vg_diag *diag = diags.first; diag != NULL; diag = diag->next, i++) {
		cr_assert_lt(i, VG_COUNT(order));
		cr_expect_str_eq(diag->file, order[i].file);
		cr_expect_eq(diag->line, order[i].line);
		cr_expect_str_eq(diag->text, order[i].text);
	}
	cr_expect_eq(i, VG_COUNT(order));
	cr_expect_str_eq(diags.last->text, "fourth");
	cr_expect_eq(diags.count[VG_SEVERITY_NOTE], 2);
	cr_expect_eq(diags.count[VG_SEVERITY_WARNING], 2);
	cr_expect_eq(diags.count[VG_SEVERITY_ERROR], 1);
	vg_arena_fini(&arena);
}

Test(base_diag, sorts_many)
{
	struct vg_arena arena;
	struct vg_diags diags;
	vg_arena_init(&arena, 1 << 22);
	vg_diags_init(&diags, &arena);
	for (unsigned i = 0; i < 5000; i++)
		vg_diag_add(&diags, VG_SEVERITY_ERROR, "x", i * 7919 % 1009, "%u", i);
	vg_diags_sort(&diags);
	unsigned count = 0, line = 0, number = 0;
	for (const struct vg_diag *diag = diags.first; diag != NULL; diag = diag->next, count++) {
		unsigned its = (unsigned)strtoul(diag->text, NULL, 10);
		cr_assert(diag->line > line || (diag->line == line && (count == 0 || its > number)),
			  "stable: %u", count);
		line = diag->line;
		number = its;
	}
	cr_expect_eq(count, 5000);
	vg_arena_fini(&arena);
}

Test(base_diag, what_is_lost_is_an_error)
{
	struct vg_arena arena;
	struct vg_diags diags;
	vg_arena_init(&arena, 8);
	vg_diags_init(&diags, &arena);
	vg_diag_add(&diags, VG_SEVERITY_NOTE, "x", 1, "no room for this");
	cr_expect_eq(diags.lost, 1);
	cr_expect_null(diags.first);
	cr_expect(vg_diags_failed(&diags));
	vg_arena_fini(&arena);
}

Test(base_diag, near_match)
{
	static const char *const words[] = {"listen", "workers", "policies",
					    "state",  "user",    "max_body"};
	static const struct {
		const char *word, *near;
	} rows[] = {
		{"lisen", "listen"},
		{"listen", "listen"},
		{"lsiten", "listen"},
		{"worker", "workers"},
		{"policy", NULL},
		{"polices", "policies"},
		{"maxbody", "max_body"},
		{"max-body", "max_body"},
		{"stat", "state"},
		{"usr", "user"},
		{"xyz", NULL},
		{"", NULL},
		{"u", NULL},
		{"uu", NULL},
		{"workersworkers", NULL},
		{"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", NULL},
	};
	for (size_t i = 0; i < VG_COUNT(rows); i++) {
		struct vg_slice word = vg_slice_str(rows[i].word);
		const char *near = vg_near_match(word, words, VG_COUNT(words));
		cr_expect_eq(near == NULL, rows[i].near == NULL, "%s: %s", rows[i].word, near);
		if (near != NULL && rows[i].near != NULL)
			cr_expect_str_eq(near, rows[i].near, "%s", rows[i].word);
	}
	cr_expect_null(vg_near_match(VG_SLICE("listen"), words, 0));
}
