/*
 * What stands behind the gateways that are measured: an HTTP/1.1 upstream that costs next to
 * nothing, and collectors that take what they send over UDP and count it.
 *
 *   origin COLLECTORS
 *
 * prints the ports that it got, its own first, then those of the collectors. GET /…/N is answered
 * with N bytes, POST with what a small answer is once the body has come, /count/N with how many
 * datagrams collector N got. It ends with its standard input.
 */
#include "config.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define COLLECTORS_MAX 8
#define HEAD_MAX 8192
#define BLOCK ((size_t)262144)

enum kind { STDIN, LISTENER, COLLECTOR, CONNECTION };

struct source {
	enum kind kind;
	int fd;
	/* Of a collector */
	unsigned long count;
	/* Of a connection */
	size_t have;    /* bytes of head */
	char out[2048]; /* the answer's begin */
	size_t out_len, out_from;
	size_t owed; /* bytes of answer that follow it */
	size_t body; /* bytes of request that are still to come */
	bool blocked;
	char head[HEAD_MAX];
};

static char block[BLOCK];
static struct source *collectors[COLLECTORS_MAX];
static int poller;

static _Noreturn void die(const char *what)
{
	perror(what);
	exit(1);
}

static void watch(struct source *source, uint32_t events, int how)
{
	struct epoll_event event = {.events = events, .data.ptr = source};
	if (epoll_ctl(poller, how, source->fd, &event) != 0)
		die("epoll_ctl");
}

static struct source *add(enum kind kind, int fd)
{
	struct source *source = calloc(1, sizeof(*source));
	if (source == NULL)
		die("memory");
	source->kind = kind;
	source->fd = fd;
	watch(source, EPOLLIN, EPOLL_CTL_ADD);
	return source;
}

static void end(struct source *source)
{
	(void)close(source->fd);
	free(source);
}

static int open_port(int type)
{
	struct sockaddr_in addr = {.sin_family = AF_INET,
				   .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(addr);
	int room = 8 << 20;
	int fd = socket(AF_INET, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&addr, len) != 0 ||
	    getsockname(fd, (struct sockaddr *)&addr, &len) != 0)
		die("bind");
	if (type == SOCK_STREAM && listen(fd, 4096) != 0)
		die("listen");
	if (type == SOCK_DGRAM)
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room));
	printf("%u\n", (unsigned)ntohs(addr.sin_port));
	return fd;
}

static void collect(struct source *collector)
{
	static char bytes[64][2048];
	static struct iovec vectors[64];
	static struct mmsghdr headers[64];
	for (int i = 0; i < 64; i++) {
		vectors[i] = (struct iovec){bytes[i], sizeof(bytes[i])};
		headers[i].msg_hdr = (struct msghdr){.msg_iov = &vectors[i], .msg_iovlen = 1};
	}
	int n = recvmmsg(collector->fd, headers, 64, MSG_DONTWAIT, NULL);
	if (n > 0)
		collector->count += (unsigned long)n;
}

