#include "tls/proven.h"

#include <string.h>

#include <openssl/err.h>
#include <openssl/evp.h>

bool vg_proven_init(struct vg_proven *proven)
{
	/* Looked up once: OpenSSL 3 otherwise does so for each digest. */
	proven->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
	proven->digest = EVP_MD_CTX_new();
	return proven->sha256 != NULL && proven->digest != NULL;
}

void vg_proven_fini(struct vg_proven *proven)
{
	EVP_MD_CTX_free(proven->digest);
	EVP_MD_free(proven->sha256);
}

static bool add_digest(struct vg_proven *proven, X509 *cert)
{
	uint8_t bytes[32];
	return X509_digest(cert, proven->sha256, bytes, NULL) == 1 &&
	       EVP_DigestUpdate(proven->digest, bytes, sizeof(bytes)) == 1;
}

bool vg_proven_key(struct vg_proven *proven, struct vg_proven_key *key,
		   const struct vg_cert_facts *facts, X509 *leaf, STACK_OF(X509) *untrusted)
{
	bool ok = EVP_DigestInit_ex(proven->digest, proven->sha256, NULL) == 1 &&
		  EVP_DigestUpdate(proven->digest, facts->sha256, sizeof(facts->sha256)) == 1;
	for (int i = 0; ok && i < sk_X509_num(untrusted); i++) {
		X509 *cert = sk_X509_value(untrusted, i);
		/* OpenSSL has it there in a handshake, and afterwards no more. */
		ok = cert == leaf || add_digest(proven, cert);
	}
	ok = ok && EVP_DigestFinal_ex(proven->digest, key->bytes, NULL) == 1;
	ERR_clear_error();
	return ok;
}

static uint32_t place_of(const struct vg_proven_key *key, uint32_t ident)
{
	uint32_t spread;
	memcpy(&spread, key->bytes, sizeof(spread));
	return (spread + ident) % VG_PROVEN_MAX;
}

bool vg_proven_find(const struct vg_proven *proven, const struct vg_proven_key *key, uint32_t ident,
		    int64_t now, int64_t *until)
{
	uint32_t at = place_of(key, ident);
	/* Before `since` nothing is known: the clock was set back. */
	if (proven->slots[at].ident != ident || now < proven->slots[at].since ||
	    now >= proven->slots[at].until ||
	    memcmp(&proven->slots[at].key, key, sizeof(*key)) != 0)
		return false;
	*until = proven->slots[at].until;
	return true;
}

void vg_proven_keep(struct vg_proven *proven, const struct vg_proven_key *key, uint32_t ident,
		    int64_t now, int64_t until)
{
	uint32_t at = place_of(key, ident);
	proven->slots[at].key = *key;
	proven->slots[at].ident = ident;
	proven->slots[at].since = now;
	proven->slots[at].until = until;
}
