#include "tls/client.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "cert/pem.h"
#include "cert/verify.h"
#include "sys/log.h"
#include "tls/session.h"

#define HTTP11 "\x08http/1.1"

struct vg_tls_client {
	const struct vg_image *image;
	SSL_CTX *ctx;
	struct vg_tls_own
		*owns; /* one for each certificate of the image, those for vendors empty */
	uint32_t count;
	X509_STORE *stores[]; /* one for each upstream; NULL where it is plain */
};

/* Only the row's CAs: a store has no others unless somebody adds them. */
static X509_STORE *load_store(const struct vg_image *image, struct vg_span cas)
{
	X509_STORE *store = X509_STORE_new();
	bool ok = store != NULL && cas.count > 0;
	for (uint32_t i = 0; ok && i < cas.count; i++) {
		X509 *ca = vg_pem_x509(vg_img_str(image, vg_img_ders(image)[cas.first + i].bytes));
		ok = ca != NULL && X509_STORE_add_cert(store, ca) == 1;
		X509_free(ca);
	}
	if (ok)
		return store;
	X509_STORE_free(store);
	return NULL;
}

/* The upstreams of a service stand together and have one store. */
static bool load_row(struct vg_tls_client *client, uint32_t at)
{
	const struct vg_img_upstream *row = &vg_img_upstreams(client->image)[at];
	if (row->tls == 0)
		return true;
	bool same = at > 0 && client->stores[at - 1] != NULL &&
		    row[-1].cas.first == row->cas.first && row[-1].cas.count == row->cas.count;
	if (same && X509_STORE_up_ref(client->stores[at - 1]) == 1)
		client->stores[at] = client->stores[at - 1];
	else
		client->stores[at] = load_store(client->image, row->cas);
	return client->stores[at] != NULL;
}

static bool load_all(struct vg_tls_client *client)
{
	for (uint32_t i = 0; i < client->count; i++) {
		if (load_row(client, i))
			continue;
		vg_log(VG_LOG_ERROR, "the CAs of upstream %.*s can't be used",
		       VG_SLICE_FMT(
			       vg_img_str(client->image, vg_img_upstreams(client->image)[i].text)));
		return false;
	}
	return true;
}

static bool load_owns(struct vg_tls_client *client, const struct vg_chan *keys)
{
	const struct vg_image *image = client->image;
	uint32_t count = vg_img_cert_count(image);
	client->owns = calloc((size_t)count + 1, sizeof(*client->owns));
	if (client->owns == NULL)
		return false;
	for (uint32_t i = vg_img_own_count(image); i < count; i++) {
		if (vg_tls_own_load(&client->owns[i], image, i, keys))
			continue;
		vg_log(VG_LOG_ERROR, "the upstream_certificate %.*s can't be used",
		       VG_SLICE_FMT(vg_img_str(image, vg_img_certs(image)[i].path)));
		return false;
	}
	return true;
}

/* As for vendors (cert/verify.h), the other way round: a certificate of a server. */
static bool set_up(SSL_CTX *ctx)
{
	X509_VERIFY_PARAM *param = SSL_CTX_get0_param(ctx);
	X509_VERIFY_PARAM_set_depth(param, VG_CHAIN_DEPTH);
	X509_VERIFY_PARAM_set_auth_level(param, VG_CHAIN_AUTH_LEVEL);
	/* No common name, no wildcard inside a label. */
	X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT |
						       X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
	return X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_PARTIAL_CHAIN) == 1 &&
	       X509_VERIFY_PARAM_set_purpose(param, X509_PURPOSE_SSL_SERVER) == 1 &&
	       vg_tls_context_set(ctx, TLS1_2_VERSION) &&
	       SSL_CTX_set_alpn_protos(ctx, (const unsigned char *)HTTP11, sizeof(HTTP11) - 1) == 0;
}

struct vg_tls_client *vg_tls_client_new(const struct vg_image *image, const struct vg_chan *keys)
{
	uint32_t count = vg_img_upstream_count(image);
	struct vg_tls_client *client = calloc(1,
					      sizeof(*client) + count * sizeof(client->stores[0]));
	if (client == NULL)
		return NULL;
	ERR_clear_error();
	client->image = image;
	client->count = count;
	client->ctx = SSL_CTX_new(TLS_client_method());
	if (client->ctx == NULL || !set_up(client->ctx)) {
		vg_log(VG_LOG_ERROR, "no TLS context for upstreams can be made");
		vg_tls_client_free(&client);
	} else if (!load_all(client) || !load_owns(client, keys)) {
		vg_tls_client_free(&client);
	}
	ERR_clear_error();
	return client;
}