static void take_connections(const struct source *listener)
{
	int fd, on = 1;
	while ((fd = accept4(listener->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
		(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
		(void)add(CONNECTION, fd);
	}
}

/* False where the connection is gone. */
static bool give(struct source *c)
{
	while (c->out_from < c->out_len || c->owed > 0) {
		bool begin = c->out_from < c->out_len;
		const char *from = begin ? c->out + c->out_from : block;
		size_t part = begin ? c->out_len - c->out_from : c->owed < BLOCK ? c->owed : BLOCK;
		int more = begin && c->owed > 0 ? MSG_MORE : 0;
		ssize_t n = send(c->fd, from, part, MSG_NOSIGNAL | more);
		if (n < 0 && errno == EAGAIN) {
			if (!c->blocked)
				watch(c, EPOLLOUT, EPOLL_CTL_MOD);
			c->blocked = true;
			return true;
		}
		if (n < 0)
			return false;
		if (begin)
			c->out_from += (size_t)n;
		else
			c->owed -= (size_t)n;
	}
	if (c->blocked)
		watch(c, EPOLLIN, EPOLL_CTL_MOD);
	c->blocked = false;
	return true;
}

static size_t number_after(const char *text, const char *mark)
{
	const char *at = strstr(text, mark);
	return at == NULL ? 0 : strtoul(at + strlen(mark), NULL, 10);
}

/* A small answer is one write. */
static bool answer(struct source *c, char *head)
{
	char count[32] = "";
	char *line_end = strchr(head, '\r');
	*line_end = '\0';
	char *space = strrchr(head, ' ');
	*space = '\0';
	const char *slash = strrchr(head, '/');
	size_t len = strtoul(slash + 1, NULL, 10);
	if (strstr(head, "/count/") != NULL && len < COLLECTORS_MAX && collectors[len] != NULL)
		len = (size_t)snprintf(count, sizeof(count), "%lu", collectors[len]->count);
	else if (strncmp(head, "POST", 4) == 0)
		len = 100;
	int n = snprintf(c->out, sizeof(c->out),
			 "HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\n"
			 "Content-Length: %zu\r\n\r\n",
			 len);
	size_t first = len > 1024 ? 0 : len;
	memcpy(c->out + n, count[0] != '\0' ? count : block, first);
	c->out_len = (size_t)n + first;
	c->out_from = 0;
	c->owed = len - first;
	return give(c);
}

/* One request after the other; a client here waits for its answer before the next. */
static bool hear(struct source *c)
{
	if (c->body > 0) {
		static char sink[BLOCK];
		ssize_t n = recv(c->fd, sink, c->body < BLOCK ? c->body : BLOCK, 0);
		if (n <= 0)
			return n < 0 && errno == EAGAIN;
		c->body -= (size_t)n;
		return c->body > 0 || answer(c, c->head);
	}
	ssize_t n = recv(c->fd, c->head + c->have, HEAD_MAX - 1 - c->have, 0);
	if (n <= 0)
		return n < 0 && errno == EAGAIN;
	c->have += (size_t)n;
	c->head[c->have] = '\0';
	char *stop = strstr(c->head, "\r\n\r\n");
	if (stop == NULL)
		return c->have < HEAD_MAX - 1;
	size_t extra = c->have - (size_t)(stop + 4 - c->head);
	stop[2] = '\0';
	for (char *at = strchr(c->head, '\n'); *at != '\0'; at++)
		*at = *at >= 'A' && *at <= 'Z' ? (char)(*at + 32) : *at;
	size_t length = number_after(c->head, "\ncontent-length: ");
	c->have = 0;
	c->body = length > extra ? length - extra : 0;
	return c->body > 0 || answer(c, c->head);
}

static void serve(struct source *source, uint32_t events)
{
	char bytes[64];
	bool alive = true;
	switch (source->kind) {
	case STDIN:
		if (read(source->fd, bytes, sizeof(bytes)) <= 0)
			exit(0);
		return;
	case LISTENER:
		take_connections(source);
		return;
	case COLLECTOR:
		collect(source);
		return;
	case CONNECTION:
		if ((events & EPOLLOUT) != 0)
			alive = give(source);
		else
			alive = hear(source);
		if (!alive)
			end(source);
		return;
	}
}

int main(int argc, char **argv)
{
	unsigned long count = argc == 2 ? strtoul(argv[1], NULL, 10) : COLLECTORS_MAX + 1;
	if (count > COLLECTORS_MAX) {
		fprintf(stderr, "usage: origin COLLECTORS\n");
		return 2;
	}
	(void)signal(SIGPIPE, SIG_IGN);
	memset(block, 'v', sizeof(block));
	poller = epoll_create1(EPOLL_CLOEXEC);
	(void)add(LISTENER, open_port(SOCK_STREAM));
	for (unsigned long i = 0; i < count; i++)
		collectors[i] = add(COLLECTOR, open_port(SOCK_DGRAM));
	(void)fflush(stdout);
	(void)add(STDIN, STDIN_FILENO);
	for (;;) {
		struct epoll_event events[64];
		int n = epoll_wait(poller, events, 64, -1);
		for (int i = 0; i < n; i++)
			serve(events[i].data.ptr, events[i].events);
	}
}
