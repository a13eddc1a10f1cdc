/*
 * The event loop of a role: libevent's, with one visible turn. Time is read once a turn, when the
 * first callback asks; what callbacks let go rests until the turn is over, so that no callback
 * finds its object freed by one before it.
 */
#ifndef VG_NET_LOOP_H
#define VG_NET_LOOP_H

#include <event2/event.h>
#include <event2/event_struct.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"

/* Embedded in what is let go by vg_loop_rest. */
struct vg_resting {
	struct vg_resting *next;
	void (*free)(void *object);
	void *object;
};

struct vg_loop {
	struct event_base *base;
	int64_t wall;      /* microseconds since 1970 UTC, of this turn */
	int64_t monotonic; /* microseconds */
	int64_t ahead;     /* what tests and replay have let pass, beside the clocks */
	bool stale;        /* nobody has asked for the time in this turn */
	bool stopped;
	struct vg_resting *resting;
	void (*maintain)(void *arg); /* once a turn, after the callbacks; may be NULL */
	void *arg;
};

/* No locks, epoll's changelist: one thread, and interest changes cost no system call each. */
bool vg_loop_init(struct vg_loop *loop) VG_MUST_CHECK;
void vg_loop_fini(struct vg_loop *loop);

/* One turn; `wait`: for something to happen. False where libevent fails. */
bool vg_loop_turn(struct vg_loop *loop, bool wait) VG_MUST_CHECK;

/* Turns until vg_loop_stop; false where libevent fails. */
bool vg_loop_run(struct vg_loop *loop) VG_MUST_CHECK;
void vg_loop_stop(struct vg_loop *loop);

/* The times of this turn. */
int64_t vg_loop_wall(struct vg_loop *loop) VG_MUST_CHECK;
int64_t vg_loop_monotonic(struct vg_loop *loop) VG_MUST_CHECK;

/* Frees `object` with `free` when this turn is over. */
void vg_loop_rest(struct vg_loop *loop, struct vg_resting *resting, void *object,
		  void (*free)(void *object));

/* What rests is freed now: before the loop ends, by whoever is in no callback. */
void vg_loop_free_resting(struct vg_loop *loop);

/* Arms a timer made with evtimer_assign, `ms` from now (0: at the next turn). */
void vg_loop_arm(struct event *timer, uint64_t ms);

#endif
