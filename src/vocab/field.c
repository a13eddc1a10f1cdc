#include "vocab/field.h"

static const struct vg_field_row rows[VG_FIELD_COUNT] = {
#define VG_FIELD(NAME, number, name, type, source, keep)                                           \
	[VG_FIELD_##NAME] = {name, number, keep, VG_TYPE_##type, VG_SOURCE_##source},
#include "vocab/field.def"
#undef VG_FIELD
};

/* Number to field + 1; 0 is no field. The compiler refuses a number above 255. */
static const uint8_t by_number[256] = {
#define VG_FIELD(NAME, number, name, type, source, keep) [number] = VG_FIELD_##NAME + 1,
#include "vocab/field.def"
#undef VG_FIELD
};

const struct vg_field_row *vg_field_row(enum vg_field field)
{
	VG_ASSERT(field < VG_FIELD_COUNT);
	return &rows[field];
}

bool vg_field_is_stored(enum vg_field field)
{
	enum vg_field_source source = vg_field_row(field)->source;
	return source == VG_SOURCE_RECORD || source == VG_SOURCE_ASIDE;
}

enum vg_field vg_field_of_number(uint8_t number)
{
	uint8_t index = by_number[number];
	return index == 0 ? VG_FIELD_COUNT : (enum vg_field)(index - 1);
}

enum vg_field vg_field_of_name(struct vg_slice name)
{
	for (unsigned i = 0; i < VG_FIELD_COUNT; i++)
		if (vg_slice_eq(name, vg_slice_str(rows[i].name)))
			return (enum vg_field)i;
	return VG_FIELD_COUNT;
}
