/*
 * TLS towards upstreams, in the worker: what every https upstream of an image is held to. Its
 * certificate must come from the CAs of its row and bear the name of its row; there is no way to
 * let another one pass, and never a fall back to plain text. TLS 1.2 and 1.3; no resumption. One
 * that asks for a certificate is shown that of its row, whose key is in the keys role.
 *
 * Sessions are those of server.h: the same handshake, read, write and shutdown. Of their `peer`
 * only reason (upstream.tls), fault, version, cipher and proven are filled.
 */
#ifndef VG_TLS_CLIENT_H
#define VG_TLS_CLIENT_H

#include <stdint.h>

#include "base/attr.h"
#include "policy/image.h"
#include "tls/server.h"

struct vg_tls_client;

/* `image` and `keys` must outlive it. NULL, and told in the log. */
struct vg_tls_client *vg_tls_client_new(const struct vg_image *image, const struct vg_chan *keys)
	VG_MUST_CHECK;
void vg_tls_client_free(struct vg_tls_client **client);

/*
 * For a connected, non-blocking socket, which stays the caller's; `upstream` is a row of the image
 * with tls. NULL: no memory.
 */
struct vg_tls_session *vg_tls_client_session(struct vg_tls_client *client, uint32_t upstream,
					     int fd) VG_MUST_CHECK;

#endif
