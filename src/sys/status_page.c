#include "sys/status_page.h"

#include <string.h>

#define TRIES 1000
#define LAYOUT_VERSION UINT32_C(4)

static const size_t sizes[VG_STATUS_KINDS] = {
	[VG_STATUS_GATEWAY] = sizeof(struct vg_status),
	[VG_STATUS_WORKER] = sizeof(struct vg_status_worker),
	[VG_STATUS_SINKS] = sizeof(struct vg_status_sinks),
};

static uint32_t layout_of(enum vg_status_kind kind)
{
	return LAYOUT_VERSION << 8 | (uint32_t)kind;
}

size_t vg_status_page_size(enum vg_status_kind kind)
{
	return sizeof(struct vg_status_page) + sizes[kind];
}

void vg_status_page_format(void *mem, enum vg_status_kind kind)
{
	struct vg_status_page *page = mem;
	page->magic = VG_STATUS_PAGE_MAGIC;
	page->layout = layout_of(kind);
}

/* A reader that sees the same even turn before and after saw no half of a change. */
void vg_status_page_write(void *mem, enum vg_status_kind kind, const void *value)
{
	struct vg_status_page *page = mem;
	uint64_t turn = atomic_load_explicit(&page->turn, memory_order_relaxed) & ~UINT64_C(1);
	atomic_store_explicit(&page->turn, turn + 1, memory_order_relaxed);
	atomic_thread_fence(memory_order_release);
	for (size_t i = 0; i < sizes[kind] / sizeof(uint64_t); i++) {
		uint64_t word;
		memcpy(&word, (const char *)value + i * sizeof(word), sizeof(word));
		atomic_store_explicit(&page->words[i], word, memory_order_relaxed);
	}
	atomic_store_explicit(&page->turn, turn + 2, memory_order_release);
}

static bool try_read(const struct vg_status_page *page, enum vg_status_kind kind, void *value)
{
	uint64_t turn = atomic_load_explicit(&page->turn, memory_order_acquire);
	if (turn % 2 != 0)
		return false;
	for (size_t i = 0; i < sizes[kind] / sizeof(uint64_t); i++) {
		uint64_t word = atomic_load_explicit(&page->words[i], memory_order_relaxed);
		memcpy((char *)value + i * sizeof(word), &word, sizeof(word));
	}
	atomic_thread_fence(memory_order_acquire);
	return atomic_load_explicit(&page->turn, memory_order_relaxed) == turn;
}

static bool counts_right(enum vg_status_kind kind, const void *value)
{
	if (kind == VG_STATUS_GATEWAY)
		return ((const struct vg_status *)value)->count <= VG_STATUS_PROCESSES_MAX;
	if (kind == VG_STATUS_SINKS)
		return ((const struct vg_status_sinks *)value)->count <= VG_STATUS_SINKS_MAX;
	return true;
}

bool vg_status_page_read(const void *mem, size_t size, enum vg_status_kind kind, void *value)
{
	const struct vg_status_page *page = mem;
	if (mem == NULL || size < vg_status_page_size(kind) ||
	    page->magic != VG_STATUS_PAGE_MAGIC || page->layout != layout_of(kind))
		return false;
	for (int i = 0; i < TRIES; i++)
		if (try_read(page, kind, value))
			return counts_right(kind, value);
	return false;
}
