/*
 * Syslog over TCP (RFC 6587 3.4.1, octet counting): "LENGTH SP MESSAGE". Nobody acknowledges a
 * message, so what the collector's kernel has acknowledged is watched, and what may be lost all
 * the same is repeated after a break (flight.h).
 */
#include "config.h"

#include "record/sink.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>

#include "sys/file.h"

#define GIVE_UP_MS 10000 /* unacknowledged for so long: the collector is gone */
#define IDLE_S 30        /* then it is asked whether it is there */
#define PREFIX_MAX 8     /* "8192 " and a NUL */

static void set_option(int fd, int level, int option, int value)
{
	/* Each makes a break known sooner; without them it takes the kernel's time. */
	(void)setsockopt(fd, level, option, &value, sizeof(value));
}

static bool connect_to(struct vg_sink *sink)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(sink->row->port)};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(sink->row->port)};
	bool is_v4 = vg_addr_is_v4(&sink->row->addr);
	memcpy(&v4.sin_addr, sink->row->addr.bytes + 12, 4);
	memcpy(&v6.sin6_addr, sink->row->addr.bytes, 16);
	int failed = is_v4 ? connect(sink->fd, (const struct sockaddr *)&v4, sizeof(v4))
			   : connect(sink->fd, (const struct sockaddr *)&v6, sizeof(v6));
	return failed == 0 || errno == EINPROGRESS;
}

static bool reach_tcp(struct vg_reach *reach, const struct vg_image *image VG_UNUSED,
		      const struct vg_img_sink *row)
{
	return vg_reach_port(reach, row->port);
}

static bool open_tcp(struct vg_sink *sink)
{
	int family = vg_addr_is_v4(&sink->row->addr) ? AF_INET : AF_INET6;
	sink->fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (sink->fd < 0)
		return false;
	set_option(sink->fd, IPPROTO_TCP, TCP_NODELAY, 1);
	set_option(sink->fd, IPPROTO_TCP, TCP_USER_TIMEOUT, GIVE_UP_MS);
	set_option(sink->fd, IPPROTO_TCP, TCP_KEEPIDLE, IDLE_S);
	set_option(sink->fd, SOL_SOCKET, SO_KEEPALIVE, 1);
	if (!connect_to(sink)) {
		vg_fd_close(&sink->fd);
		return false;
	}
	sink->connecting = true;
	sink->partial = 0;
	sink->written = 0;
	vg_flight_begin(&sink->flight, sink->cursor.place);
	return true;
}

static bool is_connected(struct vg_sink *sink)
{
	struct pollfd ready = {.fd = sink->fd, .events = POLLOUT};
	if (sink->connecting && poll(&ready, 1, 0) == 0)
		return false;
	sink->connecting = false;
	return true;
}

/* What a collector says is no matter; that it ends is. False, and errno, where it did. */
static bool is_alive(const struct vg_sink *sink)
{
	char said[256];
	for (;;) {
		ssize_t n = recv(sink->fd, said, sizeof(said), MSG_DONTWAIT);
		if (n == 0)
			errno = EPIPE;
		if (n <= 0)
			return n < 0 && (errno == EAGAIN || errno == EINTR);
	}
}

static ssize_t put(int fd, struct iovec *parts, size_t count)
{
	struct msghdr message = {.msg_iov = parts, .msg_iovlen = count};
	return sendmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static size_t send_tcp(struct vg_sink *sink, const struct vg_slice *messages, size_t count)
{
	struct iovec parts[VG_SINK_PARTS * VG_SINK_BATCH];
	char prefixes[VG_SINK_BATCH][PREFIX_MAX];
	if (!is_connected(sink))
		return 0;
	for (size_t i = 0; i < count; i++) {
		int len = snprintf(prefixes[i], PREFIX_MAX, "%u ", (unsigned)messages[i].len);
		VG_ASSERT(len > 0 && len < PREFIX_MAX);
		parts[VG_SINK_PARTS * i] = (struct iovec){prefixes[i], (size_t)len};
		parts[VG_SINK_PARTS * i + 1] = (struct iovec){(void *)(uintptr_t)messages[i].ptr,
							      messages[i].len};
	}
	ssize_t taken = is_alive(sink) ? vg_sink_stream(sink, parts, count, put) : -1;
	if (taken < 0) {
		if (errno != EAGAIN)
			vg_sink_broke(sink);
		return 0;
	}
	vg_sink_works(sink);
	return (size_t)taken;
}

/* A collector may end while there is nothing to send: what it may have lost waits then. */
static void watch(struct vg_sink *sink)
{
	if (sink->fd >= 0 && is_connected(sink) && !is_alive(sink))
		vg_sink_broke(sink);
}

static uint64_t arrived(const struct vg_sink *sink)
{
	struct tcp_info info = {0};
	socklen_t len = sizeof(info);
	if (getsockopt(sink->fd, IPPROTO_TCP, TCP_INFO, &info, &len) != 0)
		return 0;
	/* The connection's own first octet (SYN) counts, too. */
	return info.tcpi_bytes_acked > 0 ? info.tcpi_bytes_acked - 1 : 0;
}

const struct vg_sink_ops vg_sink_tcp = {.scheme = "tcp",
					.reach = reach_tcp,
					.open = open_tcp,
					.send = send_tcp,
					.tick = watch,
					.arrived = arrived};
