/*
 * Refusals as a vendor sees them: application/problem+json (RFC 9457) with type, title, status
 * and request_id, and nothing that helps an attacker. The detail is in the event.
 */
#ifndef VG_HTTP_PROBLEM_H
#define VG_HTTP_PROBLEM_H

#include <stdbool.h>

#include "base/attr.h"
#include "base/buf.h"

struct vg_http_problem {
	unsigned status;
	const char *request_id;
	bool close;   /* say `Connection: close` */
	bool to_head; /* answers a HEAD: the head alone */
};

/* Appends a whole answer, X-Request-Id and Cache-Control: no-store in it; all or nothing. */
bool vg_http_write_problem(struct vg_buf *out, const struct vg_http_problem *problem) VG_MUST_CHECK;

#endif
