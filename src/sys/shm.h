/* Memory that several processes map: sealed memfds for images, files in the run directory. */
#ifndef VG_SYS_SHM_H
#define VG_SYS_SHM_H

#include <stdbool.h>
#include <stddef.h>

#include "base/attr.h"
#include "policy/image.h"

struct vg_map {
	void *mem; /* NULL: not mapped */
	size_t size;
};

/* An empty memfd that may be sealed; -1. */
int vg_shm_memfd(const char *name) VG_MUST_CHECK;

/* No more writes, growing or shrinking: for ever. */
bool vg_shm_seal(int fd) VG_MUST_CHECK;

bool vg_shm_is_sealed(int fd) VG_MUST_CHECK;

/* Maps the whole descriptor; a writable map needs one opened for writing. */
bool vg_shm_map(struct vg_map *map, int fd, bool writable) VG_MUST_CHECK;
void vg_shm_unmap(struct vg_map *map);

/*
 * The same, and closes the descriptor in either case; false where it is -1, too. Memory keeps its
 * size, on which whoever else has it mapped relies: by the descriptor a process that was taken over
 * could cut it, or write its file system full. A lock (F_OFD_SETLK) lives as long as the map.
 */
bool vg_shm_take(struct vg_map *map, int *fd, bool writable) VG_MUST_CHECK;

/* Maps a sealed image and checks it; false (and told in the log) where it isn't sealed or bad. */
bool vg_shm_image(struct vg_map *map, struct vg_image *image, int fd) VG_MUST_CHECK;

#endif
