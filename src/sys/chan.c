#include "config.h"

#include "sys/chan.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>

#include "sys/file.h"

/* Before each payload. */
struct wire_head {
	uint32_t type;
	uint32_t pad;
};

#define PAYLOAD_OFFSET offsetof(struct vg_msg, align)
#define PAYLOAD_ROOM (sizeof(struct vg_msg) - PAYLOAD_OFFSET)

_Static_assert(PAYLOAD_ROOM <= VG_MSG_PAYLOAD_MAX + sizeof(uint64_t), "msg.h: VG_MSG_PAYLOAD_MAX");

union control {
	struct cmsghdr align;
	char bytes[CMSG_SPACE(sizeof(int) * VG_MSG_FDS_MAX)];
};

bool vg_chan_pair(int fds[2])
{
	return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) == 0;
}

static bool row_allows(const struct vg_msg_row *row, enum vg_role from, enum vg_role to)
{
	return (row->from & VG_ROLE_BIT(from)) != 0 && (row->to & VG_ROLE_BIT(to)) != 0;
}

static void put_fds(struct msghdr *header, union control *control, const int *fds, size_t count)
{
	size_t bytes = sizeof(int) * count;
	memset(control, 0, sizeof(*control));
	header->msg_control = control->bytes;
	header->msg_controllen = CMSG_SPACE(bytes);
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(header);
	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(bytes);
	memcpy(CMSG_DATA(cmsg), fds, bytes);
}

static enum vg_chan_status status_of(int error)
{
	if (error == EAGAIN)
		return VG_CHAN_AGAIN;
	if (error == EPIPE || error == ECONNRESET || error == ENOTCONN)
		return VG_CHAN_CLOSED;
	return VG_CHAN_BAD;
}

enum vg_chan_status vg_chan_send(const struct vg_chan *chan, enum vg_msg_type type,
				 const void *payload, const int *fds)
{
	const struct vg_msg_row *row = vg_msg_row(type);
	VG_ASSERT(row_allows(row, chan->self, chan->peer));

	struct wire_head head = {.type = type};
	/* sendmsg doesn't write through it; the struct has no const. */
	union {
		const void *in;
		void *out;
	} bytes = {.in = payload};
	struct iovec parts[2] = {{&head, sizeof(head)}, {bytes.out, row->size}};
	struct msghdr header = {.msg_iov = parts, .msg_iovlen = 2};
	union control control;
	if (row->fds > 0)
		put_fds(&header, &control, fds, row->fds);

	ssize_t n;
	do
		n = sendmsg(chan->fd, &header, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	return n >= 0 ? VG_CHAN_OK : status_of(errno);
}

/* Takes the descriptors that came; false where there is anything else, or more than a message
   has. */
static bool take_fds(struct vg_msg *msg, struct msghdr *header)
{
	bool ok = (header->msg_flags & MSG_CTRUNC) == 0;
	for (struct cmsghdr *cmsg = CMSG_FIRSTHDR(header); cmsg != NULL;
	     cmsg = CMSG_NXTHDR(header, cmsg)) {
		if (cmsg->cmsg_level != SOL_SOCKET || cmsg->cmsg_type != SCM_RIGHTS) {
			ok = false;
			continue;
		}
		size_t count = (cmsg->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < count; i++) {
			int fd;
			memcpy(&fd, CMSG_DATA(cmsg) + i * sizeof(int), sizeof(fd));
			if (msg->fd_count < VG_MSG_FDS_MAX) {
				msg->fds[msg->fd_count++] = fd;
			} else {
				vg_fd_close(&fd);
				ok = false;
			}
		}
	}
	return ok;
}

static bool is_as_row(const struct vg_chan *chan, const struct vg_msg *msg, uint32_t type,
		      size_t size)
{
	if (type >= VG_MSG_COUNT)
		return false;
	const struct vg_msg_row *row = vg_msg_row((enum vg_msg_type)type);
	return row_allows(row, chan->peer, chan->self) && size == row->size &&
	       msg->fd_count == row->fds;
}

static enum vg_chan_status refuse(struct vg_msg *msg)
{
	vg_msg_close(msg);
	errno = EPROTO;
	return VG_CHAN_BAD;
}

enum vg_chan_status vg_chan_recv(const struct vg_chan *chan, struct vg_msg *msg)
{
	memset(msg, 0, sizeof(*msg));
	struct wire_head head = {0};
	struct iovec parts[2] = {{&head, sizeof(head)},
				 {(char *)msg + PAYLOAD_OFFSET, PAYLOAD_ROOM}};
	union control control;
	struct msghdr header = {.msg_iov = parts,
				.msg_iovlen = 2,
				.msg_control = control.bytes,
				.msg_controllen = sizeof(control.bytes)};
	ssize_t n;
	do
		n = recvmsg(chan->fd, &header, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return status_of(errno);

	bool whole = take_fds(msg, &header) && (header.msg_flags & MSG_TRUNC) == 0;
	/* No bytes and no descriptors: the other end is closed. */
	if (n == 0 && whole && msg->fd_count == 0)
		return VG_CHAN_CLOSED;
	if (!whole || (size_t)n < sizeof(head) ||
	    !is_as_row(chan, msg, head.type, (size_t)n - sizeof(head)))
		return refuse(msg);
	msg->type = (enum vg_msg_type)head.type;
	return VG_CHAN_OK;
}

void vg_msg_close(struct vg_msg *msg)
{
	for (unsigned i = 0; i < msg->fd_count; i++)
		vg_fd_close(&msg->fds[i]);
	msg->fd_count = 0;
}

void vg_chan_close(struct vg_chan *chan)
{
	vg_fd_close(&chan->fd);
}
