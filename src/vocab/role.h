/* The roles of role.def: who a process is, and what is asked of each. */
#ifndef VG_VOCAB_ROLE_H
#define VG_VOCAB_ROLE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"

enum vg_role {
#define VG_ROLE(NAME, word, binary, drops, each) VG_ROLE_##NAME,
#include "vocab/role.def"
#undef VG_ROLE
	VG_ROLE_COUNT
};

enum vg_role_drops { VG_DROPS_NEVER, VG_DROPS_SUPERVISOR, VG_DROPS_ITSELF };

struct vg_role_row {
	const char *word;
	const char *binary;
	enum vg_role_drops drops;
	bool each;
};

#define VG_ROLE_BIT(role) (UINT32_C(1) << (role))

const struct vg_role_row *vg_role_row(enum vg_role role) VG_MUST_CHECK;

#endif
