/*
 * The control block: what changes at run time and must reach every worker at once. Written by the
 * controller alone; workers get a descriptor opened for reading, which can't be mapped for writing:
 * what contains a vendor must not be writable by the process that faces it. Holds no pointer; the
 * supervisor makes it new at each start, and it outlives controllers.
 *
 * So far it holds the number of the generation that serves: all have its image when the number
 * stands here, and a worker that has it as its next one switches to it.
 */
#ifndef VG_SYS_CONTROL_BLOCK_H
#define VG_SYS_CONTROL_BLOCK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"

#define VG_CONTROL_BLOCK_MAGIC UINT32_C(0x42434756) /* "VGCB" */
#define VG_CONTROL_BLOCK_LAYOUT UINT32_C(1)
#define VG_CONTROL_BLOCK_SIZE ((size_t)4096)

struct vg_control_block {
	uint32_t magic;
	uint32_t layout;
	_Atomic uint64_t generation; /* counts from 1; never goes back */
};

_Static_assert(sizeof(struct vg_control_block) == 16 &&
		       offsetof(struct vg_control_block, generation) == 8 &&
		       sizeof(struct vg_control_block) <= VG_CONTROL_BLOCK_SIZE,
	       "it is shared between processes");

/* Once, by who makes it: `mem` is VG_CONTROL_BLOCK_SIZE bytes of zero. */
void vg_control_block_format(void *mem, uint64_t generation);

/* NULL where what is mapped is none of this layout. */
const struct vg_control_block *vg_control_block_open(const void *mem, size_t size) VG_MUST_CHECK;

/* The controller's side: the same, for writing. */
struct vg_control_block *vg_control_block_write(void *mem, size_t size) VG_MUST_CHECK;

/* A number that is not above the one that stands there changes nothing. */
void vg_control_block_publish(struct vg_control_block *block, uint64_t generation);

/* One load: as often as a worker likes. */
static inline uint64_t vg_control_block_generation(const struct vg_control_block *block)
{
	return atomic_load_explicit(&block->generation, memory_order_acquire);
}

#endif
