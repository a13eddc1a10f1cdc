#include "config.h"

#include "proxy/worker.h"

#include <errno.h>
#include <malloc.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "proxy/arrive.h"
#include "proxy/conn.h"
#include "proxy/ctx.h"
#include "proxy/exchange.h"
#include "proxy/follow.h"
#include "proxy/generation.h"
#include "proxy/tell.h"
#include "sys/entropy.h"
#include "sys/file.h"
#include "sys/log.h"
#include "sys/sandbox.h"
#include "tls/warmup.h"

#define ACCEPTS_A_TURN 16
#define HEAP_KEPT (8 << 20) /* bytes that a worker keeps at the heap's end */

static bool fail(const char *what)
{
	vg_log(VG_LOG_ERROR, "can't start: %s", what);
	return false;
}

static void set_accepting(struct vg_worker *worker, bool on)
{
	if (worker->accepting == on)
		return;
	worker->accepting = on;
	for (uint32_t i = 0; i < worker->child->listener_count; i++)
		VG_ASSERT((on ? event_add(&worker->accepts[i], NULL)
			      : event_del(&worker->accepts[i])) == 0);
}

void vg_worker_conn_closed(struct vg_worker *worker)
{
	if (!worker->draining)
		set_accepting(worker, worker->conn_count < worker->conn_max);
	else if (worker->conn_count == 0)
		vg_loop_stop(&worker->loop);
}

static struct vg_addr addr_of(const struct sockaddr_storage *from, uint16_t *port)
{
	struct vg_addr addr;
	if (from->ss_family == AF_INET6) {
		const struct sockaddr_in6 *in6 = (const void *)from;
		memcpy(addr.bytes, &in6->sin6_addr, sizeof(addr.bytes));
		*port = ntohs(in6->sin6_port);
		return addr;
	}
	struct sockaddr_in in;
	memcpy(&in, from, sizeof(in));
	*port = ntohs(in.sin_port);
	return vg_addr_v4((const uint8_t *)&in.sin_addr);
}

/* Its share: who has that many leaves accepting to the others. */
static uint32_t most_connections(const struct vg_worker *worker,
				 const struct vg_img_gateway *gateway)
{
	uint32_t wanted = gateway->connections, possible = worker->conn_possible;
	if (wanted > worker->child->hello.workers)
		wanted /= worker->child->hello.workers;
	return wanted == 0 || wanted > possible ? possible : wanted;
}

/* Of what all workers may do together each does its share. */
static void follow_limits(struct vg_worker *worker)
{
	const struct vg_generation *now = vg_follow_current(worker);
	const struct vg_img_gateway *gateway = now->gateway;
	uint32_t shares = worker->child->hello.workers, most = gateway->connections_per_address;
	if (worker->limits_of == now->number)
		return;
	worker->limits_of = now->number;
	worker->conn_max = most_connections(worker, gateway);
	vg_addresses_limit(&worker->addresses, most == 0 ? UINT32_MAX : most, shares);
	vg_places_rate(&worker->places, gateway->handshakes.per_second, gateway->handshakes.burst,
		       shares);
}

/*
 * A connection has the options that its listener has, which all workers share: one of them that
 * was taken over could make the others wait for bytes that don't come, or cut their answers.
 */
static void reset_options(int fd)
{
	const struct linger linger = {0};
	const int least = 1;
	(void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVLOWAT, &least, sizeof(least));
}

static void on_accept(evutil_socket_t listener, short what VG_UNUSED, void *arg)
{
	struct vg_worker *worker = arg;
	follow_limits(worker);
	for (int i = 0; i < ACCEPTS_A_TURN && worker->accepting; i++) {
		struct sockaddr_storage from = {0};
		socklen_t len = sizeof(from);
		uint16_t port = 0;
		int fd = accept4(listener, (struct sockaddr *)&from, &len,
				 SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd < 0) {
			/* Out of descriptors: the next close makes room (and accepts again). */
			if (errno == EMFILE || errno == ENFILE)
				set_accepting(worker, worker->conn_count == 0);
			return;
		}
		reset_options(fd);
		struct vg_addr src = addr_of(&from, &port);
		vg_arrive(worker, fd, &src, port);
		set_accepting(worker, worker->conn_count < worker->conn_max);
	}
}

