#include "tls/server.h"

#include <criterion/criterion.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sys/file.h"
#include "tls/pubkey.h"
#include "tls/warmup.h"
#include "tls_world.h"

static struct world world;
static struct vg_tls_server *server;
static struct pki_cert acme_ca, bolt_ca, false_ca, acme, bolt, foreign, forged, stranger;
static struct world_ident idents[2];

static void make_pki(void)
{
	struct pki_spec ca = {.subject = "CN=CA", .ca = true};
	struct pki_spec as_acme = {.subject = "CN=gw", .san = "DNS:gw.acme.example"};
	acme_ca = pki_make(&ca, NULL);
	bolt_ca = pki_make(&ca, NULL);
	false_ca = pki_make(&ca, NULL);
	acme = pki_make(&as_acme, &acme_ca);
	forged = pki_make(&as_acme, &bolt_ca);
	foreign = pki_make(&as_acme, &false_ca);
	bolt = pki_make(&(struct pki_spec){.subject = "CN=gw", .san = "DNS:gw.bolt.example"},
			&bolt_ca);
	stranger = pki_make(&(struct pki_spec){.subject = "CN=gw", .san = "DNS:gw.none.example"},
			    &acme_ca);
	idents[0] = (struct world_ident){
		"acme", &acme_ca, {{VG_NAME_DNS, "gw.acme.example"}}, NULL};
	idents[1] = (struct world_ident){
		"bolt", &bolt_ca, {{VG_NAME_DNS, "gw.bolt.example"}}, NULL};
}

static void begin(uint16_t tls_min, EVP_PKEY *own, EVP_PKEY *own2)
{
	make_pki();
	world_image(&world, idents, 2, tls_min, own, own2);
	EVP_PKEY_free(own);
	EVP_PKEY_free(own2);
	world_sign(&world);
	server = vg_tls_server_new(&world.image, &world.keys);
	cr_assert_not_null(server);
}

static void end(void)
{
	vg_tls_server_free(&server);
	world_free(&world);
	struct pki_cert *all[] = {&acme_ca, &bolt_ca, &false_ca, &acme,
				  &bolt,    &foreign, &forged,   &stranger};
	for (size_t i = 0; i < VG_COUNT(all); i++)
		pki_free(all[i]);
}

static void is_served(const struct world_client *client, uint32_t vendor)
{
	struct world_meeting met = world_meet(&world, server, client);
	cr_expect_eq(met.status, VG_TLS_DONE, "%s %s", vg_reason_row(met.peer.reason)->word,
		     met.peer.fault == NULL ? "" : met.peer.fault);
	cr_expect(met.client_ok);
	cr_expect(met.peer.proven && met.peer.has_cert);
	cr_expect_eq(met.peer.vendor, vendor);
	cr_expect_eq(met.peer.ident, vendor);
	cr_expect_eq(met.peer.reason, VG_REASON_NONE);
	cr_expect_str_eq(met.echo, "hello");
}

static struct world_meeting is_refused(const struct world_client *client, enum vg_reason reason)
{
	struct world_meeting met = world_meet(&world, server, client);
	cr_expect_eq(met.status, VG_TLS_FAILED);
	cr_expect_eq(met.peer.reason, reason, "%s (%s), not %s",
		     vg_reason_row(met.peer.reason)->word,
		     met.peer.fault == NULL ? "" : met.peer.fault, vg_reason_row(reason)->word);
	cr_expect(!met.peer.proven);
	cr_expect_str_eq(met.echo, "");
	return met;
}

