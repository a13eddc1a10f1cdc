/*
 * A map from names to what bears them, for the compiler: ids, services, files, sections. Its keys
 * are borrowed, its tables lie in the arena and grow by doubling. What an operator writes is not
 * hostile, so the hash has no key.
 */
#ifndef VG_CONFIG_MAP_H
#define VG_CONFIG_MAP_H

#include <stdint.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/slice.h"

struct vg_map_slot {
	struct vg_slice name;
	void *value; /* NULL: free */
};

struct vg_map {
	struct vg_arena *arena;
	struct vg_map_slot *slots;
	size_t size; /* of slots: 0 or a power of two */
	size_t used;
};

void vg_map_init(struct vg_map *map, struct vg_arena *arena);

/* NULL where there is none. */
void *vg_map_get(const struct vg_map *map, struct vg_slice name) VG_MUST_CHECK;

/*
 * Adds `value` (not NULL) under a name that is new, and returns it; where the name is taken,
 * returns who has it and adds nothing. NULL where memory is short.
 */
void *vg_map_add(struct vg_map *map, struct vg_slice name, void *value) VG_MUST_CHECK;

#endif
