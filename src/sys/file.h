/* Whole files, and descriptors, with all the errors checked. */
#ifndef VG_SYS_FILE_H
#define VG_SYS_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/arena.h"
#include "base/attr.h"

/* The whole regular file, up to `max` bytes; on failure errno says why (EFBIG: larger). */
bool vg_file_read(struct vg_arena *arena, const char *path, size_t max, struct vg_slice *bytes)
	VG_MUST_CHECK;

/*
 * Tells whether the file at `path` is still the one that it was: by its place on the disk, size and
 * time of change. 0 where there is none, or it can't be seen.
 */
uint64_t vg_file_stamp(const char *path) VG_MUST_CHECK;

/* As many bytes from `offset` on as there are, up to `len`, over short reads and EINTR; -1. */
ssize_t vg_fd_read_at(int fd, void *out, size_t len, uint64_t offset) VG_MUST_CHECK;

/* All of it, over short writes and EINTR. */
bool vg_file_write_all(int fd, const void *bytes, size_t len) VG_MUST_CHECK;

/*
 * How many connections a process serves that may have so many descriptors: each may need one more,
 * towards its upstream, and some are for listeners, channels, rings and the loop.
 */
uint32_t vg_fd_connections(uint64_t descriptors) VG_MUST_CHECK;

/* And the other way round: what so many connections need. */
uint64_t vg_fd_needed(uint32_t connections) VG_MUST_CHECK;

bool vg_fd_nonblocking(int fd) VG_MUST_CHECK;
bool vg_fd_keep(int fd) VG_MUST_CHECK; /* not close-on-exec */

/* Closes where it is open, and sets -1; errno stays. */
void vg_fd_close(int *fd);

#endif
