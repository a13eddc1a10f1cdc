/* What server.c, client.c, own.c and session.c share: nobody else looks into any of them. */
#ifndef VG_TLS_SESSION_H
#define VG_TLS_SESSION_H

#include <openssl/ssl.h>

#include "base/arena.h"
#include "tls/identity.h"
#include "tls/server.h"

/*
 * TLS 1.2: forward secrecy and AEAD only. Key exchange by RSA would ask the keys role to decrypt,
 * which it never does.
 */
#define VG_TLS_CIPHERS_12 "ECDHE+AESGCM:ECDHE+CHACHA20"

/* A chain of VG_CHAIN_DEPTH with RSA-4096 is under 10 KB. */
#define VG_TLS_PEER_CERTS_MAX ((size_t)32768)

/* One of the gateway's own certificates. */
struct vg_tls_own {
	X509 *leaf;
	STACK_OF(X509) *chain; /* what is sent behind it */
	EVP_PKEY *key;         /* in the keys role */
};

/* That row of the image, its key behind the channel, which outlives it. False where it can't be
   used; to be ended in either case. */
bool vg_tls_own_load(struct vg_tls_own *own, const struct vg_image *image, uint32_t row,
		     const struct vg_chan *keys) VG_MUST_CHECK;
void vg_tls_own_fini(struct vg_tls_own *own);

struct vg_tls_server {
	const struct vg_image *image;
	struct vg_anchors *anchors;
	SSL_CTX *ctx;
	uint32_t own_count;
	struct vg_tls_own own[];
};

/* What the two ends of a handshake do differently. */
struct vg_tls_side {
	/* OpenSSL has ended it well: whether it may count. False: `peer` says why not. */
	bool (*accept)(struct vg_tls_session *session);
	/* It has failed with that SSL_get_error: fills reason and fault of `peer`. */
	void (*explain)(struct vg_tls_session *session, int status);
};

/* A text that vg_tls_session_told has made. */
struct vg_tls_told {
	size_t len;
	char text[];
};

struct vg_tls_session {
	const struct vg_tls_side *side;
	struct vg_tls_server *server; /* NULL at the client's end */
	SSL *ssl;
	struct vg_arena arena; /* the peer's texts */
	struct vg_cert_facts *facts;
	struct vg_tls_peer peer;
	struct vg_tls_told *told[VG_TOLDS]; /* NULL until a service wants it */
	int64_t now;                        /* of this step of the handshake */
	int64_t until; /* the proven identity, until a certificate of its chain expires */
	bool dry;      /* the last read found no whole record */
	bool broken;   /* no more bytes can be sent or read */
};

/* A session of that context for a non-blocking socket, which stays the caller's; NULL. */
struct vg_tls_session *vg_tls_session_make(SSL_CTX *ctx, const struct vg_tls_side *side, int fd)
	VG_MUST_CHECK;

/* Forgets what was made for vg_tls_session_told. */
void vg_tls_session_untell(struct vg_tls_session *session);

/* What both ends' contexts have in common: no resumption, bounded memory, TLS from `version` on. */
bool vg_tls_context_set(SSL_CTX *ctx, int version) VG_MUST_CHECK;

/* The words of the alert that the peer sent, where that is the error; else NULL. */
const char *vg_tls_alert(unsigned long error) VG_MUST_CHECK;

/* OpenSSL's callbacks, for the server's context. */
int vg_tls_session_verify(X509_STORE_CTX *store, void *server);
int vg_tls_session_name(SSL *ssl, int *alert, void *server);

#endif
