/*
 * The folders and TCP ports that a role may still reach once it serves, as it names them when it
 * enters its sandbox: which ones, only the configuration says. What each may be named for is in
 * the rows of sandbox.def; Landlock holds the role to it (landlock.h).
 *
 * The list is for good: a role that a later configuration asks for more has to start anew, and
 * finds that out by vg_reach_covers.
 */
#ifndef VG_SYS_REACH_H
#define VG_SYS_REACH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"

#define VG_REACH_MAX 256

enum vg_reach_kind {
#define VG_SANDBOX(call, when, roles)
#define VG_REACH(NAME, rights, roles) VG_REACH_##NAME,
#include "sys/sandbox.def"
#undef VG_REACH
#undef VG_SANDBOX
	VG_REACH_KINDS
};

struct vg_reach_entry {
	enum vg_reach_kind kind;
	int fd;          /* of the folder (O_PATH); -1: a port */
	uint64_t key[2]; /* device and inode, or the port */
};

struct vg_reach {
	uint32_t count;
	struct vg_reach_entry entries[VG_REACH_MAX];
};

/* An empty list is {0}. What is in it already isn't added again. */

/* The folder of that descriptor, which stays the caller's. False (errno) where it can't be. */
bool vg_reach_folder(struct vg_reach *reach, enum vg_reach_kind kind, int fd) VG_MUST_CHECK;

/*
 * The folder of that file, be it there or not; where the file is a link, that of its target too.
 * False (errno) where there is no such folder: then it can't be reached later, either.
 */
bool vg_reach_file(struct vg_reach *reach, enum vg_reach_kind kind, const char *path) VG_MUST_CHECK;

bool vg_reach_port(struct vg_reach *reach, uint16_t port) VG_MUST_CHECK;

/* All of `more` is in `reach`. */
bool vg_reach_covers(const struct vg_reach *reach, const struct vg_reach *more) VG_MUST_CHECK;

/* Closes the descriptors; covers goes on working. */
void vg_reach_close(struct vg_reach *reach);

#endif
