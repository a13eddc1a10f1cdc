/*
 * The floor: what mTLS and sockets alone cost. SSL_read, send, recv, SSL_write over epoll; it
 * wants a client certificate below one CA and knows no HTTP, no policy and no log. Each connection
 * has one of its own to the upstream.
 *
 *   pump PORT UPSTREAM-PORT CERT KEY CA
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

#include <openssl/err.h>
#include <openssl/ssl.h>

#define ROOM 65536

struct pair;

struct end {
	struct pair *pair; /* NULL: the listener */
	int fd;
	uint32_t events;
	bool added;
};

struct pair {
	struct end client, origin;
	SSL *ssl;
	bool shaken, dead;
	size_t up, down; /* bytes that wait */
	size_t up_from, down_from;
	struct pair *next; /* of those to be freed */
	char up_bytes[ROOM], down_bytes[ROOM];
};

static SSL_CTX *ctx;
static struct sockaddr_in upstream;
static int poller;
static struct pair *dead;

static _Noreturn void die(const char *what)
{
	perror(what);
	exit(1);
}

static void watch(struct end *end, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.ptr = end};
	if (end->events == events)
		return;
	if (epoll_ctl(poller, end->added ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, end->fd, &event))
		die("epoll_ctl");
	end->events = events;
	end->added = true;
}

static void end_pair(struct pair *pair)
{
	if (pair->dead)
		return;
	pair->dead = true;
	SSL_free(pair->ssl);
	(void)close(pair->client.fd);
	(void)close(pair->origin.fd);
	pair->next = dead;
	dead = pair;
}

static void quick(int fd)
{
	int on = 1;
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

static void take(int listener)
{
	int fd;
	while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
		/* Not calloc: an idle connection touches no buffer. */
		struct pair *pair = malloc(sizeof(*pair));
		if (pair == NULL)
			die("memory");
		memset(pair, 0, offsetof(struct pair, up_bytes));
		pair->client = (struct end){.pair = pair, .fd = fd};
		pair->origin = (struct end){.pair = pair};
		pair->origin.fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		pair->ssl = SSL_new(ctx);
		if (pair->origin.fd < 0 || pair->ssl == NULL || SSL_set_fd(pair->ssl, fd) != 1)
			die("connection");
		quick(fd);
		quick(pair->origin.fd);
		if (connect(pair->origin.fd, (struct sockaddr *)&upstream, sizeof(upstream)) != 0 &&
		    errno != EINPROGRESS)
			die("connect");
		SSL_set_accept_state(pair->ssl);
		watch(&pair->client, EPOLLIN);
	}
}

/* Each moves what it can; false where the connection is at its end. */
static bool read_client(struct pair *p)
{
	while (p->up == 0) {
		size_t n = 0;
		int result = SSL_read_ex(p->ssl, p->up_bytes, ROOM, &n);
		if (result != 1)
			return SSL_get_error(p->ssl, result) == SSL_ERROR_WANT_READ;
		ssize_t sent = send(p->origin.fd, p->up_bytes, n, MSG_NOSIGNAL);
		if (sent < 0 && errno != EAGAIN)
			return false;
		p->up_from = sent < 0 ? 0 : (size_t)sent;
		p->up = n - p->up_from;
		if (p->up == 0 && SSL_pending(p->ssl) == 0 && n < 16384)
			return true;
	}
	return true;
}

static bool send_up(struct pair *p)
{
	ssize_t n = send(p->origin.fd, p->up_bytes + p->up_from, p->up, MSG_NOSIGNAL);
	if (n < 0)
		return errno == EAGAIN;
	p->up_from += (size_t)n;
	p->up -= (size_t)n;
	return p->up > 0 || read_client(p);
}

static bool send_down(struct pair *p)
{
	while (p->down > 0) {
		size_t n = 0;
		int result = SSL_write_ex(p->ssl, p->down_bytes + p->down_from, p->down, &n);
		if (result != 1)
			return SSL_get_error(p->ssl, result) == SSL_ERROR_WANT_WRITE;
		p->down_from += n;
		p->down -= n;
	}
	return true;
}

