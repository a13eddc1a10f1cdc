#include "vocab/method.h"

static const struct {
	const char *name;
	unsigned flags;
} rows[VG_METHOD_COUNT] = {
#define VG_METHOD(name, flags) {#name, flags},
#include "vocab/method.def"
#undef VG_METHOD
};

_Static_assert(VG_METHOD_COUNT <= 32, "methods are bits of a rule's mask");

enum vg_method vg_method_of(struct vg_slice name)
{
	for (unsigned i = 0; i < VG_METHOD_COUNT; i++)
		if (vg_slice_eq(name, vg_slice_str(rows[i].name)))
			return (enum vg_method)i;
	return VG_METHOD_COUNT;
}

const char *vg_method_name(enum vg_method method)
{
	return method < VG_METHOD_COUNT ? rows[method].name : "";
}

bool vg_method_has_body(enum vg_method method)
{
	return method < VG_METHOD_COUNT && (rows[method].flags & VG_METHOD_BODY) != 0;
}
