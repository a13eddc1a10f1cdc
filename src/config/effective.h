/*
 * Values that nobody wrote and no table has: they come from the machine, or from another key. The
 * image gets them (emit_gateway.c), and people are told them (show.c).
 */
#ifndef VG_CONFIG_EFFECTIVE_H
#define VG_CONFIG_EFFECTIVE_H

#include "base/arena.h"
#include "base/attr.h"
#include "config/input.h"
#include "config/model.h"

/* `node`, or the host name; "" where that can't name a gateway. NULL: no memory. */
const char *vg_effective_node(const struct vg_set_gateway *gateway, struct vg_arena *arena)
	VG_MUST_CHECK;

/* `control` from the root, or control.sock in `run`; "" where there is neither. NULL: no memory. */
const char *vg_effective_control(const struct vg_set_gateway *gateway, struct vg_inputs *inputs,
				 struct vg_arena *arena) VG_MUST_CHECK;

/* What an [access] does with errors (enum vg_errors). */
uint64_t vg_effective_errors(const struct vg_set_access *access) VG_MUST_CHECK;

/* Its response_timeout, or that of its [service]; 0 where there is no such section. */
uint64_t vg_effective_response_timeout(const struct vg_model *model,
				       const struct vg_set_access *access) VG_MUST_CHECK;

/* Puts into the model whatever is known of unset keys; their lines stay 0. */
void vg_effective_fill(struct vg_model *model, struct vg_inputs *inputs, struct vg_arena *arena);

#endif
