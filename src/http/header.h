/* The header fields of header.def: how a name becomes an id, and what the rows say of it. */
#ifndef VG_HTTP_HEADER_H
#define VG_HTTP_HEADER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/slice.h"

enum vg_header {
#define VG_HEADER(NAME, name, request, response, lists) VG_HEADER_##NAME,
#include "http/header.def"
#undef VG_HEADER
	VG_HEADER_COUNT /* also: a name that is not in the table */
};

enum vg_header_rule { VG_HEADER_PASS, VG_HEADER_OWN, VG_HEADER_DROP, VG_HEADER_REFUSE };

struct vg_header_row {
	const char *name; /* lower case */
	enum vg_header_rule request, response;
	bool one;
	uint8_t len; /* of the name */
};

static inline struct vg_slice vg_header_name(const struct vg_header_row *row)
{
	return vg_slice(row->name, row->len);
}

/* Any case; VG_HEADER_COUNT where it is unknown. */
enum vg_header vg_header_of(struct vg_slice name) VG_MUST_CHECK;

const struct vg_header_row *vg_header_row(enum vg_header id) VG_MUST_CHECK;

#endif
