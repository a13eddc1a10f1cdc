/*
 * One chain against one vendor's anchors, and no others: no store ever holds two vendors' CAs, so
 * that one vendor's CA can't mint another.
 */
#ifndef VG_CERT_VERIFY_H
#define VG_CERT_VERIFY_H

#include <stdbool.h>

#include <openssl/x509.h>

#include "base/attr.h"
#include "base/slice.h"
#include "vocab/reason.h"

#define VG_CHAIN_DEPTH 4

/* OpenSSL's level of 112 bits: no SHA-1 signature, and no RSA key below 2048 bits in the chain. */
#define VG_CHAIN_AUTH_LEVEL 2

/*
 * `anchors` are the identity's CAs (an intermediate may be one), `untrusted` what the client sent
 * beside its leaf (may be NULL), `now` microseconds since 1970 UTC. VG_REASON_NONE where the chain
 * holds and the leaf may authenticate a client (EKU clientAuth must be there); else
 * IDENTITY_EXPIRED, IDENTITY_EKU or IDENTITY_CHAIN. *until (may be NULL) is when the first
 * certificate of a chain that holds expires, in the same microseconds; INT64_MIN for one that
 * doesn't hold.
 */
enum vg_reason vg_cert_verify(X509 *leaf, STACK_OF(X509) *untrusted, STACK_OF(X509) *anchors,
			      int64_t now, int64_t *until) VG_MUST_CHECK;

/* One of its DNS names is that host, or a wildcard for it (RFC 9525 6.3). The subject names none. */
bool vg_cert_names_host(X509 *leaf, struct vg_slice host) VG_MUST_CHECK;

#endif
