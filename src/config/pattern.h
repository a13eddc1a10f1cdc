/*
 * Patterns of paths and constraints of queries and header fields, as an [access] writes them
 * (POLICY semantics 6):
 *
 *   /v1/courses/{course_id:uuid}/{file:slug<=40}.pdf      /static/ **
 *   page:int:1..50, sort:name|date, since!:date, ids:int*20
 *   X-Session!:slug<=40, X-Trace-Note
 *
 * Parsed to plain structs of slices of what was written; emitted as rows of the image. Called by
 * the emitter of rules, and by its tests.
 */
#ifndef VG_CONFIG_PATTERN_H
#define VG_CONFIG_PATTERN_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/attr.h"
#include "config/build.h"
#include "policy/image.h"
#include "policy/path.h"

#define VG_PATTERN_FAULT 256
#define VG_PATTERN_LENGTH_MAX 1024 /* of hex, slug, text */
#define VG_PATTERN_LIST_MAX 1000   /* items of a comma list */

struct vg_pattern_value {
	enum vg_value_type type;
	int64_t low, high; /* as in struct vg_img_value */
	uint32_t list;
	struct vg_slice words; /* "a|b" */
};

struct vg_pattern_segment {
	enum vg_segment_kind kind;
	struct vg_slice prefix, suffix, name;
	struct vg_pattern_value value;
};

struct vg_pattern {
	struct vg_slice text; /* as written */
	const struct vg_pattern_segment *segments;
	size_t count;
	bool slash; /* ends in one */
};

struct vg_pattern_param {
	struct vg_slice name;
	bool required;
	struct vg_pattern_value value;
};

/* On failure `fault` says what is wrong and what would be right. Segments, with normalised
   literals, lie in the arena. */
bool vg_pattern_path(struct vg_pattern *pattern, struct vg_slice text, struct vg_arena *arena,
		     char fault[VG_PATTERN_FAULT]) VG_MUST_CHECK;

/* One item of `query`. */
bool vg_pattern_param(struct vg_pattern_param *param, struct vg_slice text,
		      char fault[VG_PATTERN_FAULT]) VG_MUST_CHECK;

/* One of `request_headers`, or with `request` false of `response_headers`, where it is a name alone.
   The name, in lower case, lies in the arena. */
bool vg_pattern_field(struct vg_pattern_param *param, struct vg_slice text, bool request,
		      struct vg_arena *arena, char fault[VG_PATTERN_FAULT]) VG_MUST_CHECK;

/*
 * Order of rules: by what stands first in either, literal before typed before untyped before **,
 * segment by segment; equal literals by their bytes, a final slash last. It is a total order that
 * agrees with vg_route_order().
 */
int vg_pattern_cmp(const struct vg_pattern *a, const struct vg_pattern *b) VG_MUST_CHECK;

/* Appends the rows of either. */
struct vg_span vg_pattern_segments(struct vg_build *build, const struct vg_pattern *pattern);
void vg_pattern_param_row(struct vg_build *build, const struct vg_pattern_param *param);

#endif
