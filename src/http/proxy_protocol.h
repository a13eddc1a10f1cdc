/*
 * The header that a load balancer puts before a connection's first byte, to say whose connection
 * it is: PROXY protocol, versions 1 (a line) and 2 (binary), as haproxy.org's proxy-protocol.txt
 * has it. The worker reads it from the peers of `proxy_protocol_from`, and from nobody else.
 *
 * Strict: what two readers could take for different addresses, or for a different length, is
 * refused. A pure function of the bytes that have come so far.
 */
#ifndef VG_HTTP_PROXY_PROTOCOL_H
#define VG_HTTP_PROXY_PROTOCOL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/attr.h"
#include "base/slice.h"

/* Bytes of a header with all that is in it: what the least segment of TCP over IPv4 holds (2.2). */
#define VG_PROXY_HEADER_MAX ((size_t)536)

enum vg_proxy_status { VG_PROXY_MORE, VG_PROXY_WHOLE, VG_PROXY_BAD };

struct vg_proxy_header {
	size_t size;        /* WHOLE: its bytes; MORE: how many there must be at least */
	bool named;         /* it names a client; else (LOCAL, UNKNOWN) it is the peer's own */
	struct vg_addr src; /* where named */
	uint16_t sport;
	const char *fault; /* of BAD, a static string */
};

/*
 * Reads the header that `text` begins with; what lies behind it is not looked at. Looks at no more
 * than VG_PROXY_HEADER_MAX bytes, and never asks for more.
 */
enum vg_proxy_status vg_proxy_header_parse(struct vg_slice text, struct vg_proxy_header *header)
	VG_MUST_CHECK;

/* It begins as a header of either version does: no TLS does so. */
bool vg_proxy_header_begins(struct vg_slice text) VG_MUST_CHECK;

#endif
