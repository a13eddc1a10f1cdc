/*
 * The section of literals: the segments that rules of a service have as words. 200,000 rules have
 * few different ones, so these are found by a table first, and only then sorted. Texts are
 * interned: equal ones lie at one offset.
 */
#include "config/build.h"

#include <stdlib.h>

#include "policy/path.h"

#define FIRST_SLOTS ((size_t)1024)

/* Words of a service and place, each once; a free slot has no length. */
struct words {
	struct vg_img_literal *slots;
	size_t slot_count, used;
};

/* A word, and where its text lies: what is sorted. */
struct word {
	struct vg_img_literal row;
	const char *ptr;
};

static bool same(const struct vg_img_literal *a, const struct vg_img_literal *b)
{
	return a->service == b->service && a->place == b->place &&
	       a->text.offset == b->text.offset && a->text.len == b->text.len;
}

static uint64_t hash_of(const struct vg_img_literal *row)
{
	uint64_t hash = ((uint64_t)row->service << 32 | row->text.offset) ^ (uint64_t)row->place
										    << 24;
	hash *= UINT64_C(0x9e3779b97f4a7c15);
	return hash ^ hash >> 32;
}

static struct vg_img_literal *find(const struct words *words, const struct vg_img_literal *row)
{
	size_t at = hash_of(row) & (words->slot_count - 1);
	while (words->slots[at].text.len != 0 && !same(&words->slots[at], row))
		at = (at + 1) & (words->slot_count - 1);
	return &words->slots[at];
}

/* Keeps at least half of the slots free. */
static bool grow(struct words *words)
{
	if (words->used < words->slot_count / 2)
		return true;
	struct words larger = {.used = words->used,
			       .slot_count = words->slot_count == 0 ? FIRST_SLOTS
								    : words->slot_count * 2};
	larger.slots = calloc(larger.slot_count, sizeof(*larger.slots));
	if (larger.slots == NULL)
		return false;
	for (size_t i = 0; i < words->slot_count; i++)
		if (words->slots[i].text.len != 0)
			*find(&larger, &words->slots[i]) = words->slots[i];
	free(words->slots);
	*words = larger;
	return true;
}

static bool add(struct words *words, const struct vg_img_literal *row)
{
	if (!grow(words))
		return false;
	struct vg_img_literal *slot = find(words, row);
	words->used += slot->text.len == 0;
	*slot = *row;
	return true;
}

/* Nothing of an image was checked yet: what lies outside is left for vg_image_open to refuse. */
static bool add_rule(struct vg_build *build, struct words *words, const struct vg_img_rule *rule)
{
	const struct vg_img_segment *segments = vg_build_rows(build, VG_SECTION_SEGMENT);
	uint32_t count = vg_build_count(build, VG_SECTION_SEGMENT);
	uint32_t bytes = vg_build_count(build, VG_SECTION_TEXT);
	struct vg_span span = rule->segments;
	if (span.count > VG_PATH_SEGMENTS_MAX || span.count > count ||
	    span.first > count - span.count)
		return true;
	for (uint32_t place = 0; place < span.count; place++) {
		const struct vg_img_segment *segment = &segments[span.first + place];
		struct vg_img_literal row = {rule->service, place, segment->prefix};
		if (segment->kind != VG_SEGMENT_LITERAL || row.text.len == 0 ||
		    row.text.len > bytes || row.text.offset > bytes - row.text.len)
			continue;
		if (!add(words, &row))
			return false;
	}
	return true;
}

#define ORDER(a, b) (((a) > (b)) - ((a) < (b)))

static int compare(const void *a, const void *b)
{
	const struct word *x = a, *y = b;
	int order = ORDER(x->row.service, y->row.service);
	if (order == 0)
		order = ORDER(x->row.place, y->row.place);
	return order != 0 ? order
			  : vg_slice_cmp(vg_slice(x->ptr, x->row.text.len),
					 vg_slice(y->ptr, y->row.text.len));
}

/* Appends them in order; two texts that are equal all the same count once. */
static bool append(struct vg_build *build, const struct words *words)
{
	const char *text = vg_build_rows(build, VG_SECTION_TEXT);
	struct word *sorted = calloc(words->used + 1, sizeof(*sorted));
	size_t count = 0;
	if (sorted == NULL)
		return false;
	for (size_t i = 0; i < words->slot_count; i++)
		if (words->slots[i].text.len != 0)
			sorted[count++] = (struct word){words->slots[i],
							text + words->slots[i].text.offset};
	qsort(sorted, count, sizeof(*sorted), compare);
	for (size_t i = 0; i < count; i++)
		if (i == 0 || compare(&sorted[i - 1], &sorted[i]) != 0)
			(void)vg_build_row(build, VG_SECTION_LITERAL, &sorted[i].row);
	free(sorted);
	return true;
}

bool vg_build_literals(struct vg_build *build)
{
	const struct vg_img_rule *rules = vg_build_rows(build, VG_SECTION_RULE);
	struct words words = {0};
	bool ok = true;
	for (uint32_t i = 0; ok && i < vg_build_count(build, VG_SECTION_RULE); i++)
		ok = add_rule(build, &words, &rules[i]);
	ok = ok && append(build, &words);
	free(words.slots);
	return ok;
}
