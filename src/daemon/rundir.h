/*
 * The directories of one gateway: `run` with its lock, each worker's ring and tail (they outlive
 * every process, so the recorder can end what an earlier life left open), control block and status
 * pages; and `state`.
 *
 * The supervisor alone opens files by name here; children get descriptors. So `run` and what lies
 * in it stay the supervisor's own, and only `state` belongs to `user`: the recorder writes there.
 * The group of `user` may pass through `run`, to the control socket.
 */
#ifndef VG_DAEMON_RUNDIR_H
#define VG_DAEMON_RUNDIR_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/attr.h"
#include "net/child.h"

#define VG_RUNDIR_RINGS_MAX VG_CHILD_PEERS_MAX

struct vg_rundir_ring {
	int file_fd;    /* -1: there is none */
	int tail_fd;    /* for the recorder */
	int tail_ro_fd; /* for the worker, who can't map it for writing */
};

/* Memory that one role writes and others read; made anew at each start. */
struct vg_rundir_block {
	int fd;    /* -1 */
	int ro_fd; /* can't be mapped for writing */
};

struct vg_rundir {
	int run_fd, state_fd, lock_fd;
	struct vg_rundir_block control; /* sys/control_block.h; the controller's */
	struct vg_rundir_block pages[VG_CHILD_PAGES_MAX]; /* sys/status_page.h; by VG_PAGE_… */
	struct vg_rundir_ring rings[VG_RUNDIR_RINGS_MAX]; /* by the worker's index */
	uint32_t ring_count; /* workers, or more where an earlier life had more */
};

struct vg_rundir_wanted {
	const char *run, *state;
	uid_t uid; /* whom `state` belongs to */
	gid_t gid;
	uint32_t workers;
	uint32_t wait_ms; /* how long an earlier gateway's processes may still hold a ring */
};

void vg_rundir_init(struct vg_rundir *rundir); /* nothing open */

/* Makes what is missing, locks and opens all. False, and told in the log. */
bool vg_rundir_open(struct vg_rundir *rundir, const struct vg_rundir_wanted *wanted) VG_MUST_CHECK;
void vg_rundir_close(struct vg_rundir *rundir);

#endif
