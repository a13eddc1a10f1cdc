/*
 * A generation's connections to its upstreams: those that rest, ready for the next exchange. Those
 * that are being made are in dials.h.
 */
#ifndef VG_PROXY_POOL_H
#define VG_PROXY_POOL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "net/loop.h"

#define VG_POOL_IDLE_EACH 64 /* that rest, for each upstream */
#define VG_POOL_IDLE_MS 30000

struct vg_exchange;
struct vg_generation;
struct vg_origin;

struct vg_pool_row {
	struct vg_origin *idle; /* the freshest first */
	uint32_t idle_count;
	uint32_t busy; /* with an exchange, or being dialled for one */
	bool down;     /* its checks fail (health.h): it is passed over */
};

struct vg_pool {
	struct vg_generation *generation;
	struct event sweep;
	struct vg_pool_row *rows; /* one for each upstream of the image */
	uint32_t row_count;
	uint32_t *turns; /* round robin: one counter for each service */
};

/* Of the generation's image. False: no memory. */
bool vg_pool_init(struct vg_pool *pool, struct vg_generation *generation) VG_MUST_CHECK;
void vg_pool_fini(struct vg_pool *pool);

/*
 * A connection to the upstream for the exchange: one that rests (returned at once), or one that
 * is dialled: then NULL, and vg_exchange_dialed is called for it, in another turn. *failed where
 * not even that could be begun.
 */
struct vg_origin *vg_pool_get(struct vg_pool *pool, struct vg_exchange *exchange, uint32_t upstream,
			      bool *failed) VG_MUST_CHECK;

/*
 * Which upstream of the service is next: by its `balance`, of those that aren't down, but not
 * `last` (VG_NO_ROW where there was none) where there is another. VG_NO_ROW: all are down.
 */
uint32_t vg_pool_choose(struct vg_pool *pool, uint32_t service, uint32_t last) VG_MUST_CHECK;

/* A dial has ended, for `exchange` where somebody still waits for it: with a connection, or NULL. */
void vg_pool_arrived(struct vg_pool *pool, uint32_t upstream, struct vg_origin *origin,
		     struct vg_exchange *exchange);

/* The exchange is done with it: it rests, where `reusable`, or is closed. Empties the pointer. */
void vg_pool_put(struct vg_pool *pool, struct vg_origin **origin, bool reusable);

/* One that rests is no good any more. */
void vg_pool_drop(struct vg_pool *pool, struct vg_origin *origin);

#endif
