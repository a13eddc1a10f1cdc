/*
 * Typed values: what a captured path segment or a query parameter may be (POLICY semantics 6).
 * Canonical forms: uuid and hexadecimal lower case, `%xx` upper case; subjects compare them.
 */
#ifndef VG_POLICY_VALUE_H
#define VG_POLICY_VALUE_H

#include <stdbool.h>

#include "base/attr.h"
#include "base/slice.h"
#include "policy/image.h"

#define VG_VALUE_DEFAULT_MAX 128 /* bytes of an untyped path segment */
#define VG_VALUE_ANY_MAX 256     /* decoded bytes of an untyped query parameter */

/*
 * `value` is as it stands in the normalised path or query; VG_VALUE_ANY is that of a query. A list
 * is split at commas, plain or encoded. No type matches an empty value.
 */
bool vg_value_matches(const struct vg_image *image, const struct vg_img_value *type,
		      struct vg_slice value) VG_MUST_CHECK;

/*
 * The same for the value of a header field, where a % is a % and a comma list may have white space
 * around its items; of text, the bytes themselves are UTF-8. VG_VALUE_ANY is any value but none.
 */
bool vg_value_matches_field(const struct vg_image *image, const struct vg_img_value *type,
			    struct vg_slice value) VG_MUST_CHECK;

/* [A-Za-z0-9._~-]{1,128}: a {name} of a path without a type. */
bool vg_value_untyped(struct vg_slice value) VG_MUST_CHECK;

/*
 * Whether some value could match both: compile refuses rules that it could not tell apart. Errs
 * on the side of true.
 */
bool vg_value_overlap(const struct vg_image *image, const struct vg_img_value *a,
		      const struct vg_img_value *b) VG_MUST_CHECK;

#endif
