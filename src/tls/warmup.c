#include "tls/warmup.h"

#include <sys/socket.h>
#include <time.h>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "cert/facts.h"
#include "cert/verify.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "sys/log.h"
#include "tls/pubkey.h"
#include "tls/server.h"

#define ROUNDS 32 /* of a handshake in memory: four would do */
#define HOUR 3600

/* A client certificate that bears no name, signed by itself as its own CA. */
struct throwaway {
	EVP_PKEY *key;
	X509 *cert;
};

static bool add_ext(X509 *cert, int nid, const char *value)
{
	X509_EXTENSION *ext = X509V3_EXT_conf_nid(NULL, NULL, nid, value);
	bool ok = ext != NULL && X509_add_ext(cert, ext, -1) == 1;
	X509_EXTENSION_free(ext);
	return ok;
}

static bool make(struct throwaway *made)
{
	made->key = EVP_EC_gen(SN_X9_62_prime256v1);
	made->cert = X509_new();
	X509 *cert = made->cert;
	return made->key != NULL && cert != NULL && X509_set_version(cert, X509_VERSION_3) == 1 &&
	       ASN1_INTEGER_set(X509_get_serialNumber(cert), 1) == 1 &&
	       X509_gmtime_adj(X509_getm_notBefore(cert), -HOUR) != NULL &&
	       X509_gmtime_adj(X509_getm_notAfter(cert), HOUR) != NULL &&
	       X509_set_pubkey(cert, made->key) == 1 &&
	       add_ext(cert, NID_ext_key_usage, "clientAuth") &&
	       add_ext(cert, NID_basic_constraints, "CA:TRUE") &&
	       X509_sign(cert, made->key, EVP_sha256()) > 0;
}

static void drop(struct throwaway *made)
{
	EVP_PKEY_free(made->key);
	X509_free(made->cert);
}

static SSL_CTX *client_context(const struct throwaway *own, int version)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	if (ctx == NULL || SSL_CTX_set_min_proto_version(ctx, version) != 1 ||
	    SSL_CTX_set_max_proto_version(ctx, version) != 1 ||
	    SSL_CTX_use_certificate(ctx, own->cert) != 1 ||
	    SSL_CTX_use_PrivateKey(ctx, own->key) != 1) {
		SSL_CTX_free(ctx);
		return NULL;
	}
	return ctx;
}

/* The server must have signed, read the certificate, and known nobody by it. */
static bool meet(struct vg_tls_server *server, SSL *client, const int fds[2])
{
	struct vg_tls_session *session = vg_tls_session_new(server, fds[0]);
	if (session == NULL || SSL_set_fd(client, fds[1]) != 1) {
		vg_tls_session_free(&session);
		return false;
	}
	SSL_set_connect_state(client);
	enum vg_tls_status status = VG_TLS_WANT_READ;
	for (int i = 0; i < ROUNDS && status == VG_TLS_WANT_READ; i++) {
		ERR_clear_error();
		(void)SSL_do_handshake(client);
		status = vg_tls_handshake(session, vg_clock_wall());
	}
	const struct vg_tls_peer *peer = vg_tls_session_peer(session);
	bool ok = status == VG_TLS_FAILED && peer->reason == VG_REASON_IDENTITY_UNKNOWN;
	if (!ok)
		vg_log(VG_LOG_ERROR, "the first handshake fails: %s %s",
		       vg_reason_row(peer->reason)->word, peer->fault == NULL ? "" : peer->fault);
	vg_tls_session_free(&session);
	return ok;
}

static bool refusal(struct vg_tls_server *server, const struct throwaway *own, int version)
{
	int fds[2];
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds) != 0)
		return false;
	SSL_CTX *ctx = client_context(own, version);
	SSL *client = ctx == NULL ? NULL : SSL_new(ctx);
	bool ok = client != NULL && meet(server, client, fds);
	SSL_free(client);
	SSL_CTX_free(ctx);
	vg_fd_close(&fds[0]);
	vg_fd_close(&fds[1]);
	return ok;
}

