/*
 * Generations of before that workers still hold: the broker dials by them until the last worker
 * has said LET_GO, or is dead. Not for ever: a worker that was taken over says nothing. So each is
 * withdrawn from the broker after HELD_US (held.c), long after whatever may still be dialled by
 * it, and the oldest where there would be too many. Part of a reload.
 */
#ifndef VG_DAEMON_HELD_H
#define VG_DAEMON_HELD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "daemon/briefing.h"

/* The broker has a place for that which serves, and for that which is on offer. */
#define VG_HELD_MAX (VG_GENERATIONS_MAX - 2)

struct vg_held {
	struct {
		uint64_t number; /* 0: a free place */
		int64_t until;
		bool by[VG_CHILD_PEERS_MAX]; /* worker */
	} rows[VG_HELD_MAX];
};

/* That generation serves no more: whoever lives may hold it. */
void vg_held_add(struct vg_held *held, struct vg_gateway *gateway, uint64_t number, int64_t now);

/* That worker holds it no more; number 0: none of them (it is dead). */
void vg_held_let_go(struct vg_held *held, struct vg_gateway *gateway, uint32_t worker,
		    uint64_t number, int64_t now);

/* Withdraws what is over; once a turn. */
void vg_held_turn(struct vg_held *held, struct vg_gateway *gateway, int64_t now);

/* When something is due by time alone; VG_PROCESS_NEVER. */
int64_t vg_held_due(const struct vg_held *held) VG_MUST_CHECK;

#endif