Test(server, vendors_are_known_by_each_kind_of_key_and_version)
{
	static const struct {
		const char *what;
		unsigned rsa; /* bits; 0: EC */
		const char *group;
	} table[] = {{"P-256", 0, "P-256"},    {"P-384", 0, "P-384"},    {"P-521", 0, "P-521"},
		     {"RSA-2048", 2048, NULL}, {"RSA-2050", 2050, NULL}, {"RSA-3072", 3072, NULL}};
	for (size_t i = 0; i < VG_COUNT(table); i++) {
		begin(TLS1_2_VERSION,
		      table[i].rsa != 0 ? pki_rsa(table[i].rsa) : pki_ec(table[i].group), NULL);
		for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
			is_served(&(struct world_client){.cert = &acme, .version = version}, 0);
			is_served(&(struct world_client){.cert = &bolt, .version = version}, 1);
		}
		end();
	}
}

Test(server, rsa_pkcs1_of_old_clients)
{
	begin(TLS1_2_VERSION, pki_rsa(2048), NULL);
	int fds[2];
	cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
	struct vg_tls_session *session = vg_tls_session_new(server, fds[0]);
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	SSL_CTX_set_max_proto_version(ctx, TLS1_2_VERSION);
	SSL_CTX_use_certificate(ctx, acme.cert);
	SSL_CTX_use_PrivateKey(ctx, acme.key);
	cr_assert_eq(SSL_CTX_set1_sigalgs_list(ctx, "RSA+SHA256:ECDSA+SHA256"), 1);
	SSL *ssl = SSL_new(ctx);
	SSL_set_fd(ssl, fds[1]);
	SSL_set_connect_state(ssl);
	enum vg_tls_status status = VG_TLS_WANT_READ;
	for (int i = 0; i < 20 && status == VG_TLS_WANT_READ; i++) {
		(void)SSL_do_handshake(ssl);
		status = vg_tls_handshake(session, pki_now());
	}
	int nid = 0;
	cr_expect_eq(status, VG_TLS_DONE, "%s",
		     vg_reason_row(vg_tls_session_peer(session)->reason)->word);
	cr_expect(SSL_get_peer_signature_type_nid(ssl, &nid) == 1 && nid == EVP_PKEY_RSA);
	SSL_free(ssl);
	SSL_CTX_free(ctx);
	vg_tls_session_free(&session);
	close(fds[0]);
	close(fds[1]);
	end();
}

static void up(void)
{
	begin(TLS1_3_VERSION, pki_ec("P-256"), NULL);
}

TestSuite(gate, .init = up, .fini = end);

Test(gate, what_the_session_tells)
{
	struct world_client client = {
		.cert = &acme, .sni = "API.Example.", .alpn = "\2h2\10http/1.1"};
	struct world_meeting met = world_meet(&world, server, &client);
	cr_assert_eq(met.status, VG_TLS_DONE);
	cr_expect_str_eq(met.peer.version, "TLSv1.3");
	cr_expect(strncmp(met.peer.cipher, "TLS_", 4) == 0, "%s", met.peer.cipher);
	cr_expect_str_eq(met.alpn, "http/1.1");
	cr_expect_str_eq(met.sni, "api.example");
	cr_expect_str_eq(met.san, "DNS:gw.acme.example");
}

Test(gate, protocols)
{
	is_served(&(struct world_client){.cert = &acme}, 0);
	is_served(&(struct world_client){.cert = &acme, .alpn = "\10http/1.1"}, 0);
	struct world_meeting met = is_refused(&(struct world_client){.cert = &acme, .alpn = "\2h2"},
					      VG_REASON_TLS_PROTOCOL);
	cr_expect_eq(met.client_alert, SSL_AD_NO_APPLICATION_PROTOCOL);
}

Test(gate, no_certificate)
{
	struct world_meeting met = is_refused(&(struct world_client){.cert = NULL},
					      VG_REASON_IDENTITY_NONE);
	cr_expect(!met.peer.has_cert);
	cr_expect_eq(met.peer.vendor, VG_NO_ROW);
	cr_expect_eq(met.client_alert, SSL_AD_CERTIFICATE_REQUIRED);
}

