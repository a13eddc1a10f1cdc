/*
 * A request's head → the facts that are judged, the verdict, and the head that goes upstream:
 * built from the parsed parts that were judged, never from the raw bytes.
 */
#ifndef VG_PROXY_ADMIT_H
#define VG_PROXY_ADMIT_H

#include "base/attr.h"
#include "http/message.h"
#include "proxy/exchange.h"

/* Keeps of the head what the event tells, and normalises path and query into the worker's
   scratch. The reason why they can't be, or VG_REASON_NONE. */
enum vg_reason vg_admit_read(struct vg_exchange *exchange, const struct vg_http_head *head)
	VG_MUST_CHECK;

/* Keeps what can be told of a head that its reader refused: `head` where it was parsed in part,
   else NULL; `raw` is what came. */
void vg_admit_raw(struct vg_exchange *exchange, const struct vg_http_head *head,
		  struct vg_slice raw);

/* Decides. Where it is allowed, exchange->request is what goes upstream. */
enum vg_reason vg_admit(struct vg_exchange *exchange, const struct vg_http_head *head,
			enum vg_reason malformed) VG_MUST_CHECK;

#endif
