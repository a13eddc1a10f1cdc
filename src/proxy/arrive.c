#include "proxy/arrive.h"

#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "http/proxy_protocol.h"
#include "proxy/conn.h"
#include "proxy/ctx.h"
#include "proxy/generation.h"
#include "proxy/hello.h"

/* The kernel calls again when so many bytes are there, or no more come. */
static void await_bytes(struct vg_conn *conn, size_t count)
{
	int least = (int)count;
	if (conn->hello == count)
		return;
	conn->hello = count;
	(void)setsockopt(conn->stream.fd, SOL_SOCKET, SO_RCVLOWAT, &least, sizeof(least));
}

void vg_arrive_take_up(void *owner)
{
	struct vg_conn *conn = owner;
	conn->state = VG_CONN_SILENT;
	vg_stream_want(&conn->stream, true, false);
}

/* An event for each would be a way to fill the log that costs nothing. */
static void refuse(struct vg_conn *conn)
{
	uint32_t untold;
	char text[48] = "too many wait";
	if (!vg_addresses_may_tell(&conn->worker->addresses, &conn->client.src,
				   vg_loop_monotonic(&conn->worker->loop), &untold)) {
		vg_conn_close(conn);
		return;
	}
	if (untold > 0)
		(void)snprintf(text, sizeof(text), "too many wait; %u more before", untold);
	vg_conn_fail(conn, VG_REASON_LIMIT_ADDRESS, text);
}

/* It is known whose it is: now it counts. */
static void enter(struct vg_conn *conn)
{
	switch (vg_addresses_enter(&conn->worker->addresses, &conn->guest, &conn->client.src,
				   conn)) {
	case VG_GUEST_IN:
		vg_arrive_take_up(conn);
		return;
	case VG_GUEST_PARKED:
		conn->state = VG_CONN_PARKED;
		vg_stream_want(&conn->stream, false, false);
		return;
	case VG_GUEST_REFUSED:
	default:
		refuse(conn);
	}
}

void vg_arrive(struct vg_worker *worker, int fd, const struct vg_addr *src, uint16_t sport)
{
	struct vg_client client = {
		.src = *src, .sport = sport, .vendor = VG_NO_ROW, .ident = VG_NO_ROW};
	struct vg_conn *conn = vg_conn_open_socket(worker, fd, &client);
	if (conn == NULL) {
		(void)close(fd);
		return;
	}
	const struct vg_image *image = &conn->client.generation->image;
	const struct vg_img_gateway *gateway = conn->client.generation->gateway;
	vg_conn_deadline(conn, gateway->header_timeout_ms);
	conn->hello = 1;
	conn->probe = vg_img_in_networks(image, gateway->probes_from, src);
	if (!vg_img_in_networks(image, gateway->proxy_protocol_from, src)) {
		enter(conn);
		return;
	}
	conn->state = VG_CONN_HEADER;
	vg_stream_want(&conn->stream, true, false);
}

/* The header was only looked at so far: what lies behind it stays in the socket. */
static bool take_header(struct vg_conn *conn, const struct vg_proxy_header *header)
{
	char bytes[VG_PROXY_HEADER_MAX];
	if (recv(conn->stream.fd, bytes, header->size, 0) != (ssize_t)header->size)
		return false;
	await_bytes(conn, 1);
	if (!header->named)
		return true;
	conn->client.src = header->src;
	conn->client.sport = header->sport;
	conn->probe = false;
	return true;
}

/* Called before there are as many bytes as were asked for: no more come. */
static void hear_header(struct vg_conn *conn, struct vg_slice text)
{
	struct vg_proxy_header header;
	switch (vg_proxy_header_parse(text, &header)) {
	case VG_PROXY_MORE:
		if (header.size == conn->hello)
			vg_conn_fail(conn, VG_REASON_TLS_CLOSED, "in its PROXY header");
		else
			await_bytes(conn, header.size);
		return;
	case VG_PROXY_WHOLE:
		if (take_header(conn, &header))
			enter(conn);
		else
			vg_conn_fail(conn, VG_REASON_TLS_CLOSED, "in its PROXY header");
		return;
	case VG_PROXY_BAD:
	default:
		vg_conn_fail(conn, VG_REASON_PROXY_MALFORMED, header.fault);
	}
}

/* What has come stays in the socket for TLS: a place is asked for once its ClientHello is whole. */
static void hear_hello(struct vg_conn *conn, struct vg_slice text)
{
	conn->state = VG_CONN_HELLO;
	size_t need = vg_hello_need(text);
	if (need > VG_HELLO_MAX) {
		vg_conn_fail(conn, VG_REASON_TLS_PROTOCOL, "hello too large");
		return;
	}
	if (vg_proxy_header_begins(text)) {
		vg_conn_fail(conn, VG_REASON_TLS_PROTOCOL, "a PROXY header in place of TLS");
		return;
	}
	/* Called before there are as many as were asked for: no more come, and TLS says so. */
	if (need > text.len && need != conn->hello) {
		await_bytes(conn, need);
		return;
	}
	await_bytes(conn, 1);
	conn->state = VG_CONN_HANDSHAKE;
	vg_stream_want(&conn->stream, false, false);
	vg_places_ask(&conn->worker->places, &conn->place, vg_addresses_lane(&conn->guest), conn);
}

void vg_arrive_ready(struct vg_conn *conn)
{
	char bytes[VG_HELLO_MAX];
	ssize_t n = recv(conn->stream.fd, bytes, sizeof(bytes), MSG_PEEK);
	if (n <= 0)
		vg_conn_fail(conn, VG_REASON_TLS_CLOSED, "before a byte");
	else if (conn->state == VG_CONN_HEADER)
		hear_header(conn, vg_slice(bytes, (size_t)n));
	else
		hear_hello(conn, vg_slice(bytes, (size_t)n));
}

/* For the event of a handshake that took too long. */
static const char *where_it_stood(const struct vg_conn *conn)
{
	switch (conn->state) {
	case VG_CONN_HEADER:
		return "in its PROXY header";
	case VG_CONN_SILENT:
		return "silent";
	case VG_CONN_HELLO:
		return "in its hello";
	case VG_CONN_HANDSHAKE:
		return conn->place.state == VG_PLACE_WAITING ? "waits for its handshake"
							     : "in the handshake";
	case VG_CONN_PARKED:
	case VG_CONN_SERVING:
	case VG_CONN_LINGER:
	case VG_CONN_CLOSED:
	default:
		return "";
	}
}

void vg_arrive_timeout(struct vg_conn *conn)
{
	if (conn->state == VG_CONN_PARKED)
		vg_conn_fail(conn, VG_REASON_LIMIT_ADDRESS, "waited for one to end");
	else
		vg_conn_fail(conn, VG_REASON_TLS_TIMEOUT, where_it_stood(conn));
}
