/*
 * A vendor's connection: from accept, over the handshake, to the last byte that lingers. What is
 * said on it is the codec's (codec_h1.h).
 */
#ifndef VG_PROXY_CONN_H
#define VG_PROXY_CONN_H

#include <stdint.h>

#include "base/attr.h"
#include "net/stream.h"
#include "proxy/addresses.h"
#include "proxy/client.h"
#include "proxy/codec_h1.h"
#include "proxy/places.h"

struct vg_worker;

enum vg_conn_state {
	VG_CONN_HEADER,    /* accepted; its PROXY header has not come yet */
	VG_CONN_PARKED,    /* unread, until another one of its address ends */
	VG_CONN_SILENT,    /* nothing has come for TLS */
	VG_CONN_HELLO,     /* some of its ClientHello has come */
	VG_CONN_HANDSHAKE, /* waits for a place, or has one */
	VG_CONN_SERVING,   /* its vendor is known */
	VG_CONN_LINGER,    /* we have ended our half, and read what still comes, so that the last
			      answer isn't lost to a reset */
	VG_CONN_CLOSED
};

struct vg_conn {
	struct vg_worker *worker;
	struct vg_conn *prev, *next;
	enum vg_conn_state state;
	bool probe; /* of a load balancer, and nobody else's */
	struct vg_stream stream;
	struct event deadline;
	struct vg_place place;
	uint32_t slot; /* of the handshake */
	size_t hello;  /* bytes that its PROXY header or ClientHello needs, as far as is known */
	struct vg_guest guest;
	struct vg_client client;
	struct vg_h1 h1;
	struct vg_resting resting;
};

/* A connection over an accepted, non-blocking socket that watches nothing yet. `client` is copied.
   NULL: no memory, and the socket is the caller's. */
struct vg_conn *vg_conn_open_socket(struct vg_worker *worker, int fd,
				    const struct vg_client *client) VG_MUST_CHECK;

/* A connection over memory, as after its handshake; `client` is copied. NULL: no memory. */
struct vg_conn *vg_conn_open_memory(struct vg_worker *worker, struct vg_memory *memory,
				    const struct vg_client *client) VG_MUST_CHECK;

/* It fails before a vendor is known: one event, then the alert is given time to arrive. */
void vg_conn_fail(struct vg_conn *conn, enum vg_reason reason, const char *fault);

/* Of the places: its handshake may begin; its time is up. */
void vg_conn_handshake(void *conn);
void vg_conn_place_timeout(void *conn);

/*
 * Before a request: where there is a newer generation, or a certificate has expired, whose vendor
 * it is now, by the certificate that was proven in the handshake. NONE, or why it is nobody's any
 * more.
 */
enum vg_reason vg_conn_follow(struct vg_conn *conn) VG_MUST_CHECK;

/* The codec has said its last: the half is ended, then it lingers. */
void vg_conn_finish(struct vg_conn *conn);

/* At once; what was queued is lost. */
void vg_conn_close(struct vg_conn *conn);

/* The codec's deadline: idle, or a head that doesn't come to its end. */
void vg_conn_deadline(struct vg_conn *conn, uint64_t ms);

/* All that wait for a request end; the others end with their answer. */
void vg_conn_drain_all(struct vg_worker *worker);

#endif
