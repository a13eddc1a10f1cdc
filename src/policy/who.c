#include "policy/who.h"

static int compare(const struct vg_image *image, const struct vg_img_name *row,
		   const struct vg_who_name *name)
{
	if (row->kind != (uint32_t)name->kind)
		return row->kind < (uint32_t)name->kind ? -1 : 1;
	return vg_slice_cmp(vg_img_str(image, row->value), name->value);
}

/* The first row of that name, or where it would lie. */
static uint32_t first_of_name(const struct vg_image *image, const struct vg_who_name *name)
{
	uint32_t low = 0, high = vg_img_name_count(image);
	while (low < high) {
		uint32_t mid = low + (high - low) / 2;
		if (compare(image, &vg_img_names(image)[mid], name) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

bool vg_who_lists(const struct vg_image *image, const struct vg_img_ident *ident,
		  const struct vg_who_name *name)
{
	struct vg_span span = ident->names[name->kind];
	for (uint32_t i = 0; i < span.count; i++)
		if (vg_slice_eq(vg_img_str(image, vg_img_items(image)[span.first + i]),
				name->value))
			return true;
	return false;
}

/* Every kind that is set has one of its values among the names; at least one kind is set. */
static bool holds(const struct vg_image *image, const struct vg_img_ident *ident,
		  const struct vg_who_name *names, size_t count)
{
	uint32_t wanted = 0, found = 0;
	for (uint32_t kind = 0; kind < VG_NAME_KINDS; kind++)
		wanted |= (uint32_t)(ident->names[kind].count > 0) << kind;
	for (size_t i = 0; i < count; i++) {
		uint32_t bit = UINT32_C(1) << names[i].kind;
		if ((wanted & ~found & bit) != 0 && vg_who_lists(image, ident, &names[i]))
			found |= bit;
	}
	return wanted != 0 && found == wanted;
}

/* Keeps the list ascending, and each identity in it once. */
static void add(struct vg_who *who, uint32_t ident)
{
	size_t at = 0;
	while (at < who->count && who->idents[at] < ident)
		at++;
	if (at < who->count && who->idents[at] == ident)
		return;
	if (who->count == VG_WHO_MAX) {
		who->overflow = true;
		return;
	}
	memmove(who->idents + at + 1, who->idents + at, (who->count - at) * sizeof(*who->idents));
	who->idents[at] = ident;
	who->count++;
}

void vg_who_select(struct vg_who *who, const struct vg_image *image,
		   const struct vg_who_name *names, size_t count)
{
	const struct vg_img_name *rows = vg_img_names(image);
	*who = (struct vg_who){0};
	for (size_t i = 0; i < count; i++)
		for (uint32_t at = first_of_name(image, &names[i]);
		     at < vg_img_name_count(image) && compare(image, &rows[at], &names[i]) == 0;
		     at++)
			if (holds(image, &vg_img_idents(image)[rows[at].ident], names, count))
				add(who, rows[at].ident);
}
