/*
 * Chains that were verified a while ago, so that a vendor who comes again pays for one signature
 * less. What is kept is only that this leaf, with these certificates beside it, held for this
 * identity, and how long none of its chain expires. Refusals are not kept, nor is anything about
 * who holds the key: that is proven in each handshake. Part of an identity's anchors, so it ends
 * with their generation.
 */
#ifndef VG_TLS_PROVEN_H
#define VG_TLS_PROVEN_H

#include <stdbool.h>
#include <stdint.h>

#include <openssl/x509.h>

#include "base/attr.h"
#include "cert/facts.h"

/* Entries; of two that fall on one place the later one stays. */
#define VG_PROVEN_MAX 2048U

/* SHA-256 of all that was shown, in its order. */
struct vg_proven_key {
	uint8_t bytes[32];
};

struct vg_proven {
	EVP_MD *sha256;
	EVP_MD_CTX *digest;
	struct {
		struct vg_proven_key key;
		uint32_t ident;
		int64_t since, until; /* microseconds since 1970; 0, 0: free */
	} slots[VG_PROVEN_MAX];
};

/* The slots are the caller's, and zeroed. */
bool vg_proven_init(struct vg_proven *proven) VG_MUST_CHECK;
void vg_proven_fini(struct vg_proven *proven);

/* False where memory is short. `untrusted` may be NULL; the leaf itself in it doesn't count. */
bool vg_proven_key(struct vg_proven *proven, struct vg_proven_key *key,
		   const struct vg_cert_facts *facts, X509 *leaf, STACK_OF(X509) *untrusted)
	VG_MUST_CHECK;

/* Whether it held at some time until `now`, and still does; then *until is when that ends. */
bool vg_proven_find(const struct vg_proven *proven, const struct vg_proven_key *key, uint32_t ident,
		    int64_t now, int64_t *until) VG_MUST_CHECK;
void vg_proven_keep(struct vg_proven *proven, const struct vg_proven_key *key, uint32_t ident,
		    int64_t now, int64_t until);

#endif
