/*
 * Trace context (W3C Trace Context): what a vendor's traceparent and tracestate say, and what goes
 * upstream. A field that says nothing valid counts as none: the gateway starts a trace of its own,
 * and nobody is refused for it.
 */
#ifndef VG_HTTP_TRACE_H
#define VG_HTTP_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "http/message.h"

#define VG_TRACE_BYTES 16
#define VG_SPAN_BYTES 8
#define VG_TRACEPARENT_LEN 55
#define VG_TRACESTATE_MAX 512 /* bytes (3.3.1.5), in */
#define VG_TRACESTATE_MEMBERS 32

/* Flags (3.2.2.5): others are reserved, and not passed on. */
#define VG_TRACE_SAMPLED UINT8_C(1)
#define VG_TRACE_RANDOM UINT8_C(2) /* the id is random */

/* The trace that a request is part of. Its ids are set where `id` isn't empty. */
struct vg_http_trace {
	char id[2 * VG_TRACE_BYTES + 1];
	char span[2 * VG_SPAN_BYTES + 1]; /* our own part of it: the upstream's parent */
	uint8_t flags;
	bool continued; /* the vendor began it */
};

/* True where the head has one traceparent of version 00 and it is valid: id and flags are its. */
bool vg_http_trace_read(struct vg_http_trace *trace, const struct vg_http_head *head) VG_MUST_CHECK;

/* The traceparent that goes upstream. */
void vg_http_trace_parent(char out[VG_TRACEPARENT_LEN], const struct vg_http_trace *trace);

/* All tracestate fields as one list, in their order: its length; 0 where there is none, one that
   can't be read, or more than the bounds. */
size_t vg_http_trace_state(char out[VG_TRACESTATE_MAX], const struct vg_http_head *head)
	VG_MUST_CHECK;

#endif
