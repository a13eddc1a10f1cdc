/*
 * Connections to upstreams: those that rest, ready for the next exchange, and those that the
 * broker is dialling. The worker can make none itself.
 */
#ifndef VG_PROXY_POOL_H
#define VG_PROXY_POOL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "net/loop.h"
#include "sys/chan.h"

#define VG_POOL_DIALS 1024        /* in progress, at most */
#define VG_POOL_IDLE_EACH 64      /* that rest, for each upstream */
#define VG_POOL_IDLE_MS 30000

struct vg_worker;
struct vg_exchange;
struct vg_origin;

struct vg_dial {
	struct vg_exchange *exchange; /* NULL: free, or nobody waits any more */
	uint64_t id;                  /* 0: free */
	uint32_t upstream;
};

struct vg_pool_row {
	struct vg_origin *idle; /* the freshest first */
	uint32_t idle_count;
	uint32_t busy; /* with an exchange, or being dialled for one */
};

/* Who dials where there is no broker: answers with vg_pool_dialed, in another turn. */
struct vg_dialer {
	bool (*dial)(void *arg, uint64_t id, uint32_t upstream);
	void *arg;
};

struct vg_pool {
	struct vg_worker *worker;
	const struct vg_dialer *dialer; /* NULL: the broker */
	struct vg_chan *broker; /* NULL, or closed: nothing can be dialled */
	struct event from_broker;
	struct event sweep;
	struct vg_pool_row *rows; /* one for each upstream of the image */
	uint32_t row_count;
	uint32_t *turns; /* round robin: one counter for each service */
	struct vg_dial dials[VG_POOL_DIALS];
	uint32_t next_dial;
	uint64_t dial_seq;
};

/* `broker` is made non-blocking. False: no memory. */
bool vg_pool_init(struct vg_pool *pool, struct vg_worker *worker, struct vg_chan *broker)
	VG_MUST_CHECK;
void vg_pool_fini(struct vg_pool *pool);

/* Another broker, after the first one died; what it was dialling has failed. */
void vg_pool_broker(struct vg_pool *pool, struct vg_chan *broker);

/* Of the dialer: the connection, which becomes the pool's; or NULL, and errno's value. */
void vg_pool_dialed(struct vg_pool *pool, uint64_t id, struct vg_origin *origin, int error);

/*
 * A connection to the upstream for the exchange: one that rests (returned at once), or one that
 * is dialled: then NULL, and vg_exchange_dialed is called for it, in another turn. *failed where
 * not even that could be begun.
 */
struct vg_origin *vg_pool_get(struct vg_pool *pool, struct vg_exchange *exchange,
			      uint32_t upstream, bool *failed) VG_MUST_CHECK;

/*
 * Which upstream of the service is next: by its `balance`, but not `last` (VG_NO_ROW where there
 * was none) where it has another.
 */
uint32_t vg_pool_choose(struct vg_pool *pool, uint32_t service, uint32_t last) VG_MUST_CHECK;

/* The exchange waits no longer. */
void vg_pool_forget(struct vg_pool *pool, struct vg_exchange *exchange);

/* The exchange is done with it: it rests, where `reusable`, or is closed. Empties the pointer. */
void vg_pool_put(struct vg_pool *pool, struct vg_origin **origin, bool reusable);

/* One that rests is no good any more. */
void vg_pool_drop(struct vg_pool *pool, struct vg_origin *origin);

#endif
