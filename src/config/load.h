/*
 * Files → model: vendgate.ini, then every *.ini of the policies directory by name. Each section
 * and key is checked by its row (key.h); what a section or a file must have is seen to be there.
 * What sections mean together is the compiler's (emit.h).
 */
#ifndef VG_CONFIG_LOAD_H
#define VG_CONFIG_LOAD_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/diag.h"
#include "config/input.h"
#include "config/model.h"

/* vendgate.ini is the file `name` of `inputs`. The model lies in the arena; faults in `diags`. */
void vg_load(struct vg_model *model, struct vg_inputs *inputs, struct vg_slice name,
	     struct vg_arena *arena, struct vg_diags *diags);

/* vendgate.ini alone: the model has no policies. False where it can't be read. */
bool vg_load_gateway(struct vg_model *model, struct vg_inputs *inputs, struct vg_slice name,
		     struct vg_arena *arena, struct vg_diags *diags) VG_MUST_CHECK;

#endif
