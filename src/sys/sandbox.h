/*
 * What a role may still ask of the kernel once it serves: seccomp filters made from the rows of
 * sandbox.def, no new privileges, no capabilities, no core dumps (they would hold keys and
 * bodies). A system call that no row allows kills the process.
 *
 * Builds with sanitizers or for coverage need calls that no role has: there the filter is left
 * out, and vg_sandbox_enter says so in the log.
 */
#ifndef VG_SYS_SANDBOX_H
#define VG_SYS_SANDBOX_H

#include <stdbool.h>

#include "base/attr.h"
#include "vocab/role.h"

/*
 * Becomes `user` (with its groups, for good) where it is not "" and the process is root. Opens
 * the user database: before the filter.
 */
bool vg_sandbox_become(const char *user) VG_MUST_CHECK;

/* No way back. False where the kernel refuses: the caller must end. */
bool vg_sandbox_enter(enum vg_role role) VG_MUST_CHECK;

#endif
