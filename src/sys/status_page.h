/*
 * Status pages: what one process tells of itself, for people to see. The supervisor's says which
 * processes there are, and which generation serves; each worker's, what it holds; the recorder's,
 * how far its sinks are. Each is written by its owner alone and read by the controller. Pages and
 * not messages: nobody waits for anybody, and a controller that starts later sees all of it.
 *
 * Nothing is decided by a page but what a load balancer is told (control/probe.h): a worker may have
 * been taken over, and then says what it likes.
 */
#ifndef VG_SYS_STATUS_PAGE_H
#define VG_SYS_STATUS_PAGE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"

#define VG_STATUS_PAGE_MAGIC UINT32_C(0x50534756) /* "VGSP" */
#define VG_STATUS_PROCESSES_MAX 640
#define VG_STATUS_SINKS_MAX 64

/* Beside its version, the layout of a page says which kind it is of. */
enum vg_status_kind { VG_STATUS_GATEWAY, VG_STATUS_WORKER, VG_STATUS_SINKS, VG_STATUS_KINDS };

struct vg_status_process {
	uint32_t role; /* enum vg_role */
	uint32_t index;
	uint32_t state; /* enum vg_process_state */
	int32_t pid;    /* 0: there is none */
	uint64_t restarts;
	int64_t since; /* when it was started last: microseconds since 1970 */
};

/* Of VG_STATUS_GATEWAY. */
struct vg_status {
	uint64_t generation;
	int64_t since; /* when it began to serve */
	uint8_t gen[32];
	uint32_t reloading; /* 1: a reload is under way */
	uint32_t draining;  /* 1: it ends, and only what has begun goes on */
	uint32_t pad;
	uint32_t count;
	struct vg_status_process processes[VG_STATUS_PROCESSES_MAX];
};

/* Of VG_STATUS_WORKER. */
struct vg_status_worker {
	uint64_t generation;  /* that new connections and requests follow */
	uint32_t connections; /* open ones */
	uint32_t handshakes;  /* those of them whose handshake is in progress */
	uint32_t waiting;     /* those that wait for their handshake to begin */
	uint32_t parked;      /* those that wait for another one of their address to end */
	uint64_t probes;      /* handshakes that load balancers broke off */
	int64_t turned;       /* its loop, last, to the second: monotonic microseconds */
	uint32_t refusing;    /* 1: an exchange would be refused for want of its record */
	uint32_t pad;
	uint64_t dialled; /* connections to upstreams that were made, since it started */
	uint64_t reused;  /* exchanges that used one that rested */
	uint64_t down;    /* upstreams that its checks found to be down */
};

struct vg_status_sink {
	char name[48];    /* NUL-terminated, where its owner is honest */
	uint64_t events;  /* of the log that are still to be looked at for it */
	uint64_t bytes;   /* and their bytes */
	uint32_t format;  /* enum vg_format */
	uint32_t failing; /* 1: it takes nothing */
	int32_t error;    /* errno value of its last failure; 0: there was none */
	uint32_t pad;
};

/* Of VG_STATUS_SINKS. */
struct vg_status_sinks {
	uint64_t count;
	struct vg_status_sink sinks[VG_STATUS_SINKS_MAX];
};

struct vg_status_page {
	uint32_t magic;
	uint32_t layout;
	_Atomic uint64_t turn;    /* odd while it is written */
	_Atomic uint64_t words[]; /* of the kind's struct */
};

_Static_assert(sizeof(struct vg_status) % sizeof(uint64_t) == 0 &&
		       sizeof(struct vg_status_process) == 32 &&
		       sizeof(struct vg_status_worker) == 72 &&
		       sizeof(struct vg_status_sink) == 80 &&
		       offsetof(struct vg_status_page, words) == 16,
	       "it is shared between processes");

/* Bytes of a page. */
size_t vg_status_page_size(enum vg_status_kind kind) VG_MUST_CHECK;

/* Once: `mem` is so many bytes of zero. */
void vg_status_page_format(void *mem, enum vg_status_kind kind);

/* `value` is the kind's struct. */
void vg_status_page_write(void *mem, enum vg_status_kind kind, const void *value);

/* False where it is no page of that kind, counts too much, or its writer ended in the middle. */
bool vg_status_page_read(const void *mem, size_t size, enum vg_status_kind kind, void *value)
	VG_MUST_CHECK;

#endif
