#include "broker/broker.h"

#include <errno.h>
#include <string.h>

#include "broker/dial.h"
#include "net/child.h"
#include "sys/file.h"
#include "sys/log.h"
#include "sys/sandbox.h"

/* How many of a peer's messages are taken before the others have their turn. */
#define MESSAGES_A_TURN 64

struct broker;

struct peer {
	struct broker *broker;
	struct vg_chan *chan; /* in the child's list; NULL: a free place */
	struct event readable;
	struct vg_dialer dialer;
};

struct broker {
	struct vg_child child;
	struct vg_dial_images images;
	struct event_base *base;
	struct vg_names *names;
	struct event supervisor;
	struct peer peers[VG_CHILD_PEERS_MAX]; /* as the child's */
	uint32_t peer_count;                   /* that are there */
	bool orphan;                           /* the supervisor is gone */
};

static void end(struct broker *broker)
{
	VG_ASSERT(event_base_loopbreak(broker->base) == 0);
}

static void drop_peer(struct peer *peer)
{
	struct broker *broker = peer->broker;
	vg_dialer_fini(&peer->dialer);
	(void)event_del(&peer->readable);
	vg_chan_close(peer->chan);
	peer->chan = NULL;
	broker->peer_count--;
	/* Workers that drain without a supervisor may still dial: until the last is gone. */
	if (broker->orphan && broker->peer_count == 0)
		end(broker);
}

static void on_peer(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	struct peer *peer = arg;
	for (int i = 0; i < MESSAGES_A_TURN; i++) {
		struct vg_msg msg;
		enum vg_chan_status status = vg_chan_recv(peer->chan, &msg);
		if (status == VG_CHAN_AGAIN)
			return;
		if (status == VG_CHAN_BAD)
			vg_log(VG_LOG_WARNING, "a worker said what it may not say: dropped");
		if (status != VG_CHAN_OK || !vg_dialer_take(&peer->dialer, &msg.dial)) {
			drop_peer(peer);
			return;
		}
	}
}

static bool open_peer(struct broker *broker, struct vg_chan *chan)
{
	struct peer *peer = &broker->peers[chan - broker->child.peers];
	if (peer->chan != NULL || !vg_fd_nonblocking(chan->fd))
		return false;
	*peer = (struct peer){.broker = broker, .chan = chan};
	vg_dialer_init(&peer->dialer, broker->base, &broker->images, broker->names, chan);
	if (event_assign(&peer->readable, broker->base, chan->fd, EV_READ | EV_PERSIST, on_peer,
			 peer) != 0 ||
	    event_add(&peer->readable, NULL) != 0)
		return false;
	broker->peer_count++;
	return true;
}

/* 0, or an errno value. Takes the map where it is 0; the files are used up. */
static int use_image(struct broker *broker, uint64_t generation, struct vg_map *map,
		     const struct vg_image *image)
{
	int error = 0;
	if (!vg_names_use(broker->names, image, broker->child.names_fds)) {
		error = ENOMEM;
	} else if (!vg_dial_images_add(&broker->images, generation, map, image)) {
		vg_names_drop(broker->names, image);
		error = ENOSPC;
	}
	for (size_t i = 0; i < VG_NAMES_FILES; i++)
		vg_fd_close(&broker->child.names_fds[i]);
	return error;
}

/* The next generation: workers may dial by it as soon as they use it, and by those before. */
static void take_image(struct broker *broker, const struct vg_msg *msg)
{
	struct vg_msg_image_ack ack = {.generation = msg->image.generation, .error = EINVAL};
	struct vg_map map;
	struct vg_image image;
	if (vg_shm_image(&map, &image, msg->fds[0])) {
		ack.error = use_image(broker, ack.generation, &map, &image);
		if (ack.error != 0)
			vg_shm_unmap(&map);
	}
	if (vg_chan_send(&broker->child.supervisor, VG_MSG_IMAGE_ACK, &ack, NULL) != VG_CHAN_OK)
		vg_log(VG_LOG_ERROR, "the supervisor can't be answered");
}

