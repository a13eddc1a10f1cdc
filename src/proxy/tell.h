/*
 * What a worker tells: exchanges and handshakes as event records. The slot is opened with the
 * facts known before anything is decided, so that a worker that dies leaves them behind.
 */
#ifndef VG_PROXY_TELL_H
#define VG_PROXY_TELL_H

#include <stdbool.h>

#include "base/attr.h"
#include "proxy/exchange.h"

struct vg_worker;
struct vg_client;

/* False where the ring is full, or a sink forbids it (on_full = deny): the exchange must be refused
   (telemetry.full). */
bool vg_tell_begin(struct vg_exchange *exchange) VG_MUST_CHECK;

/* It was judged, and goes on: what is known now takes the place of the first facts. */
void vg_tell_judged(struct vg_exchange *exchange);
void vg_tell_end(struct vg_exchange *exchange);

/* Some refusals had no room for their event: they are counted, and told once there is some. */
void vg_tell_untold(struct vg_worker *worker);

/* A handshake: VG_NO_SLOT where the ring is full. */
uint32_t vg_tell_handshake_begin(struct vg_worker *worker, const struct vg_client *client)
	VG_MUST_CHECK;

/* It failed: why, and what was known of the client. The slot is free afterwards. */
void vg_tell_handshake_failed(struct vg_worker *worker, const struct vg_client *client,
			      uint32_t slot, enum vg_reason reason, const char *fault);

#endif
