/*
 * One whole handshake with itself, in memory: libc and OpenSSL read files and allocate tables on
 * their first, and under a closed filter each worker would die on its first vendor.
 */
#ifndef VG_TLS_WARMUP_H
#define VG_TLS_WARMUP_H

#include <stdbool.h>

#include "base/attr.h"
#include "policy/image.h"
#include "sys/chan.h"

/* With a throw-away client certificate, through the server's own code paths as far as the
   refusal of that certificate and, apart, a full handshake of the libraries. */
bool vg_tls_warmup(const struct vg_image *image, const struct vg_chan *keys) VG_MUST_CHECK;

#endif
