/*
 * Heads and framing as they are written: to the upstream and to the vendor, from the parsed
 * message that was judged, by the rows of header.def. All functions are all or nothing: false
 * where the buffer's maximum or memory is reached, and then nothing was appended. False too where
 * what was handed in can't stand in a head: an extra with a byte that ends a line, a body for a
 * status that has none.
 *
 * A field that a rule lists passes where its row drops it, or there is none. What a row says of OWN
 * and REFUSE no rule can change, and where an extra has the same name, that is sent.
 *
 * *dropped counts the fields that don't get through, OWN ones not among them.
 */
#ifndef VG_HTTP_WRITE_H
#define VG_HTTP_WRITE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/buf.h"
#include "http/message.h"

/* A field that the gateway adds. It takes the place of the message's own of that name, and can't be
   Host, Connection, or framing. */
struct vg_http_extra {
	const char *name;
	struct vg_slice value;
};

/* A request for the upstream (RFC 9112 3): origin-form, HTTP/1.1, Host, the fields that PASS,
   framing as `head` has it, then the extras. */
struct vg_http_request_out {
	const struct vg_http_head *head; /* as received */
	struct vg_slice path;            /* normalised, below the prefix */
	struct vg_slice query;           /* rebuilt; ptr NULL where there is none */
	struct vg_slice host;            /* Host to send */
	const struct vg_listed *listed;  /* fields of `head` that pass, too; NULL: none */
	const struct vg_http_extra *extras;
	size_t extra_count;
};
bool vg_http_write_request(struct vg_buf *out, const struct vg_http_request_out *request,
			   unsigned *dropped) VG_MUST_CHECK;

/* An answer for the vendor: status with its standard phrase, the fields that PASS, framing. */
struct vg_http_response_out {
	const struct vg_http_head *head; /* as the upstream sent it */
	enum vg_framing framing;         /* to the vendor; CLOSE says `Connection: close` */
	uint64_t length;                 /* of LENGTH; of a HEAD's answer what the upstream said */
	bool close;                      /* say `Connection: close` */
	bool no_store;                   /* in place of the upstream's Cache-Control */
	struct vg_slice location;        /* mapped; empty: none */
	const struct vg_listed *listed;  /* fields of `head` that pass, too; NULL: none */
	const struct vg_http_extra *extras;
	size_t extra_count;
};
bool vg_http_write_response(struct vg_buf *out, const struct vg_http_response_out *response,
			    unsigned *dropped) VG_MUST_CHECK;

bool vg_http_write_continue(struct vg_buf *out) VG_MUST_CHECK; /* 100 (RFC 9110 15.2.1) */
bool vg_http_write_chunk(struct vg_buf *out, struct vg_slice payload) VG_MUST_CHECK; /* not empty */
bool vg_http_write_last_chunk(struct vg_buf *out) VG_MUST_CHECK;

/* The bytes that a chunk's frame adds at most. */
#define VG_HTTP_CHUNK_FRAME 20

/* "Not Found"; "" for a status that IANA's registry (RFC 9110 16.2) doesn't name. */
const char *vg_http_phrase(unsigned status) VG_MUST_CHECK;

#endif
