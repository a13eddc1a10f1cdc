#include "pki.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#define YEAR (INT64_C(365) * 86400)

int64_t pki_now(void)
{
	return (int64_t)time(NULL) * 1000000;
}

EVP_PKEY *pki_rsa(unsigned bits)
{
	EVP_PKEY *key = EVP_RSA_gen(bits);
	VG_ASSERT(key != NULL);
	return key;
}

EVP_PKEY *pki_ec(const char *group)
{
	EVP_PKEY *key = EVP_EC_gen(group);
	VG_ASSERT(key != NULL);
	return key;
}

EVP_PKEY *pki_kind(const char *kind)
{
	if (strncmp(kind, "P-", 2) == 0)
		return pki_ec(kind);
	EVP_PKEY *key = NULL;
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, kind, NULL);
	VG_ASSERT(ctx != NULL && EVP_PKEY_keygen_init(ctx) == 1);
	VG_ASSERT(EVP_PKEY_generate(ctx, &key) == 1);
	EVP_PKEY_CTX_free(ctx);
	return key;
}

static void add_subject(X509_NAME *name, const char *subject)
{
	struct vg_slice rest = vg_slice_str(subject), part;

	while (rest.len > 0 && vg_slice_cut(&rest, ',', &part)) {
		char type[32], value[128];
		size_t equals = vg_slice_find(part, '=');
		VG_ASSERT(equals < sizeof(type) && part.len - equals - 1 < sizeof(value));
		memcpy(type, part.ptr, equals);
		type[equals] = '\0';
		size_t len = part.len - equals - 1;
		memcpy(value, part.ptr + equals + 1, len);
		VG_ASSERT(X509_NAME_add_entry_by_txt(name, type, MBSTRING_UTF8,
						     (const unsigned char *)value, (int)len, -1,
						     0) == 1);
	}
}

static void add_ext(X509 *cert, const char *name, const char *value)
{
	X509V3_CTX ctx;
	X509V3_set_ctx(&ctx, cert, cert, NULL, NULL, 0);
	X509_EXTENSION *ext = X509V3_EXT_nconf(NULL, &ctx, name, value);
	VG_ASSERT(ext != NULL && X509_add_ext(cert, ext, -1) == 1);
	X509_EXTENSION_free(ext);
}

static void add_exts(X509 *cert, const struct pki_spec *spec)
{
	if (spec->ca)
		add_ext(cert, "basicConstraints", "critical,CA:TRUE");
	if (spec->usage != NULL)
		add_ext(cert, "keyUsage", spec->usage);
	else if (spec->ca)
		add_ext(cert, "keyUsage", "critical,keyCertSign,cRLSign");
	if (spec->eku == NULL && !spec->ca)
		add_ext(cert, "extendedKeyUsage", "clientAuth");
	else if (spec->eku != NULL && spec->eku[0] != '\0')
		add_ext(cert, "extendedKeyUsage", spec->eku);
	if (spec->san != NULL)
		add_ext(cert, "subjectAltName", spec->san);
	if (spec->twist != NULL)
		spec->twist(cert);
}

struct pki_cert pki_make(const struct pki_spec *spec, const struct pki_cert *issuer)
{
	struct pki_cert made = {X509_new(), spec->key};
	if (made.key == NULL)
		made.key = pki_ec("P-256");
	else
		EVP_PKEY_up_ref(made.key);
	X509 *cert = made.cert;
	bool plain = spec->from == 0 && spec->until == 0;

	VG_ASSERT(X509_set_version(cert, X509_VERSION_3) == 1);
	ASN1_INTEGER_set_uint64(X509_get_serialNumber(cert), spec->serial == 0 ? 1 : spec->serial);
	X509_gmtime_adj(X509_getm_notBefore(cert), plain ? -3600 : (long)spec->from);
	X509_gmtime_adj(X509_getm_notAfter(cert), plain ? (long)YEAR : (long)spec->until);
	VG_ASSERT(X509_set_pubkey(cert, made.key) == 1);
	if (spec->subject != NULL)
		add_subject(X509_get_subject_name(cert), spec->subject);
	X509 *by = issuer == NULL ? cert : issuer->cert;
	VG_ASSERT(X509_set_issuer_name(cert, X509_get_subject_name(by)) == 1);
	add_exts(cert, spec);
	VG_ASSERT(X509_sign(cert, issuer == NULL ? made.key : issuer->key,
			    spec->digest == NULL ? EVP_sha256() : spec->digest) > 0);

	/* Read back, as a peer would: caches of what was set here are gone. */
	struct vg_slice der = pki_der(cert);
	X509_free(cert);
	const unsigned char *at = (const unsigned char *)der.ptr;
	made.cert = d2i_X509(NULL, &at, (long)der.len);
	VG_ASSERT(made.cert != NULL);
	free((void *)(uintptr_t)der.ptr);
	return made;
}

void pki_free(struct pki_cert *made)
{
	X509_free(made->cert);
	EVP_PKEY_free(made->key);
	*made = (struct pki_cert){NULL, NULL};
}

struct vg_slice pki_der(X509 *cert)
{
	unsigned char *der = NULL;
	int len = i2d_X509(cert, &der);
	VG_ASSERT(len > 0);
	char *copy = malloc((size_t)len);
	memcpy(copy, der, (size_t)len);
	OPENSSL_free(der);
	return vg_slice(copy, (size_t)len);
}

struct vg_slice pki_pem_key(EVP_PKEY *key)
{
	BIO *bio = BIO_new(BIO_s_mem());
	VG_ASSERT(PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) == 1);
	char *text = NULL;
	long len = BIO_get_mem_data(bio, &text);
	char *copy = malloc((size_t)len);
	memcpy(copy, text, (size_t)len);
	BIO_free(bio);
	return vg_slice(copy, (size_t)len);
}
