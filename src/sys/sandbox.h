/*
 * What a role may still ask of the kernel once it serves: seccomp filters and Landlock rules made
 * from the rows of sandbox.def, no new privileges, no capabilities, no core dumps (they would hold
 * keys and bodies). A system call that no row allows kills the process; a file or port that no row
 * allows is refused to it.
 *
 * Builds with sanitizers or for coverage need calls and files that no role has: there filter and
 * rules are left out, and vg_sandbox_enter says so in the log.
 */
#ifndef VG_SYS_SANDBOX_H
#define VG_SYS_SANDBOX_H

#include <stdbool.h>

#include "base/attr.h"
#include "sys/reach.h"
#include "vocab/role.h"

/*
 * Becomes `user` (with its groups, for good) where it is not "" and the process is root. Opens
 * the user database: before the filter.
 */
bool vg_sandbox_become(const char *user) VG_MUST_CHECK;

/*
 * What every process has, the supervisor too, which must exec and start others and so can have no
 * more: no new privileges, no core dumps. Children inherit both. False, and told in the log.
 */
bool vg_sandbox_harden(void) VG_MUST_CHECK;

/*
 * All of it, with the folders and ports of `reach` (NULL: none). No way back. False, and told in
 * the log, where the kernel refuses: the caller must end.
 */
bool vg_sandbox_enter(enum vg_role role, const struct vg_reach *reach) VG_MUST_CHECK;

#endif
