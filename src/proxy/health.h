/*
 * Checks of the upstreams of services that have `health`: each worker asks each of them, every so
 * often, on a connection of its own. Two that fail in a row take an upstream out of the rotation,
 * two good ones bring it back. A check that has not ended when the next is due has failed; there is
 * never more than one of an upstream.
 */
#ifndef VG_PROXY_HEALTH_H
#define VG_PROXY_HEALTH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "http/parse.h"
#include "net/loop.h"

struct vg_generation;
struct vg_origin;

struct vg_check {
	struct vg_generation *generation;
	struct event timer;
	uint32_t service, upstream; /* rows */
	struct vg_origin *origin;   /* NULL: none, or being dialled */
	bool dialling;
	bool judged;      /* what is under way has failed already */
	uint8_t interim;  /* answers of 1xx before its answer */
	uint8_t in_a_row; /* outcomes that would change what the upstream is */
	struct vg_http_scan scan;
};

struct vg_health {
	struct vg_check *checks;
	uint32_t count;
	uint32_t down; /* upstreams that are */
};

/* Of the generation's image; they rest while it isn't the worker's current one, or it drains.
   False: no memory. */
bool vg_health_init(struct vg_health *health, struct vg_generation *generation) VG_MUST_CHECK;
void vg_health_fini(struct vg_health *health);

/* The dials: a connection, or NULL with errno's value. */
void vg_check_dialed(struct vg_check *check, struct vg_origin *origin, int error);

/* Its connection: readable, writable. */
void vg_check_ready(struct vg_check *check, unsigned what);

#endif
