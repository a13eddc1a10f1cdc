#include "net/stream.h"

#include <errno.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

static enum vg_io of_errno(void)
{
	return errno == EAGAIN || errno == EINTR ? VG_IO_AGAIN : VG_IO_ERROR;
}

static enum vg_io plain_read(struct vg_stream *stream, char *bytes, size_t len, size_t *done)
{
	ssize_t n = recv(stream->fd, bytes, len, 0);
	if (n < 0)
		return of_errno();
	*done = (size_t)n;
	return n == 0 ? VG_IO_EOF : VG_IO_OK;
}

static enum vg_io plain_write(struct vg_stream *stream, const char *bytes, size_t len, size_t *done)
{
	ssize_t n = send(stream->fd, bytes, len, MSG_NOSIGNAL);
	if (n < 0)
		return of_errno();
	*done = (size_t)n;
	return VG_IO_OK;
}

static enum vg_io plain_end(struct vg_stream *stream)
{
	return shutdown(stream->fd, SHUT_WR) == 0 ? VG_IO_OK : VG_IO_ERROR;
}

static bool plain_pending(const struct vg_stream *stream VG_UNUSED)
{
	return false;
}

static bool socket_quiet(const struct vg_stream *stream)
{
	char byte;
	return recv(stream->fd, &byte, sizeof(byte), MSG_PEEK) < 0 && errno == EAGAIN;
}

static uint64_t socket_moved(const struct vg_stream *stream, bool in)
{
	struct tcp_info info = {0};
	socklen_t len = sizeof(info);
	(void)getsockopt(stream->fd, IPPROTO_TCP, TCP_INFO, &info, &len);
	return in ? info.tcpi_bytes_received : info.tcpi_bytes_acked;
}

static void watch(struct event *event, bool *is, bool want)
{
	if (*is == want)
		return;
	/* Failing to watch would leave a connection that nobody ends. */
	VG_ASSERT((want ? event_add(event, NULL) : event_del(event)) == 0);
	*is = want;
}

static void socket_want(struct vg_stream *stream, bool read, bool write)
{
	watch(&stream->read_event, &stream->reading,
	      (read && !stream->read_wants_write) || (write && stream->write_wants_read));
	watch(&stream->write_event, &stream->writing,
	      (write && !stream->write_wants_read) || (read && stream->read_wants_write));
}

