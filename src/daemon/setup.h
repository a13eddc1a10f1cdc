/*
 * What the supervisor needs before it starts the first child, in order: the programs, the policy,
 * the user, the directories, the listeners. A failure ends the start.
 */
#ifndef VG_DAEMON_SETUP_H
#define VG_DAEMON_SETUP_H

#include <stdbool.h>

#include "base/attr.h"
#include "daemon/briefing.h"

/* The role's binary, opened, where it was installed; -1, and told in the log. */
int vg_setup_program(enum vg_role role) VG_MUST_CHECK;

/* False, and told in the log; then nothing is left open. */
bool vg_setup_open(struct vg_gateway *gateway, const char *config_path) VG_MUST_CHECK;
void vg_setup_close(struct vg_gateway *gateway);

#endif
