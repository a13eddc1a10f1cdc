/*
 * A parsed HTTP message head (RFC 9110, 9112): slices into the text that was parsed. What goes on
 * is always written anew from this, never copied from the text.
 */
#ifndef VG_HTTP_MESSAGE_H
#define VG_HTTP_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/slice.h"
#include "http/header.h"
#include "policy/fields.h"

enum vg_framing {
	VG_FRAMING_NONE,   /* no body */
	VG_FRAMING_LENGTH, /* `length` bytes, maybe none */
	VG_FRAMING_CHUNKED,
	VG_FRAMING_CLOSE /* an answer that ends with its connection */
};

struct vg_http_head {
	/* Request line (RFC 9112 3); empty for an answer. */
	struct vg_slice method;
	struct vg_slice target; /* as it stood there */
	struct vg_slice path;   /* of the target, not normalised; "*" for OPTIONS * */
	struct vg_slice query;  /* behind the `?` */
	bool has_query;
	struct vg_slice host; /* name or address (IPv6 in its brackets), without port */
	/* Status line (RFC 9112 4); 0 for a request. */
	unsigned status;
	unsigned minor; /* HTTP/1.minor: 0 or 1 */

	struct vg_http_field fields[VG_HTTP_FIELDS_MAX];
	size_t field_count;

	enum vg_framing framing;
	uint64_t length; /* what Content-Length said; also where NONE: HEAD's answer, a 304 */
	bool keep_alive; /* what the message says of its connection (RFC 9112 9.3) */
	bool expect_continue;
	const char *fault; /* why it was refused, in a few words; NULL */
};

/* RFC 9110 6.4.1: an answer of this status never has a body. */
static inline bool vg_http_no_body(unsigned status)
{
	return status < 200 || status == 204 || status == 304;
}

static inline struct vg_fields vg_http_all_fields(const struct vg_http_head *head)
{
	return (struct vg_fields){head->fields, head->field_count};
}

/* The first field with that id; NULL. */
const struct vg_http_field *vg_http_find(const struct vg_http_head *head, enum vg_header id)
	VG_MUST_CHECK;

/*
 * A host as it is compared: lower case, without a final dot. False where it is longer than
 * VG_HOST_MAX. `out` is NUL-terminated, *len may be NULL.
 */
#define VG_HOST_MAX 255
bool vg_http_host(char out[VG_HOST_MAX + 1], struct vg_slice host, size_t *len) VG_MUST_CHECK;

#endif
