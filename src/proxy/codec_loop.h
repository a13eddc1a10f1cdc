/*
 * The loop codec: whole exchanges with no socket. One vendor's connection is served by codec_h1
 * over memory (net/memory.h), upstreams are memory, and the events land in a ring in memory, so
 * that what tests, fuzzers and replay run is what runs: only the sockets, the handshake and the
 * broker are missing. Its caller plays the vendor and the upstreams, step by step; time passes
 * only where it says so.
 */
#ifndef VG_PROXY_CODEC_LOOP_H
#define VG_PROXY_CODEC_LOOP_H

#include "net/memory.h"
#include "proxy/conn.h"
#include "proxy/ctx.h"

#define VG_LOOPBACK_ORIGINS 8
#define VG_LOOPBACK_MAX ((size_t)1 << 20) /* bytes that wait in either direction */

struct vg_loopback_origin {
	struct vg_memory memory;
	uint64_t dial;     /* to be answered; 0: it was */
	uint32_t upstream; /* row of the image */
};

struct vg_loopback {
	struct vg_worker worker;
	struct vg_child child;
	struct vg_dialer dialer;
	struct vg_memory vendor; /* the vendor's end: vg_buf_append to `in`, look into `out` */
	struct vg_conn *conn;    /* valid while vendor.stream is not NULL */
	struct vg_loopback_origin origins[VG_LOOPBACK_ORIGINS]; /* in the order of their dials */
	uint32_t origin_count;
	void *ring_mem, *tail_mem;
	struct vg_ring events; /* read here */
	_Alignas(8) uint8_t event[VG_RECORD_MAX];
};

/* `image` outlives it; `slots` exchanges may be under way. False: no memory. */
bool vg_loopback_init(struct vg_loopback *loop, const struct vg_image *image, uint32_t slots)
	VG_MUST_CHECK;
void vg_loopback_fini(struct vg_loopback *loop);

/* Back to a worker that nobody has come to: connections close, upstreams are forgotten. Cheaper
   than another one, whose ring has megabytes. All dials are answered. */
void vg_loopback_reset(struct vg_loopback *loop);

/* The vendor connects anew, after its former connection was closed. False: no memory. */
bool vg_loopback_connect(struct vg_loopback *loop, const struct vg_client *client) VG_MUST_CHECK;

/* The request under way; NULL. */
struct vg_exchange *vg_loopback_exchange(const struct vg_loopback *loop) VG_MUST_CHECK;

/* The dial of that index is answered: connected, or where `error` is set, failed. */
void vg_loopback_dialed(struct vg_loopback *loop, uint32_t index, int error);

/* Lets everything happen that can. False where it doesn't come to rest: a callback that asks to
   be called, and does nothing. */
bool vg_loopback_run(struct vg_loopback *loop) VG_MUST_CHECK;

/* The deadline of the request under way passes, or that of the connection; false: none runs. */
bool vg_loopback_expire(struct vg_loopback *loop) VG_MUST_CHECK;

/* So much time passes, and each of these deadlines that is in it. */
void vg_loopback_pass(struct vg_loopback *loop, uint64_t ms);

/* The next event, valid until the next call; false: there is none. */
bool vg_loopback_event(struct vg_loopback *loop, struct vg_record *record) VG_MUST_CHECK;

#endif
