/* What server.c and session.c share: nobody else looks into a server or a session. */
#ifndef VG_TLS_SESSION_H
#define VG_TLS_SESSION_H

#include <openssl/ssl.h>

#include "base/arena.h"
#include "tls/identity.h"
#include "tls/server.h"

/* One of the gateway's own certificates. */
struct vg_tls_own {
	X509 *leaf;
	STACK_OF(X509) *chain; /* what is sent behind it */
	EVP_PKEY *key;         /* in the keys role */
};

struct vg_tls_server {
	const struct vg_image *image;
	struct vg_anchors *anchors;
	SSL_CTX *ctx;
	uint32_t own_count;
	struct vg_tls_own own[];
};

struct vg_tls_session {
	struct vg_tls_server *server;
	SSL *ssl;
	struct vg_arena arena; /* the peer's texts */
	struct vg_cert_facts *facts;
	struct vg_tls_peer peer;
	int64_t now; /* of this step of the handshake */
	bool dry;    /* the last read found no whole record */
	bool broken; /* no more bytes can be sent or read */
};

/* OpenSSL's callbacks, for the context. */
int vg_tls_session_verify(X509_STORE_CTX *store, void *server);
int vg_tls_session_name(SSL *ssl, int *alert, void *server);

#endif
