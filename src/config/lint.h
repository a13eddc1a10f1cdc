/*
 * What is wrong with a configuration as a whole, though each section is right: identities of two
 * vendors that one certificate could have, rules of which neither is the more specific. Looks at
 * the image, as the gateway will, and tells each pair with both places. Called by compile.c.
 */
#ifndef VG_CONFIG_LINT_H
#define VG_CONFIG_LINT_H

#include "base/arena.h"
#include "base/diag.h"
#include "config/input.h"
#include "config/model.h"
#include "policy/image.h"

struct vg_lint {
	const struct vg_image *image; /* whose texts are interned: config/build.h */
	const struct vg_inputs *inputs;
	struct vg_arena *arena;
	struct vg_diags *diags;
};

/* Warnings: hosts that no certificate of the gateway's names, certificates that nobody is shown. */
void vg_lint_certs(const struct vg_lint *lint);

/* An error: more names of CAs than a CertificateRequest is let grow by. */
void vg_lint_ca_names(const struct vg_lint *lint, const struct vg_set_tls *tls);

/* Errors: overlapping identities. A note for each CA that serves several vendors. */
void vg_lint_identities(const struct vg_lint *lint);

/* Errors: rules that tie, for a path and a method that both match. Warnings: rules whose paths all
   lie in another service's prefix, where they are never asked for. */
void vg_lint_rules(const struct vg_lint *lint);

#endif
