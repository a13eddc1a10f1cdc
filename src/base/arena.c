#include "base/arena.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_SIZE ((size_t)992) /* many need no more: with the chunk's head and malloc's, 1 KB */
#define CHUNK_SIZE ((size_t)4096)
#define ALIGNMENT ((size_t)16)

struct vg_arena_chunk {
	struct vg_arena_chunk *next;
	size_t size; /* of data */
	size_t used;
	_Alignas(16) unsigned char data[];
};

void vg_arena_init(struct vg_arena *arena, size_t max)
{
	*arena = (struct vg_arena){.max = max};
}

static void free_chunks(struct vg_arena_chunk *chunk)
{
	while (chunk != NULL) {
		struct vg_arena_chunk *next = chunk->next;
		free(chunk);
		chunk = next;
	}
}

void vg_arena_fini(struct vg_arena *arena)
{
	free_chunks(arena->chunks);
	*arena = (struct vg_arena){0};
}

void vg_arena_reset(struct vg_arena *arena)
{
	struct vg_arena_chunk *keep = arena->chunks;
	if (keep != NULL) {
		free_chunks(keep->next);
		keep->next = NULL;
		keep->used = 0;
	}
	arena->used = 0;
}

static struct vg_arena_chunk *add_chunk(struct vg_arena *arena, size_t size)
{
	size_t least = arena->chunks == NULL ? FIRST_SIZE : CHUNK_SIZE;
	size_t room = size > least ? size : least;
	struct vg_arena_chunk *chunk = malloc(sizeof(*chunk) + room);
	if (chunk == NULL)
		return NULL;
	chunk->next = arena->chunks;
	chunk->size = room;
	chunk->used = 0;
	arena->chunks = chunk;
	return chunk;
}

void *vg_arena_alloc(struct vg_arena *arena, size_t size)
{
	if (size > arena->max - arena->used || size > SIZE_MAX / 2)
		return NULL;
	size_t rounded = (size + ALIGNMENT - 1) & ~(ALIGNMENT - 1);
	struct vg_arena_chunk *chunk = arena->chunks;
	if (chunk == NULL || rounded > chunk->size - chunk->used)
		chunk = add_chunk(arena, rounded);
	if (chunk == NULL)
		return NULL;
	void *mem = chunk->data + chunk->used;
	chunk->used += rounded;
	arena->used += size;
	memset(mem, 0, size);
	return mem;
}

void *vg_arena_array(struct vg_arena *arena, size_t count, size_t size)
{
	size_t bytes;
	if (__builtin_mul_overflow(count, size, &bytes))
		return NULL;
	return vg_arena_alloc(arena, bytes);
}

struct vg_slice vg_arena_dup(struct vg_arena *arena, struct vg_slice s)
{
	char *copy = s.len == SIZE_MAX ? NULL : vg_arena_alloc(arena, s.len + 1);
	if (copy == NULL)
		return vg_slice(NULL, 0);
	if (s.len > 0)
		memcpy(copy, s.ptr, s.len);
	return vg_slice(copy, s.len);
}
