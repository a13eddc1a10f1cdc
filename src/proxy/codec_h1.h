/*
 * HTTP/1.1 towards vendors: bytes ↔ exchanges, one at a time, in the order in which they came
 * (pipelining); keep-alive; framing of answers. The wire of proxy/wire.h.
 */
#ifndef VG_PROXY_CODEC_H1_H
#define VG_PROXY_CODEC_H1_H

#include <stdbool.h>

#include "base/attr.h"
#include "base/buf.h"
#include "http/body.h"
#include "http/parse.h"

#define VG_H1_OUT_MAX ((size_t)131072) /* an answer's head must fit behind what waits */
#define VG_H1_OUT_HIGH ((size_t)32768) /* of a body no more than this waits */
#define VG_H1_READ ((size_t)16384)

struct vg_conn;
struct vg_exchange;

struct vg_h1 {
	struct vg_conn *conn;
	struct vg_buf in, out;
	struct vg_http_scan scan;
	struct vg_http_body body;     /* of the request under way */
	struct vg_exchange *exchange; /* NULL between requests */
	bool pumping;                 /* in pump(): kicks from below do nothing */
	bool more;                    /* the stream has bytes that no event will tell of */
	bool eof;                     /* the vendor has ended its half */
	bool last;                    /* no request is read any more: close when all is out */
	bool keep_alive;              /* the request under way allows it */
	bool minor_0;                 /* and is HTTP/1.0 */
	bool chunked;                 /* the answer under way */
	bool blocked;                 /* the socket takes no more for now */
	bool cut;                     /* end with a reset, as soon as nobody is in our way */
	bool broken;                  /* the stream has failed */
	bool head_begun;              /* a head's deadline runs */
	bool skipped;                 /* the one empty line before a head */
};

void vg_h1_init(struct vg_h1 *h1, struct vg_conn *conn, size_t header_bytes);

/* Ends the exchange under way, without an answer. */
void vg_h1_fini(struct vg_h1 *h1);

/* The stream is ready; or, with 0, has just become ours. */
void vg_h1_ready(struct vg_h1 *h1, unsigned what);

/* The connection's deadline has passed. */
void vg_h1_timeout(struct vg_h1 *h1);

/* Take no new request: closes at once where none is under way. */
void vg_h1_drain(struct vg_h1 *h1);

#endif
