/*
 * A client's certificate as an upstream is told of it, in a header field's value: what the vendor
 * chose in it can end neither the field, nor a quoted part of it.
 */
#ifndef VG_CERT_TOLD_H
#define VG_CERT_TOLD_H

#include <openssl/x509.h>

#include "base/attr.h"
#include "base/buf.h"
#include "cert/facts.h"
#include "policy/image.h"

/* Client-Cert (RFC 9440 2.1): the DER as a byte sequence. False: memory, or `out` is full. */
bool vg_told_cert(struct vg_buf *out, X509 *cert) VG_MUST_CHECK;

/*
 * Client-Cert-Chain (RFC 9440 2.3): a list of them, of what the client sent beside its leaf those
 * that issued the one before, by their signature, up to the first that did not, and no more than
 * a chain that holds can have (cert/verify.h).
 */
bool vg_told_chain(struct vg_buf *out, X509 *leaf, STACK_OF(X509) *chain) VG_MUST_CHECK;

/*
 * X-Forwarded-Client-Cert, one element as Envoy has it: Hash, Subject (RFC 4514), and each URI and
 * DNS name that `ident` lists: a vendor's own CA can put any other into a certificate.
 */
bool vg_told_xfcc(struct vg_buf *out, const struct vg_cert_facts *facts,
		  const struct vg_image *image, const struct vg_img_ident *ident) VG_MUST_CHECK;

#endif
