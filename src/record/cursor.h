/*
 * Where a sink is in the log: a small file for each, `cursors/NAME` in the state directory. It is
 * written after each delivered batch, in two places by turns, so that a kill leaves one whole: a
 * sink that comes back begins at most one batch early, never late.
 */
#ifndef VG_RECORD_CURSOR_H
#define VG_RECORD_CURSOR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/slice.h"
#include "record/store.h"

struct vg_cursor {
	int fd;
	uint64_t turn;               /* counts writes */
	struct vg_store_place place; /* where the sink is */
	struct vg_store_place saved; /* where it goes on after a kill: not behind `place` */
	/*
	 * Of a sink that is full and drops what is newest: from here on nothing is for it, until
	 * it has what is before. seq 0: no such place.
	 */
	struct vg_store_place hole;
};

/* The directory of all cursors, made where there is none; -1 (errno). */
int vg_cursor_directory(int state) VG_MUST_CHECK;

/*
 * Opens the cursor of the sink `name`. Without one the sink is new, and begins at the log's end;
 * with one that can't be read it begins at the log's oldest event. False where `name` is no file
 * name, or the file can't be made (errno).
 */
bool vg_cursor_open(struct vg_cursor *cursor, int dir, struct vg_slice name,
		    const struct vg_store *store) VG_MUST_CHECK;
void vg_cursor_close(struct vg_cursor *cursor);

/* All before `place` was delivered. A failure costs a repeat, and is told in the log. */
void vg_cursor_move(struct vg_cursor *cursor, struct vg_store_place place);

/* Only all before `saved` surely was: `place` stays. */
void vg_cursor_save(struct vg_cursor *cursor, struct vg_store_place saved);

#endif
