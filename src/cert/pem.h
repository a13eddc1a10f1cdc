/* Certificates out of files: PEM (one or several) or DER, checked whole. No private keys. */
#ifndef VG_CERT_PEM_H
#define VG_CERT_PEM_H

#include <openssl/x509.h>

#include "base/arena.h"
#include "base/attr.h"

#define VG_PEM_CERTS_MAX 64

/* What is seen of a certificate while it is parsed to be checked: parsing it again is dear. */
struct vg_pem_brief {
	int64_t not_before, not_after; /* microseconds since 1970 UTC */
	bool is_ca; /* basicConstraints say so, or it is of version 1 and can say nothing */
};

struct vg_pem_certs {
	struct vg_slice der[VG_PEM_CERTS_MAX];
	struct vg_pem_brief brief[VG_PEM_CERTS_MAX];
	size_t count;
};

/* The DER blobs, in the arena. False with *fault: none, too many, unreadable, text that is no
   certificate. A private key in the file is refused too: such a file is not for everybody. */
bool vg_pem_certs(struct vg_pem_certs *certs, struct vg_slice bytes, struct vg_arena *arena,
		  const char **fault) VG_MUST_CHECK;

/* All of `der`, no more; NULL. The caller's to free with X509_free. */
X509 *vg_pem_x509(struct vg_slice der) VG_MUST_CHECK;

/* Microseconds since 1970 UTC; false where it is malformed. */
bool vg_pem_time(const ASN1_TIME *time, int64_t *us) VG_MUST_CHECK;

#endif
