/*
 * The keys role: holds the private keys and signs, and that is all. Once it serves, it can read
 * from its channel and write to it.
 *
 * It signs what a TLS handshake needs and nothing else: for an EC key a digest of 20 to 64 bytes
 * (ECDSA, DER out); for an RSA key a whole block of the modulus' size that is well-formed
 * EMSA-PSS with a salt as long as its hash (SHA-256, -384 or -512), or a padded DigestInfo of
 * PKCS#1 v1.5 with one of those hashes (TLS 1.2). Any other block would make it an oracle for the
 * raw key.
 */
#ifndef VG_TLS_KEYS_H
#define VG_TLS_KEYS_H

#include <stdbool.h>

#include "base/attr.h"
#include "policy/image.h"
#include "sys/chan.h"

struct vg_keys;

/*
 * Opens the key files of the image's certificates, and checks that each fits its certificate. NULL
 * where one doesn't: each is told (place, file and reason, never content) in the log, and to the
 * supervisor, for whoever asked for a reload; NULL: to nobody.
 */
struct vg_keys *vg_keys_open(const struct vg_image *image, const struct vg_chan *supervisor)
	VG_MUST_CHECK;
void vg_keys_free(struct vg_keys **keys); /* clears them */

/* One of the reasons why they can't start, as a line: to the log, and to the supervisor. */
void vg_keys_tell(const struct vg_chan *supervisor, const char *format, ...) VG_PRINTF(2, 3);

/* One request; out->length 0 where it is refused. */
void vg_keys_sign(struct vg_keys *keys, const struct vg_msg_sign *request,
		  struct vg_msg_signed *out);

/* True where the RSA block (as above) may be signed with a key of `bits`; for tests too. */
bool vg_keys_block_ok(const uint8_t *block, size_t len, unsigned bits) VG_MUST_CHECK;

#endif
