/*
 * A generation of the policy: made by `vendgatectl compile` (its own process, since it reads files
 * that people wrote), sealed, and checked. The supervisor parses nothing but the result.
 */
#ifndef VG_DAEMON_GENERATION_H
#define VG_DAEMON_GENERATION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "policy/image.h"
#include "sys/shm.h"

struct vg_generation {
	uint64_t number; /* counts from 1 at each start */
	int fd;          /* the sealed memfd; -1 */
	struct vg_map map;
	struct vg_image image;
};

/*
 * Compiles the configuration at `path` with the program at `compiler_fd`, which prints what is
 * wrong to our stderr. False, with one line in the log that says so.
 */
bool vg_generation_make(struct vg_generation *generation, uint64_t number, int compiler_fd,
			const char *path) VG_MUST_CHECK;
void vg_generation_close(struct vg_generation *generation);

#endif
