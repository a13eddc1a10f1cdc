/*
 * Memory that belongs to one owner (an exchange, a compilation) and is let go at once: no frees on
 * error paths. Born with its maximum: past it, and where malloc fails, an allocation is NULL, and
 * the caller refuses the one thing that it was doing.
 */
#ifndef VG_BASE_ARENA_H
#define VG_BASE_ARENA_H

#include <stddef.h>

#include "base/attr.h"
#include "base/slice.h"

struct vg_arena_chunk;

struct vg_arena {
	struct vg_arena_chunk *chunks; /* newest first */
	size_t used;                   /* bytes handed out since the last reset */
	size_t max;
};

void vg_arena_init(struct vg_arena *arena, size_t max);
void vg_arena_fini(struct vg_arena *arena);

/* Forgets all that was handed out; keeps one chunk, so that the next owner allocates nothing. */
void vg_arena_reset(struct vg_arena *arena);

/* Zeroed, aligned for any type; NULL past the maximum. */
void *vg_arena_alloc(struct vg_arena *arena, size_t size) VG_MUST_CHECK;

/* Zeroed room for `count` elements; NULL where the product overflows. */
void *vg_arena_array(struct vg_arena *arena, size_t count, size_t size) VG_MUST_CHECK;

/* A copy, with a NUL behind it that the length does not count; ptr is NULL past the maximum. */
struct vg_slice vg_arena_dup(struct vg_arena *arena, struct vg_slice s) VG_MUST_CHECK;

#endif
