#include "config.h"

#include "control/controller.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "control/command.h"
#include "sys/entropy.h"
#include "sys/file.h"
#include "sys/log.h"
#include "sys/sandbox.h"

static void forget_next(struct vg_controller *controller)
{
	vg_shm_unmap(&controller->next_map);
	controller->next = 0;
}

static void take_image(struct vg_controller *controller, const struct vg_msg *msg)
{
	struct vg_msg_image_ack ack = {.generation = msg->image.generation};
	forget_next(controller);
	if (vg_shm_image(&controller->next_map, &controller->next_image, msg->fds[0]))
		controller->next = msg->image.generation;
	else
		ack.error = EINVAL;
	if (vg_chan_send(&controller->child.supervisor, VG_MSG_IMAGE_ACK, &ack, NULL) != VG_CHAN_OK)
		vg_log(VG_LOG_ERROR, "the supervisor can't be answered");
}

static void publish(struct vg_controller *controller, uint64_t number)
{
	if (number != controller->next) {
		vg_log(VG_LOG_ERROR, "a generation that isn't here is to be published");
		return;
	}
	vg_control_block_publish(controller->block, number);
	vg_shm_unmap(&controller->child.image_map);
	controller->child.image_map = controller->next_map;
	controller->child.image = controller->next_image;
	controller->child.generation = number;
	controller->next_map = (struct vg_map){0};
	controller->next = 0;
}

static void take(struct vg_controller *controller, const struct vg_msg *msg)
{
	if (msg->type == VG_MSG_IMAGE)
		take_image(controller, msg);
	else if (msg->type == VG_MSG_PUBLISH)
		publish(controller, msg->index.index);
	else if (msg->type == VG_MSG_WITHDRAW && msg->index.index == controller->next)
		forget_next(controller);
	else if (msg->type == VG_MSG_RELOADED)
		vg_control_reloaded(controller, msg);
	else if (msg->type == VG_MSG_DRAIN)
		vg_loop_stop(&controller->loop);
}

static void on_supervisor(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	struct vg_controller *controller = arg;
	struct vg_msg msg;
	enum vg_chan_status status;
	while ((status = vg_chan_recv(&controller->child.supervisor, &msg)) == VG_CHAN_OK) {
		take(controller, &msg);
		vg_msg_close(&msg);
	}
	/* Without a supervisor there is nothing to control. */
	if (status != VG_CHAN_AGAIN)
		vg_loop_stop(&controller->loop);
}

static bool map_pages(struct vg_controller *controller)
{
	bool ok = true;
	for (size_t i = 0; ok && i < VG_CHILD_PAGES_MAX; i++) {
		int *fd = &controller->child.page_fds[i];
		if (*fd >= 0)
			ok = vg_shm_take(&controller->page_maps[i], fd, false);
	}
	return ok;
}

bool vg_controller_page(const struct vg_controller *controller, size_t which,
			enum vg_status_kind kind, void *value)
{
	const struct vg_map *map = &controller->page_maps[which];
	return vg_status_page_read(map->mem, map->size, kind, value);
}

static bool open_memory(struct vg_controller *controller)
{
	struct vg_child *child = &controller->child;
	if (child->control_fd < 0 || !vg_shm_map(&controller->block_map, child->control_fd, true) ||
	    !map_pages(controller))
		return false;
	controller->block = vg_control_block_write(controller->block_map.mem,
						   controller->block_map.size);
	if (controller->block == NULL)
		return false;
	/* One before us may have died with it unpublished. */
	vg_control_block_publish(controller->block, child->generation);
	return true;
}

/* Who the channel's other end was made by: the supervisor. */
static bool learn_users(struct vg_controller *controller)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);
	if (getsockopt(controller->child.supervisor.fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) != 0)
		return false;
	controller->own = geteuid();
	controller->supervisor = peer.uid;
	vg_users_read(&controller->users);
	return true;
}

static bool prepare(struct vg_controller *controller)
{
	const struct vg_chan *supervisor = &controller->child.supervisor;
	vg_entropy(&controller->last_id, sizeof(controller->last_id));
	return open_memory(controller) && learn_users(controller) &&
	       vg_loop_init(&controller->loop) && vg_fd_nonblocking(supervisor->fd) &&
	       event_assign(&controller->from_supervisor, controller->loop.base, supervisor->fd,
			    EV_READ | EV_PERSIST, on_supervisor, controller) == 0 &&
	       event_add(&controller->from_supervisor, NULL) == 0 &&
	       vg_clients_open(controller, controller->child.listeners[VG_LISTENER_CONTROL]) &&
	       vg_health_open(controller, controller->child.listeners[VG_LISTENER_HEALTH]);
}

static void finish(struct vg_controller *controller)
{
	if (controller->loop.base != NULL) {
		vg_health_close(controller);
		vg_clients_close(controller);
		(void)event_del(&controller->from_supervisor);
		vg_loop_fini(&controller->loop);
	}
	forget_next(controller);
	vg_shm_unmap(&controller->block_map);
	for (size_t i = 0; i < VG_CHILD_PAGES_MAX; i++)
		vg_shm_unmap(&controller->page_maps[i]);
	vg_shm_unmap(&controller->child.image_map);
}

int vg_controller_run(void)
{
	struct vg_controller *controller = calloc(1, sizeof(*controller));
	bool ok = controller != NULL && vg_child_start(&controller->child, VG_ROLE_CONTROLLER);
	if (ok) {
		ok = prepare(controller);
		if (!ok)
			vg_log(VG_LOG_ERROR, "what it needs isn't there: %m");
		ok = ok && vg_sandbox_enter(VG_ROLE_CONTROLLER, NULL) &&
		     vg_child_ready(&controller->child) && vg_loop_run(&controller->loop);
		finish(controller);
	}
	free(controller);
	return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