static void socket_reset(struct vg_stream *stream)
{
	struct linger linger = {.l_onoff = 1, .l_linger = 0};
	(void)setsockopt(stream->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
}

static void socket_close(struct vg_stream *stream)
{
	(void)event_del(&stream->read_event);
	(void)event_del(&stream->write_event);
	vg_tls_session_free(&stream->tls);
	(void)close(stream->fd);
}

static const struct vg_stream_ops plain_ops = {
	.read = plain_read,
	.write = plain_write,
	.end = plain_end,
	.pending = plain_pending,
	.quiet = socket_quiet,
	.discard = plain_read,
	.moved = socket_moved,
	.want = socket_want,
	.reset = socket_reset,
	.close = socket_close,
};

static enum vg_io tls_status(struct vg_stream *stream, enum vg_tls_status status, bool reading)
{
	stream->read_wants_write = reading && status == VG_TLS_WANT_WRITE;
	stream->write_wants_read = !reading && status == VG_TLS_WANT_READ;
	switch (status) {
	case VG_TLS_DONE:
		return VG_IO_OK;
	case VG_TLS_WANT_READ:
	case VG_TLS_WANT_WRITE:
		return VG_IO_AGAIN;
	case VG_TLS_EOF:
		return VG_IO_EOF;
	case VG_TLS_FAILED:
	default:
		return VG_IO_ERROR;
	}
}

static enum vg_io tls_read(struct vg_stream *stream, char *bytes, size_t len, size_t *done)
{
	return tls_status(stream, vg_tls_read(stream->tls, bytes, len, done), true);
}

static enum vg_io tls_write(struct vg_stream *stream, const char *bytes, size_t len, size_t *done)
{
	return tls_status(stream, vg_tls_write(stream->tls, bytes, len, done), false);
}

static enum vg_io tls_end(struct vg_stream *stream)
{
	enum vg_io io = tls_status(stream, vg_tls_shutdown(stream->tls), false);
	return io == VG_IO_OK ? plain_end(stream) : io;
}

static bool tls_pending(const struct vg_stream *stream)
{
	return vg_tls_pending(stream->tls);
}

static const struct vg_stream_ops tls_ops = {
	.read = tls_read,
	.write = tls_write,
	.end = tls_end,
	.pending = tls_pending,
	.quiet = socket_quiet,
	.discard = plain_read,
	.moved = socket_moved,
	.want = socket_want,
	.reset = socket_reset,
	.close = socket_close,
};

/* A direction of TLS that waits for the other one is called with both. */
static void on_event(evutil_socket_t fd VG_UNUSED, short what, void *arg)
{
	struct vg_stream *stream = arg;
	bool readable = (what & EV_READ) != 0;
	bool writable = (what & EV_WRITE) != 0;
	unsigned ready = 0;
	if (readable || (writable && stream->read_wants_write))
		ready |= VG_STREAM_READ;
	if (writable || (readable && stream->write_wants_read))
		ready |= VG_STREAM_WRITE;
	stream->ready(stream->owner, ready);
}

void vg_stream_open(struct vg_stream *stream, struct vg_loop *loop, int fd,
		    void (*ready)(void *owner, unsigned what), void *owner)
{
	*stream = (struct vg_stream){
		.ops = &plain_ops,
		.loop = loop,
		.fd = fd,
		.ready = ready,
		.owner = owner,
	};
	VG_ASSERT(event_assign(&stream->read_event, loop->base, fd, EV_READ | EV_PERSIST, on_event,
			       stream) == 0);
	VG_ASSERT(event_assign(&stream->write_event, loop->base, fd, EV_WRITE | EV_PERSIST,
			       on_event, stream) == 0);
}

void vg_stream_secure(struct vg_stream *stream, struct vg_tls_session *session)
{
	stream->tls = session;
	stream->ops = &tls_ops;
}

enum vg_io vg_stream_handshake(struct vg_stream *stream)
{
	enum vg_tls_status status = vg_tls_handshake(stream->tls, vg_loop_wall(stream->loop));
	if (status == VG_TLS_DONE)
		return VG_IO_OK;
	if (status != VG_TLS_WANT_READ && status != VG_TLS_WANT_WRITE)
		return VG_IO_ERROR;
	vg_stream_want(stream, status == VG_TLS_WANT_READ, status == VG_TLS_WANT_WRITE);
	return VG_IO_AGAIN;
}

void vg_stream_close(struct vg_stream *stream)
{
	if (stream->ops == NULL)
		return;
	stream->ops->close(stream);
	stream->ops = NULL;
	stream->fd = -1;
}

void vg_stream_want(struct vg_stream *stream, bool read, bool write)
{
	if (stream->ops != NULL)
		stream->ops->want(stream, read, write);
}

enum vg_io vg_stream_fill(struct vg_stream *stream, struct vg_buf *buf, size_t want, bool *more)
{
	size_t avail = 0, done = 0;
	if (stream->ops == NULL)
		return VG_IO_ERROR;
	char *space = vg_buf_space(buf, want, &avail);
	if (space == NULL)
		return vg_buf_room(buf) == 0 ? VG_IO_FULL : VG_IO_ERROR;
	*more = false;
	enum vg_io io = stream->ops->read(stream, space, avail < want ? avail : want, &done);
	if (io == VG_IO_OK) {
		vg_buf_added(buf, done);
		*more = stream->ops->pending(stream);
	}
	return io;
}

bool vg_stream_is_quiet(const struct vg_stream *stream)
{
	return stream->ops != NULL && !stream->ops->pending(stream) && stream->ops->quiet(stream);
}

uint64_t vg_stream_moved(const struct vg_stream *stream, bool in)
{
	return stream->ops == NULL ? 0 : stream->ops->moved(stream, in);
}

void vg_stream_again(struct vg_stream *stream)
{
	if (stream->fd >= 0)
		event_active(&stream->read_event, EV_READ, 0);
}

enum vg_io vg_stream_flush(struct vg_stream *stream, struct vg_buf *buf)
{
	if (stream->ops == NULL)
		return VG_IO_ERROR;
	while (buf->len > 0) {
		struct vg_slice bytes = vg_buf_slice(buf);
		size_t done = 0;
		enum vg_io io = stream->ops->write(stream, bytes.ptr, bytes.len, &done);
		if (io != VG_IO_OK)
			return io;
		vg_buf_consume(buf, done);
	}
	return VG_IO_OK;
}

size_t vg_stream_push(struct vg_stream *stream, struct vg_slice bytes)
{
	size_t went = 0;
	while (stream->ops != NULL && went < bytes.len) {
		size_t done = 0;
		if (stream->ops->write(stream, bytes.ptr + went, bytes.len - went, &done) !=
		    VG_IO_OK)
			break;
		went += done;
	}
	return went;
}

enum vg_io vg_stream_end(struct vg_stream *stream)
{
	return stream->ops == NULL ? VG_IO_ERROR : stream->ops->end(stream);
}

void vg_stream_reset(struct vg_stream *stream)
{
	if (stream->ops != NULL)
		stream->ops->reset(stream);
}

#define DISCARD_SIZE 4096
#define DISCARD_ROUNDS 4 /* a fair share of one turn */

enum vg_io vg_stream_discard(struct vg_stream *stream)
{
	char bytes[DISCARD_SIZE];
	enum vg_io io = VG_IO_OK;
	size_t done = 0;
	if (stream->ops == NULL)
		return VG_IO_ERROR;
	for (int i = 0; io == VG_IO_OK && i < DISCARD_ROUNDS; i++)
		io = stream->ops->discard(stream, bytes, sizeof(bytes), &done);
	return io == VG_IO_OK ? VG_IO_AGAIN : io;
}
