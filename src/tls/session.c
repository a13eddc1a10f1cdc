#include "tls/session.h"

#include <openssl/err.h>
#include <openssl/x509_vfy.h>

#include "base/text.h"

/* SNI, names and their texts; a certificate that needs more can't be judged. */
#define PEER_TEXT_MAX ((size_t)65536)

/*
 * What the client is told of a refused certificate: by the error, OpenSSL chooses the alert.
 * Whether it was the names or the chain is not said: it would tell who the vendors are.
 */
static int alert_error(enum vg_reason reason)
{
	if (reason == VG_REASON_IDENTITY_EXPIRED)
		return X509_V_ERR_CERT_HAS_EXPIRED; /* certificate_expired */
	if (reason == VG_REASON_IDENTITY_EKU)
		return X509_V_ERR_INVALID_PURPOSE; /* unsupported_certificate */
	if (reason == VG_REASON_IDENTITY_MALFORMED || reason == VG_REASON_IDENTITY_PIN)
		return X509_V_ERR_CERT_REJECTED; /* bad_certificate */
	if (reason == VG_REASON_GATEWAY_ERROR)
		return X509_V_ERR_OUT_OF_MEM;                /* internal_error */
	return X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY; /* unknown_ca */
}

static void judge(struct vg_tls_session *session, X509 *leaf, STACK_OF(X509) *untrusted)
{
	struct vg_tls_peer *peer = &session->peer;
	const char *fault = NULL;

	session->facts = vg_arena_alloc(&session->arena, sizeof(*session->facts));
	if (session->facts == NULL) {
		peer->reason = VG_REASON_GATEWAY_ERROR;
		return;
	}
	peer->has_cert = true;
	peer->facts = session->facts;
	if (!vg_cert_facts(session->facts, leaf, &session->arena, &fault)) {
		peer->reason = VG_REASON_IDENTITY_MALFORMED;
		peer->fault = fault;
		return;
	}
	struct vg_identity who = vg_identity_judge(session->server->anchors, session->server->image,
						   session->facts, leaf, untrusted, session->now);
	peer->reason = who.reason;
	peer->vendor = who.vendor;
	peer->ident = who.ident;
	session->until = who.until;
}

int vg_tls_session_verify(X509_STORE_CTX *store, void *server)
{
	SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
	struct vg_tls_session *session = SSL_get_app_data(ssl);

	VG_ASSERT(session->server == server && !session->peer.has_cert);
	judge(session, X509_STORE_CTX_get0_cert(store), X509_STORE_CTX_get0_untrusted(store));
	bool ok = session->peer.reason == VG_REASON_NONE && session->peer.ident != VG_NO_ROW;
	X509_STORE_CTX_set_error(store, ok ? X509_V_OK : alert_error(session->peer.reason));
	return ok ? 1 : 0;
}

int vg_tls_session_name(SSL *ssl, int *alert, void *server VG_UNUSED)
{
	struct vg_tls_session *session = SSL_get_app_data(ssl);
	const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
	if (name == NULL)
		return SSL_TLSEXT_ERR_NOACK;

	struct vg_slice sni = vg_slice_str(name);
	if (vg_slice_ends(sni, VG_SLICE(".")))
		sni.len--;
	char *copy = vg_arena_alloc(&session->arena, sni.len + 1);
	if (copy == NULL) {
		*alert = SSL_AD_INTERNAL_ERROR;
		return SSL_TLSEXT_ERR_ALERT_FATAL;
	}
	for (size_t i = 0; i < sni.len; i++)
		copy[i] = vg_lower(sni.ptr[i]);
	session->peer.sni = vg_slice(copy, sni.len);
	return SSL_TLSEXT_ERR_OK;
}

