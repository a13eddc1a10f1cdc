/*
 * Starting a child and telling it all that its role needs, in the order of vocab/msg.def, and a
 * new generation later. What each role is told is a table in briefing.c: nothing else reaches a
 * child.
 */
#ifndef VG_DAEMON_BRIEFING_H
#define VG_DAEMON_BRIEFING_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "daemon/child_table.h"
#include "daemon/generation.h"
#include "daemon/listen.h"
#include "daemon/rundir.h"

/* Everything that the supervisor holds. */
struct vg_gateway {
	struct vg_generation generation; /* that serves */
	int64_t generation_since;        /* wall clock, microseconds */
	struct vg_generation offered;    /* that may be the next; fd -1: none */
	struct vg_listeners listeners;
	struct vg_rundir rundir;
	struct vg_child_table table;
	int programs[VG_ROLE_COUNT]; /* the binaries, opened at start; -1 */
	int control_fd;              /* the control socket; -1 */
	char control_path[108];
	int health_fd;            /* the health listener; -1: there is none */
	struct vg_map status_map; /* our status page */
	struct vg_map block_map;  /* the control block, for reading */
	const char *config_path;
	uint64_t boot; /* wall clock, microseconds */
	char user[sizeof(((struct vg_msg_hello *)0)->user)];
};

/*
 * Starts the process of a row that is down. False, and told in the log, where it can't be; a
 * process that was started all the same is left to be killed by the caller (pid is not 0).
 */
bool vg_briefing_start(struct vg_gateway *gateway, struct vg_process *process, int64_t now)
	VG_MUST_CHECK;

/*
 * To one that serves: the generation that is on offer; to a worker its new keys before it, which
 * have their end of the pair; to the broker the files of names. False where it doesn't take it.
 */
bool vg_briefing_offer(struct vg_gateway *gateway, struct vg_process *process,
		       struct vg_process *keys) VG_MUST_CHECK;

/* An event of the gateway's own, to the recorder. Where that isn't there, the log says so. */
void vg_briefing_event(struct vg_gateway *gateway, const struct vg_msg_tell *tell);

/* SIGKILL, now and until it is gone. */
void vg_briefing_kill(struct vg_process *process, int64_t now);

/* To a recorder that lives: worker `index` is dead, what it left open is to be ended. */
bool vg_briefing_sweep(struct vg_gateway *gateway, uint32_t index) VG_MUST_CHECK;

/* Sends; false where the child doesn't take it. */
bool vg_briefing_tell(const struct vg_process *process, enum vg_msg_type type, const void *payload,
		      const int *fds) VG_MUST_CHECK;

#endif
