/*
 * Names in a leaf certificate → the identities that it could be. A claim: the chain, the pins and
 * the proof of the key come after (tls/identity.h).
 */
#ifndef VG_POLICY_WHO_H
#define VG_POLICY_WHO_H

#include <stddef.h>

#include "base/attr.h"
#include "policy/image.h"

#define VG_WHO_NAMES_MAX 64
#define VG_WHO_MAX 16

struct vg_who_name {
	enum vg_name_kind kind;
	struct vg_slice value; /* in the form of enum vg_name_kind */
};

struct vg_who {
	uint32_t idents[VG_WHO_MAX]; /* each once, ascending */
	size_t count;
	bool overflow; /* there were more: refuse as ambiguous */
};

/* Whether that [identity] lists the name. */
bool vg_who_lists(const struct vg_image *image, const struct vg_img_ident *ident,
		  const struct vg_who_name *name) VG_MUST_CHECK;

/* All [identity] blocks of which every kind of name that is set has a value among `names`. */
void vg_who_select(struct vg_who *who, const struct vg_image *image,
		   const struct vg_who_name *names, size_t count);

#endif
