/*
 * Private keys that are elsewhere: an EVP_PKEY with the certificate's public key, whose signatures
 * are made by the keys role over a channel, synchronously (one request in flight).
 */
#ifndef VG_TLS_REMOTE_H
#define VG_TLS_REMOTE_H

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "base/attr.h"
#include "sys/chan.h"

/* `key` is the row of the image's certificates. ECDSA and RSA; NULL for others. The channel must
   outlive the key. The caller's to free with EVP_PKEY_free. */
EVP_PKEY *vg_remote_key(X509 *cert, uint32_t key, const struct vg_chan *keys) VG_MUST_CHECK;

#endif
