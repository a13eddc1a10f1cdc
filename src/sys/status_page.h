/*
 * The status page: which processes there are, and which generation serves. Written by the
 * supervisor alone, read by the controller, who tells it to people. A page and not messages: the
 * supervisor waits for nobody, and a controller that starts later sees all of it.
 */
#ifndef VG_SYS_STATUS_PAGE_H
#define VG_SYS_STATUS_PAGE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"

#define VG_STATUS_PAGE_MAGIC UINT32_C(0x50534756) /* "VGSP" */
#define VG_STATUS_PAGE_LAYOUT UINT32_C(1)
#define VG_STATUS_PROCESSES_MAX 640

struct vg_status_process {
	uint32_t role; /* enum vg_role */
	uint32_t index;
	uint32_t state; /* enum vg_process_state */
	int32_t pid;    /* 0: there is none */
	uint64_t restarts;
	int64_t since; /* when it was started last: microseconds since 1970 */
};

struct vg_status {
	uint64_t generation;
	int64_t since; /* when it began to serve */
	uint8_t gen[32];
	uint32_t reloading; /* 1: a reload is under way */
	uint32_t count;
	struct vg_status_process processes[VG_STATUS_PROCESSES_MAX];
};

#define VG_STATUS_WORDS (sizeof(struct vg_status) / sizeof(uint64_t))

struct vg_status_page {
	uint32_t magic;
	uint32_t layout;
	_Atomic uint64_t turn; /* odd while it is written */
	_Atomic uint64_t words[VG_STATUS_WORDS];
};

_Static_assert(sizeof(struct vg_status) % sizeof(uint64_t) == 0 &&
		       sizeof(struct vg_status_process) == 32 &&
		       offsetof(struct vg_status_page, words) == 16,
	       "it is shared between processes");

/* Once: `mem` is sizeof(struct vg_status_page) bytes of zero. */
void vg_status_page_format(void *mem);

void vg_status_page_write(struct vg_status_page *page, const struct vg_status *status);

/* False where it is no page, or its writer ended in the middle of it. */
bool vg_status_page_read(const void *mem, size_t size, struct vg_status *status) VG_MUST_CHECK;

#endif