/* Names of acme: from a CA that nobody knows, and from the other vendor's. Also with it sent. */
Test(gate, borrowed_names)
{
	struct pki_cert *tries[] = {&foreign, &forged};
	X509 *along[] = {NULL, false_ca.cert, bolt_ca.cert, acme_ca.cert};
	for (size_t i = 0; i < VG_COUNT(tries); i++)
		for (size_t k = 0; k < VG_COUNT(along); k++) {
			struct world_client client = {.cert = tries[i], .chain = along[k]};
			struct world_meeting met = is_refused(&client, VG_REASON_IDENTITY_CHAIN);
			cr_expect_eq(met.peer.vendor, 0, "it claims acme");
			cr_expect_eq(met.peer.ident, VG_NO_ROW);
			cr_expect_eq(met.client_alert, SSL_AD_UNKNOWN_CA);
		}
}

Test(gate, a_name_that_no_vendor_has)
{
	struct world_meeting met = is_refused(&(struct world_client){.cert = &stranger},
					      VG_REASON_IDENTITY_UNKNOWN);
	cr_expect_eq(met.peer.vendor, VG_NO_ROW);
	cr_expect(met.peer.has_cert);
	cr_expect_eq(met.client_alert, SSL_AD_UNKNOWN_CA);
}

Test(gate, a_certificate_without_its_key)
{
	EVP_PKEY *thief = pki_ec("P-256");
	struct world_client client = {.cert = &acme, .other_key = thief};
	struct world_meeting met = is_refused(&client, VG_REASON_IDENTITY_PROOF);
	cr_expect_eq(met.peer.vendor, 0, "whom it claims to be");
	cr_expect_eq(met.client_alert, SSL_AD_DECRYPT_ERROR);
	EVP_PKEY_free(thief);
}

Test(server, a_certificate_without_its_key_in_tls_12)
{
	begin(TLS1_2_VERSION, pki_ec("P-256"), NULL);
	EVP_PKEY *thief = pki_ec("P-256");
	struct world_client client = {.cert = &acme, .other_key = thief, .version = TLS1_2_VERSION};
	struct world_meeting met = is_refused(&client, VG_REASON_IDENTITY_PROOF);
	cr_expect_eq(met.peer.vendor, 0);
	EVP_PKEY_free(thief);
	end();
}

Test(gate, dates_and_usages)
{
	static const struct {
		struct pki_spec spec;
		enum vg_reason reason;
		int alert;
	} table[] = {
		{{.from = -200, .until = -100},
		 VG_REASON_IDENTITY_EXPIRED,
		 SSL_AD_CERTIFICATE_EXPIRED},
		{{.eku = ""}, VG_REASON_IDENTITY_EKU, SSL_AD_UNSUPPORTED_CERTIFICATE},
		{{.eku = "serverAuth"}, VG_REASON_IDENTITY_EKU, SSL_AD_UNSUPPORTED_CERTIFICATE},
	};
	for (size_t i = 0; i < VG_COUNT(table); i++) {
		struct pki_spec spec = table[i].spec;
		spec.san = "DNS:gw.acme.example";
		struct pki_cert leaf = pki_make(&spec, &acme_ca);
		struct world_meeting met = is_refused(&(struct world_client){.cert = &leaf},
						      table[i].reason);
		cr_expect_eq(met.client_alert, table[i].alert, "%d", met.client_alert);
		cr_expect_eq(met.peer.vendor, 0);
		pki_free(&leaf);
	}
}

static void nul_in_name(X509 *cert)
{
	X509_NAME_add_entry_by_txt(X509_get_subject_name(cert), "CN", V_ASN1_UTF8STRING,
				   (const unsigned char *)"gw\0x", 4, -1, 0);
}

Test(gate, a_certificate_that_can_not_be_judged)
{
	struct pki_spec spec = {.san = "DNS:gw.acme.example", .twist = nul_in_name};
	struct pki_cert leaf = pki_make(&spec, &acme_ca);
	struct world_meeting met = is_refused(&(struct world_client){.cert = &leaf},
					      VG_REASON_IDENTITY_MALFORMED);
	cr_expect(met.peer.has_cert && met.peer.fault != NULL);
	cr_expect_eq(met.client_alert, SSL_AD_BAD_CERTIFICATE);
	pki_free(&leaf);
}

