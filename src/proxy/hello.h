/*
 * Whether a ClientHello has come whole, by the bytes that wait in the socket: who only dribbles
 * takes no place among the handshakes (places.h). It judges nothing else: TLS reads the same bytes.
 */
#ifndef VG_PROXY_HELLO_H
#define VG_PROXY_HELLO_H

#include <stddef.h>

#include "base/attr.h"
#include "base/slice.h"

#define VG_HELLO_MAX ((size_t)16384) /* bytes, framing of its records included */

/*
 * How many bytes must wait before the handshake can make a step: more than there are in `text`
 * while the message (RFC 8446 4.1.2), in as many records as it may lie (5.1), isn't whole; else no
 * more. Where it is no handshake at all, none: TLS is to say so. Over VG_HELLO_MAX: refuse it.
 */
size_t vg_hello_need(struct vg_slice text) VG_MUST_CHECK;

#endif
