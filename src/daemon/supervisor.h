/*
 * The supervisor: starts the roles, keeps them alive, and ends them in order. It loads no key,
 * parses no file, and reads nothing that a vendor sent.
 */
#ifndef VG_DAEMON_SUPERVISOR_H
#define VG_DAEMON_SUPERVISOR_H

#include "base/attr.h"

/* Serves by the configuration at `path` until SIGTERM or SIGINT; an exit status. */
int vg_supervisor_run(const char *path) VG_MUST_CHECK;

/* Only compiles it, and says what is wrong with it; an exit status. */
int vg_supervisor_check(const char *path) VG_MUST_CHECK;

/* Prints each value that it comes to, by the compiler; an exit status. */
int vg_supervisor_show(const char *path) VG_MUST_CHECK;

#endif
