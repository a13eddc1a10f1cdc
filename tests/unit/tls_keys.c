#define OPENSSL_SUPPRESS_DEPRECATED /* RSA_padding_add_PKCS1_PSS_mgf1, to make blocks */

#include "tls/keys.h"

#include <criterion/criterion.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sys/file.h"
#include "tls/remote.h"
#include "tls_world.h"

static struct world world;

static void begin(EVP_PKEY *own)
{
	world_image(&world, NULL, 0, 0x0303, own, NULL);
	EVP_PKEY_free(own);
}

static bool sign(EVP_PKEY *key, const EVP_MD *md, int padding, unsigned char *sig, size_t *len)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	EVP_PKEY_CTX *pctx = NULL;
	bool ok = EVP_DigestSignInit(ctx, &pctx, md, NULL, key) == 1;
	if (ok && padding != 0)
		ok = EVP_PKEY_CTX_set_rsa_padding(pctx, padding) == 1;
	if (ok && padding == RSA_PKCS1_PSS_PADDING)
		ok = EVP_PKEY_CTX_set_rsa_pss_saltlen(pctx, RSA_PSS_SALTLEN_DIGEST) == 1;
	ok = ok && EVP_DigestSign(ctx, sig, len, (const unsigned char *)"message", 7) == 1;
	EVP_MD_CTX_free(ctx);
	return ok;
}

static bool verify(EVP_PKEY *key, const EVP_MD *md, int padding, const unsigned char *sig,
		   size_t len)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	EVP_PKEY_CTX *pctx = NULL;
	bool ok = EVP_DigestVerifyInit(ctx, &pctx, md, NULL, key) == 1;
	if (ok && padding != 0)
		ok = EVP_PKEY_CTX_set_rsa_padding(pctx, padding) == 1;
	ok = ok && EVP_DigestVerify(ctx, sig, len, (const unsigned char *)"message", 7) == 1;
	EVP_MD_CTX_free(ctx);
	return ok;
}

Test(keys, signs_what_verifies)
{
	const struct {
		const char *what;
		unsigned rsa;
		const char *group;
		const EVP_MD *md;
		int padding;
	} table[] = {
		{"P-256", 0, "P-256", EVP_sha256(), 0},
		{"P-384", 0, "P-384", EVP_sha384(), 0},
		{"P-521", 0, "P-521", EVP_sha512(), 0},
		{"PSS SHA-256", 2048, NULL, EVP_sha256(), RSA_PKCS1_PSS_PADDING},
		{"PSS SHA-384", 2048, NULL, EVP_sha384(), RSA_PKCS1_PSS_PADDING},
		{"PSS SHA-512", 2048, NULL, EVP_sha512(), RSA_PKCS1_PSS_PADDING},
		{"PSS of 2050 bits", 2050, NULL, EVP_sha256(), RSA_PKCS1_PSS_PADDING},
		{"PKCS#1 SHA-256", 2048, NULL, EVP_sha256(), RSA_PKCS1_PADDING},
		{"PKCS#1 SHA-512", 2048, NULL, EVP_sha512(), RSA_PKCS1_PADDING},
	};
	for (size_t i = 0; i < VG_COUNT(table); i++) {
		unsigned char sig[VG_SIGN_MAX];
		size_t len = sizeof(sig);
		begin(table[i].rsa != 0 ? pki_rsa(table[i].rsa) : pki_ec(table[i].group));
		world_sign(&world);
		EVP_PKEY *remote = vg_remote_key(world.own.cert, 0, &world.keys);
		cr_assert_not_null(remote);
		cr_expect(sign(remote, table[i].md, table[i].padding, sig, &len), "%s",
			  table[i].what);
		cr_expect(verify(X509_get0_pubkey(world.own.cert), table[i].md, table[i].padding,
				 sig, len),
			  "%s", table[i].what);
		EVP_PKEY_free(remote);

		/* A row that isn't there. */
		remote = vg_remote_key(world.own.cert, 1, &world.keys);
		len = sizeof(sig);
		cr_expect(!sign(remote, table[i].md, table[i].padding, sig, &len));
		EVP_PKEY_free(remote);
		world_free(&world);
	}
}

