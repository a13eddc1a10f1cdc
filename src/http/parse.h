/*
 * The strict HTTP/1.1 parser (RFC 9112), for requests and answers alike. CRLF only; one spelling
 * of a message's length; whatever two parsers could read differently is refused, never repaired,
 * never dropped-and-gone-on.
 *
 * A head is first found whole (vg_http_scan, which sees a bare LF, CR or NUL as it comes), then
 * parsed in one pass. The rules of its parts: http/fields.h (lines), http/host.h (Host),
 * http/framing.h (length and connection), http/body.h.
 *
 * A head that was refused has what was read before the fault, and keep_alive false.
 */
#ifndef VG_HTTP_PARSE_H
#define VG_HTTP_PARSE_H

#include "base/attr.h"
#include "http/message.h"
#include "vocab/reason.h"

enum vg_scan { VG_SCAN_MORE, VG_SCAN_WHOLE, VG_SCAN_BAD };

/* How far a head was looked through; zero it for each message. */
struct vg_http_scan {
	size_t at;
	const char *fault; /* of VG_SCAN_BAD */
};

/*
 * Looks for the empty line that ends a head, going on where the last call stopped: each byte is
 * looked at once. `text` begins with the head (for a request one CRLF before it was skipped by
 * vg_http_skip). *len is set to the head's length with its empty line.
 */
enum vg_scan vg_http_scan(struct vg_http_scan *scan, struct vg_slice text, size_t *len)
	VG_MUST_CHECK;

/* 2 where `text` begins with the one empty line that may stand before a request line (RFC 9112
   2.2), else 0. Once for each request, as soon as two bytes are there. */
size_t vg_http_skip(struct vg_slice text) VG_MUST_CHECK;

/*
 * `text` is a whole head. VG_REASON_NONE, or the reason to refuse it with head->fault set.
 * HTTP/1.1 and 1.0, both with one Host; origin-form, absolute-form (an empty path is `/`) that
 * agrees with Host, and `*` of OPTIONS; never CONNECT and TRACE.
 */
enum vg_reason vg_http_parse_request(struct vg_http_head *head, struct vg_slice text) VG_MUST_CHECK;

/*
 * `to_head`: it answers a HEAD, and so has no body. Statuses 1xx come back with VG_FRAMING_NONE:
 * the caller goes on to the next head. False with head->fault set where it is malformed.
 */
bool vg_http_parse_response(struct vg_http_head *head, struct vg_slice text, bool to_head)
	VG_MUST_CHECK;

#endif
