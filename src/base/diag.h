/*
 * Diagnostics: what is wrong with something that a person wrote, where, and what would be right.
 * They are collected, all of them, and printed at once by whoever asked (`vendgate -t`,
 * `vendgatectl check`, a reload): "FILE:LINE: error: TEXT".
 */
#ifndef VG_BASE_DIAG_H
#define VG_BASE_DIAG_H

#include <stdarg.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/attr.h"

enum vg_severity { VG_SEVERITY_NOTE, VG_SEVERITY_WARNING, VG_SEVERITY_ERROR };

struct vg_diag {
	enum vg_severity severity;
	const char *file; /* "" where the matter has no file */
	unsigned line;    /* 0 where it has no line */
	const char *text; /* one sentence, no final full stop, no line end */
	struct vg_diag *next;
};

struct vg_diags {
	struct vg_arena *arena;
	struct vg_diag *first, *last; /* in the order in which they were found */
	unsigned count[3];            /* by severity */
	unsigned lost;                /* found when the arena had no room: an error all the same */
};

/* The arena keeps the texts and must outlive the list. */
void vg_diags_init(struct vg_diags *diags, struct vg_arena *arena);

void vg_diag_add(struct vg_diags *diags, enum vg_severity severity, const char *file, unsigned line,
		 const char *format, ...) VG_PRINTF(5, 6);

/* True where there is an error, or where one may have been lost. */
bool vg_diags_failed(const struct vg_diags *diags) VG_MUST_CHECK;

/* Orders by file, then line; what has neither comes first. Stable. */
void vg_diags_sort(struct vg_diags *diags);

/* "note", "warning" or "error". */
const char *vg_severity_word(enum vg_severity severity) VG_MUST_CHECK;

/*
 * The word of `words` (count of them) that a person most likely meant by `word`: at most two edits
 * away, and fewer than half of its letters. NULL where none is near.
 */
const char *vg_near_match(struct vg_slice word, const char *const *words, size_t count)
	VG_MUST_CHECK;

#endif
