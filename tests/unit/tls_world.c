#include "tls_world.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/param_build.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "config/build.h"
#include "sys/file.h"
#include "tls/keys.h"

#define ROUNDS 40

static struct vg_span add_ders(struct vg_build *b, X509 *cert)
{
	struct vg_slice der = pki_der(cert);
	struct vg_img_der row = {.bytes = vg_build_text(b, der)};
	free((void *)(uintptr_t)der.ptr);
	return (struct vg_span){vg_build_row(b, VG_SECTION_DER, &row), 1};
}

static void add_own(struct vg_build *b, struct pki_cert *own, char path[32], EVP_PKEY *key,
		    const char *host)
{
	char san[64];
	snprintf(san, sizeof(san), "DNS:%s", host);
	struct pki_spec spec = {.subject = "CN=gate", .san = san, .eku = "serverAuth", .key = key};
	*own = pki_make(&spec, NULL);
	strcpy(path, "/tmp/vg-test-key-XXXXXX");
	int fd = mkstemp(path);
	struct vg_slice pem = pki_pem_key(key);
	VG_ASSERT(fd >= 0 && vg_file_write_all(fd, pem.ptr, pem.len));
	free((void *)(uintptr_t)pem.ptr);
	close(fd);
	unsigned line = vg_build_count(b, VG_SECTION_CERT);
	struct vg_img_cert row = {
		.chain = add_ders(b, own->cert),
		.path = vg_build_text(b, vg_slice_str(host)),
		.where = {vg_build_text(b, VG_SLICE("vendgate.ini")), 6 + line, 0},
		.key_line = 8 + line,
		.key_path = vg_build_text(b, vg_slice_str(path))};
	vg_build_row(b, VG_SECTION_CERT, &row);
}

static struct vg_str name_text(struct vg_build *b, enum vg_name_kind kind, const char *value)
{
	struct vg_addr addr;
	if (kind != VG_NAME_IP)
		return vg_build_text(b, vg_slice_str(value));
	VG_ASSERT(vg_addr_parse(vg_slice_str(value), &addr));
	return vg_build_text(b, vg_slice((char *)addr.bytes, sizeof(addr.bytes)));
}

struct named {
	const char *value;
	struct vg_img_name row;
};

static int by_value(const void *a, const void *b)
{
	const struct named *x = a, *y = b;
	if (x->row.kind != y->row.kind)
		return x->row.kind < y->row.kind ? -1 : 1;
	return strcmp(x->value, y->value);
}

static size_t add_ident(struct vg_build *b, const struct world_ident *ident, uint32_t vendor,
			struct named *named)
{
	struct vg_img_ident row = {.vendor = vendor, .cas = add_ders(b, ident->ca->cert)};
	uint32_t at = vg_build_count(b, VG_SECTION_IDENT);
	size_t count = 0;

	for (uint32_t kind = 0; kind < VG_NAME_KINDS; kind++) {
		row.names[kind].first = vg_build_count(b, VG_SECTION_ITEM);
		for (size_t i = 0; i < WORLD_NAMES_MAX && ident->names[i].value != NULL; i++) {
			if (ident->names[i].kind != kind)
				continue;
			struct vg_str text = name_text(b, kind, ident->names[i].value);
			vg_build_row(b, VG_SECTION_ITEM, &text);
			row.names[kind].count++;
			named[count++] = (struct named){ident->names[i].value, {text, kind, at}};
		}
	}
	if (ident->pin != NULL) {
		struct vg_img_pin pin;
		memcpy(pin.spki_sha256, ident->pin, 32);
		row.pins = (struct vg_span){vg_build_row(b, VG_SECTION_PIN, &pin), 1};
	}
	vg_build_row(b, VG_SECTION_IDENT, &row);
	return count;
}

static void add_vendors(struct vg_build *b, const struct world_ident *idents, size_t count)
{
	struct named *named = calloc(count * WORLD_NAMES_MAX + 1, sizeof(*named));
	size_t names = 0;
	uint32_t vendor = VG_NO_ROW;

	for (size_t i = 0; i < count; i++) {
		if (i == 0 || strcmp(idents[i].vendor, idents[i - 1].vendor) != 0) {
			struct vg_img_vendor row = {
				.id = vg_build_text(b, vg_slice_str(idents[i].vendor)),
				.idents = {(uint32_t)i, 0}};
			vendor = vg_build_row(b, VG_SECTION_VENDOR, &row);
		}
		names += add_ident(b, &idents[i], vendor, named + names);
		struct vg_img_vendor *rows = vg_build_rows(b, VG_SECTION_VENDOR);
		rows[vendor].idents.count++;
	}
	qsort(named, names, sizeof(*named), by_value);
	for (size_t i = 0; i < names; i++)
		vg_build_row(b, VG_SECTION_NAME, &named[i].row);
	free(named);
}

