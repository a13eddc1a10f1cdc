/*
 * Files of policy tests: [case ANY TEXT], a request each, and what is expected of its decision.
 * Read by the rows of key.def, as what people write elsewhere. Called by `vendgatectl test`.
 */
#ifndef VG_CONFIG_CASES_H
#define VG_CONFIG_CASES_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/diag.h"
#include "config/model.h"
#include "vocab/reason.h"

struct vg_expect {
	bool allow;
	enum vg_reason reason;  /* of a refusal; NONE: any */
	struct vg_slice access; /* of an allow; empty: any */
};

/* `allow [ACCESS]` or `refuse [REASON]`; a reason is one of vocab/reason.def that refuses. */
bool vg_expect_parse(struct vg_expect *expect, struct vg_slice text) VG_MUST_CHECK;

struct vg_cases {
	struct vg_input input;
	struct vg_set_case *first;
	size_t count;
};

/*
 * Reads the file at `path`. What is wrong, also that there is no case in it, goes to `diags`; all
 * of it lies in the arena.
 */
void vg_cases_read(struct vg_cases *cases, const char *path, struct vg_arena *arena,
		   struct vg_diags *diags);

#endif
