#include "tls/keys.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "base/arena.h"
#include "cert/pem.h"
#include "sys/file.h"
#include "sys/log.h"

#define KEY_FILE_MAX ((size_t)65536)
#define RSA_BITS_MIN 2048

struct vg_keys {
	uint32_t count;
	EVP_PKEY *key[];
};

/* Nobody is there to type one. */
static int no_passphrase(char *out VG_UNUSED, int size VG_UNUSED, int write VG_UNUSED,
			 void *data VG_UNUSED)
{
	return -1;
}

static EVP_PKEY *parse(struct vg_slice pem)
{
	BIO *bio = BIO_new_mem_buf(pem.ptr, (int)pem.len);
	EVP_PKEY *key = NULL;
	if (bio != NULL)
		key = PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL);
	BIO_free(bio);
	return key;
}

/* By a signature, since a damaged file may hold two halves of different keys; what libcrypto makes
   on its first one is so made before the filter closes. */
static bool fits(EVP_PKEY *key, EVP_PKEY *public)
{
	static const unsigned char text[] = "vendgate";
	unsigned char sig[VG_SIGN_MAX];
	size_t len = sizeof(sig);
	EVP_MD_CTX *sign = EVP_MD_CTX_new(), *verify = EVP_MD_CTX_new();

	bool ok = sign != NULL && verify != NULL && public != NULL &&
		  EVP_DigestSignInit(sign, NULL, EVP_sha256(), NULL, key) == 1 &&
		  EVP_DigestSign(sign, sig, &len, text, sizeof(text)) == 1 &&
		  EVP_DigestVerifyInit(verify, NULL, EVP_sha256(), NULL, public) == 1 &&
		  EVP_DigestVerify(verify, sig, len, text, sizeof(text)) == 1;
	EVP_MD_CTX_free(sign);
	EVP_MD_CTX_free(verify);
	return ok;
}

/* Why this key can't serve with the certificate; NULL where it can. */
static const char *unfit(EVP_PKEY *key, X509 *cert)
{
	if (key == NULL)
		return "can't be parsed (is it encrypted?)";
	int kind = EVP_PKEY_get_base_id(key);
	if (kind != EVP_PKEY_EC && kind != EVP_PKEY_RSA)
		return "is neither ECDSA nor RSA";
	if (EVP_PKEY_get_size(key) > VG_SIGN_MAX)
		return "is larger than RSA-4096";
	if (kind == EVP_PKEY_RSA && EVP_PKEY_get_bits(key) < RSA_BITS_MIN)
		return "is shorter than 2048 bits";
	return cert != NULL && fits(key, X509_get0_pubkey(cert)) ? NULL : "is not its key";
}

/* NULL with *fault. A path of the image ends without a NUL: a copy. */
static EVP_PKEY *open_one(const struct vg_image *image, const struct vg_img_cert *row,
			  struct vg_arena *arena, const char **fault)
{
	struct vg_slice path = vg_arena_dup(arena, vg_img_str(image, row->key_path));
	struct vg_slice bytes = VG_SLICE_EMPTY;

	if (path.ptr == NULL || !vg_file_read(arena, path.ptr, KEY_FILE_MAX, &bytes)) {
		*fault = strerror(errno);
		return NULL;
	}
	EVP_PKEY *key = parse(bytes);
	/* The arena's memory, which nobody else reads. */
	OPENSSL_cleanse((void *)(uintptr_t)bytes.ptr, bytes.len);
	X509 *cert = vg_pem_x509(vg_img_str(image, vg_img_ders(image)[row->chain.first].bytes));
	*fault = unfit(key, cert);
	X509_free(cert);
	ERR_clear_error();
	if (*fault == NULL)
		return key;
	EVP_PKEY_free(key);
	return NULL;
}

void vg_keys_tell(const struct vg_chan *supervisor, const char *format, ...)
{
	struct vg_msg_fault message = {{0}};
	va_list args;
	va_start(args, format);
	vsnprintf(message.text, sizeof(message.text), format, args);
	va_end(args);
	vg_log(VG_LOG_ERROR, "%s", message.text);
	if (supervisor != NULL &&
	    vg_chan_send(supervisor, VG_MSG_FAULT, &message, NULL) != VG_CHAN_OK)
		vg_log(VG_LOG_WARNING, "the supervisor can't be told");
}

static void tell(const struct vg_image *image, const struct vg_img_cert *row, const char *fault,
		 const struct vg_chan *supervisor)
{
	vg_keys_tell(supervisor,
		     "%.*s:%u: error: %sprivate_key \"%.*s\" for the certificate \"%.*s\" of line "
		     "%u: %s",
		     VG_SLICE_FMT(vg_img_str(image, row->where.file)), row->key_line,
		     row->upstream != 0 ? "upstream_" : "",
		     VG_SLICE_FMT(vg_img_str(image, row->key_path)),
		     VG_SLICE_FMT(vg_img_str(image, row->path)), row->where.line, fault);
}

struct vg_keys *vg_keys_open(const struct vg_image *image, const struct vg_chan *supervisor)
{
	uint32_t count = vg_img_cert_count(image);
	struct vg_keys *keys = calloc(1, sizeof(*keys) + count * sizeof(keys->key[0]));
	if (keys == NULL)
		return NULL;
	bool ok = true;
	for (; keys->count < count; keys->count++) {
		const struct vg_img_cert *row = &vg_img_certs(image)[keys->count];
		const char *fault = NULL;
		struct vg_arena arena;
		vg_arena_init(&arena, 2 * KEY_FILE_MAX);
		keys->key[keys->count] = open_one(image, row, &arena, &fault);
		vg_arena_fini(&arena);
		if (fault != NULL)
			tell(image, row, fault, supervisor);
		ok &= fault == NULL;
	}
	if (!ok)
		vg_keys_free(&keys);
	return keys;
}

void vg_keys_free(struct vg_keys **keys)
{
	if (*keys == NULL)
		return;
	for (uint32_t i = 0; i < (*keys)->count; i++)
		EVP_PKEY_free((*keys)->key[i]);
	free(*keys);
	*keys = NULL;
}

static bool request_ok(EVP_PKEY *key, const struct vg_msg_sign *request)
{
	if (request->length > sizeof(request->block))
		return false;
	if (EVP_PKEY_get_base_id(key) == EVP_PKEY_EC)
		return request->digest == request->length && request->length >= 20 &&
		       request->length <= 64;
	return request->digest == 0 &&
	       vg_keys_block_ok(request->block, request->length, (unsigned)EVP_PKEY_get_bits(key));
}

void vg_keys_sign(struct vg_keys *keys, const struct vg_msg_sign *request,
		  struct vg_msg_signed *out)
{
	memset(out, 0, sizeof(*out));
	if (request->key >= keys->count || !request_ok(keys->key[request->key], request))
		return;
	EVP_PKEY *key = keys->key[request->key];
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
	size_t len = sizeof(out->signature);

	/* The RSA block is padded already: signing is the bare private operation. */
	bool rsa = EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA;
	if (ctx != NULL && EVP_PKEY_sign_init(ctx) == 1 &&
	    (!rsa || EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_NO_PADDING) == 1) &&
	    EVP_PKEY_sign(ctx, out->signature, &len, request->block, request->length) == 1)
		out->length = (uint32_t)len;
	EVP_PKEY_CTX_free(ctx);
	ERR_clear_error();
	if (out->length == 0)
		memset(out, 0, sizeof(*out));
}
