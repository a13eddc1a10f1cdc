/*
 * One generation of the policy in a worker: the image, the TLS contexts made of it, the channel to
 * the keys that were opened for it, and the connections to its upstreams. New connections and
 * requests follow the newest; who began under an older one keeps it alive until it has moved on.
 */
#ifndef VG_PROXY_GENERATION_H
#define VG_PROXY_GENERATION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "policy/image.h"
#include "proxy/health.h"
#include "proxy/pool.h"
#include "proxy/set_header.h"
#include "sys/chan.h"
#include "sys/shm.h"
#include "tls/client.h"
#include "tls/server.h"

struct vg_worker;

struct vg_generation {
	struct vg_worker *worker;
	uint64_t number;
	uint32_t refs; /* the worker's, each connection's, each dial's */
	struct vg_map map;
	struct vg_image image;
	const struct vg_img_gateway *gateway; /* of the image */
	char gen[65];                         /* the image's digest, for events */
	struct vg_chan keys;
	struct vg_tls_server *tls;
	struct vg_tls_client *upstream_tls;
	struct vg_set_headers set_headers;
	struct vg_pool pool;
	struct vg_health health;
};

/* Over a checked image, with no TLS and no secrets: what the loop codec needs. NULL: no memory. The first
   reference is the caller's. */
struct vg_generation *vg_generation_new(struct vg_worker *worker, uint64_t number,
					const struct vg_image *image) VG_MUST_CHECK;

/* Its TLS contexts and secrets; takes the channel to its keys. False, and told in the log. */
bool vg_generation_secure(struct vg_generation *generation, struct vg_chan *keys) VG_MUST_CHECK;

struct vg_generation *vg_generation_ref(struct vg_generation *generation) VG_MUST_CHECK;
void vg_generation_unref(struct vg_generation **generation);

#endif