Test(gate, versions)
{
	struct world_client old = {.cert = &acme, .version = TLS1_2_VERSION};
	struct world_meeting met = is_refused(&old, VG_REASON_TLS_PROTOCOL);
	cr_expect_eq(met.client_alert, SSL_AD_PROTOCOL_VERSION);
	cr_expect_str_eq(met.peer.fault, "unsupported protocol");
}

Test(server, old_ways_of_tls_12)
{
	begin(TLS1_2_VERSION, pki_rsa(2048), NULL);
	static const char *const ciphers[] = {"AES128-GCM-SHA256", "ECDHE-RSA-AES128-SHA256"};
	for (size_t i = 0; i < VG_COUNT(ciphers); i++)
		is_refused(&(struct world_client){.cert = &acme,
						  .version = TLS1_2_VERSION,
						  .ciphers = ciphers[i]},
			   VG_REASON_TLS_PROTOCOL);
	end();
}

#define BYTES_50 "application data, or a message that is no hello..."
#define BYTES_300 BYTES_50 BYTES_50 BYTES_50 BYTES_50 BYTES_50 BYTES_50

Test(gate, no_tls_at_all)
{
	static const char *const raws[] = {
		"GET / HTTP/1.1\r\nHost: a\r\n\r\n", "SSH-2.0-OpenSSH_9.2\r\n",
		"\x16\x03\x01\xff\xff garbage", "\x17\x03\x03\x01\x01" BYTES_300,
		"\x16\x03\x01\x01\x01" BYTES_300};
	for (size_t i = 0; i < VG_COUNT(raws); i++) {
		struct world_meeting met = is_refused(&(struct world_client){.raw = raws[i]},
						      VG_REASON_TLS_PROTOCOL);
		cr_expect_not_null(met.peer.fault, "%zu", i);
		cr_expect_null(met.peer.version);
	}
}

Test(gate, client_that_closes)
{
	is_refused(&(struct world_client){.cert = &acme, .closes = true}, VG_REASON_TLS_CLOSED);
}

Test(gate, client_that_refuses_us)
{
	struct world_meeting met = is_refused(
		&(struct world_client){.cert = &acme, .wrong_ca = true}, VG_REASON_TLS_ALERT);
	cr_expect_str_eq(met.peer.fault, "unknown CA");
}

Test(gate, keys_role_is_gone)
{
	vg_chan_close(&world.keys);
	world.keys.fd = -1;
	struct world_meeting met = is_refused(&(struct world_client){.cert = &acme},
					      VG_REASON_GATEWAY_ERROR);
	cr_expect_eq(met.client_alert, SSL_AD_INTERNAL_ERROR, "%d", met.client_alert);
}

/* Neither a ticket nor a session id: the check of the certificate can't be gone round. */
Test(server, nothing_to_resume_is_given)
{
	begin(TLS1_2_VERSION, pki_ec("P-256"), NULL);
	for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
		struct world_client client = {.cert = &acme, .version = version};
		struct world_meeting met = world_meet(&world, server, &client);
		cr_expect_eq(met.status, VG_TLS_DONE);
		cr_expect(!met.resumable, "version %x", (unsigned)version);
	}
	end();
}

