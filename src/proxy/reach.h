/*
 * How an exchange gets its connection: an upstream is chosen, one that rests is taken or a new one
 * is dialled, TLS is agreed where the upstream is https; where it fails, another upstream of the
 * service is tried. Steps of exchange.c's states: each says which state comes next.
 */
#ifndef VG_PROXY_REACH_H
#define VG_PROXY_REACH_H

#include "base/attr.h"
#include "proxy/exchange.h"

/* DIAL begins. STAY: vg_reach_dialed will be asked. */
enum vg_state vg_reach_dial(struct vg_exchange *exchange) VG_MUST_CHECK;

/* As vg_exchange_dialed. */
enum vg_state vg_reach_dialed(struct vg_exchange *exchange, struct vg_origin *origin, int error,
			      const struct vg_addr *dst) VG_MUST_CHECK;

/* SECURE begins, or its connection is ready for the next step of the handshake. */
enum vg_state vg_reach_secure(struct vg_exchange *exchange) VG_MUST_CHECK;

/* A dial's errno value in a few words; whether it is the gateway's own fault, and no upstream was
   asked. */
const char *vg_reach_text(int error) VG_MUST_CHECK;
bool vg_reach_is_ours(int error) VG_MUST_CHECK;

#endif