static bool refusals(const struct vg_image *image, const struct vg_chan *keys,
		     const struct throwaway *own)
{
	struct vg_tls_server *server = vg_tls_server_new(image, keys);
	bool ok = server != NULL;
	for (int version = vg_img_gateway(image)->tls_min; ok && version <= TLS1_3_VERSION;
	     version++)
		ok = refusal(server, own, version);
	vg_tls_server_free(&server);
	return ok;
}

static int verify_own(X509_STORE_CTX *store, void *arg)
{
	X509 *cert = X509_STORE_CTX_get0_cert(store);
	STACK_OF(X509) *anchors = sk_X509_new_null();
	struct vg_arena arena;
	struct vg_cert_facts facts;
	const char *fault = NULL;
	bool *seen = arg;

	/* It can't hold, being its own anchor; but all of OpenSSL's steps are gone through. */
	vg_arena_init(&arena, 65536);
	*seen = anchors != NULL && sk_X509_push(anchors, cert) > 0 &&
		vg_cert_facts(&facts, cert, &arena, &fault) &&
		vg_cert_verify(cert, NULL, anchors, vg_clock_wall(), NULL) ==
			VG_REASON_IDENTITY_CHAIN;
	vg_arena_fini(&arena);
	sk_X509_free(anchors);
	return *seen ? 1 : 0;
}

/* A byte there and back, and both close. */
static bool talk(SSL *server, SSL *client)
{
	char byte = 'v';
	bool ready = false;

	SSL_set_accept_state(server);
	SSL_set_connect_state(client);
	for (int i = 0; i < ROUNDS && !ready; i++) {
		ERR_clear_error();
		int at_client = SSL_do_handshake(client);
		int at_server = SSL_do_handshake(server);
		ready = at_client == 1 && at_server == 1;
	}
	return ready && SSL_write(client, &byte, 1) == 1 && SSL_read(server, &byte, 1) == 1 &&
	       SSL_write(server, &byte, 1) == 1 && SSL_read(client, &byte, 1) == 1 &&
	       SSL_shutdown(client) >= 0 && SSL_shutdown(server) >= 0;
}

static bool whole(const struct throwaway *own, int version)
{
	bool seen = false;
	SSL_CTX *client_ctx = client_context(own, version);
	SSL_CTX *server_ctx = SSL_CTX_new(TLS_server_method());
	SSL *client = client_ctx == NULL ? NULL : SSL_new(client_ctx);
	SSL *server = NULL;
	BIO *near = NULL, *far = NULL;

	if (server_ctx != NULL && SSL_CTX_use_certificate(server_ctx, own->cert) == 1 &&
	    SSL_CTX_use_PrivateKey(server_ctx, own->key) == 1) {
		SSL_CTX_set_verify(server_ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
				   NULL);
		SSL_CTX_set_cert_verify_callback(server_ctx, verify_own, &seen);
		server = SSL_new(server_ctx);
	}
	bool ok = client != NULL && server != NULL && BIO_new_bio_pair(&near, 0, &far, 0) == 1;
	if (ok) {
		SSL_set_bio(server, near, near);
		SSL_set_bio(client, far, far);
		ok = talk(server, client) && seen;
	}
	SSL_free(server);
	SSL_free(client);
	SSL_CTX_free(server_ctx);
	SSL_CTX_free(client_ctx);
	return ok;
}

/* libc reads the time zone's file on the first conversion, which OpenSSL asks for. */
static void warm_libc(void)
{
	time_t now = (time_t)(vg_clock_wall() / 1000000);
	struct tm tm;
	tzset();
	(void)gmtime_r(&now, &tm);
	(void)localtime_r(&now, &tm);
}

bool vg_tls_warmup(const struct vg_image *image, const struct vg_chan *keys)
{
	struct throwaway own = {NULL, NULL};

	warm_libc();
	vg_pubkey_cheapen();
	bool ok = make(&own) && whole(&own, TLS1_2_VERSION) && whole(&own, TLS1_3_VERSION);
	if (!ok)
		vg_log(VG_LOG_ERROR, "the TLS library can't complete a handshake with itself");
	ok = ok && refusals(image, keys, &own);
	drop(&own);
	ERR_clear_error();
	return ok;
}
