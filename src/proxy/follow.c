#include "proxy/follow.h"

#include <errno.h>

#include "proxy/ctx.h"
#include "proxy/generation.h"
#include "sys/log.h"

bool vg_follow_init(struct vg_worker *worker)
{
	worker->next_keys = (struct vg_chan){-1, VG_ROLE_WORKER, VG_ROLE_KEYS};
	if (!vg_shm_map(&worker->control_map, worker->child->control_fd, false))
		return false;
	worker->control = vg_control_block_open(worker->control_map.mem, worker->control_map.size);
	return worker->control != NULL;
}

static void forget_next(struct vg_worker *worker)
{
	vg_generation_unref(&worker->next);
	vg_chan_close(&worker->next_keys);
}

static void take_keys(struct vg_worker *worker, struct vg_msg *msg)
{
	vg_chan_close(&worker->next_keys);
	worker->next_keys.fd = msg->fds[0];
	msg->fd_count = 0;
}

static int take_image(struct vg_worker *worker, const struct vg_msg *msg)
{
	struct vg_map map;
	struct vg_image image;
	if (!vg_shm_image(&map, &image, msg->fds[0]))
		return EINVAL;
	struct vg_generation *next = vg_generation_new(worker, msg->image.generation, &image);
	if (next == NULL) {
		vg_shm_unmap(&map);
		return ENOMEM;
	}
	next->map = map;
	if (worker->next_keys.fd < 0 || !vg_generation_secure(next, &worker->next_keys)) {
		vg_generation_unref(&next);
		return EPROTO;
	}
	worker->next = next;
	return 0;
}

/* The one before is in force, or withdrawn, by now: whoever hands out looks after that. */
static void take_next(struct vg_worker *worker, const struct vg_msg *msg)
{
	struct vg_msg_image_ack ack = {.generation = msg->image.generation};
	VG_ASSERT(vg_follow_current(worker) != NULL);
	vg_generation_unref(&worker->next);
	ack.error = take_image(worker, msg);
	if (ack.error != 0)
		forget_next(worker);
	if (vg_chan_send(&worker->child->supervisor, VG_MSG_IMAGE_ACK, &ack, NULL) != VG_CHAN_OK)
		vg_log(VG_LOG_ERROR, "the supervisor can't be answered");
}

void vg_follow_take(struct vg_worker *worker, struct vg_msg *msg)
{
	if (msg->type == VG_MSG_PEER && msg->peer.role == VG_ROLE_KEYS)
		take_keys(worker, msg);
	else if (msg->type == VG_MSG_IMAGE)
		take_next(worker, msg);
	else if (msg->type == VG_MSG_WITHDRAW && worker->next != NULL &&
		 worker->next->number == msg->index.index)
		forget_next(worker);
}

struct vg_generation *vg_follow_current(struct vg_worker *worker)
{
	struct vg_generation *next = worker->next;
	if (next == NULL || vg_control_block_generation(worker->control) < next->number)
		return worker->current;
	/* Connections that began under the one before keep it until their next request. */
	vg_generation_unref(&worker->current);
	worker->current = next;
	worker->next = NULL;
	return next;
}

void vg_follow_fini(struct vg_worker *worker)
{
	forget_next(worker);
	vg_generation_unref(&worker->current);
	vg_shm_unmap(&worker->control_map);
}
