/*
 * Which bytes of a path are values, and which are words that a policy says: events may have to
 * hide the former (`identifiers`, vendgate.ini(5)). The worker knows the rule, and stores the
 * marks beside the path; what becomes of them each sink says later.
 *
 * Marks are pairs of bytes: where in the path a value begins, and how long it is; length 0 is a
 * value that goes on behind the end of what is kept of the path. They ascend and don't overlap.
 */
#ifndef VG_POLICY_CAPTURE_H
#define VG_POLICY_CAPTURE_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "policy/image.h"
#include "policy/path.h"

#define VG_MARKS_MAX ((size_t)2 * VG_PATH_SEGMENTS_MAX)
#define VG_MARKED_PATH_MAX 256 /* bytes of a path that can be marked: events keep no more */

/*
 * The marks of a whole path (not the one below the service's prefix), and how many bytes they are.
 *
 * Where `rule` matches it: what the rule's pattern captures, without the literals beside it, and
 * what ** takes, each segment for itself. Where rule is VG_NO_ROW: every segment that is neither
 * of the service's prefix nor a literal of some rule of the service at its place. Where service is
 * VG_NO_ROW, too: every segment.
 */
size_t vg_capture_marks(uint8_t marks[VG_MARKS_MAX], const struct vg_image *image, uint32_t service,
			uint32_t rule, const struct vg_path *path) VG_MUST_CHECK;

#endif
