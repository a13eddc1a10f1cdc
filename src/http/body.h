/*
 * The body of a message, out of its framing (RFC 9112 6, 7): bytes in, payload out, any chunking
 * of the input. Holds nothing: payload is a slice of the input. Chunk extensions are dropped up
 * to 256 bytes, trailers up to 8 KiB; more is refused.
 */
#ifndef VG_HTTP_BODY_H
#define VG_HTTP_BODY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/slice.h"
#include "http/message.h"

enum vg_body {
	VG_BODY_MORE, /* all input is used up, the body goes on */
	VG_BODY_DATA, /* *payload has some; call again with what is left */
	VG_BODY_END,  /* the body is over; what is left is not of it */
	VG_BODY_BAD   /* malformed: body->fault */
};

struct vg_http_body {
	enum vg_framing framing;
	uint64_t left; /* of the length, or of the chunk */
	uint8_t state; /* of the chunked decoder */
	uint8_t digits;
	uint16_t extension; /* bytes of this chunk's */
	uint16_t trailer;
	bool ended;
	const char *fault;
};

void vg_http_body_init(struct vg_http_body *body, enum vg_framing framing, uint64_t length);

/* Takes the next part of `in`: *used bytes of it, of which *payload is the body's. */
enum vg_body vg_http_body_next(struct vg_http_body *body, struct vg_slice in, size_t *used,
			       struct vg_slice *payload) VG_MUST_CHECK;

/* The connection is over: true where the body is whole (only VG_FRAMING_CLOSE may end so). */
bool vg_http_body_closed(struct vg_http_body *body) VG_MUST_CHECK;

#endif
