/*
 * Distinguished names as text (RFC 4514), in one spelling for each: most specific first, short
 * attribute names, all but ASCII escaped byte by byte. cert/facts.h gives them to others.
 */
#ifndef VG_CERT_DN_H
#define VG_CERT_DN_H

#include <openssl/x509.h>

#include "base/arena.h"
#include "base/attr.h"

/* The text, in the arena; empty for an empty name. False where it holds a NUL or a control
   character, or can't be read. */
bool vg_dn_text(const X509_NAME *name, struct vg_arena *arena, struct vg_slice *text) VG_MUST_CHECK;

/*
 * What a person wrote, RFC 4514 3: spaces around separators are free, attribute names may be in
 * any case or dotted numbers. The caller's to free with X509_NAME_free; NULL where it is no DN.
 */
X509_NAME *vg_dn_parse(struct vg_slice written) VG_MUST_CHECK;

#endif
