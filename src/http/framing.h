/*
 * What the fields of a head say together of its body and its connection (RFC 9112 6, 9): one
 * Content-Length in its one spelling, or Transfer-Encoding: chunked, or neither.
 *
 * A field that Connection names is for this hop: an unknown one is taken out of the head. One that
 * the gateway reads, passes or writes can't be named: the message is refused.
 */
#ifndef VG_HTTP_FRAMING_H
#define VG_HTTP_FRAMING_H

#include "base/attr.h"
#include "http/message.h"

/*
 * Sets framing (LENGTH, CHUNKED or NONE), length and keep_alive. `seen` are the bits of the known
 * ids (vg_http_fields). False with head->fault.
 */
bool vg_http_framing(struct vg_http_head *head, uint64_t seen) VG_MUST_CHECK;

#endif
