#include "sys/control_block.h"

void vg_control_block_format(void *mem, uint64_t generation)
{
	struct vg_control_block *block = mem;
	block->magic = VG_CONTROL_BLOCK_MAGIC;
	block->layout = VG_CONTROL_BLOCK_LAYOUT;
	atomic_store_explicit(&block->generation, generation, memory_order_release);
}

const struct vg_control_block *vg_control_block_open(const void *mem, size_t size)
{
	const struct vg_control_block *block = mem;
	if (mem == NULL || size < VG_CONTROL_BLOCK_SIZE || block->magic != VG_CONTROL_BLOCK_MAGIC ||
	    block->layout != VG_CONTROL_BLOCK_LAYOUT)
		return NULL;
	return block;
}

struct vg_control_block *vg_control_block_write(void *mem, size_t size)
{
	return vg_control_block_open(mem, size) != NULL ? mem : NULL;
}

void vg_control_block_publish(struct vg_control_block *block, uint64_t generation)
{
	if (generation > vg_control_block_generation(block))
		atomic_store_explicit(&block->generation, generation, memory_order_release);
}
