#include "broker/dial.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

#include "sys/clock.h"
#include "sys/file.h"

const struct vg_image *vg_dial_images_find(const struct vg_dial_images *images, uint64_t generation)
{
	for (size_t i = 0; generation != 0 && i < VG_GENERATIONS_MAX; i++)
		if (images->rows[i].generation == generation)
			return &images->rows[i].image;
	return NULL;
}

bool vg_dial_images_add(struct vg_dial_images *images, uint64_t generation,
			const struct vg_map *map, const struct vg_image *image)
{
	if (generation == 0 || vg_dial_images_find(images, generation) != NULL)
		return false;
	for (size_t i = 0; i < VG_GENERATIONS_MAX; i++) {
		if (images->rows[i].generation != 0)
			continue;
		images->rows[i].generation = generation;
		images->rows[i].map = *map;
		images->rows[i].image = *image;
		return true;
	}
	return false;
}

void vg_dial_images_drop(struct vg_dial_images *images, uint64_t generation)
{
	for (size_t i = 0; i < VG_GENERATIONS_MAX; i++) {
		if (images->rows[i].generation != generation)
			continue;
		vg_shm_unmap(&images->rows[i].map);
		images->rows[i].generation = 0;
	}
}

struct vg_dial {
	struct vg_dial *next;
	struct vg_dialer *dialer;
	uint64_t id;
	int fd;        /* -1: none, or not any more */
	int error;     /* an errno value; 0: connected */
	bool finished; /* only its answer is due */
	struct event event;
	uint64_t generation;
	uint32_t upstream;
	int64_t deadline; /* monotonic */
	struct vg_name_wait wait;
	struct vg_addrs to;
	uint32_t next_addr;  /* of `to` */
	struct vg_addr last; /* that was tried, where next_addr > 0 */
};

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

static socklen_t fill(union address *to, const struct vg_addr *addr, uint16_t port)
{
	memset(to, 0, sizeof(*to));
	if (vg_addr_is_v4(addr)) {
		to->v4.sin_family = AF_INET;
		to->v4.sin_port = htons(port);
		memcpy(&to->v4.sin_addr, addr->bytes + 12, 4);
		return sizeof(to->v4);
	}
	to->v6.sin6_family = AF_INET6;
	to->v6.sin6_port = htons(port);
	memcpy(&to->v6.sin6_addr, addr->bytes, 16);
	return sizeof(to->v6);
}

/* The service that has the upstream; NULL: then nobody may dial it. */
static const struct vg_img_service *service_of(const struct vg_image *image, uint32_t upstream)
{
	for (uint32_t i = 0; i < vg_img_service_count(image); i++) {
		const struct vg_img_service *service = &vg_img_services(image)[i];
		if (upstream >= service->upstreams.first &&
		    upstream - service->upstreams.first < service->upstreams.count)
			return service;
	}
	return NULL;
}

static void forget(struct vg_dial *dial)
{
	struct vg_dialer *dialer = dial->dialer;
	for (struct vg_dial **link = &dialer->dials; *link != NULL; link = &(*link)->next) {
		if (*link != dial)
			continue;
		*link = dial->next;
		dialer->count--;
		break;
	}
	/* Out of the poll set before it is closed: the worker's copy keeps the socket alive, and a
	   poll set goes by the socket. A changelist would do it too late. */
	(void)event_del(&dial->event);
	vg_names_forget(&dial->wait);
	vg_fd_close(&dial->fd);
	free(dial);
}

static enum vg_chan_status send_answer(const struct vg_dial *dial, int error)
{
	struct vg_msg_dialed answer = {
		.id = dial->id, .error = error, .tried = dial->next_addr > 0, .addr = dial->last};
	return error == 0 ? vg_chan_send(dial->dialer->chan, VG_MSG_DIALED, &answer, &dial->fd)
			  : vg_chan_send(dial->dialer->chan, VG_MSG_DIAL_FAILED, &answer, NULL);
}

/* True where the answer was given, or nobody takes it any more (whoever reads the channel finds
   out); the dial is gone then. False: no room. */
static bool answer(struct vg_dial *dial)
{
	enum vg_chan_status status = send_answer(dial, dial->error);
	/* The kernel bounds the descriptors under way: this one can't go. */
	if (status == VG_CHAN_BAD && dial->error == 0)
		status = send_answer(dial, EMFILE);
	if (status == VG_CHAN_AGAIN)
		return false;
	forget(dial);
	return true;
}

static void finish(struct vg_dial *dial, int error)
{
	struct vg_dialer *dialer = dial->dialer;
	vg_names_forget(&dial->wait);
	dial->finished = true;
	dial->error = error;
	(void)event_del(&dial->event);
	if (!answer(dial))
		(void)event_add(&dialer->writable, NULL);
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	struct vg_dialer *dialer = arg;
	struct vg_dial *next;
	for (struct vg_dial *dial = dialer->dials; dial != NULL; dial = next) {
		next = dial->next;
		if (!dial->finished || answer(dial))
			continue;
		(void)event_add(&dialer->writable, NULL);
		return;
	}
}

static void try_next(struct vg_dial *dial, int error);

static const struct vg_img_upstream *upstream_of(const struct vg_dial *dial, struct vg_slice *host)
{
	const struct vg_image *image = vg_dial_images_find(dial->dialer->images, dial->generation);
	VG_ASSERT(image != NULL);
	const struct vg_img_upstream *upstream = &vg_img_upstreams(image)[dial->upstream];
	*host = vg_img_str(image, upstream->host);
	return upstream;
}

