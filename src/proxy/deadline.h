/*
 * How long an exchange may stay in a state: the deadlines that the rows of exchange.def name. In a
 * STALL state it goes by who holds things up: an upstream may pause for the gateway's
 * idle_timeout, anew with each byte; a vendor must keep a pace, since one byte at a time would
 * buy it any time. Part of the machine in exchange.c.
 */
#ifndef VG_PROXY_DEADLINE_H
#define VG_PROXY_DEADLINE_H

#include "base/attr.h"
#include "proxy/exchange.h"

enum vg_deadline {
	VG_DEADLINE_NONE,
	VG_DEADLINE_CONNECT,   /* of the service */
	VG_DEADLINE_HANDSHAKE, /* what dialling has left of it */
	VG_DEADLINE_RESPONSE,  /* of the rule */
	VG_DEADLINE_STALL
};

/* A state with this deadline begins. */
void vg_deadline_begin(struct vg_exchange *exchange, enum vg_deadline deadline);

/* In a STALL state, after each move: who owes something now, and until when. */
void vg_deadline_moved(struct vg_exchange *exchange);

/* It has passed: which state comes next; STAY where there was no reason to end. */
enum vg_state vg_deadline_passed(struct vg_exchange *exchange, enum vg_deadline deadline)
	VG_MUST_CHECK;

#endif
