/*
 * Landlock: what of files and TCP a role can still reach, beside the system calls that it has
 * (sandbox.h). By the rows VG_REACH of sandbox.def and what the role named for them. A kernel
 * without it (before 5.13, or started without it) is no fault, and said in the log; each newer one
 * forbids more: see the table in landlock.c. Called by vg_sandbox_enter, and by its tests.
 */
#ifndef VG_SYS_LANDLOCK_H
#define VG_SYS_LANDLOCK_H

#include <stdbool.h>

#include "base/attr.h"
#include "sys/reach.h"
#include "vocab/role.h"

/* What the kernel's Landlock can: a version from 1 on; 0: it has none; -1 (errno): an error. */
int vg_landlock_abi(void) VG_MUST_CHECK;

/*
 * No way back; before it, no new privileges must be set. `reach` may be NULL: nothing. False, and
 * told in the log, where the kernel refuses, or the role named what it has no row for: the caller
 * must end.
 */
bool vg_landlock_enter(enum vg_role role, const struct vg_reach *reach) VG_MUST_CHECK;

#endif
