/* Syslog over UDP (RFC 5426): a datagram for each message, many in one call. */
#include "config.h"

#include "record/sink.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "sys/file.h"

#define TRIES 3

static bool open_udp(struct vg_sink *sink)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(sink->row->port)};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(sink->row->port)};
	bool is_v4 = vg_addr_is_v4(&sink->row->addr);
	memcpy(&v4.sin_addr, sink->row->addr.bytes + 12, 4);
	memcpy(&v6.sin6_addr, sink->row->addr.bytes, 16);
	const struct sockaddr *addr = is_v4 ? (const struct sockaddr *)&v4
					    : (const struct sockaddr *)&v6;
	sink->fd = socket(is_v4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (sink->fd < 0)
		return false;
	if (connect(sink->fd, addr, is_v4 ? sizeof(v4) : sizeof(v6)) == 0)
		return true;
	vg_fd_close(&sink->fd);
	return false;
}

/*
 * An error that belongs to a datagram sent earlier (its collector was away) is not this one's:
 * UDP promises nothing, and the call is made again. One that is too long for the way is lost.
 */
static size_t send_udp(struct vg_sink *sink, const struct vg_slice *messages, size_t count)
{
	struct mmsghdr headers[VG_SINK_BATCH] = {0};
	struct iovec vectors[VG_SINK_BATCH];
	for (size_t i = 0; i < count; i++) {
		vectors[i] = (struct iovec){(void *)(uintptr_t)messages[i].ptr, messages[i].len};
		headers[i].msg_hdr.msg_iov = &vectors[i];
		headers[i].msg_hdr.msg_iovlen = 1;
	}
	size_t taken = 0;
	for (unsigned tries = 0; taken < count && tries < TRIES;) {
		int n = sendmmsg(sink->fd, headers + taken, (unsigned)(count - taken), 0);
		if (n > 0) {
			taken += (size_t)n;
			tries = 0;
		} else if (errno == EMSGSIZE) {
			taken++;
		} else if (errno == ECONNREFUSED || errno == EINTR) {
			tries++;
		} else {
			break;
		}
	}
	if (taken == count)
		vg_sink_works(sink);
	else if (errno != EAGAIN)
		vg_sink_failed(sink);
	return taken;
}

const struct vg_sink_ops vg_sink_udp = {.scheme = "udp", .open = open_udp, .send = send_udp};
