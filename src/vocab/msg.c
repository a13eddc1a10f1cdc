#include "vocab/msg.h"

#define SUPERVISOR VG_ROLE_BIT(VG_ROLE_SUPERVISOR)
#define WORKER VG_ROLE_BIT(VG_ROLE_WORKER)
#define KEYS VG_ROLE_BIT(VG_ROLE_KEYS)
#define BROKER VG_ROLE_BIT(VG_ROLE_BROKER)
#define RECORDER VG_ROLE_BIT(VG_ROLE_RECORDER)
#define CONTROLLER VG_ROLE_BIT(VG_ROLE_CONTROLLER)
#define ANY (WORKER | KEYS | BROKER | RECORDER | CONTROLLER)

#define VG_MSG(NAME, from, to, payload, fds)                                                       \
	_Static_assert(sizeof(struct payload) <= VG_MSG_PAYLOAD_MAX && (fds) <= VG_MSG_FDS_MAX,    \
		       "message " #NAME " is larger than a channel carries");
#include "vocab/msg.def"
#undef VG_MSG

static const struct vg_msg_row rows[VG_MSG_COUNT] = {
#define VG_MSG(NAME, from, to, payload, fds)                                                       \
	[VG_MSG_##NAME] = {#NAME, from, to, sizeof(struct payload), fds},
#include "vocab/msg.def"
#undef VG_MSG
};

const struct vg_msg_row *vg_msg_row(enum vg_msg_type type)
{
	VG_ASSERT(type < VG_MSG_COUNT);
	return &rows[type];
}
