/*
 * Lines on standard output, which the supervisor was started with: a terminal, a file, or the pipe
 * of whoever keeps the logs of containers and services. Others hold it too, so it can't be made
 * non-blocking; a line of up to PIPE_BUF bytes goes out whole, or waits.
 */
#include "record/sink.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <unistd.h>

static bool open_stdout(struct vg_sink *sink)
{
	sink->fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	return sink->fd >= 0;
}

/* As much as goes without waiting: a pipe that can be written takes PIPE_BUF bytes. */
static ssize_t put(int fd, struct iovec *parts, size_t count)
{
	struct pollfd ready = {.fd = fd, .events = POLLOUT};
	size_t room = PIPE_BUF, used = 0;
	if (poll(&ready, 1, 0) == 0) {
		errno = EAGAIN;
		return -1;
	}
	while (used < count && room > 0) {
		if (parts[used].iov_len > room)
			parts[used].iov_len = room;
		room -= parts[used++].iov_len;
	}
	return writev(fd, parts, (int)used);
}

static size_t send_stdout(struct vg_sink *sink, const struct vg_slice *messages, size_t count)
{
	static char line_end[] = "\n";
	size_t taken = 0;
	ssize_t n = 0;
	while (taken < count && n >= 0) {
		struct iovec parts[VG_SINK_PARTS] = {
			{(void *)(uintptr_t)messages[taken].ptr, messages[taken].len},
			{line_end, 1},
		};
		n = vg_sink_stream(sink, parts, 1, put);
		if (n > 0)
			taken++;
	}
	if (taken == count)
		vg_sink_works(sink);
	else if (errno != EAGAIN)
		vg_sink_failed(sink);
	return taken;
}

const struct vg_sink_ops vg_sink_stdout = {
	.scheme = "stdout", .open = open_stdout, .send = send_stdout};
