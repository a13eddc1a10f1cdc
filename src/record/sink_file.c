/* A file of lines. Rotation needs no signal: a file that was moved away is made anew. */
#include "record/sink.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "sys/file.h"
#include "sys/log.h"

static bool path_of(const struct vg_image *image, const struct vg_img_sink *row,
		    char path[PATH_MAX])
{
	struct vg_slice text = vg_img_str(image, row->path);
	if (text.len > 0 && vg_slice_text(path, PATH_MAX, text))
		return true;
	errno = ENAMETOOLONG;
	return false;
}

static bool reach_file(struct vg_reach *reach, const struct vg_image *image,
		       const struct vg_img_sink *row)
{
	char path[PATH_MAX];
	return path_of(image, row, path) && vg_reach_file(reach, VG_REACH_APPEND, path);
}

/* A kill may have left part of a line, whose message comes again: it must not run into that. */
static bool end_last_line(int fd)
{
	char last;
	off_t size = lseek(fd, 0, SEEK_END);
	if (size <= 0 || pread(fd, &last, 1, size - 1) != 1 || last == '\n')
		return true;
	return vg_file_write_all(fd, "\n", 1);
}

static bool open_file(struct vg_sink *sink)
{
	char path[PATH_MAX];
	if (!path_of(sink->image, sink->row, path))
		return false;
	int fd = openat(AT_FDCWD, path,
			O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0640);
	if (fd < 0)
		return false;
	if (!end_last_line(fd)) {
		vg_fd_close(&fd);
		return false;
	}
	vg_fd_close(&sink->fd);
	sink->fd = fd;
	sink->partial = 0;
	return true;
}

static ssize_t put(int fd, struct iovec *parts, size_t count)
{
	return writev(fd, parts, (int)count);
}

static size_t send_file(struct vg_sink *sink, const struct vg_slice *messages, size_t count)
{
	static char line_end[] = "\n";
	struct iovec parts[VG_SINK_PARTS * VG_SINK_BATCH];
	for (size_t i = 0; i < count; i++) {
		parts[VG_SINK_PARTS * i] = (struct iovec){(void *)(uintptr_t)messages[i].ptr,
							  messages[i].len};
		parts[VG_SINK_PARTS * i + 1] = (struct iovec){line_end, 1};
	}
	ssize_t taken = vg_sink_stream(sink, parts, count, put);
	if (taken < 0) {
		vg_sink_failed(sink);
		return 0;
	}
	if ((size_t)taken == count)
		vg_sink_works(sink);
	return (size_t)taken;
}

/* Moved away or deleted: a line that was begun is ended in the new file, from its begin. */
static void reopen_moved(struct vg_sink *sink)
{
	char path[PATH_MAX];
	struct stat there, ours;
	if (sink->fd < 0 || !path_of(sink->image, sink->row, path) || fstat(sink->fd, &ours) != 0)
		return;
	if (fstatat(AT_FDCWD, path, &there, 0) == 0 && there.st_ino == ours.st_ino &&
	    there.st_dev == ours.st_dev)
		return;
	if (!open_file(sink))
		vg_sink_failed(sink);
}

const struct vg_sink_ops vg_sink_file = {.scheme = "file",
					 .reach = reach_file,
					 .open = open_file,
					 .send = send_file,
					 .tick = reopen_moved};
