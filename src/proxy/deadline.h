/*
 * How long an exchange may stay in a state: the deadlines that the rows of exchange.def name. The
 * exchange's one timer is set to that, to the end of request_timeout, or to that of the hours or the
 * contract by which it was allowed, whichever comes first.
 *
 * In a STALL state it goes by whose turn it is. An upstream may pause for the gateway's
 * idle_timeout, anew with each byte. A vendor must keep to body_rate: each span of 10 s that is
 * made of its own turns, however many, must have moved as many bytes; so neither a byte now and
 * then nor a pause of the upstream begins a span anew. Part of the machine in exchange.c.
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

/* In a STALL state, when all that could be done is done: whose turn it is, and until when. */
void vg_deadline_waits(struct vg_exchange *exchange);

/* It has passed: which state comes next; STAY where there was no reason to end. */
enum vg_state vg_deadline_passed(struct vg_exchange *exchange, enum vg_deadline deadline)
	VG_MUST_CHECK;

#endif