Test(server, certificate_by_sni)
{
	begin(TLS1_3_VERSION, pki_ec("P-256"), pki_rsa(2048));
	static const struct {
		const char *sni;
		bool second;
		const char *sigalgs; /* what the client takes; NULL: whatever there is */
	} table[] = {{NULL, false, NULL},
		     {"api.example", false, NULL},
		     {"api.example", false, "ECDSA+SHA256"},
		     {"api.example", true, "RSA-PSS+SHA256:RSA-PSS+SHA384"},
		     {"other.example", true, NULL},
		     {"OTHER.example", true, NULL},
		     {"none.example", false, NULL}};
	for (size_t i = 0; i < VG_COUNT(table); i++) {
		int fds[2];
		cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
		struct vg_tls_session *session = vg_tls_session_new(server, fds[0]);
		SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
		SSL *ssl = SSL_new(ctx);
		if (table[i].sni != NULL)
			SSL_set_tlsext_host_name(ssl, table[i].sni);
		if (table[i].sigalgs != NULL)
			cr_assert_eq(SSL_set1_sigalgs_list(ssl, table[i].sigalgs), 1);
		SSL_set_fd(ssl, fds[1]);
		SSL_set_connect_state(ssl);
		for (int k = 0; k < 4; k++) {
			(void)SSL_do_handshake(ssl);
			(void)!vg_tls_handshake(session, pki_now());
		}
		X509 *got = SSL_get0_peer_certificate(ssl);
		cr_assert_not_null(got);
		cr_expect_eq(X509_cmp(got, table[i].second ? world.own2.cert : world.own.cert), 0,
			     "%zu: %s", i, table[i].sni == NULL ? "none" : table[i].sni);
		SSL_free(ssl);
		SSL_CTX_free(ctx);
		vg_tls_session_free(&session);
		close(fds[0]);
		close(fds[1]);
	}
	end();
}

/* An open connection of acme, for what comes after the handshake. */
struct open {
	int fds[2];
	struct vg_tls_session *session;
	SSL_CTX *ctx;
	SSL *ssl;
};

static struct open open_one(void)
{
	struct open o;
	cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, o.fds), 0);
	o.session = vg_tls_session_new(server, o.fds[0]);
	o.ctx = SSL_CTX_new(TLS_client_method());
	SSL_CTX_use_certificate(o.ctx, acme.cert);
	SSL_CTX_use_PrivateKey(o.ctx, acme.key);
	o.ssl = SSL_new(o.ctx);
	SSL_set_fd(o.ssl, o.fds[1]);
	SSL_set_connect_state(o.ssl);
	enum vg_tls_status status = VG_TLS_WANT_READ;
	for (int i = 0; i < 20 && status == VG_TLS_WANT_READ; i++) {
		(void)SSL_do_handshake(o.ssl);
		status = vg_tls_handshake(o.session, pki_now());
	}
	cr_assert_eq(status, VG_TLS_DONE);
	return o;
}

static void close_one(struct open *o)
{
	SSL_free(o->ssl);
	SSL_CTX_free(o->ctx);
	vg_tls_session_free(&o->session);
	vg_fd_close(&o->fds[0]);
	vg_fd_close(&o->fds[1]);
}

Test(gate, pending_tells_of_bytes_that_no_event_will)
{
	struct open o = open_one();
	char byte;
	size_t done;
	cr_expect(!vg_tls_pending(o.session));
	for (int i = 0; i < 3; i++)
		cr_assert_eq(SSL_write(o.ssl, "ab", 2), 2);
	for (int i = 0; i < 6; i++) {
		cr_assert_eq(vg_tls_read(o.session, &byte, 1, &done), VG_TLS_DONE);
		cr_expect_eq(byte, i % 2 == 0 ? 'a' : 'b');
		cr_expect_eq(vg_tls_pending(o.session), i < 5, "after byte %d", i);
	}
	cr_expect_eq(vg_tls_read(o.session, &byte, 1, &done), VG_TLS_WANT_READ);
	cr_expect(!vg_tls_pending(o.session));

	/* Half a record is in the session, but only the socket can bring the rest. */
	int raw[2];
	cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, raw), 0);
	SSL_set_fd(o.ssl, raw[0]);
	cr_assert_eq(SSL_write(o.ssl, "cd", 2), 2);
	char record[64];
	ssize_t len = read(raw[1], record, sizeof(record));
	cr_assert(len > 10);
	cr_assert(vg_file_write_all(o.fds[1], record, 10));
	cr_expect_eq(vg_tls_read(o.session, &byte, 1, &done), VG_TLS_WANT_READ);
	cr_expect(!vg_tls_pending(o.session));
	cr_assert(vg_file_write_all(o.fds[1], record + 10, (size_t)len - 10));
	cr_expect_eq(vg_tls_read(o.session, &byte, 1, &done), VG_TLS_DONE);
	cr_expect_eq(byte, 'c');
	close(raw[0]);
	close(raw[1]);
	close_one(&o);
}

