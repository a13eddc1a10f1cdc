#include "sys/file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

ssize_t vg_fd_read_at(int fd, void *out, size_t len, uint64_t offset)
{
	size_t have = 0;
	while (have < len) {
		ssize_t n = pread(fd, (char *)out + have, len - have, (off_t)(offset + have));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		if (n == 0)
			break;
		have += (size_t)n;
	}
	return (ssize_t)have;
}

uint64_t vg_file_stamp(const char *path)
{
	struct stat st;
	if (stat(path, &st) != 0)
		return 0;
	const uint64_t words[] = {st.st_dev, st.st_ino, (uint64_t)st.st_size,
				  (uint64_t)st.st_ctim.tv_sec, (uint64_t)st.st_ctim.tv_nsec};
	uint64_t stamp = UINT64_C(0xcbf29ce484222325); /* FNV-1a over words */
	for (size_t i = 0; i < VG_COUNT(words); i++) {
		stamp = (stamp ^ words[i]) * UINT64_C(0x100000001b3);
		stamp ^= stamp >> 32;
	}
	return stamp | 1;
}

static bool read_regular(struct vg_arena *arena, int fd, size_t max, struct vg_slice *bytes)
{
	struct stat st;
	if (fstat(fd, &st) != 0)
		return false;
	if (!S_ISREG(st.st_mode)) {
		errno = S_ISDIR(st.st_mode) ? EISDIR : EINVAL;
		return false;
	}
	if (st.st_size < 0 || (uintmax_t)st.st_size > max) {
		errno = EFBIG;
		return false;
	}
	/* One byte more than it says: a file that grows meanwhile is noticed, not cut. */
	size_t size = (size_t)st.st_size;
	char *mem = vg_arena_alloc(arena, size + 1);
	if (mem == NULL) {
		errno = ENOMEM;
		return false;
	}
	ssize_t n = vg_fd_read_at(fd, mem, size + 1, 0);
	if (n < 0)
		return false;
	if ((size_t)n > size) {
		errno = EBUSY;
		return false;
	}
	*bytes = vg_slice(mem, (size_t)n);
	return true;
}

bool vg_file_read(struct vg_arena *arena, const char *path, size_t max, struct vg_slice *bytes)
{
	/* O_NONBLOCK: a FIFO in place of the file must not hold us. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0)
		return false;
	bool ok = read_regular(arena, fd, max, bytes);
	vg_fd_close(&fd);
	return ok;
}

bool vg_file_write_all(int fd, const void *bytes, size_t len)
{
	const char *at = bytes;
	while (len > 0) {
		ssize_t n = write(fd, at, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		at += n;
		len -= (size_t)n;
	}
	return true;
}

#define FDS_ASIDE UINT64_C(64) /* channels, rings, listeners, idle connections to upstreams */

uint32_t vg_fd_connections(uint64_t descriptors)
{
	uint64_t possible = descriptors < FDS_ASIDE + 2 ? 1 : (descriptors - FDS_ASIDE) / 2;
	return possible > UINT32_MAX ? UINT32_MAX : (uint32_t)possible;
}

uint64_t vg_fd_needed(uint32_t connections)
{
	return 2 * (uint64_t)connections + FDS_ASIDE;
}

bool vg_fd_nonblocking(int fd)
{
	int flags = fcntl(fd, F_GETFL);
	return flags >= 0 && fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0;
}

bool vg_fd_keep(int fd)
{
	int flags = fcntl(fd, F_GETFD);
	return flags >= 0 && fcntl(fd, F_SETFD, flags & ~FD_CLOEXEC) == 0;
}

void vg_fd_close(int *fd)
{
	int saved = errno;
	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
	errno = saved;
}
