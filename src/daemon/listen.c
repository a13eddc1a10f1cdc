#include "daemon/listen.h"

#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "sys/file.h"
#include "sys/log.h"

/* The kernel cuts it to net.core.somaxconn. */
#define BACKLOG 4096U

#define UNSENT_MAX 131072 /* bytes, of each connection */

void vg_listen_text(char out[VG_LISTEN_TEXT], const struct vg_img_listener *row)
{
	char addr[VG_ADDR_TEXT];
	vg_addr_text(addr, &row->addr);
	if (vg_addr_is_v4(&row->addr))
		(void)snprintf(out, VG_LISTEN_TEXT, "%s:%u", addr, (unsigned)row->port);
	else
		(void)snprintf(out, VG_LISTEN_TEXT, "[%s%s%s]:%u", addr,
			       row->zone[0] == '\0' ? "" : "%", row->zone, (unsigned)row->port);
}

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

static socklen_t fill(union address *to, const struct vg_img_listener *row)
{
	memset(to, 0, sizeof(*to));
	if (vg_addr_is_v4(&row->addr)) {
		to->v4.sin_family = AF_INET;
		to->v4.sin_port = htons(row->port);
		memcpy(&to->v4.sin_addr, row->addr.bytes + 12, 4);
		return sizeof(to->v4);
	}
	to->v6.sin6_family = AF_INET6;
	to->v6.sin6_port = htons(row->port);
	memcpy(&to->v6.sin6_addr, row->addr.bytes, 16);
	/* Where there is no such interface it stays 0, and bind fails. */
	if (row->zone[0] != '\0')
		to->v6.sin6_scope_id = if_nametoindex(row->zone);
	return sizeof(to->v6);
}

static bool set(int fd, int level, int option, int value)
{
	return setsockopt(fd, level, option, &value, sizeof(value)) == 0;
}

static bool bind_one(int fd, const struct vg_img_listener *row)
{
	union address to;
	socklen_t len = fill(&to, row);
	if (!set(fd, SOL_SOCKET, SO_REUSEADDR, 1))
		return false;
	/* [::] must not take IPv4 too: that would be another listener's, or nobody's. */
	if (to.any.sa_family == AF_INET6 && !set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1))
		return false;
	/* Accepted sockets inherit both: no call for each. What a vendor doesn't take must wait with
	   its upstream, not as megabytes of this kernel: else who never reads looks served. */
	if (!set(fd, IPPROTO_TCP, TCP_NODELAY, 1) ||
	    !set(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, UNSENT_MAX))
		return false;
	return bind(fd, &to.any, len) == 0 && listen(fd, (int)BACKLOG) == 0;
}

/* What the kernel made of the queue: of a listening socket it stands here (tcp_get_info). */
static void tell_queue(int fd)
{
	struct tcp_info info = {0};
	socklen_t len = sizeof(info);
	if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) == 0 && info.tcpi_sacked > 0 &&
	    info.tcpi_sacked < BACKLOG)
		vg_log(VG_LOG_WARNING,
		       "the kernel lets %u connections wait to be accepted, not %u: raise "
		       "net.core.somaxconn",
		       info.tcpi_sacked, BACKLOG);
}

int vg_listen_at(const struct vg_img_listener *row)
{
	int family = vg_addr_is_v4(&row->addr) ? AF_INET : AF_INET6;
	int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd >= 0 && bind_one(fd, row))
		return fd;
	char text[VG_LISTEN_TEXT];
	vg_listen_text(text, row);
	vg_log(VG_LOG_ERROR, "can't listen on %s: %m", text);
	vg_fd_close(&fd);
	return -1;
}

bool vg_listen_open(struct vg_listeners *listeners, const struct vg_image *image)
{
	*listeners = (struct vg_listeners){0};
	uint32_t count = vg_img_listener_count(image);
	if (count == 0 || count > VG_CHILD_LISTENERS_MAX) {
		vg_log(VG_LOG_ERROR, "%u addresses to listen on: 1 to %d are possible", count,
		       VG_CHILD_LISTENERS_MAX);
		return false;
	}
	for (uint32_t i = 0; i < count; i++) {
		int fd = vg_listen_at(&vg_img_listeners(image)[i]);
		if (fd < 0) {
			vg_listen_close(listeners);
			return false;
		}
		listeners->fds[listeners->count++] = fd;
	}
	tell_queue(listeners->fds[0]);
	return true;
}

void vg_listen_close(struct vg_listeners *listeners)
{
	for (uint32_t i = 0; i < listeners->count; i++)
		vg_fd_close(&listeners->fds[i]);
	listeners->count = 0;
}