static void on_drain_deadline(evutil_socket_t fd VG_UNUSED, short what VG_UNUSED, void *arg)
{
	struct vg_worker *worker = arg;
	while (worker->conns != NULL)
		vg_conn_close(worker->conns);
	vg_loop_stop(&worker->loop);
}

static void drain(struct vg_worker *worker, uint64_t ms)
{
	if (!worker->draining) {
		set_accepting(worker, false);
		worker->draining = true;
		vg_conn_drain_all(worker);
	}
	if (worker->conn_count == 0)
		vg_loop_stop(&worker->loop);
	else
		vg_loop_arm(&worker->drain_deadline, ms);
}

static void on_supervisor(evutil_socket_t fd VG_UNUSED, short what VG_UNUSED, void *arg)
{
	struct vg_worker *worker = arg;
	struct vg_msg msg;
	enum vg_chan_status status = vg_chan_recv(&worker->child->supervisor, &msg);
	if (status == VG_CHAN_AGAIN)
		return;
	if (status != VG_CHAN_OK) {
		(void)event_del(&worker->from_supervisor);
		drain(worker, worker->current->gateway->drain_ms);
		return;
	}
	if (msg.type == VG_MSG_DRAIN)
		drain(worker, msg.index.index);
	else if (msg.type == VG_MSG_PEER && msg.peer.role == VG_ROLE_BROKER)
		vg_dials_broker(&worker->dials, vg_child_add_peer(worker->child, &msg));
	else
		vg_follow_take(worker, &msg);
	vg_msg_close(&msg);
}

static bool open_ring(struct vg_worker *worker)
{
	struct vg_child *child = worker->child;
	if (child->ring_count != 1)
		return false;
	return vg_shm_take(&worker->ring_map, &child->rings[0].file_fd, true) &&
	       vg_shm_take(&worker->tail_map, &child->rings[0].tail_fd, false) &&
	       vg_ring_open_writer(&worker->ring, worker->ring_map.mem, worker->ring_map.size,
				   worker->tail_map.mem, worker->tail_map.size);
}

static void on_beat(evutil_socket_t fd VG_UNUSED, short what VG_UNUSED, void *arg)
{
	struct vg_worker *worker = arg;
	worker->turned = vg_loop_monotonic(&worker->loop);
	vg_tell_untold(worker);
}

static bool start_beat(struct vg_worker *worker)
{
	const struct timeval second = {.tv_sec = 1};
	worker->turned = vg_loop_monotonic(&worker->loop);
	return event_assign(&worker->beat, worker->loop.base, -1, EV_PERSIST, on_beat, worker) ==
		       0 &&
	       event_add(&worker->beat, &second) == 0;
}

/* Once a turn: for people, who see it within the second. */
static void tell_status(void *arg)
{
	struct vg_worker *worker = arg;
	struct vg_status_worker now = {.generation = worker->current->number,
				       .connections = worker->conn_count,
				       .handshakes = worker->places.taken_count,
				       .waiting = worker->places.waiting_count,
				       .parked = worker->addresses.parked,
				       .probes = worker->probes,
				       .turned = worker->turned,
				       .refusing = !vg_ring_may_begin(&worker->ring) ||
						   worker->untold > 0,
				       .dialled = worker->dialled,
				       .reused = worker->reused,
				       .down = worker->current->health.down};
	if (memcmp(&now, &worker->told, sizeof(now)) == 0)
		return;
	worker->told = now;
	vg_status_page_write(worker->page_map.mem, VG_STATUS_WORKER, &now);
}

/* What the one before told is not ours: it begins anew. */
static bool open_page(struct vg_worker *worker)
{
	int *fd = &worker->child->page_fds[VG_PAGE_WORKERS + worker->child->index];
	if (!vg_shm_take(&worker->page_map, fd, true) ||
	    worker->page_map.size < vg_status_page_size(VG_STATUS_WORKER))
		return false;
	vg_status_page_format(worker->page_map.mem, VG_STATUS_WORKER);
	vg_status_page_write(worker->page_map.mem, VG_STATUS_WORKER, &worker->told);
	worker->loop.maintain = tell_status;
	worker->loop.arg = worker;
	return true;
}

