/*
 * Who asks: what exchanges and events need of a vendor's connection, whatever wire it came over.
 * Embedded in the connection.
 */
#ifndef VG_PROXY_CLIENT_H
#define VG_PROXY_CLIENT_H

#include <stdint.h>

#include "base/addr.h"
#include "proxy/ids.h"
#include "tls/server.h"

struct vg_generation;

struct vg_client {
	char id[VG_ULID_TEXT];            /* of the connection */
	struct vg_generation *generation; /* under which it was judged; a reference */
	struct vg_addr src;
	uint16_t sport;
	uint32_t vendor, ident;         /* VG_NO_ROW until proven */
	int64_t began;                  /* monotonic, at accept */
	const struct vg_tls_peer *peer; /* what the handshake found out; NULL before it */
	struct vg_tls_session *tls;     /* whose peer that is; NULL over memory */
};

#endif
