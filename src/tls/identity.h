/*
 * Who a certificate is: its names select identities (policy/who.h), then each one's own CAs and
 * pins must hold. AND, never OR; two vendors that could both be meant are nobody.
 */
#ifndef VG_TLS_IDENTITY_H
#define VG_TLS_IDENTITY_H

#include <openssl/x509.h>

#include "base/attr.h"
#include "cert/facts.h"
#include "policy/image.h"
#include "vocab/reason.h"

struct vg_identity {
	enum vg_reason reason; /* VG_REASON_NONE: it is `vendor` by `ident` */
	uint32_t vendor;       /* also set where just one vendor's names matched: whom it claims */
	uint32_t ident;
	int64_t until; /* where it is somebody: when that has to be judged again */
};

/* The anchors of identities, parsed on first use and kept: the most recently used of them. */
struct vg_anchors;
struct vg_anchors *vg_anchors_new(const struct vg_image *image) VG_MUST_CHECK;
void vg_anchors_free(struct vg_anchors **anchors);

struct vg_identity vg_identity_judge(struct vg_anchors *anchors, const struct vg_image *image,
				     const struct vg_cert_facts *facts, X509 *leaf,
				     STACK_OF(X509) *untrusted, int64_t now) VG_MUST_CHECK;

#endif