bool vg_tls_context_set(SSL_CTX *ctx, int version)
{
	SSL_CTX_set_options(ctx,
			    SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
				      SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_set_read_ahead(ctx, 1);
	SSL_CTX_set_max_cert_list(ctx, VG_TLS_PEER_CERTS_MAX);
	return SSL_CTX_set_min_proto_version(ctx, version) == 1 &&
	       SSL_CTX_set_max_proto_version(ctx, TLS1_3_VERSION) == 1 &&
	       SSL_CTX_set_cipher_list(ctx, VG_TLS_CIPHERS_12) == 1;
}

struct vg_tls_session *vg_tls_session_make(SSL_CTX *ctx, const struct vg_tls_side *side, int fd)
{
	struct vg_tls_session *session = calloc(1, sizeof(*session));
	if (session == NULL)
		return NULL;
	session->side = side;
	session->peer = (struct vg_tls_peer){
		.vendor = VG_NO_ROW, .ident = VG_NO_ROW, .sni = VG_SLICE_EMPTY};
	vg_arena_init(&session->arena, PEER_TEXT_MAX);
	session->ssl = SSL_new(ctx);
	if (session->ssl == NULL || SSL_set_fd(session->ssl, fd) != 1) {
		vg_tls_session_free(&session);
		ERR_clear_error();
		return NULL;
	}
	SSL_set_app_data(session->ssl, session);
	return session;
}

void vg_tls_session_free(struct vg_tls_session **session)
{
	if (*session == NULL)
		return;
	vg_tls_session_untell(*session);
	SSL_free((*session)->ssl);
	vg_arena_fini(&(*session)->arena);
	free(*session);
	*session = NULL;
}

const struct vg_tls_peer *vg_tls_session_peer(const struct vg_tls_session *session)
{
	return &session->peer;
}

/* What CertificateVerify can fail of; a broken record behind it is something else. */
static bool is_signature_error(int reason)
{
	static const int reasons[] = {SSL_R_BAD_SIGNATURE,
				      SSL_R_WRONG_SIGNATURE_TYPE,
				      SSL_R_WRONG_SIGNATURE_SIZE,
				      SSL_R_WRONG_CURVE,
				      SSL_R_SIGNATURE_FOR_NON_SIGNING_CERTIFICATE,
				      ERR_R_EVP_LIB};
	for (size_t i = 0; i < VG_COUNT(reasons); i++)
		if (reason == reasons[i])
			return true;
	return false;
}

/* Whose signature failed is told by the message at which the handshake stood. */
static enum vg_reason reason_of_state(const struct vg_tls_session *session, unsigned long error)
{
	OSSL_HANDSHAKE_STATE state = SSL_get_state(session->ssl);

	if (state == TLS_ST_SR_CERT_VRFY && session->peer.has_cert &&
	    is_signature_error(ERR_GET_REASON(error)))
		return VG_REASON_IDENTITY_PROOF;
	if (state == TLS_ST_SW_CERT_VRFY || state == TLS_ST_SW_KEY_EXCH ||
	    ERR_GET_REASON(error) == ERR_R_MALLOC_FAILURE)
		return VG_REASON_GATEWAY_ERROR;
	if (state == TLS_ST_SR_CERT && ERR_GET_REASON(error) == ERR_R_ASN1_LIB)
		return VG_REASON_IDENTITY_MALFORMED;
	return VG_REASON_TLS_PROTOCOL;
}

const char *vg_tls_alert(unsigned long error)
{
	int reason = ERR_GET_REASON(error);
	if (ERR_GET_LIB(error) != ERR_LIB_SSL || reason < SSL_AD_REASON_OFFSET ||
	    reason >= SSL_AD_REASON_OFFSET + 256)
		return NULL;
	/* OpenSSL has no words for this one of TLS 1.3. */
	if (reason - SSL_AD_REASON_OFFSET == SSL_AD_CERTIFICATE_REQUIRED)
		return "certificate required";
	return SSL_alert_desc_string_long(reason - SSL_AD_REASON_OFFSET);
}

static void explain(struct vg_tls_session *session, int status)
{
	struct vg_tls_peer *peer = &session->peer;
	unsigned long error = ERR_peek_last_error();
	int reason = ERR_GET_REASON(error);
	bool ssl = ERR_GET_LIB(error) == ERR_LIB_SSL;
	const char *alert = vg_tls_alert(error);

	if (peer->reason != VG_REASON_NONE)
		return; /* the certificate was refused, and it is known why */
	if (status != SSL_ERROR_SSL || (ssl && reason == SSL_R_UNEXPECTED_EOF_WHILE_READING)) {
		peer->reason = VG_REASON_TLS_CLOSED;
	} else if (alert != NULL) {
		peer->reason = VG_REASON_TLS_ALERT;
		peer->fault = alert;
	} else if (ssl && reason == SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE) {
		peer->reason = VG_REASON_IDENTITY_NONE;
	} else {
		peer->reason = reason_of_state(session, error);
		peer->fault = ERR_reason_error_string(error);
	}
}

static void note_agreed(struct vg_tls_session *session)
{
	const SSL_CIPHER *cipher = SSL_get_current_cipher(session->ssl);
	if (cipher == NULL)
		cipher = SSL_get_pending_cipher(session->ssl);
	if (cipher == NULL)
		return;
	session->peer.version = SSL_get_version(session->ssl);
	session->peer.cipher = SSL_CIPHER_standard_name(cipher);
}

/* A handshake that ended well with anything but a judged certificate is none. */
static bool accept_vendor(struct vg_tls_session *session)
{
	struct vg_tls_peer *peer = &session->peer;

	if (peer->has_cert && peer->ident != VG_NO_ROW && peer->reason == VG_REASON_NONE)
		return true;
	if (peer->reason == VG_REASON_NONE)
		peer->reason = VG_REASON_IDENTITY_NONE;
	return false;
}

static const struct vg_tls_side server_side = {accept_vendor, explain};

struct vg_tls_session *vg_tls_session_new(struct vg_tls_server *server, int fd)
{
	struct vg_tls_session *session = vg_tls_session_make(server->ctx, &server_side, fd);
	if (session == NULL)
		return NULL;
	session->server = server;
	SSL_set_accept_state(session->ssl);
	return session;
}

static enum vg_tls_status finish(struct vg_tls_session *session)
{
	VG_ASSERT(!SSL_session_reused(session->ssl));
	session->peer.proven = session->side->accept(session);
	session->broken = !session->peer.proven;
	return session->broken ? VG_TLS_FAILED : VG_TLS_DONE;
}

enum vg_tls_status vg_tls_handshake(struct vg_tls_session *session, int64_t now)
{
	if (session->broken)
		return VG_TLS_FAILED;
	session->now = now;
	X509_VERIFY_PARAM_set_time(SSL_get0_param(session->ssl), (time_t)(now / 1000000));
	ERR_clear_error();
	int done = SSL_do_handshake(session->ssl);
	int status = done == 1 ? SSL_ERROR_NONE : SSL_get_error(session->ssl, done);
	note_agreed(session);
	if (status == SSL_ERROR_NONE)
		return finish(session);
	if (status == SSL_ERROR_WANT_READ)
		return VG_TLS_WANT_READ;
	if (status == SSL_ERROR_WANT_WRITE)
		return VG_TLS_WANT_WRITE;
	session->broken = true;
	session->side->explain(session, status);
	ERR_clear_error();
	return VG_TLS_FAILED;
}

static enum vg_tls_status status_of(struct vg_tls_session *session, int result)
{
	switch (SSL_get_error(session->ssl, result)) {
	case SSL_ERROR_WANT_READ:
		return VG_TLS_WANT_READ;
	case SSL_ERROR_WANT_WRITE:
		return VG_TLS_WANT_WRITE;
	case SSL_ERROR_ZERO_RETURN:
		return VG_TLS_EOF;
	default:
		session->broken = true;
		session->peer.fault = vg_tls_alert(ERR_peek_last_error());
		ERR_clear_error();
		return VG_TLS_FAILED;
	}
}

enum vg_tls_status vg_tls_read(struct vg_tls_session *session, void *bytes, size_t len,
			       size_t *done)
{
	*done = 0;
	if (session->broken || !session->peer.proven)
		return VG_TLS_FAILED;
	ERR_clear_error();
	int result = SSL_read_ex(session->ssl, bytes, len, done);
	session->dry = result != 1;
	return result == 1 ? VG_TLS_DONE : status_of(session, result);
}

/* A peer that ended it said why before, and what it said may still wait: RFC 8446 6. */
static void hear_alert(struct vg_tls_session *session)
{
	char byte;
	size_t done;
	ERR_clear_error();
	if (SSL_read_ex(session->ssl, &byte, sizeof(byte), &done) != 1)
		session->peer.fault = vg_tls_alert(ERR_peek_last_error());
	ERR_clear_error();
}

enum vg_tls_status vg_tls_write(struct vg_tls_session *session, const void *bytes, size_t len,
				size_t *done)
{
	*done = 0;
	if (session->broken || !session->peer.proven)
		return VG_TLS_FAILED;
	if (len == 0)
		return VG_TLS_DONE;
	ERR_clear_error();
	int result = SSL_write_ex(session->ssl, bytes, len, done);
	enum vg_tls_status status = result == 1 ? VG_TLS_DONE : status_of(session, result);
	if (status == VG_TLS_FAILED && session->peer.fault == NULL)
		hear_alert(session);
	return status;
}

bool vg_tls_pending(const struct vg_tls_session *session)
{
	return !session->dry && !session->broken && SSL_has_pending(session->ssl) == 1;
}

enum vg_tls_status vg_tls_shutdown(struct vg_tls_session *session)
{
	if (session->broken || !session->peer.proven)
		return VG_TLS_FAILED;
	ERR_clear_error();
	int result = SSL_shutdown(session->ssl);
	if (result >= 0)
		return VG_TLS_DONE;
	/* Sent, and only the answer is missing. */
	enum vg_tls_status status = status_of(session, result);
	return status == VG_TLS_WANT_READ ? VG_TLS_DONE : status;
}

bool vg_tls_session_expired(const struct vg_tls_session *session, int64_t now)
{
	return now >= session->until;
}

enum vg_reason vg_tls_session_rejudge(struct vg_tls_session *session, struct vg_tls_server *server,
				      int64_t now)
{
	struct vg_tls_peer *peer = &session->peer;
	VG_ASSERT(peer->proven && peer->has_cert);
	struct vg_identity who = vg_identity_judge(server->anchors, server->image, session->facts,
						   SSL_get0_peer_certificate(session->ssl),
						   SSL_get_peer_cert_chain(session->ssl), now);
	if (who.reason != VG_REASON_NONE)
		return who.reason;
	vg_tls_session_untell(session); /* it could list other names */
	peer->vendor = who.vendor;
	peer->ident = who.ident;
	session->until = who.until;
	return VG_REASON_NONE;
}