Test(keys, other_hashes_and_salts_are_refused)
{
	unsigned char sig[VG_SIGN_MAX];
	size_t len = sizeof(sig);
	begin(pki_rsa(2048));
	world_sign(&world);
	EVP_PKEY *remote = vg_remote_key(world.own.cert, 0, &world.keys);
	cr_expect(!sign(remote, EVP_sha1(), RSA_PKCS1_PADDING, sig, &len));
	len = sizeof(sig);
	cr_expect(!sign(remote, EVP_sha1(), RSA_PKCS1_PSS_PADDING, sig, &len));
	len = sizeof(sig);
	cr_expect(!sign(remote, EVP_md5(), RSA_PKCS1_PADDING, sig, &len));
	/* The honest control, over the same channel. */
	len = sizeof(sig);
	cr_expect(sign(remote, EVP_sha256(), RSA_PKCS1_PSS_PADDING, sig, &len));
	EVP_PKEY_free(remote);
	world_free(&world);
}

Test(keys, decrypts_nothing)
{
	unsigned char text[VG_SIGN_MAX], out[VG_SIGN_MAX];
	size_t len = sizeof(text), out_len = sizeof(out);
	begin(pki_rsa(2048));
	world_sign(&world);
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(X509_get0_pubkey(world.own.cert), NULL);
	cr_assert(EVP_PKEY_encrypt_init(ctx) == 1 &&
		  EVP_PKEY_encrypt(ctx, text, &len, (const unsigned char *)"secret", 6) == 1);
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY *remote = vg_remote_key(world.own.cert, 0, &world.keys);
	ctx = EVP_PKEY_CTX_new(remote, NULL);
	cr_expect(EVP_PKEY_decrypt_init(ctx) != 1 ||
		  EVP_PKEY_decrypt(ctx, out, &out_len, text, len) != 1);
	EVP_PKEY_CTX_free(ctx);

	/* And asked by message: a ciphertext is no block. */
	struct vg_keys *keys = vg_keys_open(&world.image, NULL);
	struct vg_msg_sign request = {.key = 0, .digest = 0, .length = (uint32_t)len};
	struct vg_msg_signed answer;
	memcpy(request.block, text, len);
	vg_keys_sign(keys, &request, &answer);
	cr_expect_eq(answer.length, 0);
	vg_keys_free(&keys);
	EVP_PKEY_free(remote);
	world_free(&world);
}

/* A block for a modulus of any number of bits: OpenSSL makes keys of an even number only. */
static void good_pss(uint8_t *block, unsigned bits, const EVP_MD *md, int salt)
{
	uint8_t hash[EVP_MAX_MD_SIZE] = {7};
	BIGNUM *n = BN_new(), *e = BN_new();
	RSA *rsa = RSA_new();
	cr_assert(BN_set_bit(n, (int)bits - 1) == 1 && BN_set_word(e, 65537) == 1 &&
		  RSA_set0_key(rsa, n, e, NULL) == 1 &&
		  RSA_padding_add_PKCS1_PSS_mgf1(rsa, block, hash, md, md, salt) == 1);
	RSA_free(rsa);
}

Test(keys, pss_blocks)
{
	uint8_t block[VG_SIGN_MAX], bad[VG_SIGN_MAX];
	static const unsigned sizes[] = {2048, 2049, 2050, 2055, 2056, 2057, 3072, 4096};
	for (size_t i = 0; i < VG_COUNT(sizes); i++) {
		unsigned bits = sizes[i];
		size_t len = (bits + 7) / 8;
		good_pss(block, bits, EVP_sha256(), 32);
		cr_expect(vg_keys_block_ok(block, len, bits), "%u bits", bits);
		cr_expect(!vg_keys_block_ok(block, len - 1, bits));
		cr_expect(!vg_keys_block_ok(block, len, bits + 8));
		/* Any changed bit of what is masked, and of the hash, spoils the padding. */
		for (size_t at = 0; at < len - 65; at += 13) {
			memcpy(bad, block, len);
			bad[at] ^= 0x10;
			cr_expect(!vg_keys_block_ok(bad, len, bits), "%u bits, byte %zu", bits, at);
		}
		memcpy(bad, block, len);
		bad[len - 1] = 0xbd;
		cr_expect(!vg_keys_block_ok(bad, len, bits));
		memcpy(bad, block, len);
		bad[len - 5] ^= 1;
		cr_expect(!vg_keys_block_ok(bad, len, bits), "another hash, another mask");
	}
	good_pss(block, 2048, EVP_sha384(), 48);
	cr_expect(vg_keys_block_ok(block, 256, 2048));
	good_pss(block, 2048, EVP_sha512(), 64);
	cr_expect(vg_keys_block_ok(block, 256, 2048));
	good_pss(block, 2048, EVP_sha256(), 0);
	cr_expect(!vg_keys_block_ok(block, 256, 2048), "no salt");
	good_pss(block, 2048, EVP_sha256(), 20);
	cr_expect(!vg_keys_block_ok(block, 256, 2048), "a short salt");
	good_pss(block, 2048, EVP_sha256(), 64);
	cr_expect(!vg_keys_block_ok(block, 256, 2048), "a long salt");
	good_pss(block, 2048, EVP_sha1(), 20);
	cr_expect(!vg_keys_block_ok(block, 256, 2048), "SHA-1");
}