void world_image(struct world *world, const struct world_ident *idents, size_t count,
		 uint16_t tls_min, EVP_PKEY *own, EVP_PKEY *own2)
{
	static const uint8_t gen[32] = {1};
	void *block = NULL;
	size_t size = 0;
	const char *fault = "";

	*world = (struct world){.keys = {-1, VG_ROLE_WORKER, VG_ROLE_KEYS}};
	vg_arena_init(&world->arena, 64 << 20);
	struct vg_build *b = vg_build_new(&world->arena);
	struct vg_img_gateway gateway = {.workers = 1, .tls_min = tls_min};
	vg_build_row(b, VG_SECTION_GATEWAY, &gateway);
	add_own(b, &world->own, world->key_path, own, "api.example");
	if (own2 != NULL)
		add_own(b, &world->own2, world->key_path2, own2, "other.example,DNS:api.example");
	add_vendors(b, idents, count);
	VG_ASSERT(vg_build_finish(b, gen, &block, &size));
	vg_build_free(&b);
	if (!vg_image_open(&world->image, block, size, &fault)) {
		fprintf(stderr, "image: %s\n", fault);
		abort();
	}
}

void world_sign(struct world *world)
{
	int fds[2];
	VG_ASSERT(vg_chan_pair(fds));
	signal(SIGPIPE, SIG_IGN);
	world->signer = fork();
	if (world->signer == 0) {
		close(fds[0]);
		struct vg_chan worker = {fds[1], VG_ROLE_KEYS, VG_ROLE_WORKER};
		struct vg_keys *keys = vg_keys_open(&world->image, NULL);
		struct vg_msg msg;
		while (keys != NULL && vg_chan_recv(&worker, &msg) == VG_CHAN_OK) {
			struct vg_msg_signed out;
			vg_keys_sign(keys, &msg.sign, &out);
			if (vg_chan_send(&worker, VG_MSG_SIGNED, &out, NULL) != VG_CHAN_OK)
				break;
		}
		_exit(0);
	}
	close(fds[1]);
	world->keys.fd = fds[0];
}

void world_free(struct world *world)
{
	vg_chan_close(&world->keys);
	if (world->signer > 0)
		waitpid(world->signer, NULL, 0);
	pki_free(&world->own);
	unlink(world->key_path);
	if (world->own2.cert != NULL) {
		pki_free(&world->own2);
		unlink(world->key_path2);
	}
	vg_arena_fini(&world->arena);
}

/* A key that calls itself the certificate's and signs as another: OpenSSL would refuse it plain. */
static EVP_PKEY *disguise(EVP_PKEY *victim, EVP_PKEY *own)
{
	unsigned char pub[256];
	size_t len = 0;
	BIGNUM *secret = NULL;
	VG_ASSERT(EVP_PKEY_get_octet_string_param(victim, OSSL_PKEY_PARAM_PUB_KEY, pub, sizeof(pub),
						  &len) == 1);
	VG_ASSERT(EVP_PKEY_get_bn_param(own, OSSL_PKEY_PARAM_PRIV_KEY, &secret) == 1);
	OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
	OSSL_PARAM_BLD_push_utf8_string(bld, OSSL_PKEY_PARAM_GROUP_NAME, "P-256", 0);
	OSSL_PARAM_BLD_push_octet_string(bld, OSSL_PKEY_PARAM_PUB_KEY, pub, len);
	OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_PRIV_KEY, secret);
	OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(bld);
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	EVP_PKEY *made = NULL;
	VG_ASSERT(EVP_PKEY_fromdata_init(ctx) == 1 &&
		  EVP_PKEY_fromdata(ctx, &made, EVP_PKEY_KEYPAIR, params) == 1);
	EVP_PKEY_CTX_free(ctx);
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(bld);
	BN_clear_free(secret);
	return made;
}

static void note_alert(const SSL *ssl, int where, int value)
{
	struct world_meeting *met = SSL_get_app_data(ssl);
	if ((where & SSL_CB_READ_ALERT) == SSL_CB_READ_ALERT && met->client_alert < 0)
		met->client_alert = value & 0xff;
}

static int refuse_all(int ok VG_UNUSED, X509_STORE_CTX *ctx VG_UNUSED)
{
	return 0;
}

