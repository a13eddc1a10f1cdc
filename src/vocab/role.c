#include "vocab/role.h"

static const struct vg_role_row rows[VG_ROLE_COUNT] = {
#define VG_ROLE(NAME, word, binary, drops, each)                                                   \
	[VG_ROLE_##NAME] = {word, binary, VG_DROPS_##drops, each},
#include "vocab/role.def"
#undef VG_ROLE
};

const struct vg_role_row *vg_role_row(enum vg_role role)
{
	VG_ASSERT(role < VG_ROLE_COUNT);
	return &rows[role];
}
