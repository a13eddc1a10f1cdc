/*
 * Certificates for tests, made in memory: CAs, intermediates and leaves with whatever a test wants
 * to be wrong with them. Keys are P-256 unless said otherwise. Used by the tests of cert and tls.
 */
#ifndef VG_TESTS_UNIT_PKI_H
#define VG_TESTS_UNIT_PKI_H

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "base/slice.h"

struct pki_cert {
	X509 *cert;
	EVP_PKEY *key;
};

/* Zero is a good client's leaf, one year long, with neither subject nor names. */
struct pki_spec {
	const char *subject; /* "CN=…,O=…": written least specific first, simple values only */
	const char *san;     /* openssl.cnf syntax: "URI:…,DNS:…" */
	const char *eku;     /* NULL: clientAuth; "": none */
	const char *usage;   /* keyUsage; NULL: none */
	bool ca;
	int64_t from, until;  /* seconds from now; 0, 0: an hour ago to a year from now */
	EVP_PKEY *key;        /* NULL: a new P-256; else one more reference is taken */
	const EVP_MD *digest; /* NULL: SHA-256 */
	uint64_t serial;      /* 0: 1 */
	/* Added last, before the signature. */
	void (*twist)(X509 *cert);
};

/* Signed by `issuer`, or by itself where that is NULL. */
struct pki_cert pki_make(const struct pki_spec *spec, const struct pki_cert *issuer);
void pki_free(struct pki_cert *made);

EVP_PKEY *pki_rsa(unsigned bits);
EVP_PKEY *pki_ec(const char *group);
EVP_PKEY *pki_kind(const char *kind); /* a curve, "RSA", "RSA-PSS", "ED25519", "ED448" */

/* Both in malloc'd memory. */
struct vg_slice pki_der(X509 *cert);
struct vg_slice pki_pem_key(EVP_PKEY *key);

/* Microseconds since 1970: what `from` and `until` count from. */
int64_t pki_now(void);

#endif
