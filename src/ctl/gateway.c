#include "config.h"

#include "ctl/gateway.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/slice.h"
#include "base/text.h"
#include "config/show.h"
#include "sys/file.h"

#define ARENA_MAX ((size_t)64 << 20)
#define LINE_MAX_BYTES 1024
#define ANSWER_MAX ((size_t)2 << 20)

static enum vg_exit unreachable(const char *path, const char *why)
{
	fprintf(stderr, "vendgatectl: no gateway at %s: %s\n", path, why);
	return VG_EXIT_GATEWAY;
}

/* Words of visible bytes: what is none, and %, as %HH. False where it gets too long. */
static bool write_request(char *line, size_t size, const struct vg_call *call, const char *command,
			  const char *argument)
{
	int n = snprintf(line, size, "%s %s%s", call->json ? "json" : "text", command,
			 argument == NULL ? "" : " ");
	size_t len = n < 0 ? size : (size_t)n;
	for (; argument != NULL && *argument != '\0' && len + 4 < size; argument++) {
		bool plain = *argument > ' ' && *argument <= '~' && *argument != '%';
		unsigned byte = (unsigned char)*argument;
		n = plain ? snprintf(line + len, size - len, "%c", *argument)
			  : snprintf(line + len, size - len, "%%%02x", byte);
		len += n < 0 ? size : (size_t)n;
	}
	if (len + 2 > size || (argument != NULL && *argument != '\0'))
		return false;
	line[len++] = '\n';
	line[len] = '\0';
	return true;
}

static int connect_to(const char *path)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	if (strlen(path) >= sizeof(to.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(to.sun_path, path, strlen(path));
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && connect(fd, (const struct sockaddr *)&to, sizeof(to)) != 0)
		vg_fd_close(&fd);
	return fd;
}

/* All that comes, to the end; false where that is too much, or an error. */
static bool receive(int fd, char *mem, size_t *len)
{
	*len = 0;
	while (*len < ANSWER_MAX) {
		ssize_t n = recv(fd, mem + *len, ANSWER_MAX - *len, 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n == 0;
		*len += (size_t)n;
	}
	errno = EMSGSIZE;
	return false;
}

/* The answer's parts; false where it isn't whole. */
static bool take_answer(struct vg_slice answer, struct vg_slice *status, struct vg_slice *text)
{
	struct vg_slice head, number;
	uint64_t length;
	*text = answer;
	return vg_slice_cut(text, '\n', &head) && vg_slice_cut(&head, ' ', status) &&
	       vg_slice_cut(&head, ' ', &number) && vg_slice_u64(number, &length) &&
	       text->len == length;
}

static enum vg_exit tell(const struct vg_call *call, struct vg_slice answer, const char *path)
{
	struct vg_slice status, text;
	if (!take_answer(answer, &status, &text))
		return unreachable(path, "its answer broke off");
	bool done = vg_slice_eq(status, VG_SLICE("ok"));
	fprintf(done || call->json ? stdout : stderr, "%.*s", VG_SLICE_FMT(text));
	if (vg_slice_eq(status, VG_SLICE("wrong")))
		return VG_EXIT_USAGE;
	return done ? VG_EXIT_DONE : VG_EXIT_GATEWAY;
}

static enum vg_exit ask(const struct vg_call *call, const char *path, const char *line,
			struct vg_arena *arena)
{
	char *mem = vg_arena_alloc(arena, ANSWER_MAX);
	size_t len = 0;
	int fd = connect_to(path);
	if (mem == NULL || fd < 0)
		return unreachable(path, strerror(mem == NULL ? ENOMEM : errno));
	bool ok = send(fd, line, strlen(line), MSG_NOSIGNAL) == (ssize_t)strlen(line) &&
		  receive(fd, mem, &len);
	int saved = errno;
	vg_fd_close(&fd);
	return ok ? tell(call, vg_slice(mem, len), path) : unreachable(path, strerror(saved));
}

enum vg_exit vg_gateway_ask(const struct vg_call *call, const char *command, const char *argument)
{
	char line[LINE_MAX_BYTES];
	struct vg_arena arena;
	if (!write_request(line, sizeof(line), call, command, argument))
		return vg_usage_error("the argument is too long");
	vg_arena_init(&arena, ARENA_MAX);
	const char *path = call->socket != NULL ? call->socket
						: vg_config_socket(call->config, &arena);
	enum vg_exit status = VG_EXIT_GATEWAY;
	if (path != NULL)
		status = ask(call, path, line, &arena);
	else
		fprintf(stderr, "vendgatectl: %s: %s; -s SOCKET names the gateway's socket\n",
			call->config, strerror(errno));
	vg_arena_fini(&arena);
	return status;
}
