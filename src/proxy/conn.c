#include "proxy/conn.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/memory.h"
#include "proxy/arrive.h"
#include "proxy/ctx.h"
#include "proxy/follow.h"
#include "proxy/generation.h"
#include "proxy/tell.h"
#include "proxy/worker.h"

#define LINGER_MS 2000

static void link_in(struct vg_conn *conn)
{
	struct vg_worker *worker = conn->worker;
	conn->next = worker->conns;
	if (worker->conns != NULL)
		worker->conns->prev = conn;
	worker->conns = conn;
	worker->conn_count++;
}

static void take_out(struct vg_conn *conn)
{
	struct vg_worker *worker = conn->worker;
	*(conn->prev == NULL ? &worker->conns : &conn->prev->next) = conn->next;
	if (conn->next != NULL)
		conn->next->prev = conn->prev;
	worker->conn_count--;
}

void vg_conn_deadline(struct vg_conn *conn, uint64_t ms)
{
	if (ms == 0)
		(void)evtimer_del(&conn->deadline);
	else
		vg_loop_arm(&conn->deadline, ms);
}

/* `ended`: our half is; else that is tried again as soon as there is room. */
static void linger(struct vg_conn *conn, bool ended)
{
	conn->state = VG_CONN_LINGER;
	vg_conn_deadline(conn, LINGER_MS);
	vg_stream_want(&conn->stream, !conn->h1.eof, !ended);
}

static void end_half(struct vg_conn *conn)
{
	enum vg_io io = vg_stream_end(&conn->stream);
	if (io == VG_IO_ERROR || (io == VG_IO_OK && conn->h1.eof))
		vg_conn_close(conn);
	else if (conn->state != VG_CONN_LINGER)
		linger(conn, io == VG_IO_OK);
	else
		vg_stream_want(&conn->stream, !conn->h1.eof, io != VG_IO_OK);
}

void vg_conn_finish(struct vg_conn *conn)
{
	end_half(conn);
}

/* It came, maybe said something, and went, and showed no certificate. */
static bool is_probe(const struct vg_conn *conn, enum vg_reason reason)
{
	const struct vg_tls_peer *peer = conn->client.peer;
	return conn->probe && (reason == VG_REASON_TLS_CLOSED || reason == VG_REASON_TLS_ALERT) &&
	       (peer == NULL || !peer->has_cert);
}

/* Nobody is there to hear why, or so many are that they must go. */
static bool ends_at_once(enum vg_reason reason)
{
	return reason == VG_REASON_TLS_CLOSED || reason == VG_REASON_LIMIT_ADDRESS;
}

void vg_conn_fail(struct vg_conn *conn, enum vg_reason reason, const char *fault)
{
	if (is_probe(conn, reason)) {
		conn->worker->probes++;
		vg_conn_close(conn);
		return;
	}
	if (conn->slot == VG_NO_SLOT)
		conn->slot = vg_tell_handshake_begin(conn->worker, &conn->client);
	if (conn->slot != VG_NO_SLOT)
		vg_tell_handshake_failed(conn->worker, &conn->client, conn->slot, reason, fault);
	conn->slot = VG_NO_SLOT;
	vg_places_leave(&conn->worker->places, &conn->place);
	if (ends_at_once(reason) || shutdown(conn->stream.fd, SHUT_WR) != 0)
		vg_conn_close(conn);
	else
		linger(conn, true);
}

static void begin_serving(struct vg_conn *conn)
{
	conn->state = VG_CONN_SERVING;
	vg_h1_init(&conn->h1, conn, conn->client.generation->gateway->header_bytes);
	vg_h1_ready(&conn->h1, VG_STREAM_READ);
	if (conn->worker->draining && conn->state == VG_CONN_SERVING)
		vg_h1_drain(&conn->h1);
}

static void serve(struct vg_conn *conn, const struct vg_tls_peer *peer)
{
	struct vg_worker *worker = conn->worker;
	conn->client.vendor = peer->vendor;
	conn->client.ident = peer->ident;
	vg_ring_cancel(&worker->ring, conn->slot);
	conn->slot = VG_NO_SLOT;
	vg_places_leave(&worker->places, &conn->place);
	begin_serving(conn);
}

static void shake(struct vg_conn *conn)
{
	enum vg_tls_status status = vg_tls_handshake(conn->stream.tls,
						     vg_loop_wall(&conn->worker->loop));
	const struct vg_tls_peer *peer = conn->client.peer;
	switch (status) {
	case VG_TLS_DONE:
		VG_ASSERT(peer->proven && peer->vendor != VG_NO_ROW);
		serve(conn, peer);
		return;
	case VG_TLS_WANT_READ:
	case VG_TLS_WANT_WRITE:
		vg_stream_want(&conn->stream, status == VG_TLS_WANT_READ,
			       status == VG_TLS_WANT_WRITE);
		return;
	case VG_TLS_EOF:
	case VG_TLS_FAILED:
	default:
		vg_conn_fail(conn,
			     peer->reason == VG_REASON_NONE ? VG_REASON_TLS_CLOSED : peer->reason,
			     peer->fault);
	}
}

static void set_generation(struct vg_conn *conn, struct vg_generation *generation)
{
	struct vg_generation *before = conn->client.generation;
	conn->client.generation = vg_generation_ref(generation);
	vg_generation_unref(&before);
}