static void withdraw(struct broker *broker, uint64_t generation)
{
	const struct vg_image *image = vg_dial_images_find(&broker->images, generation);
	if (image == NULL)
		return;
	for (size_t i = 0; i < VG_COUNT(broker->peers); i++)
		if (broker->peers[i].chan != NULL)
			vg_dialer_withdraw(&broker->peers[i].dialer, generation);
	vg_names_drop(broker->names, image);
	vg_dial_images_drop(&broker->images, generation);
}

static void take(struct broker *broker, struct vg_msg *msg)
{
	if (msg->type == VG_MSG_DRAIN) {
		end(broker);
	} else if (msg->type == VG_MSG_NAMES) {
		if (!vg_child_take_names(&broker->child, msg))
			vg_log(VG_LOG_ERROR, "a file of names that nobody knows");
	} else if (msg->type == VG_MSG_IMAGE) {
		take_image(broker, msg);
	} else if (msg->type == VG_MSG_WITHDRAW) {
		withdraw(broker, msg->index.index);
	} else if (msg->type == VG_MSG_PEER) {
		struct vg_chan *chan = vg_child_add_peer(&broker->child, msg);
		if (chan == NULL || !open_peer(broker, chan))
			vg_log(VG_LOG_ERROR, "no place for worker %u", msg->peer.index);
	}
}

static void on_supervisor(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	struct broker *broker = arg;
	struct vg_msg msg;
	enum vg_chan_status status;
	while ((status = vg_chan_recv(&broker->child.supervisor, &msg)) == VG_CHAN_OK) {
		take(broker, &msg);
		vg_msg_close(&msg);
	}
	if (status == VG_CHAN_AGAIN)
		return;
	(void)event_del(&broker->supervisor);
	broker->orphan = true;
	if (broker->peer_count == 0)
		end(broker);
}

/* No changelist: dial.c says why. */
static struct event_base *new_base(void)
{
	struct event_config *config = event_config_new();
	if (config == NULL)
		return NULL;
	struct event_base *base = NULL;
	if (event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK | EVENT_BASE_FLAG_IGNORE_ENV) == 0)
		base = event_base_new_with_config(config);
	event_config_free(config);
	return base;
}

static bool prepare(struct broker *broker)
{
	struct vg_chan *supervisor = &broker->child.supervisor;
	broker->base = new_base();
	if (broker->base == NULL || !vg_fd_nonblocking(supervisor->fd) ||
	    event_assign(&broker->supervisor, broker->base, supervisor->fd, EV_READ | EV_PERSIST,
			 on_supervisor, broker) != 0 ||
	    event_add(&broker->supervisor, NULL) != 0)
		return false;
	broker->names = vg_names_new(broker->base);
	/* From here on the image is one of several, which own its memory. */
	if (broker->names == NULL || use_image(broker, broker->child.generation,
					       &broker->child.image_map, &broker->child.image) != 0)
		return false;
	for (uint32_t i = 0; i < broker->child.peer_count; i++)
		if (!open_peer(broker, &broker->child.peers[i]))
			return false;
	return true;
}

int vg_broker_run(void)
{
	static struct broker broker; /* the process's one context */
	if (!vg_child_start(&broker.child, VG_ROLE_BROKER))
		return 1;
	if (!prepare(&broker)) {
		vg_log(VG_LOG_ERROR, "the broker can't begin");
		return 1;
	}
	if (!vg_sandbox_enter(VG_ROLE_BROKER, NULL) || !vg_child_ready(&broker.child))
		return 1;
	bool ok = event_base_dispatch(broker.base) == 0;
	for (size_t i = 0; i < VG_COUNT(broker.peers); i++)
		if (broker.peers[i].chan != NULL)
			drop_peer(&broker.peers[i]);
	(void)event_del(&broker.supervisor);
	vg_names_free(&broker.names);
	event_base_free(broker.base);
	return ok ? 0 : 1;
}
