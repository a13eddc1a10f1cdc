/*
 * INI files, strictly. inih splits the lines; a line reader of our own stands before it, looks at
 * each line first, and reports what inih would cut, mend or pass over in silence: long lines and
 * section names, NUL and other control bytes, text that is not UTF-8, a byte order mark, text
 * behind `]`, an unterminated `[`, a line without `=`, `:` before `=`, ` ;` inside quotes, and an
 * indented line that looks like a key. inih is handed only lines that both read alike.
 *
 * A list may go on in indented lines; its pieces are handed over together, each with its line.
 * A `;` or `#` begins a comment at the start of a line, a `;` also after a blank.
 *
 * Called by load.c.
 */
#ifndef VG_CONFIG_INI_H
#define VG_CONFIG_INI_H

#include "base/arena.h"
#include "base/attr.h"
#include "base/diag.h"
#include "base/slice.h"

#define VG_INI_LINE_MAX 198   /* bytes of a line, without its end: what inih holds */
#define VG_INI_SECTION_MAX 49 /* bytes of a section's name */

struct vg_ini_piece {
	struct vg_slice text; /* trimmed; empty behind a bare `key =` */
	unsigned line;
};

/* Holds for the call; its texts are slices of the file's bytes. */
struct vg_ini_entry {
	struct vg_slice name;
	const struct vg_ini_piece *pieces; /* that of the key's own line first */
	size_t count;
};

struct vg_ini_events {
	/* `name` is trimmed and not empty. Sections without keys are told too. */
	void (*section)(void *user, struct vg_slice name, unsigned line);
	/* Only inside a section. */
	void (*entry)(void *user, const struct vg_ini_entry *entry);
};

/* What is wrong goes to `diags`, and what can still be read to `events`. The arena is for the time
   of the call. */
void vg_ini_read(struct vg_slice bytes, const char *file, struct vg_arena *arena,
		 struct vg_diags *diags, const struct vg_ini_events *events, void *user);

#endif
