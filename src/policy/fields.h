/*
 * The header fields of a message, as the policy sees them: who parses a message (http/message.h)
 * has them in this form. A rule may list some beside those that pass anyway (http/header.def): they
 * are judged here, and marked, so that the writer (http/write.h) lets pass what was judged.
 */
#ifndef VG_POLICY_FIELDS_H
#define VG_POLICY_FIELDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/slice.h"
#include "policy/image.h"

#define VG_HTTP_FIELDS_MAX 128

struct vg_http_field {
	struct vg_slice name, value; /* the value without white space around it */
	unsigned id;                 /* enum vg_header (http/header.h) */
};

/* All of a message; borrowed. */
struct vg_fields {
	const struct vg_http_field *rows;
	size_t count; /* up to VG_HTTP_FIELDS_MAX */
};

/* Those of a message that its rule lists, each by its place. */
struct vg_listed {
	uint64_t bits[VG_HTTP_FIELDS_MAX / 64];
};

static inline bool vg_listed_has(const struct vg_listed *listed, size_t at)
{
	return (listed->bits[at / 64] >> at % 64 & 1) != 0;
}

/*
 * Marks every field of the row's name, and judges them: where the row has a type there may be one
 * only, and of that type; else any number, of ASCII. A required one must be there, with a value.
 */
bool vg_fields_judge(const struct vg_image *image, const struct vg_img_param *row,
		     const struct vg_fields *fields, struct vg_listed *listed) VG_MUST_CHECK;

/* Marks every field that has one of the names, which are ITEMs. */
void vg_fields_mark(const struct vg_image *image, struct vg_span names,
		    const struct vg_fields *fields, struct vg_listed *listed);

/* The media type in a Content-Type's value (RFC 9110 8.3.1), without parameters. */
struct vg_slice vg_media_type(struct vg_slice content_type) VG_MUST_CHECK;

/* Whether it is one of the ITEMs. */
bool vg_media_is_listed(const struct vg_image *image, struct vg_span types, struct vg_slice type)
	VG_MUST_CHECK;

#endif
