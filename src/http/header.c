#include "http/header.h"

#include "base/text.h"
#include "http/chars.h"

static const struct vg_header_row rows[VG_HEADER_COUNT] = {
#define VG_HEADER(NAME, name, request, response, lists)                                            \
	[VG_HEADER_##NAME] = {name, VG_HEADER_##request, VG_HEADER_##response, lists,              \
			      sizeof(name) - 1},
#define ONE true
#define MANY false
#include "http/header.def"
#undef MANY
#undef ONE
#undef VG_HEADER
};

/* A byte for each name, out of its length and both ends: most names differ in it already, so
   that eight rows are looked at in one word. */
#define TAG(len, a, z) ((uint8_t)(37 * (len) + 5 * (size_t)(uint8_t)(a) + (uint8_t)(z)))
#define WORDS ((size_t)(VG_HEADER_COUNT + 7) / 8)

static const uint8_t tags[WORDS * 8] = {
#define VG_HEADER(NAME, name, request, response, lists)                                            \
	[VG_HEADER_##NAME] = TAG(sizeof(name) - 1, (name)[0], (name)[sizeof(name) - 2]),
#include "http/header.def"
#undef VG_HEADER
};

enum vg_header vg_header_of(struct vg_slice name)
{
	if (name.len == 0)
		return VG_HEADER_COUNT;
	/* Folds the case of letters; what it makes of other bytes, the names tell apart. */
	uint8_t tag = TAG(name.len, name.ptr[0] | 0x20, name.ptr[name.len - 1] | 0x20);
	for (size_t word = 0; word < WORDS; word++) {
		uint64_t diff = vg_chars_load((const char *)&tags[word * 8]) ^
				(tag * VG_CHARS_EACH);
		if (((diff - VG_CHARS_EACH) & ~diff & (0x80 * VG_CHARS_EACH)) == 0)
			continue;
		for (size_t i = word * 8; i < word * 8 + 8 && i < VG_HEADER_COUNT; i++)
			if (tags[i] == tag && vg_slice_eq_case(name, vg_header_name(&rows[i])))
				return (enum vg_header)i;
	}
	return VG_HEADER_COUNT;
}

const struct vg_header_row *vg_header_row(enum vg_header id)
{
	VG_ASSERT(id < VG_HEADER_COUNT);
	return &rows[id];
}
