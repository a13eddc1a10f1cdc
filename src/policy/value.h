/*
 * Typed values: what a captured path segment or a query parameter may be (POLICY semantics 6).
 * Canonical forms: uuid lower case, hexadecimal lower case, `%xx` upper case; subjects compare them.
 */
#ifndef VG_POLICY_VALUE_H
#define VG_POLICY_VALUE_H

#include <stdbool.h>

#include "base/attr.h"
#include "base/slice.h"
#include "policy/image.h"

#define VG_VALUE_DEFAULT_MAX 128

/* `value` is as it stands in the normalised path or query. */
bool vg_value_matches(const struct vg_image *image, const struct vg_img_value *type,
		      struct vg_slice value) VG_MUST_CHECK;

/*
 * Whether some value could match both: compile refuses rules that it could not tell apart. Errs
 * on the side of true.
 */
bool vg_value_overlap(const struct vg_image *image, const struct vg_img_value *a,
		      const struct vg_img_value *b) VG_MUST_CHECK;

#endif
