#include "daemon/control_socket.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "sys/file.h"
#include "sys/log.h"

#define BACKLOG 64

/* True where the path is free now. What is there and no socket, or is served, stays. */
static bool clear_path(const struct sockaddr_un *at)
{
	struct stat st;
	if (lstat(at->sun_path, &st) != 0)
		return errno == ENOENT;
	if (!S_ISSOCK(st.st_mode)) {
		errno = EEXIST;
		return false;
	}
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	bool served = fd >= 0 && (connect(fd, (const struct sockaddr *)at, sizeof(*at)) == 0 ||
				  errno != ECONNREFUSED);
	vg_fd_close(&fd);
	if (served) {
		errno = EADDRINUSE;
		return false;
	}
	return unlink(at->sun_path) == 0;
}

/* Nobody's but ours until it has its owner: the mask is set before the name is there. */
static bool bind_name(int fd, const struct sockaddr_un *at, gid_t gid)
{
	mode_t mask = umask(0177);
	bool ok = bind(fd, (const struct sockaddr *)at, sizeof(*at)) == 0;
	(void)umask(mask);
	return ok && lchown(at->sun_path, (uid_t)-1, gid) == 0 && chmod(at->sun_path, 0660) == 0 &&
	       listen(fd, BACKLOG) == 0;
}

int vg_control_socket_open(const char *path, gid_t gid)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	if (path[0] == '\0' || strlen(path) >= sizeof(at.sun_path)) {
		vg_log(VG_LOG_ERROR, "no path for a control socket: \"%s\"", path);
		return -1;
	}
	memcpy(at.sun_path, path, strlen(path));
	int fd = -1;
	if (clear_path(&at))
		fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd >= 0 && bind_name(fd, &at, gid))
		return fd;
	vg_log(VG_LOG_ERROR, "no control socket at %s: %m", path);
	vg_fd_close(&fd);
	return -1;
}
