#include "proxy/next.h"

#include <errno.h>

void vg_next_init(struct vg_next *next)
{
	*next = (struct vg_next){.keys = {-1, VG_ROLE_WORKER, VG_ROLE_KEYS}};
}

static void forget_image(struct vg_next *next)
{
	vg_shm_unmap(&next->map);
	next->generation = 0;
}

void vg_next_forget(struct vg_next *next)
{
	forget_image(next);
	vg_chan_close(&next->keys);
}

void vg_next_take_keys(struct vg_next *next, struct vg_msg *msg)
{
	vg_next_forget(next);
	next->keys.fd = msg->fds[0];
	msg->fds[0] = -1;
}

int vg_next_take_image(struct vg_next *next, const struct vg_msg *msg)
{
	forget_image(next);
	if (next->keys.fd < 0)
		return ENOTCONN;
	if (!vg_shm_image(&next->map, &next->image, msg->fds[0])) {
		vg_next_forget(next);
		return EINVAL;
	}
	next->generation = msg->image.generation;
	return 0;
}
