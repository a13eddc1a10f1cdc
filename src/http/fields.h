/*
 * The field lines of a head (RFC 9112 5), one pass: names and values become slices, names their
 * ids. What lines mean together is http/framing.h's.
 *
 * A name is a token. Known are only names of letters, digits and `-`: another one is unknown, so
 * that it never passes; where it could be taken for a field that the gateway reads or refuses
 * (`Content_Length`, `host~`), the message is refused.
 *
 * A value holds no control byte but HTAB. Bytes from 0x80 are opaque (RFC 9110 5.5), and a value
 * that has one is refused where somebody would read it: in a field that the gateway reads (OWN),
 * and on requests in each one that passes but User-Agent.
 */
#ifndef VG_HTTP_FIELDS_H
#define VG_HTTP_FIELDS_H

#include "base/attr.h"
#include "http/message.h"
#include "vocab/reason.h"

_Static_assert(VG_HEADER_COUNT <= 64, "the ids seen in a message are the bits of a word");

#define VG_HEADER_BIT(id) (UINT64_C(1) << (id))

/* `lines` is all behind the start line, with the empty line. *seen has the bits of known ids. */
enum vg_reason vg_http_fields(struct vg_http_head *head, struct vg_slice lines, bool request,
			      uint64_t *seen) VG_MUST_CHECK;

#endif
