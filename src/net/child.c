#include "net/child.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "sys/file.h"
#include "sys/log.h"
#include "sys/spawn.h"

static void init(struct vg_child *child, enum vg_role role)
{
	*child = (struct vg_child){
		.supervisor = {VG_SPAWN_CHANNEL_FD, role, VG_ROLE_SUPERVISOR},
		.role = role,
		.state_fd = -1,
		.control_fd = -1,
	};
	for (size_t i = 0; i < VG_CHILD_LISTENERS_MAX; i++)
		child->listeners[i] = -1;
	for (size_t i = 0; i < VG_NAMES_FILES; i++)
		child->names_fds[i] = -1;
	for (size_t i = 0; i < VG_CHILD_PAGES_MAX; i++)
		child->page_fds[i] = -1;
}

/*
 * A child ends when its channel says so, or with it: what a service manager sends to the whole
 * group must not end the workers before the supervisor lets them drain.
 */
static bool quiet_signals(void)
{
	static const int ignored[] = {SIGPIPE, SIGHUP, SIGINT, SIGTERM};
	for (size_t i = 0; i < VG_COUNT(ignored); i++)
		if (signal(ignored[i], SIG_IGN) == SIG_ERR)
			return false;
	return true;
}

static int take_fd(struct vg_msg *msg, unsigned i)
{
	int fd = msg->fds[i];
	msg->fds[i] = -1;
	return fd;
}

static bool take_hello(struct vg_child *child, const struct vg_msg_hello *hello)
{
	if (child->hello.workers != 0 || hello->role != child->role || hello->workers == 0 ||
	    hello->workers > VG_CHILD_PEERS_MAX || hello->index >= hello->workers ||
	    memchr(hello->user, '\0', sizeof(hello->user)) == NULL)
		return false;
	child->hello = *hello;
	child->index = hello->index;
	const struct vg_role_row *row = vg_role_row(child->role);
	char who[32];
	if (row->each)
		snprintf(who, sizeof(who), "%s %u", row->word, hello->index);
	else
		snprintf(who, sizeof(who), "%s", row->word);
	vg_log_open(who, VG_LOG_INFO);
	return true;
}

static bool take_image(struct vg_child *child, const struct vg_msg *msg)
{
	if (child->image_map.mem != NULL ||
	    !vg_shm_image(&child->image_map, &child->image, msg->fds[0]))
		return false;
	child->generation = msg->image.generation;
	return child->image_map.size == msg->image.size;
}

static bool take_listener(struct vg_child *child, struct vg_msg *msg)
{
	uint64_t index = msg->index.index;
	if (index >= VG_CHILD_LISTENERS_MAX || child->listeners[index] >= 0)
		return false;
	child->listeners[index] = take_fd(msg, 0);
	if (child->listener_count <= index)
		child->listener_count = (uint32_t)index + 1;
	return true;
}

static bool take_ring(struct vg_child *child, struct vg_msg *msg)
{
	if (child->ring_count >= VG_CHILD_PEERS_MAX)
		return false;
	child->rings[child->ring_count++] = (struct vg_child_ring){
		.index = msg->ring.index,
		.writer_dead = msg->ring.writer_dead != 0,
		.file_fd = take_fd(msg, 0),
		.tail_fd = take_fd(msg, 1),
	};
	return true;
}

static bool take_peer(struct vg_child *child, struct vg_msg *msg)
{
	if (child->peer_count >= VG_CHILD_PEERS_MAX || msg->peer.role >= VG_ROLE_COUNT)
		return false;
	child->peer_index[child->peer_count] = msg->peer.index;
	child->peers[child->peer_count++] = (struct vg_chan){
		.fd = take_fd(msg, 0),
		.self = child->role,
		.peer = (enum vg_role)msg->peer.role,
	};
	return true;
}

/* One of those that a child is given once. */
static bool take_single(int *place, struct vg_msg *msg)
{
	if (*place >= 0)
		return false;
	*place = take_fd(msg, 0);
	return true;
}

bool vg_child_take_names(struct vg_child *child, struct vg_msg *msg)
{
	if (msg->index.index >= VG_NAMES_FILES)
		return false;
	vg_fd_close(&child->names_fds[msg->index.index]);
	child->names_fds[msg->index.index] = take_fd(msg, 0);
	return true;
}

