/*
 * TLS towards vendors, in the worker: one SSL_CTX for a generation, one session for a connection.
 * The handshake demands a client certificate and finds out whose it is (tls/identity.h); the
 * server's key is in the keys role (tls/remote.h). No resumption, no renegotiation, no CA names.
 */
#ifndef VG_TLS_SERVER_H
#define VG_TLS_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/slice.h"
#include "cert/facts.h"
#include "policy/image.h"
#include "sys/chan.h"
#include "vocab/reason.h"

struct vg_tls_server;
struct vg_tls_session;

/* What the handshake found out. Texts live as long as the session. */
struct vg_tls_peer {
	enum vg_reason reason; /* why the handshake failed; VG_REASON_NONE while or if it did not */
	const char *fault;     /* a few words more, or NULL: for the event's `constraint`; after the
				  handshake the alert that ended the session */
	bool has_cert;         /* facts are set: the client showed a certificate */
	bool proven;           /* and has shown that it holds the key */
	uint32_t vendor;       /* whose: a claim until proven; VG_NO_ROW where unknown */
	uint32_t ident;
	const struct vg_cert_facts *facts;
	const char *version, *cipher; /* "TLSv1.3"; NULL before they are agreed */
	struct vg_slice sni;          /* lower case, no final dot; empty where none was sent */
};

/* `keys` and `image` must outlive it. NULL, and told in the log. */
struct vg_tls_server *vg_tls_server_new(const struct vg_image *image, const struct vg_chan *keys)
	VG_MUST_CHECK;
void vg_tls_server_free(struct vg_tls_server **server);

/* One for an accepted, non-blocking socket, which stays the caller's. NULL: no memory. */
struct vg_tls_session *vg_tls_session_new(struct vg_tls_server *server, int fd) VG_MUST_CHECK;
void vg_tls_session_free(struct vg_tls_session **session);

enum vg_tls_status {
	VG_TLS_DONE,       /* the handshake is over; or bytes went */
	VG_TLS_WANT_READ,  /* again when the socket is readable */
	VG_TLS_WANT_WRITE, /* again when it is writable */
	VG_TLS_EOF,        /* the peer closed (close_notify) */
	VG_TLS_FAILED      /* over; in a handshake the peer's `reason` says why */
};

/*
 * `now` judges the certificate: microseconds since 1970 UTC. A failure is also told to the client
 * (an alert); in TLS 1.3 it hears of it after its first write. So the caller keeps the socket for
 * a while: shutdown(2) for writing, read and drop, then close, or the RST eats the alert.
 */
enum vg_tls_status vg_tls_handshake(struct vg_tls_session *session, int64_t now) VG_MUST_CHECK;
const struct vg_tls_peer *vg_tls_session_peer(const struct vg_tls_session *session) VG_MUST_CHECK;

/* After the handshake: a certificate of the peer's chain has expired since it was judged. */
bool vg_tls_session_expired(const struct vg_tls_session *session, int64_t now) VG_MUST_CHECK;

/*
 * After the handshake: whose the proven certificate is now, by that server's policy: its own, or
 * another generation's. NONE, and the peer's vendor and ident are rows of that one; else why it is
 * nobody's, and the peer stays as it was. The session's own server may be freed from then on.
 */
enum vg_reason vg_tls_session_rejudge(struct vg_tls_session *session, struct vg_tls_server *server,
				      int64_t now) VG_MUST_CHECK;

/* A proven certificate as a service is told of it: cert/told.h. */
enum vg_told { VG_TOLD_CERT, VG_TOLD_CHAIN, VG_TOLD_XFCC, VG_TOLDS };

/*
 * The value of its field; made when it is first asked for, and kept as long as the peer is whom the
 * session was judged to be by `image`. Empty where there is none: the client sent no chain, or one
 * that is longer than upstreams take. False: no memory.
 */
bool vg_tls_session_told(struct vg_tls_session *session, const struct vg_image *image,
			 enum vg_told form, struct vg_slice *text) VG_MUST_CHECK;

/* At most `len` bytes; *done how many. EOF is only close_notify: a bare FIN is FAILED. */
enum vg_tls_status vg_tls_read(struct vg_tls_session *session, void *bytes, size_t len,
			       size_t *done) VG_MUST_CHECK;
enum vg_tls_status vg_tls_write(struct vg_tls_session *session, const void *bytes, size_t len,
				size_t *done) VG_MUST_CHECK;

/* Decrypted bytes that wait in the session: no event will tell of them. */
bool vg_tls_pending(const struct vg_tls_session *session) VG_MUST_CHECK;

/* Sends close_notify; DONE once it is out (the peer's answer is not waited for). */
enum vg_tls_status vg_tls_shutdown(struct vg_tls_session *session) VG_MUST_CHECK;

#endif
