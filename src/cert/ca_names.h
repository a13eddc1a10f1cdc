/*
 * The names of all vendors' CAs, as a server lists them in its CertificateRequest where it is told
 * to (RFC 8446 4.2.4): for clients that choose among several certificates by them. They tell every
 * stranger which vendors there may be, and go out in each handshake, so they have a bound.
 */
#ifndef VG_CERT_CA_NAMES_H
#define VG_CERT_CA_NAMES_H

#include <openssl/x509.h>
#include <stddef.h>

#include "base/attr.h"
#include "policy/image.h"

#define VG_CA_NAMES_MAX ((size_t)16384)

/*
 * Each name once, in the order of X509_NAME_cmp; *bytes is what they are in the message. NULL where
 * memory is short, or a certificate of the image can't be parsed. The caller's to free, with
 * sk_X509_NAME_pop_free and X509_NAME_free.
 */
STACK_OF(X509_NAME) *vg_ca_names(const struct vg_image *image, size_t *bytes) VG_MUST_CHECK;

#endif
