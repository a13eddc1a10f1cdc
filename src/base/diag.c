#include "base/diag.h"

#include <stdio.h>
#include <string.h>

#define TEXT_MAX 1024
#define WORD_MAX 64

void vg_diags_init(struct vg_diags *diags, struct vg_arena *arena)
{
	*diags = (struct vg_diags){.arena = arena};
}

void vg_diag_add(struct vg_diags *diags, enum vg_severity severity, const char *file, unsigned line,
		 const char *format, ...)
{
	char text[TEXT_MAX];
	va_list args;
	va_start(args, format);
	int n = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	diags->count[severity]++;

	struct vg_diag *diag = vg_arena_alloc(diags->arena, sizeof(*diag));
	struct vg_slice copy = vg_arena_dup(diags->arena, vg_slice_str(n < 0 ? "?" : text));
	struct vg_slice name = vg_arena_dup(diags->arena, vg_slice_str(file));
	if (diag == NULL || copy.ptr == NULL || name.ptr == NULL) {
		diags->lost++;
		return;
	}
	*diag = (struct vg_diag){
		.severity = severity, .file = name.ptr, .line = line, .text = copy.ptr};
	if (diags->last == NULL)
		diags->first = diag;
	else
		diags->last->next = diag;
	diags->last = diag;
}

bool vg_diags_failed(const struct vg_diags *diags)
{
	return diags->count[VG_SEVERITY_ERROR] > 0 || diags->lost > 0;
}

static bool goes_after(const struct vg_diag *a, const struct vg_diag *b)
{
	int order = strcmp(a->file, b->file);
	return order > 0 || (order == 0 && a->line > b->line);
}

static struct vg_diag *merge(struct vg_diag *a, struct vg_diag *b)
{
	struct vg_diag head = {0};
	struct vg_diag *last = &head;
	while (a != NULL && b != NULL) {
		struct vg_diag **from = goes_after(a, b) ? &b : &a;
		last->next = *from;
		last = *from;
		*from = (*from)->next;
	}
	last->next = a != NULL ? a : b;
	return head.next;
}

/* Bottom-up merge sort: run `i` of the array holds 2^i diagnostics. */
static struct vg_diag *sort(struct vg_diag *list)
{
	struct vg_diag *runs[32] = {0};
	while (list != NULL) {
		struct vg_diag *one = list;
		list = list->next;
		one->next = NULL;
		size_t i = 0;
		for (; i + 1 < VG_COUNT(runs) && runs[i] != NULL; i++) {
			one = merge(runs[i], one);
			runs[i] = NULL;
		}
		runs[i] = runs[i] == NULL ? one : merge(runs[i], one);
	}
	struct vg_diag *all = NULL;
	for (size_t i = 0; i < VG_COUNT(runs); i++)
		if (runs[i] != NULL)
			all = all == NULL ? runs[i] : merge(runs[i], all);
	return all;
}

void vg_diags_sort(struct vg_diags *diags)
{
	diags->first = sort(diags->first);
	diags->last = diags->first;
	while (diags->last != NULL && diags->last->next != NULL)
		diags->last = diags->last->next;
}

const char *vg_severity_word(enum vg_severity severity)
{
	static const char *const words[] = {"note", "warning", "error"};
	return words[severity];
}

static size_t min3(size_t a, size_t b, size_t c)
{
	size_t ab = a < b ? a : b;
	return ab < c ? ab : c;
}

/* Levenshtein's distance in one row; words over WORD_MAX are far from everything. */
static size_t edits(struct vg_slice a, struct vg_slice b)
{
	size_t row[WORD_MAX + 1];
	if (a.len > WORD_MAX || b.len > WORD_MAX)
		return WORD_MAX;
	for (size_t j = 0; j <= b.len; j++)
		row[j] = j;
	for (size_t i = 0; i < a.len; i++) {
		size_t diagonal = row[0];
		row[0] = i + 1;
		for (size_t j = 0; j < b.len; j++) {
			size_t above = row[j + 1];
			row[j + 1] = min3(above + 1, row[j] + 1, diagonal + (a.ptr[i] != b.ptr[j]));
			diagonal = above;
		}
	}
	return row[b.len];
}

const char *vg_near_match(struct vg_slice word, const char *const *words, size_t count)
{
	const char *best = NULL;
	size_t best_edits = 3;
	for (size_t i = 0; i < count; i++) {
		size_t n = edits(word, vg_slice_str(words[i]));
		if (n < best_edits && n * 2 < word.len) {
			best = words[i];
			best_edits = n;
		}
	}
	return best;
}
