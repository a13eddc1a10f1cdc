/*
 * Connections to upstreams that are being made: the worker can make none itself, and asks the
 * broker. One table for all generations, since there is one broker.
 */
#ifndef VG_PROXY_DIALS_H
#define VG_PROXY_DIALS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "net/loop.h"
#include "sys/chan.h"

#define VG_DIALS 1024 /* in progress, at most */

struct vg_worker;
struct vg_check;
struct vg_exchange;
struct vg_generation;
struct vg_origin;

struct vg_dial {
	struct vg_exchange *exchange;     /* NULL: free, a check's, or nobody waits any more */
	struct vg_check *check;           /* NULL: it is for no check */
	struct vg_generation *generation; /* whose upstream; a reference */
	uint64_t id;                      /* 0: free */
	uint32_t upstream;
};

/* Who dials where there is no broker: answers with vg_dials_answer, in another turn. */
struct vg_dialer {
	bool (*dial)(void *arg, uint64_t id, uint32_t upstream);
	void *arg;
};

struct vg_dials {
	struct vg_worker *worker;
	const struct vg_dialer *dialer; /* NULL: the broker */
	struct vg_chan *broker;         /* NULL, or closed: nothing can be dialled */
	struct event from_broker;
	struct vg_dial rows[VG_DIALS];
	uint32_t next;
	uint64_t seq;
};

void vg_dials_init(struct vg_dials *dials, struct vg_worker *worker);
void vg_dials_fini(struct vg_dials *dials);

/* The first broker, or another after that one died; what it was dialling has failed. It is made
   non-blocking. */
void vg_dials_broker(struct vg_dials *dials, struct vg_chan *broker);

/* vg_exchange_dialed is called for the exchange, in another turn. False: it can't be begun. */
bool vg_dials_begin(struct vg_dials *dials, struct vg_exchange *exchange,
		    struct vg_generation *generation, uint32_t upstream) VG_MUST_CHECK;

/* The same for a check: vg_check_dialed is called. */
bool vg_dials_begin_check(struct vg_dials *dials, struct vg_check *check,
			  struct vg_generation *generation, uint32_t upstream) VG_MUST_CHECK;

/* The exchange waits no longer. */
void vg_dials_forget(struct vg_dials *dials, struct vg_exchange *exchange);

/* Of the dialer: the generation of a dial under way; and its end: the connection, or NULL and
   errno's value. */
struct vg_generation *vg_dials_generation(struct vg_dials *dials, uint64_t id) VG_MUST_CHECK;
void vg_dials_answer(struct vg_dials *dials, uint64_t id, struct vg_origin *origin, int error);

#endif