void vg_tls_client_free(struct vg_tls_client **client)
{
	if (*client == NULL)
		return;
	for (uint32_t i = 0; i < (*client)->count; i++)
		X509_STORE_free((*client)->stores[i]);
	for (uint32_t i = 0; (*client)->owns != NULL && i < vg_img_cert_count((*client)->image);
	     i++)
		vg_tls_own_fini(&(*client)->owns[i]);
	free((*client)->owns);
	SSL_CTX_free((*client)->ctx);
	free(*client);
	*client = NULL;
}

static bool fail(struct vg_tls_session *session, const char *fault)
{
	session->peer.reason = VG_REASON_UPSTREAM_TLS;
	session->peer.fault = fault;
	return false;
}

/* OpenSSL has refused what doesn't verify; that it did is asked again, since all hangs on it. */
static bool accept_upstream(struct vg_tls_session *session)
{
	const unsigned char *protocol;
	unsigned len;
	X509 *leaf = SSL_get0_peer_certificate(session->ssl);
	long verified = SSL_get_verify_result(session->ssl);
	if (leaf == NULL)
		return fail(session, "no certificate");
	if (verified != X509_V_OK)
		return fail(session, X509_verify_cert_error_string(verified));
	/* Where it is its own anchor it need be nobody's CA, and its name alone would count. */
	STACK_OF(X509) *chain = SSL_get0_verified_chain(session->ssl);
	if (sk_X509_num(chain) < 2)
		return fail(session, "certificate is its own CA");
	SSL_get0_alpn_selected(session->ssl, &protocol, &len);
	if (len > 0 && !vg_slice_eq(vg_slice((const char *)protocol, len), VG_SLICE("http/1.1")))
		return fail(session, "protocol is not http/1.1");
	return true;
}

static void explain_upstream(struct vg_tls_session *session, int status)
{
	unsigned long error = ERR_peek_last_error();
	long verified = SSL_get_verify_result(session->ssl);
	const char *fault = "closed in the handshake";

	if (verified != X509_V_OK)
		fault = X509_verify_cert_error_string(verified);
	else if (vg_tls_alert(error) != NULL)
		fault = vg_tls_alert(error);
	else if (status == SSL_ERROR_SSL && ERR_reason_error_string(error) != NULL)
		fault = ERR_reason_error_string(error);
	(void)fail(session, fault);
}

static const struct vg_tls_side client_side = {accept_upstream, explain_upstream};

/* The name goes into SNI only where it is one: RFC 6066 3 knows no addresses. */
static bool demand(SSL *ssl, struct vg_slice name)
{
	X509_VERIFY_PARAM *param = SSL_get0_param(ssl);
	struct vg_addr addr;
	char host[VG_IMG_KEY_MAX + 1];
	if (name.len == 0 || !vg_slice_text(host, sizeof(host), name))
		return false;
	if (vg_addr_parse(name, &addr)) {
		bool v4 = vg_addr_is_v4(&addr);
		return X509_VERIFY_PARAM_set1_ip(param, addr.bytes + (v4 ? 12 : 0), v4 ? 4 : 16) ==
		       1;
	}
	return X509_VERIFY_PARAM_set1_host(param, host, name.len) == 1 &&
	       SSL_set_tlsext_host_name(ssl, host) == 1;
}

/* What it is shown where it asks: RFC 8446 4.4.2. */
static bool present(SSL *ssl, const struct vg_tls_client *client, uint32_t cert)
{
	if (cert == VG_NO_ROW)
		return true;
	const struct vg_tls_own *own = &client->owns[cert];
	return SSL_use_cert_and_key(ssl, own->leaf, own->key, own->chain, 1) == 1;
}

struct vg_tls_session *vg_tls_client_session(struct vg_tls_client *client, uint32_t upstream,
					     int fd)
{
	VG_ASSERT(upstream < client->count && client->stores[upstream] != NULL);
	const struct vg_img_upstream *row = &vg_img_upstreams(client->image)[upstream];
	struct vg_tls_session *session = vg_tls_session_make(client->ctx, &client_side, fd);
	if (session == NULL)
		return NULL;
	if (SSL_set1_verify_cert_store(session->ssl, client->stores[upstream]) != 1 ||
	    !demand(session->ssl, vg_img_str(client->image, row->name)) ||
	    !present(session->ssl, client, row->cert))
		vg_tls_session_free(&session);
	else
		SSL_set_connect_state(session->ssl);
	ERR_clear_error();
	return session;
}