Test(gate, ends)
{
	char byte;
	size_t done;
	struct open o = open_one();
	cr_expect_eq(SSL_shutdown(o.ssl), 0);
	cr_expect_eq(vg_tls_read(o.session, &byte, 1, &done), VG_TLS_EOF);
	cr_expect_eq(vg_tls_shutdown(o.session), VG_TLS_DONE);
	close_one(&o);

	o = open_one();
	vg_fd_close(&o.fds[1]);
	cr_expect_eq(vg_tls_read(o.session, &byte, 1, &done), VG_TLS_FAILED, "a bare FIN");
	cr_expect_eq(vg_tls_read(o.session, &byte, 1, &done), VG_TLS_FAILED, "and again");
	cr_expect_eq(vg_tls_write(o.session, "a", 1, &done), VG_TLS_FAILED);
	cr_expect_eq(vg_tls_shutdown(o.session), VG_TLS_FAILED);
	close_one(&o);

	o = open_one();
	cr_expect_eq(vg_tls_shutdown(o.session), VG_TLS_DONE);
	cr_expect_eq(SSL_read(o.ssl, &byte, 1), 0);
	cr_expect_eq(SSL_get_error(o.ssl, 0), SSL_ERROR_ZERO_RETURN);
	close_one(&o);

	o = open_one();
	static const char forged_record[] = "\x17\x03\x03\x00\x20 garbage garbage garbage garbage";
	cr_assert(vg_file_write_all(o.fds[1], forged_record, sizeof(forged_record) - 1));
	cr_expect_eq(vg_tls_read(o.session, &byte, 1, &done), VG_TLS_FAILED, "a forged record");
	close_one(&o);
}

Test(gate, a_full_socket_takes_what_it_can)
{
	struct open o = open_one();
	static char block[65536];
	size_t done, all = 0;
	enum vg_tls_status status = VG_TLS_DONE;
	memset(block, 'x', sizeof(block));
	while (status == VG_TLS_DONE) {
		status = vg_tls_write(o.session, block, sizeof(block), &done);
		all += done;
	}
	cr_expect_eq(status, VG_TLS_WANT_WRITE);
	cr_expect(all > 0);
	static char other[sizeof(block)];
	memset(other, 'x', sizeof(other));
	char in[16384];
	size_t got = 0;
	bool sent = false;
	for (int i = 0; i < 1000 && (!sent || got < all); i++) {
		int n = SSL_read(o.ssl, in, sizeof(in));
		if (n > 0)
			got += (size_t)n;
		if (!sent && vg_tls_write(o.session, other, sizeof(other), &done) == VG_TLS_DONE) {
			sent = true;
			all += done;
		}
	}
	cr_expect(sent);
	cr_expect_eq(got, all);
	close_one(&o);
}

Test(gate, nobody_reads_or_writes_before_the_proof)
{
	int fds[2];
	char byte;
	size_t done;
	cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
	struct vg_tls_session *session = vg_tls_session_new(server, fds[0]);
	cr_expect_eq(vg_tls_read(session, &byte, 1, &done), VG_TLS_FAILED);
	cr_expect_eq(vg_tls_write(session, "a", 1, &done), VG_TLS_FAILED);
	cr_expect_eq(vg_tls_shutdown(session), VG_TLS_FAILED);
	cr_expect_eq(vg_tls_handshake(session, pki_now()), VG_TLS_WANT_READ);
	vg_tls_session_free(&session);
	close(fds[0]);
	close(fds[1]);
}

