/*
 * The authority of a request, as Host and an absolute-form target carry it (RFC 9110 7.2, RFC 3986
 * 3.2). Narrower than the RFCs, since the gateway judges by it: a name of letters, digits, `-`,
 * `.` and `_` without empty labels (one final dot may stand), dotted IPv4, or IPv6 in brackets;
 * then maybe a port in its one spelling. No userinfo, no percent-encoding, no zone.
 */
#ifndef VG_HTTP_HOST_H
#define VG_HTTP_HOST_H

#include "base/attr.h"
#include "base/slice.h"

/* *host is the part before the port, brackets included. False with *fault. */
bool vg_http_authority(struct vg_slice authority, struct vg_slice *host, const char **fault)
	VG_MUST_CHECK;

#endif
