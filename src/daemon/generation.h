/*
 * A generation of the policy: made by `vendgatectl compile` (its own process, since it reads files
 * that people wrote), sealed, and checked. The supervisor parses nothing but the result.
 */
#ifndef VG_DAEMON_GENERATION_H
#define VG_DAEMON_GENERATION_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/attr.h"
#include "policy/image.h"
#include "sys/shm.h"

struct vg_generation {
	uint64_t number; /* counts from 1 at each start; one that was refused is not used again */
	int fd;          /* the sealed memfd; -1: there is none */
	struct vg_map map;
	struct vg_image image;
};

/* A compiler that runs. */
struct vg_compile {
	pid_t pid;    /* 0: none */
	int image_fd; /* what it writes; -1 */
};

/*
 * Starts the compiler (the program at `compiler_fd`) on the configuration at `path`, with the image
 * that serves (sealed; -1 where there is none). What is wrong goes to `errors_fd`; to our stderr
 * where that is -1. False, and told in the log.
 */
bool vg_compile_start(struct vg_compile *compile, int compiler_fd, const char *path, int serving_fd,
		      int errors_fd) VG_MUST_CHECK;

/*
 * It has ended with that wait status: takes its image as generation `number`. False, and told in
 * the log, where there is none. Either way nothing of the compile is left.
 */
bool vg_compile_take(struct vg_compile *compile, struct vg_generation *generation, uint64_t number,
		     int status) VG_MUST_CHECK;

/* The first generation: both, waiting for the compiler, which prints to our stderr. */
bool vg_generation_make(struct vg_generation *generation, uint64_t number, int compiler_fd,
			const char *path) VG_MUST_CHECK;
void vg_generation_close(struct vg_generation *generation);

/* True where the next one differs at most in the gateway's own certificates. */
bool vg_generation_renews(const struct vg_generation *old, const struct vg_generation *next)
	VG_MUST_CHECK;

/* The key that differs between the two and can't change while the gateway runs; NULL. */
const char *vg_generation_fixed(const struct vg_generation *old, const struct vg_generation *next)
	VG_MUST_CHECK;

#endif
