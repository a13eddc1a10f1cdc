#include "tls/server.h"

#include <openssl/err.h>

#include "cert/ca_names.h"
#include "cert/verify.h"
#include "sys/log.h"
#include "tls/session.h"

/* RFC 7301: who offers protocols must offer ours. */
static int choose_protocol(SSL *ssl VG_UNUSED, const unsigned char **out, unsigned char *out_len,
			   const unsigned char *offered, unsigned int offered_len,
			   void *server VG_UNUSED)
{
	static const struct vg_slice http11 = {"http/1.1", 8};

	for (unsigned int at = 0; at < offered_len; at += 1U + offered[at]) {
		struct vg_slice name = vg_slice((const char *)offered + at + 1, offered[at]);
		if (name.len > offered_len - at - 1)
			break;
		if (!vg_slice_eq(name, http11))
			continue;
		*out = offered + at + 1;
		*out_len = offered[at];
		return SSL_TLSEXT_ERR_OK;
	}
	return SSL_TLSEXT_ERR_ALERT_FATAL;
}

/* With several certificates: those that name the host, one of each kind of key; else the first
   of all, which the context has. */
static int choose_cert(SSL *ssl, void *arg)
{
	struct vg_tls_server *server = arg;
	struct vg_tls_session *session = SSL_get_app_data(ssl);
	bool have[2] = {false, false};

	for (uint32_t i = 0; i < server->own_count; i++) {
		struct vg_tls_own *own = &server->own[i];
		bool rsa = EVP_PKEY_get_base_id(own->key) == EVP_PKEY_RSA;
		if (have[rsa] || !vg_cert_names_host(own->leaf, session->peer.sni))
			continue;
		if (!have[0] && !have[1])
			SSL_certs_clear(ssl);
		if (SSL_use_cert_and_key(ssl, own->leaf, own->key, own->chain, 1) != 1)
			return 0;
		have[rsa] = true;
	}
	return 1;
}

static bool load_all(struct vg_tls_server *server, const struct vg_chan *keys)
{
	for (uint32_t i = 0; i < server->own_count; i++)
		if (!vg_tls_own_load(&server->own[i], server->image, i, keys)) {
			vg_log(VG_LOG_ERROR, "server certificate %u can't be used", i + 1);
			return false;
		}
	struct vg_tls_own *first = &server->own[0];
	if (SSL_CTX_use_cert_and_key(server->ctx, first->leaf, first->key, first->chain, 1) != 1) {
		const char *text = ERR_reason_error_string(ERR_peek_last_error());
		vg_log(VG_LOG_ERROR, "the server certificate can't be used: %s",
		       text == NULL ? "unknown" : text);
		return false;
	}
	if (server->own_count > 1)
		SSL_CTX_set_cert_cb(server->ctx, choose_cert, server);
	return true;
}

/* None, unless the configuration says so: they tell strangers who the vendors are. */
static bool list_cas(struct vg_tls_server *server)
{
	size_t bytes;
	if (vg_img_gateway(server->image)->disclose_ca == 0)
		return true;
	STACK_OF(X509_NAME) *names = vg_ca_names(server->image, &bytes);
	if (names == NULL || bytes > VG_CA_NAMES_MAX) {
		sk_X509_NAME_pop_free(names, X509_NAME_free);
		return false;
	}
	SSL_CTX_set_client_CA_list(server->ctx, names);
	return true;
}

static bool choose(SSL_CTX *ctx, struct vg_slice names, int (*set)(SSL_CTX *ctx, const char *names))
{
	char text[VG_TLS_CHOICE_MAX];
	return names.len == 0 || (vg_slice_text(text, sizeof(text), names) && set(ctx, text) == 1);
}

/* OpenSSL's macro takes the const away, and writes nothing. */
static int set_groups(SSL_CTX *ctx, const char *names)
{
	return SSL_CTX_set1_groups_list(ctx, (uintptr_t)names) == 1;
}

static bool choose_all(const struct vg_tls_server *server)
{
	const struct vg_image *image = server->image;
	const struct vg_img_gateway *row = vg_img_gateway(image);
	return choose(server->ctx, vg_img_str(image, row->ciphers), SSL_CTX_set_cipher_list) &&
	       choose(server->ctx, vg_img_str(image, row->ciphersuites),
		      SSL_CTX_set_ciphersuites) &&
	       choose(server->ctx, vg_img_str(image, row->groups), set_groups);
}

static bool set_up(struct vg_tls_server *server)
{
	SSL_CTX *ctx = server->ctx;

	SSL_CTX_set_options(ctx, SSL_OP_CIPHER_SERVER_PREFERENCE);
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	SSL_CTX_set_cert_verify_callback(ctx, vg_tls_session_verify, server);
	SSL_CTX_set_tlsext_servername_callback(ctx, vg_tls_session_name);
	SSL_CTX_set_alpn_select_cb(ctx, choose_protocol, server);
	return list_cas(server) &&
	       vg_tls_context_set(ctx, vg_img_gateway(server->image)->tls_min) &&
	       choose_all(server) && SSL_CTX_set_num_tickets(ctx, 0) == 1;
}

struct vg_tls_server *vg_tls_server_new(const struct vg_image *image, const struct vg_chan *keys)
{
	uint32_t count = vg_img_own_count(image);
	if (count == 0) {
		vg_log(VG_LOG_ERROR, "there is no server certificate");
		return NULL;
	}
	struct vg_tls_server *server = calloc(1, sizeof(*server) + count * sizeof(server->own[0]));
	if (server == NULL)
		return NULL;
	ERR_clear_error();
	server->image = image;
	server->own_count = count;
	server->anchors = vg_anchors_new(image);
	server->ctx = SSL_CTX_new(TLS_server_method());
	if (server->anchors == NULL || server->ctx == NULL || !set_up(server)) {
		vg_log(VG_LOG_ERROR, "no TLS context can be made");
		vg_tls_server_free(&server);
	} else if (!load_all(server, keys)) {
		vg_tls_server_free(&server);
	}
	ERR_clear_error();
	return server;
}

void vg_tls_server_free(struct vg_tls_server **server)
{
	if (*server == NULL)
		return;
	SSL_CTX_free((*server)->ctx);
	vg_anchors_free(&(*server)->anchors);
	for (uint32_t i = 0; i < (*server)->own_count; i++)
		vg_tls_own_fini(&(*server)->own[i]);
	free(*server);
	*server = NULL;
}