static bool listen_to(struct vg_worker *worker)
{
	struct vg_child *child = worker->child;
	if (child->listener_count == 0)
		return fail("no listener");
	for (uint32_t i = 0; i < child->listener_count; i++)
		VG_ASSERT(event_assign(&worker->accepts[i], worker->loop.base, child->listeners[i],
				       EV_READ | EV_PERSIST, on_accept, worker) == 0);
	VG_ASSERT(event_assign(&worker->from_supervisor, worker->loop.base, child->supervisor.fd,
			       EV_READ | EV_PERSIST, on_supervisor, worker) == 0);
	VG_ASSERT(evtimer_assign(&worker->drain_deadline, worker->loop.base, on_drain_deadline,
				 worker) == 0);
	return vg_fd_nonblocking(child->supervisor.fd) &&
	       event_add(&worker->from_supervisor, NULL) == 0;
}

/* Asked for once: behind the filter it can't be. */
static void count_descriptors(struct vg_worker *worker)
{
	struct rlimit limit = {0};
	(void)getrlimit(RLIMIT_NOFILE, &limit);
	worker->conn_possible = vg_fd_connections(limit.rlim_cur);
}

static bool open_addresses(struct vg_worker *worker)
{
	uint8_t key[VG_SIPHASH_KEY];
	vg_entropy(key, sizeof(key));
	return vg_addresses_init(&worker->addresses,
				 most_connections(worker, worker->current->gateway), key,
				 vg_arrive_take_up);
}

static bool prepare(struct vg_worker *worker)
{
	struct vg_child *child = worker->child;
	struct vg_chan *keys = vg_child_peer(child, VG_ROLE_KEYS);
	count_descriptors(worker);
	if (keys == NULL)
		return fail("no keys process");
	if (!vg_loop_init(&worker->loop))
		return fail("no event loop");
	if (!open_ring(worker))
		return fail("its event ring can't be opened");
	if (!open_page(worker))
		return fail("its status page can't be opened");
	if (!vg_follow_init(worker))
		return fail("the control block can't be opened");
	vg_places_init(&worker->places, &worker->loop, vg_conn_handshake, vg_conn_place_timeout);
	vg_dials_init(&worker->dials, worker);
	vg_dials_broker(&worker->dials, vg_child_peer(child, VG_ROLE_BROKER));
	worker->current = vg_generation_new(worker, child->generation, &child->image);
	if (worker->current == NULL || !vg_generation_secure(worker->current, keys))
		return fail("TLS");
	if (!vg_tls_warmup(&child->image, &worker->current->keys))
		return fail("the first handshake with itself failed");
	if (!open_addresses(worker))
		return fail("no memory for its table of addresses");
	follow_limits(worker);
	return listen_to(worker);
}

static void finish(struct vg_worker *worker)
{
	while (worker->conns != NULL)
		vg_conn_close(worker->conns);
	vg_places_fini(&worker->places);
	vg_addresses_fini(&worker->addresses);
	vg_dials_fini(&worker->dials);
	vg_loop_free_resting(&worker->loop);
	vg_follow_fini(worker);
	vg_loop_fini(&worker->loop);
	vg_exchange_free_spare(worker);
	vg_shm_unmap(&worker->ring_map);
	vg_shm_unmap(&worker->tail_map);
	vg_shm_unmap(&worker->page_map);
}

static bool serve(struct vg_worker *worker)
{
	if (!vg_sandbox_enter(VG_ROLE_WORKER, NULL))
		return fail("the sandbox can't be entered");
	set_accepting(worker, true);
	if (!start_beat(worker))
		return fail("no timer");
	tell_status(worker);
	return vg_child_ready(worker->child) && vg_loop_run(&worker->loop);
}

/*
 * Buffers come and go with each answer: glibc would give the heap's end back to the kernel, and ask
 * for it again page by page.
 */
static void keep_heap(void)
{
	(void)mallopt(M_TRIM_THRESHOLD, HEAP_KEPT);
}

int vg_worker_run(void)
{
	struct vg_child *child = calloc(1, sizeof(*child));
	struct vg_worker *worker = calloc(1, sizeof(*worker));
	keep_heap();
	bool good = child != NULL && worker != NULL && vg_child_start(child, VG_ROLE_WORKER);
	if (good) {
		worker->child = child;
		good = prepare(worker) && serve(worker);
		finish(worker);
	}
	free(worker);
	free(child);
	return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
