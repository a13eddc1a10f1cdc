/*
 * The control socket: bound by the supervisor, who alone makes names in the file system; served by
 * the controller. Its file's mode says who may use it: root, and the group of `user`.
 */
#ifndef VG_DAEMON_CONTROL_SOCKET_H
#define VG_DAEMON_CONTROL_SOCKET_H

#include <sys/types.h>

#include "base/attr.h"

/* Listening and non-blocking; -1, and told in the log. One that nobody serves is replaced. */
int vg_control_socket_open(const char *path, gid_t gid) VG_MUST_CHECK;

#endif