static void on_connected(evutil_socket_t fd, short what, void *arg)
{
	struct vg_dial *dial = arg;
	int error = ETIMEDOUT;
	socklen_t len = sizeof(error);
	if ((what & EV_TIMEOUT) == 0 && getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0)
		error = errno;
	if (error != 0) {
		try_next(dial, error);
		return;
	}
	struct vg_slice host;
	(void)upstream_of(dial, &host);
	if (host.len > 0)
		vg_names_worked(dial->dialer->names, host, &dial->last);
	finish(dial, 0);
}

/* 0, EINPROGRESS, or what was wrong. */
static int begin_connect(struct vg_dial *dial)
{
	union address to;
	struct vg_slice host;
	const struct vg_img_upstream *upstream = upstream_of(dial, &host);
	socklen_t len = fill(&to, &dial->last, upstream->port);
	dial->fd = socket(to.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int on = 1;
	if (dial->fd < 0 || setsockopt(dial->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) != 0)
		return errno;
	return connect(dial->fd, &to.any, len) == 0 ? 0 : errno;
}

/* Arms the event, for the socket or alone: it comes after `us` at the latest. */
static bool arm(struct vg_dial *dial, event_callback_fn call, int64_t us)
{
	struct timeval timeout = {.tv_sec = us / 1000000, .tv_usec = us % 1000000};
	return event_assign(&dial->event, dial->dialer->base, dial->fd, dial->fd < 0 ? 0 : EV_WRITE,
			    call, dial) == 0 &&
	       event_add(&dial->event, &timeout) == 0;
}

/* `error` is what the address before came to. */
static void try_next(struct vg_dial *dial, int error)
{
	while (dial->next_addr < dial->to.count) {
		int64_t left = dial->deadline - vg_clock_monotonic();
		if (left <= 0)
			break;
		left /= dial->to.count - dial->next_addr;
		/* Its event is out of the poll set: it has fired, or was never in. */
		vg_fd_close(&dial->fd);
		dial->last = dial->to.addrs[dial->next_addr++];
		error = begin_connect(dial);
		if (error == 0)
			break;
		if (error != EINPROGRESS)
			continue;
		if (!arm(dial, on_connected, left))
			finish(dial, ENOMEM);
		return;
	}
	finish(dial, error);
}

static void on_resolved(void *arg, const struct vg_addrs *addrs)
{
	struct vg_dial *dial = arg;
	(void)event_del(&dial->event);
	dial->to = *addrs;
	try_next(dial, dial->to.count > 0 ? ETIMEDOUT : ENOENT);
}

static void on_unresolved(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	finish(arg, ENOENT);
}

static void resolve(struct vg_dial *dial, struct vg_slice host, int64_t us)
{
	dial->wait.done = on_resolved;
	dial->wait.owner = dial;
	const struct vg_addrs *addrs = vg_names_find(dial->dialer->names, host, &dial->wait);
	if (addrs != NULL)
		on_resolved(dial, addrs);
	else if (!arm(dial, on_unresolved, us))
		finish(dial, ENOMEM);
}

static void dial_out(struct vg_dial *dial, const struct vg_msg_dial *request)
{
	const struct vg_dialer *dialer = dial->dialer;
	const struct vg_image *image = vg_dial_images_find(dialer->images, request->generation);
	struct vg_slice host;
	if (image == NULL) {
		finish(dial, ESTALE);
		return;
	}
	const struct vg_img_service *service = service_of(image, request->upstream);
	if (service == NULL || request->upstream >= vg_img_upstream_count(image)) {
		finish(dial, EACCES);
		return;
	}
	int64_t us = (int64_t)service->connect_timeout_ms * 1000;
	dial->generation = request->generation;
	dial->upstream = request->upstream;
	dial->deadline = vg_clock_monotonic() + us;
	const struct vg_img_upstream *upstream = upstream_of(dial, &host);
	if (host.len > 0) {
		resolve(dial, host, us);
		return;
	}
	dial->to.addrs[dial->to.count++] = upstream->addr;
	try_next(dial, ETIMEDOUT);
}

void vg_dialer_init(struct vg_dialer *dialer, struct event_base *base,
		    const struct vg_dial_images *images, struct vg_names *names,
		    const struct vg_chan *chan)
{
	*dialer = (struct vg_dialer){.base = base, .images = images, .names = names, .chan = chan};
	VG_ASSERT(event_assign(&dialer->writable, base, chan->fd, EV_WRITE, on_writable, dialer) ==
		  0);
}

void vg_dialer_fini(struct vg_dialer *dialer)
{
	while (dialer->dials != NULL)
		forget(dialer->dials);
	(void)event_del(&dialer->writable);
}

void vg_dialer_withdraw(struct vg_dialer *dialer, uint64_t generation)
{
	struct vg_dial *next;
	for (struct vg_dial *dial = dialer->dials; dial != NULL; dial = next) {
		next = dial->next;
		if (dial->generation == generation && !dial->finished)
			finish(dial, ESTALE);
	}
}

bool vg_dialer_take(struct vg_dialer *dialer, const struct vg_msg_dial *request)
{
	if (dialer->count >= VG_DIALS_MAX) {
		struct vg_msg_dialed answer = {.id = request->id, .error = EAGAIN};
		return vg_chan_send(dialer->chan, VG_MSG_DIAL_FAILED, &answer, NULL) == VG_CHAN_OK;
	}
	struct vg_dial *dial = calloc(1, sizeof(*dial));
	if (dial == NULL)
		return false;
	*dial = (struct vg_dial){
		.next = dialer->dials, .dialer = dialer, .id = request->id, .fd = -1};
	/* A timer that is never armed, until there is a socket: event_del needs one of the two. */
	VG_ASSERT(event_assign(&dial->event, dialer->base, -1, 0, on_connected, dial) == 0);
	dialer->dials = dial;
	dialer->count++;
	dial_out(dial, request);
	return true;
}
