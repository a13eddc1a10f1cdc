#include "config/map.h"

#define FIRST_SIZE 64

void vg_map_init(struct vg_map *map, struct vg_arena *arena)
{
	*map = (struct vg_map){.arena = arena};
}

/* FNV-1a. */
static size_t hash(struct vg_slice name)
{
	uint64_t h = UINT64_C(14695981039346656037);
	for (size_t i = 0; i < name.len; i++)
		h = (h ^ (uint8_t)name.ptr[i]) * UINT64_C(1099511628211);
	return (size_t)(h ^ h >> 32);
}

/* Where the name is, or the free slot where it would go. */
static struct vg_map_slot *find(const struct vg_map *map, struct vg_slice name)
{
	size_t i = hash(name) & (map->size - 1);
	while (map->slots[i].value != NULL && !vg_slice_eq(map->slots[i].name, name))
		i = (i + 1) & (map->size - 1);
	return &map->slots[i];
}

void *vg_map_get(const struct vg_map *map, struct vg_slice name)
{
	return map->size == 0 ? NULL : find(map, name)->value;
}

static bool grow(struct vg_map *map)
{
	struct vg_map bigger = *map;
	bigger.size = map->size == 0 ? FIRST_SIZE : map->size * 2;
	bigger.slots = vg_arena_array(map->arena, bigger.size, sizeof(*bigger.slots));
	if (bigger.slots == NULL)
		return false;
	for (size_t i = 0; i < map->size; i++)
		if (map->slots[i].value != NULL)
			*find(&bigger, map->slots[i].name) = map->slots[i];
	*map = bigger;
	return true;
}

void *vg_map_add(struct vg_map *map, struct vg_slice name, void *value)
{
	if (map->used >= map->size / 2 && !grow(map))
		return NULL;
	struct vg_map_slot *slot = find(map, name);
	if (slot->value == NULL) {
		*slot = (struct vg_map_slot){name, value};
		map->used++;
	}
	return slot->value;
}
