/*
 * The one normalised path (POLICY: what is matched is byte for byte what is sent upstream). A raw
 * path of a request target becomes segments, or is refused; nothing is ever repaired but the
 * percent-encoding of unreserved characters, which is undone, and the case of %xx, which goes up
 * (RFC 3986 6.2.2).
 *
 * Refused: what does not begin with a slash, dot segments, empty segments (a final slash is
 * none), `;`, `\`, `#`, control bytes, raw bytes outside RFC 3986 pchar, a `%` without two digits,
 * encoded `/`, `\`, `;`, NUL or control bytes, `%25` before two hexadecimal digits, also where they
 * are encoded themselves (double encoding), and percent-encoded bytes that are not UTF-8.
 */
#ifndef VG_POLICY_PATH_H
#define VG_POLICY_PATH_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/slice.h"

#define VG_PATH_SEGMENTS_MAX 64
#define VG_PATH_BYTES_MAX 8192

struct vg_path {
	struct vg_slice text;                           /* normalised, begins with a slash */
	struct vg_slice segments[VG_PATH_SEGMENTS_MAX]; /* of text, without slashes */
	size_t count;
	bool slash; /* ends in one; "/" has no segment and ends in one */
};

/* The text lies in the arena. On failure *fault says why, a static string. */
bool vg_path_parse(struct vg_path *path, struct vg_slice raw, struct vg_arena *arena,
		   const char **fault) VG_MUST_CHECK;

/*
 * The path below `prefix` ("" or "/seg…" without a final slash), sharing the text; of the prefix
 * itself it is "/". False where the path is not below it. Compared segment by segment: /ab is
 * not below /a.
 */
bool vg_path_below(struct vg_path *below, const struct vg_path *path, struct vg_slice prefix)
	VG_MUST_CHECK;

#endif
