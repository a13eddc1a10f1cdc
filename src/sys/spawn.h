/* Starting a role's program: fork, exec, and nothing kept but what it is given. */
#ifndef VG_SYS_SPAWN_H
#define VG_SYS_SPAWN_H

#include <sys/types.h>

#include "base/attr.h"
#include "vocab/role.h"

#define VG_SPAWN_CHANNEL_FD 3
#define VG_SPAWN_IMAGE_FD 4

struct vg_spawn {
	enum vg_role role;
	int program_fd;   /* the binary, opened at start */
	int channel_fd;   /* becomes descriptor 3 (of COMPILE: the memfd that it fills) */
	int image_fd;     /* becomes descriptor 4: the image that serves, for COMPILE; -1: none */
	int errors_fd;    /* becomes its standard error; -1: it has ours */
	const char *user; /* "" or whom the child becomes before exec (role_row drops SUPERVISOR) */
	const char *const *argv; /* NULL-terminated */
};

/* Opens the role's binary beside /proc/self/exe, else in `folder`; -1. */
int vg_spawn_open(enum vg_role role, const char *folder) VG_MUST_CHECK;

/*
 * The child has descriptors 0 to 3 or 4 (0 is /dev/null) and no others, an empty environment but
 * PATH and TZ, default signals, no way to new privileges, and a process group of its own. -1 on
 * failure. It lives on when the supervisor dies: it sees its channel close, drains and ends.
 */
pid_t vg_spawn(const struct vg_spawn *spawn) VG_MUST_CHECK;

#endif
