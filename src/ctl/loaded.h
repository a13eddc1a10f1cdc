/*
 * A configuration, compiled: what check, compile and explain begin with. Prints diagnostics; the
 * texts come from files that people wrote, and are escaped.
 */
#ifndef VG_CTL_LOADED_H
#define VG_CTL_LOADED_H

#include <stdbool.h>
#include <stdio.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/diag.h"
#include "config/compile.h"
#include "policy/image.h"

struct vg_loaded {
	struct vg_arena arena; /* all of it lies here */
	struct vg_diags diags; /* sorted */
	struct vg_compiled compiled;
	struct vg_image image; /* of compiled, opened as the gateway opens it */
};

/*
 * False where there are errors; diags has all of them then. vg_loaded_fini in either case.
 * `serving` as in config/compile.h.
 */
bool vg_loaded_init(struct vg_loaded *loaded, const char *path, const struct vg_image *serving)
	VG_MUST_CHECK;
void vg_loaded_fini(struct vg_loaded *loaded);

/* Each one a line, "FILE:LINE: error: TEXT"; those below `least` are left out. */
void vg_diags_print(const struct vg_diags *diags, FILE *out, enum vg_severity least);

void vg_loaded_print(const struct vg_loaded *loaded, FILE *out, enum vg_severity least);

/* The same as JSON objects: severity, file, line, text. */
void vg_loaded_print_json(const struct vg_loaded *loaded, FILE *out);

#endif