Test(keys, pkcs1_blocks)
{
	static const uint8_t sha256[] = {0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01,
					 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20};
	static const uint8_t sha1[] = {0x30, 0x21, 0x30, 0x09, 0x06, 0x05, 0x2b, 0x0e,
				       0x03, 0x02, 0x1a, 0x05, 0x00, 0x04, 0x14};
	uint8_t good[256], bad[256];
	size_t at = 256 - 32 - sizeof(sha256);
	memset(good, 0xff, sizeof(good));
	good[0] = 0;
	good[1] = 1;
	good[at - 1] = 0;
	memcpy(good + at, sha256, sizeof(sha256));
	memset(good + 256 - 32, 0x5a, 32);
	cr_expect(vg_keys_block_ok(good, 256, 2048));
	for (size_t i = 0; i < 256 - 32; i++) {
		memcpy(bad, good, 256);
		bad[i] ^= 0x40;
		cr_expect(!vg_keys_block_ok(bad, 256, 2048), "byte %zu", i);
	}
	/* The padding of encryption, of which the private operation would be a decryption. */
	memcpy(bad, good, 256);
	bad[1] = 2;
	cr_expect(!vg_keys_block_ok(bad, 256, 2048));
	/* Garbage behind a short padding (Bleichenbacher 2006), and one of SHA-1. */
	memset(bad, 0x11, 256);
	memcpy(bad, good, 10);
	bad[10] = 0;
	memcpy(bad + 11, sha256, sizeof(sha256));
	cr_expect(!vg_keys_block_ok(bad, 256, 2048));
	memcpy(bad, good, 256);
	memset(bad + at - 1, 0xff, 40);
	bad[256 - 20 - sizeof(sha1) - 1] = 0;
	memcpy(bad + 256 - 20 - sizeof(sha1), sha1, sizeof(sha1));
	cr_expect(!vg_keys_block_ok(bad, 256, 2048));
	memset(bad, 0, 256);
	cr_expect(!vg_keys_block_ok(bad, 256, 2048), "zero");
	bad[255] = 1;
	cr_expect(!vg_keys_block_ok(bad, 256, 2048), "one");
	cr_expect(!vg_keys_block_ok(good, 0, 0));
}

Test(keys, requests_that_lie)
{
	begin(pki_ec("P-256"));
	struct vg_keys *keys = vg_keys_open(&world.image, NULL);
	static const struct {
		uint32_t key, digest, length;
		bool ok;
	} table[] = {
		{0, 32, 32, true},  {0, 20, 20, true},           {0, 64, 64, true},
		{1, 32, 32, false}, {UINT32_MAX, 32, 32, false}, {0, 19, 19, false},
		{0, 65, 65, false}, {0, 32, 64, false},          {0, 0, 32, false},
		{0, 0, 0, false},   {0, 513, 513, false},        {0, UINT32_MAX, UINT32_MAX, false},
	};
	for (size_t i = 0; i < VG_COUNT(table); i++) {
		struct vg_msg_sign request = {
			.key = table[i].key, .digest = table[i].digest, .length = table[i].length};
		struct vg_msg_signed answer;
		vg_keys_sign(keys, &request, &answer);
		cr_expect_eq(answer.length != 0, table[i].ok, "%zu", i);
	}
	vg_keys_free(&keys);
	world_free(&world);
}

