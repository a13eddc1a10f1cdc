/*
 * A reload: compile, offer, publish; all or nothing. It never waits: the supervisor's turns drive
 * it. Until every child that serves has said that it can take the new generation, the one before
 * stays; where one can't, or a time is over, nobody is told to use it. Called by supervisor.c.
 *
 *   COMPILE  `vendgatectl compile` runs, its words go to a memfd
 *   OFFER    workers (with new keys), broker and controller are given the image, and answer
 *   SINKS    then the recorder, which changes its sinks when told: so it is told last
 *
 * A second wish while one is carried out waits; a third is merged with it, or refused.
 *
 * Where certificates changed, and nobody asks (watch.h), only they may have: a policy is in force
 * when somebody says so.
 */
#ifndef VG_DAEMON_RELOAD_H
#define VG_DAEMON_RELOAD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/attr.h"
#include "daemon/briefing.h"
#include "daemon/held.h"
#include "daemon/watch.h"
#include "daemon/words.h"

enum vg_reload_step { VG_RELOAD_IDLE, VG_RELOAD_COMPILE, VG_RELOAD_OFFER, VG_RELOAD_SINKS };

struct vg_reload_wish {
	bool there;
	bool renewal;  /* nobody asks: a certificate changed, and nothing else may have */
	bool answered; /* the controller waits for RELOADED with `id` */
	uint64_t id;
	char actor[VG_ACTOR_MAX];
	char ref[VG_REF_MAX];
};

struct vg_reload {
	enum vg_reload_step step;
	struct vg_reload_wish now, next;
	struct vg_watch watch;
	struct vg_compile compile;
	struct vg_words words;
	uint64_t number;  /* of the last generation that was tried */
	int64_t deadline; /* of this step */
	struct vg_held held;
};

void vg_reload_init(struct vg_reload *reload, uint64_t number);

/* The gateway ends: whatever is under way is given up. */
void vg_reload_stop(struct vg_reload *reload, struct vg_gateway *gateway, int64_t now);

/* Somebody wants one. */
void vg_reload_ask(struct vg_reload *reload, struct vg_gateway *gateway,
		   const struct vg_reload_wish *wish);

/* What is due; once a turn, when all rows are settled. */
void vg_reload_turn(struct vg_reload *reload, struct vg_gateway *gateway, int64_t now);

/* When something is due by time alone; VG_PROCESS_NEVER. */
int64_t vg_reload_due(const struct vg_reload *reload) VG_MUST_CHECK;

/* A process ended that is none of the table's: the compiler, or nothing of ours. */
void vg_reload_compiled(struct vg_reload *reload, struct vg_gateway *gateway, pid_t pid, int status,
			int64_t now);

/* A child died. `keys_lost`: it was to sign for the generation that is on offer, and can't. */
void vg_reload_died(struct vg_reload *reload, struct vg_gateway *gateway,
		    const struct vg_process *process, bool keys_lost, int64_t now);

/* A worker holds nothing any more of that generation. */
void vg_reload_let_go(struct vg_reload *reload, struct vg_gateway *gateway,
		      const struct vg_process *worker, uint64_t number, int64_t now);

/* Keys say why they can't start. */
void vg_reload_fault(struct vg_reload *reload, const struct vg_process *keys,
		     const struct vg_msg_fault *fault);

void vg_reload_acked(struct vg_reload *reload, struct vg_gateway *gateway,
		     struct vg_process *process, const struct vg_msg_image_ack *ack, int64_t now);

#endif
