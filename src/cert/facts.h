/*
 * A certificate as plain facts: names, serial, fingerprint, validity. Used by the worker for what
 * a client shows, and by the compiler for what a policy names, so that both compare the same
 * spelling.
 */
#ifndef VG_CERT_FACTS_H
#define VG_CERT_FACTS_H

#include <openssl/x509.h>

#include "base/arena.h"
#include "base/attr.h"
#include "policy/who.h"

struct vg_cert_facts {
	struct vg_who_name *names;       /* of subjectAltName; the subject, last */
	size_t name_count;               /* VG_WHO_NAMES_MAX at most */
	struct vg_slice subject, issuer; /* RFC 4514, most specific first */
	struct vg_slice serial;          /* lower-case hexadecimal */
	struct vg_slice san;             /* "URI:…, DNS:…" for the event */
	char sha256[65];                 /* of the DER */
	uint8_t spki_sha256[32];
	int64_t not_before, not_after; /* microseconds since 1970 UTC */
};

/*
 * Texts lie in the arena. False, with *fault, where the certificate can't be judged: a NUL or a
 * control byte in a name, more names than VG_WHO_NAMES_MAX, an unreadable field.
 */
bool vg_cert_facts(struct vg_cert_facts *facts, X509 *cert, struct vg_arena *arena,
		   const char **fault) VG_MUST_CHECK;

/* A DN as a person writes it (`CN=gateway,O=Acme`) in the form of facts.subject. */
bool vg_cert_subject(struct vg_slice written, struct vg_arena *arena, struct vg_slice *canonical)
	VG_MUST_CHECK;

#endif
