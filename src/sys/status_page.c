#include "sys/status_page.h"

#include <string.h>

#define TRIES 1000

void vg_status_page_format(void *mem)
{
	struct vg_status_page *page = mem;
	page->magic = VG_STATUS_PAGE_MAGIC;
	page->layout = VG_STATUS_PAGE_LAYOUT;
}

/* A reader that sees the same even turn before and after saw no half of a change. */
void vg_status_page_write(struct vg_status_page *page, const struct vg_status *status)
{
	uint64_t turn = atomic_load_explicit(&page->turn, memory_order_relaxed);
	atomic_store_explicit(&page->turn, turn + 1, memory_order_relaxed);
	atomic_thread_fence(memory_order_release);
	for (size_t i = 0; i < VG_STATUS_WORDS; i++) {
		uint64_t word;
		memcpy(&word, (const char *)status + i * sizeof(word), sizeof(word));
		atomic_store_explicit(&page->words[i], word, memory_order_relaxed);
	}
	atomic_store_explicit(&page->turn, turn + 2, memory_order_release);
}

static bool try_read(const struct vg_status_page *page, struct vg_status *status)
{
	uint64_t turn = atomic_load_explicit(&page->turn, memory_order_acquire);
	if (turn % 2 != 0)
		return false;
	for (size_t i = 0; i < VG_STATUS_WORDS; i++) {
		uint64_t word = atomic_load_explicit(&page->words[i], memory_order_relaxed);
		memcpy((char *)status + i * sizeof(word), &word, sizeof(word));
	}
	atomic_thread_fence(memory_order_acquire);
	return atomic_load_explicit(&page->turn, memory_order_relaxed) == turn;
}

bool vg_status_page_read(const void *mem, size_t size, struct vg_status *status)
{
	const struct vg_status_page *page = mem;
	if (mem == NULL || size < sizeof(*page) || page->magic != VG_STATUS_PAGE_MAGIC ||
	    page->layout != VG_STATUS_PAGE_LAYOUT)
		return false;
	for (int i = 0; i < TRIES; i++)
		if (try_read(page, status))
			return status->count <= VG_STATUS_PROCESSES_MAX;
	return false;
}
