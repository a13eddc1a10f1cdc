#include "policy/fields.h"

#include "policy/value.h"

static void mark(struct vg_listed *listed, size_t at)
{
	listed->bits[at / 64] |= UINT64_C(1) << at % 64;
}

/* Bytes from 0x80 mean what each reader makes of them (RFC 9110 5.5): only text<=N says what. */
static bool is_ascii(struct vg_slice value)
{
	for (size_t i = 0; i < value.len; i++)
		if ((unsigned char)value.ptr[i] >= 0x80)
			return false;
	return true;
}

bool vg_fields_judge(const struct vg_image *image, const struct vg_img_param *row,
		     const struct vg_fields *fields, struct vg_listed *listed)
{
	struct vg_slice name = vg_img_str(image, row->name);
	bool typed = row->value.type != VG_VALUE_ANY, given = false, filled = false;
	for (size_t i = 0; i < fields->count; i++) {
		struct vg_slice value = fields->rows[i].value;
		if (!vg_slice_eq_case(fields->rows[i].name, name))
			continue;
		if (typed ? given || !vg_value_matches_field(image, &row->value, value)
			  : !is_ascii(value))
			return false;
		mark(listed, i);
		given = true;
		filled |= value.len > 0;
	}
	return filled || row->required == 0;
}

void vg_fields_mark(const struct vg_image *image, struct vg_span names,
		    const struct vg_fields *fields, struct vg_listed *listed)
{
	const struct vg_str *rows = vg_img_items(image) + names.first;
	for (uint32_t n = 0; n < names.count; n++)
		for (size_t i = 0; i < fields->count; i++)
			if (vg_slice_eq_case(fields->rows[i].name, vg_img_str(image, rows[n])))
				mark(listed, i);
}

struct vg_slice vg_media_type(struct vg_slice content_type)
{
	return vg_slice_trim(vg_slice_first(content_type, vg_slice_find(content_type, ';')));
}

bool vg_media_is_listed(const struct vg_image *image, struct vg_span types, struct vg_slice type)
{
	const struct vg_str *rows = vg_img_items(image) + types.first;
	for (uint32_t i = 0; i < types.count; i++)
		if (vg_slice_eq_case(vg_img_str(image, rows[i]), type))
			return true;
	return false;
}