static bool read_origin(struct pair *p)
{
	if (p->down > 0)
		return true;
	ssize_t n = recv(p->origin.fd, p->down_bytes, ROOM, 0);
	if (n <= 0)
		return n < 0 && errno == EAGAIN;
	p->down = (size_t)n;
	p->down_from = 0;
	return send_down(p);
}

static bool shake(struct pair *p)
{
	int result = SSL_do_handshake(p->ssl);
	p->shaken = result == 1;
	return p->shaken || SSL_get_error(p->ssl, result) == SSL_ERROR_WANT_READ;
}

static void serve(struct end *end, uint32_t events)
{
	struct pair *p = end->pair;
	bool client = end == &p->client, alive = true;
	if (p->dead)
		return;
	ERR_clear_error(); /* another connection's error would be taken for this one's */
	if (!p->shaken)
		alive = shake(p);
	if (alive && p->shaken && client && (events & EPOLLOUT) != 0)
		alive = send_down(p);
	if (alive && p->shaken && client)
		alive = read_client(p);
	if (alive && p->shaken && !client && (events & EPOLLOUT) != 0 && p->up > 0)
		alive = send_up(p);
	if (alive && p->shaken && !client && (events & EPOLLIN) != 0)
		alive = read_origin(p);
	if (!alive) {
		end_pair(p);
		return;
	}
	uint32_t to_client = p->down > 0 ? EPOLLOUT : 0, from_client = p->up > 0 ? 0 : EPOLLIN;
	watch(&p->client, to_client | from_client);
	if (p->shaken)
		watch(&p->origin, (p->up > 0 ? EPOLLOUT : 0U) | (p->down > 0 ? 0U : EPOLLIN));
}

static int open_listener(const char *port)
{
	struct sockaddr_in addr = {.sin_family = AF_INET,
				   .sin_port = htons((uint16_t)strtoul(port, NULL, 10)),
				   .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int on = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (fd < 0 || bind(fd, (struct sockaddr *)&addr, sizeof(addr)) != 0 ||
	    listen(fd, 4096) != 0)
		die("listen");
	return fd;
}

static void set_up(char **argv)
{
	upstream = (struct sockaddr_in){.sin_family = AF_INET,
					.sin_port = htons((uint16_t)strtoul(argv[2], NULL, 10)),
					.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	ctx = SSL_CTX_new(TLS_server_method());
	if (ctx == NULL || SSL_CTX_use_certificate_chain_file(ctx, argv[3]) != 1 ||
	    SSL_CTX_use_PrivateKey_file(ctx, argv[4], SSL_FILETYPE_PEM) != 1 ||
	    SSL_CTX_load_verify_locations(ctx, argv[5], NULL) != 1)
		die("certificates");
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET);
	(void)SSL_CTX_set_num_tickets(ctx, 0);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
				      SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_set_read_ahead(ctx, 1);
}

int main(int argc, char **argv)
{
	if (argc != 6) {
		fprintf(stderr, "usage: pump PORT UPSTREAM-PORT CERT KEY CA\n");
		return 2;
	}
	(void)signal(SIGPIPE, SIG_IGN);
	set_up(argv);
	poller = epoll_create1(EPOLL_CLOEXEC);
	struct end listener = {.fd = open_listener(argv[1])};
	watch(&listener, EPOLLIN);
	for (;;) {
		struct epoll_event events[64];
		int n = epoll_wait(poller, events, 64, -1);
		for (int i = 0; i < n; i++) {
			struct end *end = events[i].data.ptr;
			if (end->pair == NULL)
				take(end->fd);
			else
				serve(end, events[i].events);
		}
		while (dead != NULL) {
			struct pair *pair = dead;
			dead = pair->next;
			free(pair);
		}
	}
}