enum vg_reason vg_conn_follow(struct vg_conn *conn)
{
	struct vg_generation *newest = vg_follow_current(conn->worker);
	int64_t now = vg_loop_wall(&conn->worker->loop);
	if (conn->stream.tls == NULL ||
	    (conn->client.generation == newest && !vg_tls_session_expired(conn->stream.tls, now)))
		return VG_REASON_NONE;
	enum vg_reason reason = vg_tls_session_rejudge(conn->stream.tls, newest->tls, now);
	if (reason != VG_REASON_NONE)
		return reason;
	conn->client.vendor = conn->client.peer->vendor;
	conn->client.ident = conn->client.peer->ident;
	set_generation(conn, newest);
	return VG_REASON_NONE;
}

void vg_conn_handshake(void *owner)
{
	struct vg_conn *conn = owner;
	/* Not before: who only waits could take all slots, and leave none to vendors' requests. */
	conn->slot = vg_tell_handshake_begin(conn->worker, &conn->client);
	if (conn->slot == VG_NO_SLOT) {
		vg_conn_close(conn);
		return;
	}
	set_generation(conn, vg_follow_current(conn->worker));
	struct vg_tls_session *session = vg_tls_session_new(conn->client.generation->tls,
							    conn->stream.fd);
	if (session == NULL) {
		vg_conn_fail(conn, VG_REASON_GATEWAY_ERROR, "memory");
		return;
	}
	conn->client.tls = session;
	conn->client.peer = vg_tls_session_peer(session);
	vg_stream_secure(&conn->stream, session);
	shake(conn);
}

void vg_conn_place_timeout(void *owner)
{
	vg_conn_fail(owner, VG_REASON_TLS_TIMEOUT, "others wait");
}

static void on_ready(void *owner, unsigned what)
{
	struct vg_conn *conn = owner;
	switch (conn->state) {
	case VG_CONN_HEADER:
	case VG_CONN_SILENT:
	case VG_CONN_HELLO:
		vg_arrive_ready(conn);
		return;
	case VG_CONN_HANDSHAKE:
		shake(conn);
		return;
	case VG_CONN_SERVING:
		vg_h1_ready(&conn->h1, what);
		return;
	case VG_CONN_LINGER:
		if ((what & VG_STREAM_WRITE) != 0)
			end_half(conn);
		else if (vg_stream_discard(&conn->stream) != VG_IO_AGAIN)
			vg_conn_close(conn);
		return;
	case VG_CONN_PARKED:
	case VG_CONN_CLOSED:
	default:
		return;
	}
}

static void on_deadline(evutil_socket_t fd VG_UNUSED, short what VG_UNUSED, void *arg)
{
	struct vg_conn *conn = arg;
	if (conn->state == VG_CONN_SERVING)
		vg_h1_timeout(&conn->h1);
	else if (conn->state == VG_CONN_LINGER)
		vg_conn_close(conn);
	else
		vg_arrive_timeout(conn);
}

static struct vg_conn *make(struct vg_worker *worker, const struct vg_client *client)
{
	struct vg_conn *conn = calloc(1, sizeof(*conn));
	if (conn == NULL)
		return NULL;
	conn->worker = worker;
	conn->slot = VG_NO_SLOT;
	conn->client = *client;
	conn->client.generation = vg_generation_ref(vg_follow_current(worker));
	conn->client.began = vg_loop_monotonic(&worker->loop);
	vg_ids_next(&worker->ids, vg_loop_wall(&worker->loop), conn->client.id);
	VG_ASSERT(evtimer_assign(&conn->deadline, worker->loop.base, on_deadline, conn) == 0);
	link_in(conn);
	return conn;
}

struct vg_conn *vg_conn_open_memory(struct vg_worker *worker, struct vg_memory *memory,
				    const struct vg_client *client)
{
	struct vg_conn *conn = make(worker, client);
	if (conn == NULL)
		return NULL;
	vg_stream_open_memory(&conn->stream, &worker->loop, memory, on_ready, conn);
	begin_serving(conn);
	return conn;
}

struct vg_conn *vg_conn_open_socket(struct vg_worker *worker, int fd,
				    const struct vg_client *client)
{
	struct vg_conn *conn = make(worker, client);
	if (conn != NULL)
		vg_stream_open(&conn->stream, &worker->loop, fd, on_ready, conn);
	return conn;
}

static void free_now(void *object)
{
	struct vg_conn *conn = object;
	vg_generation_unref(&conn->client.generation);
	free(conn);
}

void vg_conn_close(struct vg_conn *conn)
{
	if (conn->state == VG_CONN_CLOSED)
		return;
	/* The exchange's event still needs the session. */
	if (conn->state == VG_CONN_SERVING || conn->h1.conn != NULL)
		vg_h1_fini(&conn->h1);
	conn->state = VG_CONN_CLOSED;
	if (conn->slot != VG_NO_SLOT)
		vg_ring_cancel(&conn->worker->ring, conn->slot);
	vg_places_leave(&conn->worker->places, &conn->place);
	vg_addresses_leave(&conn->worker->addresses, &conn->guest);
	(void)evtimer_del(&conn->deadline);
	vg_stream_close(&conn->stream);
	take_out(conn);
	vg_loop_rest(&conn->worker->loop, &conn->resting, conn, free_now);
	vg_worker_conn_closed(conn->worker);
}

void vg_conn_drain_all(struct vg_worker *worker)
{
	struct vg_conn *conn = worker->conns;
	while (conn != NULL) {
		struct vg_conn *next = conn->next;
		if (conn->state == VG_CONN_SERVING)
			vg_h1_drain(&conn->h1);
		else if (conn->state < VG_CONN_HELLO)
			vg_conn_close(conn);
		conn = next;
	}
}
