/* Certificates out of files, PEM (one or several) or DER, and out of the image. No private keys. */
#ifndef VG_CERT_PEM_H
#define VG_CERT_PEM_H

#include <openssl/x509.h>

#include "base/arena.h"
#include "base/attr.h"

#define VG_PEM_CERTS_MAX 64

struct vg_pem_certs {
	struct vg_slice der[VG_PEM_CERTS_MAX];
	size_t count;
};

/* What claims to be DER of certificates, in the arena; vg_brief_read tells whether it is. False
   with *fault: none, too many, unreadable, text that is no certificate. A private key in the file
   is refused too: such a file is not for everybody. */
bool vg_pem_certs(struct vg_pem_certs *certs, struct vg_slice bytes, struct vg_arena *arena,
		  const char **fault) VG_MUST_CHECK;

/* All of `der`, no more; NULL. The caller's to free with X509_free. `ctx` decodes its key. */
X509 *vg_pem_x509(struct vg_slice der) VG_MUST_CHECK;
X509 *vg_pem_x509_in(OSSL_LIB_CTX *ctx, struct vg_slice der) VG_MUST_CHECK;

/* Microseconds since 1970 UTC; false where it is malformed. */
bool vg_pem_time(const ASN1_TIME *time, int64_t *us) VG_MUST_CHECK;

#endif
