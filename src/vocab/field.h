/*
 * The fields of field.def as a type: records are built from them, formats written from them, and
 * the manual is checked against their rows.
 */
#ifndef VG_VOCAB_FIELD_H
#define VG_VOCAB_FIELD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/slice.h"

/* `schema` of an event: moves when a field changes its meaning. */
#define VG_SCHEMA 1

enum vg_field_type { VG_TYPE_TEXT, VG_TYPE_UINT, VG_TYPE_ADDR, VG_TYPE_TIME };
enum vg_field_source { VG_SOURCE_RECORD, VG_SOURCE_ROW, VG_SOURCE_LOG, VG_SOURCE_ASIDE };

/* Dense, in the order of writing; not what is stored (that is the number). */
enum vg_field {
#define VG_FIELD(NAME, number, name, type, source, keep) VG_FIELD_##NAME,
#include "vocab/field.def"
#undef VG_FIELD
	VG_FIELD_COUNT
};

struct vg_field_row {
	const char *name;
	uint8_t number; /* 1 to 255 */
	uint8_t keep;
	enum vg_field_type type;
	enum vg_field_source source;
};

const struct vg_field_row *vg_field_row(enum vg_field field) VG_MUST_CHECK;

/* True where records hold it: RECORD and ASIDE. */
bool vg_field_is_stored(enum vg_field field) VG_MUST_CHECK;

/* VG_FIELD_COUNT where no field has that number or name. */
enum vg_field vg_field_of_number(uint8_t number) VG_MUST_CHECK;
enum vg_field vg_field_of_name(struct vg_slice name) VG_MUST_CHECK;

#endif