static bool take(struct vg_child *child, struct vg_msg *msg)
{
	if (child->hello.workers == 0 && msg->type != VG_MSG_HELLO)
		return false;
	if (msg->type == VG_MSG_HELLO)
		return take_hello(child, &msg->hello);
	if (msg->type == VG_MSG_IMAGE)
		return take_image(child, msg);
	if (msg->type == VG_MSG_LISTENER)
		return take_listener(child, msg);
	if (msg->type == VG_MSG_RING)
		return take_ring(child, msg);
	if (msg->type == VG_MSG_PEER)
		return take_peer(child, msg);
	if (msg->type == VG_MSG_NAMES)
		return vg_child_take_names(child, msg);
	if (msg->type == VG_MSG_STATE)
		return take_single(&child->state_fd, msg);
	if (msg->type == VG_MSG_CONTROL)
		return take_single(&child->control_fd, msg);
	if (msg->type == VG_MSG_STATUS)
		return msg->index.index < VG_CHILD_PAGES_MAX &&
		       take_single(&child->page_fds[msg->index.index], msg);
	return false;
}

static void let_go(struct vg_child *child)
{
	for (size_t i = 0; i < VG_CHILD_LISTENERS_MAX; i++)
		vg_fd_close(&child->listeners[i]);
	for (uint32_t i = 0; i < child->peer_count; i++)
		vg_chan_close(&child->peers[i]);
	for (uint32_t i = 0; i < child->ring_count; i++) {
		vg_fd_close(&child->rings[i].file_fd);
		vg_fd_close(&child->rings[i].tail_fd);
	}
	vg_fd_close(&child->state_fd);
	vg_fd_close(&child->control_fd);
	for (size_t i = 0; i < VG_NAMES_FILES; i++)
		vg_fd_close(&child->names_fds[i]);
	for (size_t i = 0; i < VG_CHILD_PAGES_MAX; i++)
		vg_fd_close(&child->page_fds[i]);
	vg_shm_unmap(&child->image_map);
	vg_chan_close(&child->supervisor);
}

bool vg_child_start(struct vg_child *child, enum vg_role role)
{
	vg_log_open(vg_role_row(role)->word, VG_LOG_INFO);
	init(child, role);
	bool ok = quiet_signals();
	struct vg_msg msg;
	while (ok) {
		enum vg_chan_status status = vg_chan_recv(&child->supervisor, &msg);
		if (status != VG_CHAN_OK) {
			vg_log(VG_LOG_ERROR, "the supervisor's channel ended before the start");
			ok = false;
			break;
		}
		if (msg.type == VG_MSG_GO && child->image_map.mem != NULL)
			break;
		ok = take(child, &msg);
		vg_msg_close(&msg);
		if (!ok && msg.type != VG_MSG_DRAIN)
			vg_log(VG_LOG_ERROR, "the supervisor may not say %s here",
			       vg_msg_row(msg.type)->name);
	}
	if (!ok)
		let_go(child);
	return ok;
}

bool vg_child_ready(struct vg_child *child)
{
	struct vg_msg_index index = {.index = child->index};
	return vg_chan_send(&child->supervisor, VG_MSG_READY, &index, NULL) == VG_CHAN_OK;
}

struct vg_chan *vg_child_add_peer(struct vg_child *child, struct vg_msg *msg)
{
	for (uint32_t i = 0; i < child->peer_count; i++) {
		struct vg_chan *peer = &child->peers[i];
		if (peer->fd >= 0 || peer->peer != (enum vg_role)msg->peer.role ||
		    child->peer_index[i] != msg->peer.index)
			continue;
		peer->fd = take_fd(msg, 0);
		return peer;
	}
	return take_peer(child, msg) ? &child->peers[child->peer_count - 1] : NULL;
}

struct vg_chan *vg_child_peer(struct vg_child *child, enum vg_role role)
{
	for (uint32_t i = 0; i < child->peer_count; i++)
		if (child->peers[i].peer == role)
			return &child->peers[i];
	return NULL;
}