static SSL *new_client(SSL_CTX *ctx, const struct world_client *client, int fd)
{
	if (client->version != 0) {
		SSL_CTX_set_min_proto_version(ctx, client->version);
		SSL_CTX_set_max_proto_version(ctx, client->version);
	}
	if (client->cert != NULL) {
		VG_ASSERT(SSL_CTX_use_certificate(ctx, client->cert->cert) == 1);
		EVP_PKEY *key = client->other_key == NULL
					? client->cert->key
					: disguise(client->cert->key, client->other_key);
		VG_ASSERT(SSL_CTX_use_PrivateKey(ctx, key) == 1);
		if (client->other_key != NULL)
			EVP_PKEY_free(key);
	}
	if (client->chain != NULL)
		VG_ASSERT(SSL_CTX_add1_chain_cert(ctx, client->chain) == 1);
	if (client->groups != NULL)
		VG_ASSERT(SSL_CTX_set1_groups_list(ctx, client->groups) == 1);
	if (client->ciphers != NULL)
		VG_ASSERT(SSL_CTX_set_cipher_list(ctx, client->ciphers) == 1);
	if (client->wrong_ca)
		SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, refuse_all);
	SSL *ssl = SSL_new(ctx);
	SSL_set_info_callback(ssl, note_alert);
	if (client->sni != NULL)
		SSL_set_tlsext_host_name(ssl, client->sni);
	if (client->alpn != NULL)
		SSL_set_alpn_protos(ssl, (const unsigned char *)client->alpn,
				    (unsigned int)strlen(client->alpn));
	SSL_set_fd(ssl, fd);
	SSL_set_connect_state(ssl);
	return ssl;
}

static void talk(struct vg_tls_session *session, SSL *ssl, struct world_meeting *met)
{
	char word[16] = "";
	size_t done = 0, sent = 0;

	if (SSL_write(ssl, "hello", 6) != 6 ||
	    vg_tls_read(session, word, sizeof(word), &done) != VG_TLS_DONE ||
	    vg_tls_write(session, word, done, &sent) != VG_TLS_DONE || sent != done)
		return;
	if (SSL_read(ssl, met->echo, sizeof(met->echo)) <= 0)
		met->echo[0] = '\0';
}

static void drive(struct vg_tls_session *session, SSL *ssl, const struct world_client *client,
		  int *fd, struct world_meeting *met)
{
	bool done = false;
	met->status = VG_TLS_WANT_READ;
	for (int i = 0; i < ROUNDS; i++) {
		ERR_clear_error();
		if (*fd >= 0 && ssl != NULL && !done)
			done = SSL_do_handshake(ssl) == 1;
		if (client->closes && *fd >= 0 && i == 0)
			vg_fd_close(fd);
		if (met->status == VG_TLS_WANT_READ || met->status == VG_TLS_WANT_WRITE)
			met->status = vg_tls_handshake(session, pki_now());
	}
	met->client_ok = done;
	if (met->status == VG_TLS_DONE && done)
		talk(session, ssl, met);
	char byte;
	if (met->status == VG_TLS_FAILED && done)
		(void)SSL_read(ssl, &byte, 1); /* a TLS 1.3 refusal comes after the handshake */
}

struct world_pair world_pair(const struct world_client *client)
{
	struct world_pair pair = {.ctx = SSL_CTX_new(TLS_client_method())};
	VG_ASSERT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair.fds) ==
		  0);
	if (client->raw != NULL)
		VG_ASSERT(vg_file_write_all(pair.fds[1], client->raw, strlen(client->raw)));
	else
		pair.ssl = new_client(pair.ctx, client, pair.fds[1]);
	return pair;
}

static void note_client(struct world_meeting *met, const SSL *ssl)
{
	const unsigned char *alpn = NULL;
	unsigned int len = 0;
	const SSL_SESSION *kept = SSL_get0_session(ssl);
	met->resumable = kept != NULL && SSL_SESSION_is_resumable(kept) == 1;
	SSL_get0_alpn_selected(ssl, &alpn, &len);
	snprintf(met->alpn, sizeof(met->alpn), "%.*s", (int)len, (const char *)alpn);
}

struct world_meeting world_meet_pair(struct vg_tls_server *server,
				     const struct world_client *client, struct world_pair *pair)
{
	struct world_meeting met = {.client_alert = -1};
	struct vg_tls_session *session = vg_tls_session_new(server, pair->fds[0]);

	if (pair->ssl != NULL)
		SSL_set_app_data(pair->ssl, &met);
	drive(session, pair->ssl, client, &pair->fds[1], &met);
	met.peer = *vg_tls_session_peer(session);
	snprintf(met.sni, sizeof(met.sni), "%.*s", VG_SLICE_FMT(met.peer.sni));
	if (met.peer.has_cert)
		snprintf(met.san, sizeof(met.san), "%.*s", VG_SLICE_FMT(met.peer.facts->san));
	if (pair->ssl != NULL)
		note_client(&met, pair->ssl);
	vg_tls_session_free(&session);
	SSL_free(pair->ssl);
	SSL_CTX_free(pair->ctx);
	vg_fd_close(&pair->fds[0]);
	vg_fd_close(&pair->fds[1]);
	ERR_clear_error();
	return met;
}

struct world_meeting world_meet(struct world *world VG_UNUSED, struct vg_tls_server *server,
				const struct world_client *client)
{
	struct world_pair pair = world_pair(client);
	return world_meet_pair(server, client, &pair);
}
