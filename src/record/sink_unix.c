/* The socket of a local syslog, such as /dev/log: a datagram for each message. */
#include "config.h"

#include "record/sink.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "sys/file.h"

static bool open_unix(struct vg_sink *sink)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	struct vg_slice path = vg_img_str(sink->image, sink->row->path);
	VG_ASSERT(path.len < sizeof(addr.sun_path));
	memcpy(addr.sun_path, path.ptr, path.len);
	sink->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (sink->fd < 0)
		return false;
	if (connect(sink->fd, (const struct sockaddr *)&addr, sizeof(addr)) == 0)
		return true;
	vg_fd_close(&sink->fd);
	return false;
}

static size_t send_unix(struct vg_sink *sink, const struct vg_slice *messages, size_t count)
{
	size_t taken = 0;
	while (taken < count) {
		ssize_t n = send(sink->fd, messages[taken].ptr, messages[taken].len,
				 MSG_DONTWAIT | MSG_NOSIGNAL);
		/* One that is too long for this socket will always be. */
		if (n >= 0 || errno == EMSGSIZE)
			taken++;
		else if (errno != EINTR)
			break;
	}
	if (taken == count) {
		vg_sink_works(sink);
	} else if (errno != EAGAIN && errno != ENOBUFS) {
		/* Who served it is gone; the next one has a socket of its own. */
		vg_sink_failed(sink);
		vg_fd_close(&sink->fd);
	}
	return taken;
}

const struct vg_sink_ops vg_sink_unix = {.scheme = "unix", .open = open_unix, .send = send_unix};