/* With vg_pubkey_cheapen(), as in a worker, which changes how EC and RSA keys are read, agreed upon
   and verified with: each kind of client, key exchange and version; and a false key. */
Test(server, every_kind_of_client_where_keys_are_read_cheaply)
{
	static const char *const groups[] = {"X25519", "P-256", "P-384", "P-521"};
	static const char *const kinds[] = {"P-256",   "P-384",   "P-521", "RSA",
					    "RSA-PSS", "ED25519", "ED448"};
	struct pki_cert clients[VG_COUNT(kinds)];
	begin(TLS1_2_VERSION, pki_rsa(2048), NULL);
	for (size_t i = 0; i < VG_COUNT(kinds); i++) {
		EVP_PKEY *key = pki_kind(kinds[i]);
		clients[i] = pki_make(&(struct pki_spec){.subject = "CN=gw",
							 .san = "DNS:gw.acme.example",
							 .key = key},
				      &acme_ca);
		EVP_PKEY_free(key);
	}
	struct world_client thief = {.cert = &acme, .other_key = stranger.key};
	struct world_pair theft = world_pair(&thief);
	/* As in a gateway, the keys role has none of it, and no key or certificate is made with it. */
	vg_pubkey_cheapen();
	vg_pubkey_cheapen();
	for (size_t i = 0; i < VG_COUNT(kinds); i++) {
		/* In TLS 1.2 the groups are also those of certificates' keys. */
		is_served(&(struct world_client){.cert = &clients[i], .version = TLS1_2_VERSION},
			  0);
		for (size_t group = 0; group < VG_COUNT(groups); group++)
			is_served(&(struct world_client){.cert = &clients[i],
							 .groups = groups[group]},
				  0);
		pki_free(&clients[i]);
	}
	struct world_meeting met = world_meet_pair(server, &thief, &theft);
	cr_expect_eq(met.status, VG_TLS_FAILED);
	cr_expect_eq(met.peer.reason, VG_REASON_IDENTITY_PROOF, "%s",
		     vg_reason_row(met.peer.reason)->word);
	end();
}

/* A point that is not on the curve is no key, whoever reads it. */
static void move_point(X509 *cert)
{
	ASN1_BIT_STRING *bits = X509_get0_pubkey_bitstr(cert);
	((unsigned char *)(uintptr_t)ASN1_STRING_get0_data(bits))[bits->length - 1] ^= 1;
}

Test(server, a_point_off_the_curve)
{
	begin(TLS1_2_VERSION, pki_ec("P-256"), NULL);
	struct pki_cert client = pki_make(&(struct pki_spec){.subject = "CN=gw",
							     .san = "DNS:gw.acme.example",
							     .twist = move_point},
					  &acme_ca);
	vg_pubkey_cheapen();
	struct vg_slice der = pki_der(client.cert);
	const unsigned char *at = (const unsigned char *)der.ptr;
	X509 *read = d2i_X509(NULL, &at, (long)der.len);
	cr_expect(read == NULL || X509_get0_pubkey(read) == NULL);
	X509_free(read);
	free((void *)(uintptr_t)der.ptr);
	pki_free(&client);
	end();
}

Test(gate, warms_up)
{
	cr_expect(vg_tls_warmup(&world.image, &world.keys));
	is_served(&(struct world_client){.cert = &acme}, 0);
	vg_chan_close(&world.keys);
	cr_expect(!vg_tls_warmup(&world.image, &world.keys), "without keys");
}

Test(server, warms_up_for_both_versions_and_keys)
{
	begin(TLS1_2_VERSION, pki_rsa(2048), pki_ec("P-256"));
	cr_expect(vg_tls_warmup(&world.image, &world.keys));
	end();
}
