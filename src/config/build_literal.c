/*
 * The section of literals: the segments that rules of a service have as words. 10,000 vendors
 * often write the same patterns: they are told apart by where their segments lie before anything
 * is compared.
 */
#include "config/build.h"

#include <stdlib.h>

#include "policy/path.h"

/* A pattern of a service: many rules have it. */
struct pattern {
	uint32_t service;
	struct vg_span segments;
};

struct word {
	struct vg_img_literal row;
	const char *ptr;
};

#define ORDER(a, b) (((a) > (b)) - ((a) < (b)))

static int compare_patterns(const void *a, const void *b)
{
	const struct pattern *x = a, *y = b;
	int order = ORDER(x->service, y->service);
	if (order == 0)
		order = ORDER(x->segments.first, y->segments.first);
	return order != 0 ? order : ORDER(x->segments.count, y->segments.count);
}

static int compare_words(const void *a, const void *b)
{
	const struct word *x = a, *y = b;
	int order = ORDER(x->row.service, y->row.service);
	if (order == 0)
		order = ORDER(x->row.place, y->row.place);
	if (order != 0 || x->ptr == y->ptr)
		return order;
	return vg_slice_cmp(vg_slice(x->ptr, x->row.text.len), vg_slice(y->ptr, y->row.text.len));
}

/* The distinct patterns of all rules, in `out`; nothing of an image was checked yet. */
static size_t list_patterns(struct vg_build *build, struct pattern *out)
{
	const struct vg_img_rule *rules = vg_build_rows(build, VG_SECTION_RULE);
	uint32_t segments = vg_build_count(build, VG_SECTION_SEGMENT);
	size_t count = 0, kept = 0;
	for (uint32_t i = 0; i < vg_build_count(build, VG_SECTION_RULE); i++) {
		struct vg_span span = rules[i].segments;
		if (span.count > 0 && span.count <= VG_PATH_SEGMENTS_MAX &&
		    span.count <= segments && span.first <= segments - span.count)
			out[count++] = (struct pattern){rules[i].service, span};
	}
	qsort(out, count, sizeof(*out), compare_patterns);
	for (size_t i = 0; i < count; i++)
		if (kept == 0 || compare_patterns(&out[kept - 1], &out[i]) != 0)
			out[kept++] = out[i];
	return kept;
}

static size_t list_words(struct vg_build *build, const struct pattern *patterns, size_t count,
			 struct word *out)
{
	const struct vg_img_segment *segments = vg_build_rows(build, VG_SECTION_SEGMENT);
	const char *text = vg_build_rows(build, VG_SECTION_TEXT);
	uint32_t bytes = vg_build_count(build, VG_SECTION_TEXT);
	size_t words = 0;
	for (size_t i = 0; i < count; i++)
		for (uint32_t place = 0; place < patterns[i].segments.count; place++) {
			const struct vg_img_segment *segment =
				&segments[patterns[i].segments.first + place];
			struct vg_str str = segment->prefix;
			if (segment->kind != VG_SEGMENT_LITERAL || str.len == 0 ||
			    str.len > bytes || str.offset > bytes - str.len)
				continue;
			out[words++] = (struct word){{patterns[i].service, place, str},
						     text + str.offset};
		}
	return words;
}

static size_t count_words(const struct pattern *patterns, size_t count)
{
	size_t words = 0;
	for (size_t i = 0; i < count; i++)
		words += patterns[i].segments.count;
	return words;
}

bool vg_build_literals(struct vg_build *build)
{
	size_t rules = vg_build_count(build, VG_SECTION_RULE);
	struct pattern *patterns = calloc(rules + 1, sizeof(*patterns));
	if (patterns == NULL)
		return false;
	size_t count = list_patterns(build, patterns);
	struct word *words = calloc(count_words(patterns, count) + 1, sizeof(*words));
	if (words != NULL) {
		size_t found = list_words(build, patterns, count, words);
		qsort(words, found, sizeof(*words), compare_words);
		for (size_t i = 0; i < found; i++)
			if (i == 0 || compare_words(&words[i - 1], &words[i]) != 0)
				(void)vg_build_row(build, VG_SECTION_LITERAL, &words[i].row);
	}
	bool ok = words != NULL;
	free(words);
	free(patterns);
	return ok;
}
