/*
 * What goes upstream of an allowed request: the head, written from the parts that were judged, with
 * who asks as the service wants to be told, and the trace that the request is part of. What a
 * vendor sends under these names, or under any that looks like one of them, is in no row of
 * http/header.def that passes.
 */
#ifndef VG_PROXY_FORWARD_H
#define VG_PROXY_FORWARD_H

#include "base/attr.h"
#include "http/message.h"
#include "policy/decide.h"
#include "proxy/exchange.h"

/* The trace that the vendor has begun, or a new one; and our own span in it. */
void vg_forward_trace(struct vg_exchange *exchange, const struct vg_http_head *head);

/* exchange->request is the head. False: memory, or it would be larger than any upstream takes. */
bool vg_forward_request(struct vg_exchange *exchange, const struct vg_http_head *head,
			const struct vg_verdict *verdict) VG_MUST_CHECK;

#endif