static void rewrite(const char *bytes, size_t len)
{
	FILE *file = fopen(world.key_path, "wb");
	fwrite(bytes, 1, len, file);
	fclose(file);
}

static bool opens(void)
{
	struct vg_keys *keys = vg_keys_open(&world.image, NULL);
	bool ok = keys != NULL;
	vg_keys_free(&keys);
	cr_assert_null(keys);
	return ok;
}

Test(keys, files_that_can_not_serve)
{
	begin(pki_ec("P-256"));
	cr_expect(opens());
	EVP_PKEY *others[] = {pki_ec("P-256"), pki_ec("P-384"), pki_rsa(2048),
			      EVP_PKEY_Q_keygen(NULL, NULL, "ED25519")};
	for (size_t i = 0; i < VG_COUNT(others); i++) {
		struct vg_slice pem = pki_pem_key(others[i]);
		rewrite(pem.ptr, pem.len);
		free((void *)(uintptr_t)pem.ptr);
		EVP_PKEY_free(others[i]);
		cr_expect(!opens(), "another key, %zu", i);
	}
	struct vg_slice pem = pki_pem_key(world.own.key);
	rewrite(pem.ptr, pem.len / 2);
	cr_expect(!opens(), "half of it");
	rewrite("", 0);
	cr_expect(!opens(), "empty");
	rewrite(pem.ptr, pem.len);
	cr_expect(opens());
	free((void *)(uintptr_t)pem.ptr);

	BIO *bio = BIO_new_file(world.key_path, "w");
	cr_assert(PEM_write_bio_PrivateKey(bio, world.own.key, EVP_aes_128_cbc(), NULL, 0, NULL,
					   (void *)(uintptr_t) "secret") == 1);
	BIO_free(bio);
	cr_expect(!opens(), "encrypted");
	unlink(world.key_path);
	cr_expect(!opens(), "missing");
	world_free(&world);
}

/* In the wrong order, and one gone: all of it is told at once, with both files and lines. */
Test(keys, every_fault_is_told)
{
	EVP_PKEY *first = pki_ec("P-256"), *second = pki_ec("P-256");
	world_image(&world, NULL, 0, TLS1_3_VERSION, first, second);
	EVP_PKEY_free(first);
	EVP_PKEY_free(second);
	char aside[] = "/tmp/vg-test-key-aside-XXXXXX";
	close(mkstemp(aside));
	cr_assert(rename(world.key_path, aside) == 0 &&
		  rename(world.key_path2, world.key_path) == 0);
	int fds[2];
	cr_assert(vg_chan_pair(fds));
	struct vg_chan keys_end = {fds[0], VG_ROLE_KEYS, VG_ROLE_SUPERVISOR};
	struct vg_chan supervisor = {fds[1], VG_ROLE_SUPERVISOR, VG_ROLE_KEYS};
	for (unsigned round = 0; round < 2; round++) {
		cr_expect_null(vg_keys_open(&world.image, &keys_end));
		for (unsigned i = 0; i < 2; i++) {
			struct vg_msg msg;
			char want[512];
			snprintf(want, sizeof(want),
				 "vendgate.ini:%u: error: private_key \"%s\" for the certificate "
				 "\"%s\" of line %u: %s",
				 8 + i, i == 0 ? world.key_path : world.key_path2,
				 i == 0 ? "api.example" : "other.example,DNS:api.example", 6 + i,
				 round == 0 && i == 1 ? "No such file or directory"
						      : "is not its key");
			cr_assert_eq(vg_chan_recv(&supervisor, &msg), VG_CHAN_OK);
			cr_expect_eq(msg.type, VG_MSG_FAULT);
			cr_expect_str_eq(msg.fault.text, want);
		}
		if (round == 0)
			cr_assert(rename(aside, world.key_path2) == 0);
	}
	vg_chan_close(&keys_end);
	vg_chan_close(&supervisor);
	world_free(&world);
}

Test(keys, no_hook_for_other_kinds)
{
	EVP_PKEY *ed = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	X509 *cert = X509_new();
	cr_assert(X509_set_pubkey(cert, ed) == 1);
	struct vg_chan keys = {-1, VG_ROLE_WORKER, VG_ROLE_KEYS};
	cr_expect_null(vg_remote_key(cert, 0, &keys));
	X509_free(cert);
	EVP_PKEY_free(ed);
}
