/*
 * An mTLS load generator: connections that are kept, or a handshake for each request; a fixed
 * number of requests, each as soon as the answer before it is whole; or connections that only
 * wait. It prints one JSON object. One thread, epoll, OpenSSL.
 *
 *   load --port P --host NAME --ca FILE --cert FILE --key FILE [OPTION…]
 *     --path /p         default /
 *     --method M        default GET
 *     --upload N        a body of N bytes (POST)
 *     --connections N   default 1
 *     --requests N      in all, default 1
 *     --fresh           a new connection, and a full handshake, for each request
 *     --resume          with --fresh: offers the session of the connection before
 *     --status N        what each answer must have, default 200
 *     --idle            open all, one request on each, print "ready", wait for standard input
 */
#include "config.h"

#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#define OPENING_MAX 32 /* connections that are in their handshake; idle ones come all at once */
#define HEAD_MAX 8192
#define DEADLINE_S 300

struct options {
	unsigned port;
	const char *host, *ca, *cert, *key, *path, *method;
	size_t upload, connections, requests;
	unsigned status;
	bool fresh, resume, idle;
};

enum state { CLOSED, OPENING, SENDING, READING, RESTING };

struct client {
	enum state state;
	int fd;
	SSL *ssl;
	uint32_t events;
	int64_t began;
	size_t sent;
	size_t have; /* bytes of head */
	size_t body; /* bytes that are still to come */
	bool in_body, again;
	char head[HEAD_MAX];
};

struct load {
	struct options o;
	SSL_CTX *ctx;
	SSL_SESSION *session;
	int poller;
	struct sockaddr_in to;
	char *request;
	size_t request_len;
	struct client *clients;
	size_t begun, done, errors, opening, resting, resumed, handshakes;
	uint32_t *latency; /* µs */
	char fault[256];   /* the first */
};

static char scratch[65536];

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
	ERR_print_errors_fp(stderr);
	exit(1);
}

static int64_t now_us(void)
{
	struct timespec ts;
	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

static void watch(struct load *load, struct client *c, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.ptr = c};
	if (c->events == events)
		return;
	if (epoll_ctl(load->poller, c->events == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, c->fd, &event))
		die("epoll_ctl");
	c->events = events;
}

static void shut(struct load *load, struct client *c)
{
	if (c->state == OPENING)
		load->opening--;
	if (c->ssl != NULL) {
		(void)SSL_shutdown(c->ssl);
		if (load->o.resume) {
			SSL_SESSION *session = SSL_get1_session(c->ssl);
			if (session != NULL && SSL_SESSION_is_resumable(session)) {
				SSL_SESSION_free(load->session);
				load->session = session;
			} else {
				SSL_SESSION_free(session);
			}
		}
		SSL_free(c->ssl);
		(void)close(c->fd);
	}
	c->ssl = NULL;
	c->state = CLOSED;
	c->events = 0;
	ERR_clear_error();
}

static void fail(struct load *load, struct client *c, const char *what)
{
	if (load->errors++ == 0) {
		unsigned long error = ERR_peek_last_error();
		(void)snprintf(load->fault, sizeof(load->fault), "%s%s%s", what,
			       error == 0 ? "" : ": ",
			       error == 0 ? "" : ERR_reason_error_string(error));
	}
	ERR_clear_error();
	shut(load, c);
}

static void go(struct load *load, struct client *c);

static void open_one(struct load *load, struct client *c)
{
	int on = 1;
	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (c->fd < 0)
		die("socket");
	(void)setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (connect(c->fd, (struct sockaddr *)&load->to, sizeof(load->to)) != 0 &&
	    errno != EINPROGRESS)
		die("connect");
	c->ssl = SSL_new(load->ctx);
	if (c->ssl == NULL || SSL_set_fd(c->ssl, c->fd) != 1 ||
	    SSL_set_tlsext_host_name(c->ssl, load->o.host) != 1)
		die("SSL");
	if (load->o.resume && load->session != NULL)
		(void)SSL_set_session(c->ssl, load->session);
	SSL_set_connect_state(c->ssl);
	c->state = OPENING;
	load->opening++;
	c->began = now_us();
	watch(load, c, EPOLLOUT);
}

static void begin_request(struct load *load, struct client *c)
{
	load->begun++;
	c->state = SENDING;
	c->sent = c->have = c->body = 0;
	c->in_body = false;
	if (!load->o.fresh)
		c->began = now_us();
}

/* True where it may go on at once. */
static bool step_of(struct load *load, struct client *c, int result, const char *what)
{
	switch (SSL_get_error(c->ssl, result)) {
	case SSL_ERROR_NONE:
		return true;
	case SSL_ERROR_WANT_READ:
		watch(load, c, EPOLLIN);
		return false;
	case SSL_ERROR_WANT_WRITE:
		watch(load, c, EPOLLOUT);
		return false;
	default:
		fail(load, c, what);
		return false;
	}
}

static void finish_request(struct load *load, struct client *c)
{
	int64_t took = now_us() - c->began;
	if (load->done < load->o.requests)
		load->latency[load->done] = (uint32_t)took;
	load->done++;
	if (load->o.fresh) {
		shut(load, c);
		return;
	}
	c->state = RESTING;
	if (load->o.idle) {
		load->resting++;
		watch(load, c, EPOLLIN);
	} else if (c->again) {
		shut(load, c);
	}
}

/* The head is whole: its status, and how much body follows. */
static bool read_head(struct load *load, struct client *c, size_t head_len)
{
	c->head[head_len] = '\0';
	unsigned status = (unsigned)strtoul(c->head + 9, NULL, 10);
	if (strncmp(c->head, "HTTP/1.1 ", 9) != 0 || status != load->o.status) {
		char text[64];
		(void)snprintf(text, sizeof(text), "status %u", status);
		fail(load, c, text);
		return false;
	}
	for (char *at = c->head; *at != '\0'; at++)
		*at = *at >= 'A' && *at <= 'Z' ? (char)(*at + 32) : *at;
	const char *length = strstr(c->head, "\r\ncontent-length: ");
	if (length == NULL) {
		fail(load, c, "no Content-Length");
		return false;
	}
	c->again = strstr(c->head, "\r\nconnection: close") != NULL;
	c->body = strtoul(length + 18, NULL, 10);
	c->in_body = true;
	return true;
}

static bool took_bytes(struct load *load, struct client *c, const char *bytes, size_t n)
{
	if (c->in_body) {
		if (n > c->body) {
			fail(load, c, "more than was said");
			return false;
		}
		c->body -= n;
		return true;
	}
	if (n > HEAD_MAX - 1 - c->have)
		n = HEAD_MAX - 1 - c->have;
	memcpy(c->head + c->have, bytes, n);
	c->have += n;
	c->head[c->have] = '\0';
	const char *stop = strstr(c->head, "\r\n\r\n");
	if (stop == NULL)
		return true;
	size_t head_len = (size_t)(stop - c->head) + 2, extra = c->have - head_len - 2;
	return read_head(load, c, head_len) && (extra == 0 || took_bytes(load, c, bytes, extra));
}

static void read_answer(struct load *load, struct client *c)
{
	while (c->state == READING) {
		size_t room = c->in_body ? sizeof(scratch) : HEAD_MAX - 1 - c->have, n = 0;
		int result = SSL_read_ex(c->ssl, scratch, room, &n);
		if (result != 1) {
			(void)step_of(load, c, result, "read");
			return;
		}
		if (!took_bytes(load, c, scratch, n))
			return;
		if (c->in_body && c->body == 0)
			finish_request(load, c);
	}
}

static void go(struct load *load, struct client *c)
{
	if (c->state == OPENING) {
		int result = SSL_do_handshake(c->ssl);
		if (!step_of(load, c, result, "handshake"))
			return;
		load->handshakes++;
		load->resumed += SSL_session_reused(c->ssl) != 0;
		load->opening--;
		begin_request(load, c);
	}
	while (c->state == SENDING) {
		size_t n = 0;
		int result = SSL_write_ex(c->ssl, load->request + c->sent,
					  load->request_len - c->sent, &n);
		if (!step_of(load, c, result, "write"))
			return;
		c->sent += n;
		if (c->sent == load->request_len)
			c->state = READING;
	}
	if (c->state == READING)
		read_answer(load, c);
	else if (c->state == RESTING)
		fail(load, c, "an idle connection was closed");
}

/* Whatever may begin now. */
static void start_some(struct load *load)
{
	size_t left = load->o.requests - load->begun;
	size_t most = load->o.idle ? load->o.connections : OPENING_MAX;
	for (size_t i = 0; i < load->o.connections && left > load->opening; i++) {
		struct client *c = &load->clients[i];
		if (c->state == RESTING && !load->o.idle) {
			begin_request(load, c);
			left--;
			go(load, c);
		} else if (c->state == CLOSED && load->opening < most) {
			open_one(load, c);
		}
	}
}

static void run(struct load *load)
{
	int64_t end = now_us() + DEADLINE_S * INT64_C(1000000);
	while (load->done + load->errors < load->o.requests) {
		struct epoll_event events[256];
		start_some(load);
		int n = epoll_wait(load->poller, events, 256, 1000);
		for (int i = 0; i < n; i++) {
			struct client *c = events[i].data.ptr;
			if (c->state != CLOSED)
				go(load, c);
			/* One that is done goes on here, without a walk over all. */
			if (c->state == RESTING && !load->o.idle &&
			    load->begun < load->o.requests) {
				begin_request(load, c);
				go(load, c);
			}
		}
		if (now_us() > end || load->errors > 100) {
			load->errors++;
			break;
		}
	}
}

static void wait_for_end(struct load *load)
{
	char bytes[16];
	printf("ready %zu\n", load->resting);
	(void)fflush(stdout);
	while (read(STDIN_FILENO, bytes, sizeof(bytes)) > 0)
		continue;
}

static int compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	return (x > y) - (x < y);
}

static void report(struct load *load, int64_t took)
{
	size_t n = load->done < load->o.requests ? load->done : load->o.requests;
	qsort(load->latency, n, sizeof(*load->latency), compare);
	printf("{\"requests\": %zu, \"errors\": %zu, \"fault\": \"%s\", \"handshakes\": %zu, "
	       "\"resumed\": %zu, \"seconds\": %.3f, \"p50_us\": %u, \"p99_us\": %u}\n",
	       load->done, load->errors, load->fault, load->handshakes, load->resumed,
	       (double)took / 1e6, n == 0 ? 0 : load->latency[n / 2],
	       n == 0 ? 0 : load->latency[n - 1 - n / 100]);
}

static void make_request(struct load *load)
{
	const struct options *o = &load->o;
	char length[96] = "", head[2048];
	if (o->upload > 0)
		(void)snprintf(length, sizeof(length),
			       "Content-Type: application/json\r\nContent-Length: %zu\r\n",
			       o->upload);
	int n = snprintf(head, sizeof(head),
			 "%s %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: bench/1\r\n"
			 "Accept: */*\r\n%s\r\n",
			 o->method, o->path, o->host, length);
	load->request_len = (size_t)n + o->upload;
	load->request = malloc(load->request_len + 1);
	if (load->request == NULL)
		die("memory");
	memcpy(load->request, head, (size_t)n);
	memset(load->request + n, '1', o->upload);
}

static void set_up(struct load *load)
{
	const struct options *o = &load->o;
	load->ctx = SSL_CTX_new(TLS_client_method());
	if (load->ctx == NULL || SSL_CTX_set_min_proto_version(load->ctx, TLS1_3_VERSION) != 1 ||
	    SSL_CTX_load_verify_locations(load->ctx, o->ca, NULL) != 1 ||
	    SSL_CTX_use_certificate_chain_file(load->ctx, o->cert) != 1 ||
	    SSL_CTX_use_PrivateKey_file(load->ctx, o->key, SSL_FILETYPE_PEM) != 1)
		die("certificates");
	SSL_CTX_set_verify(load->ctx, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_mode(load->ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
					    SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	load->to = (struct sockaddr_in){.sin_family = AF_INET,
					.sin_port = htons((uint16_t)o->port),
					.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	load->poller = epoll_create1(EPOLL_CLOEXEC);
	load->clients = calloc(o->connections, sizeof(*load->clients));
	load->latency = calloc(o->requests, sizeof(*load->latency));
	if (load->poller < 0 || load->clients == NULL || load->latency == NULL)
		die("memory");
	make_request(load);
}

static _Noreturn void usage(void)
{
	fprintf(stderr, "usage: load --port P --host NAME --ca FILE --cert FILE --key FILE "
			"[--path P] [--method M] [--upload N] [--connections N] [--requests N] "
			"[--fresh [--resume]] [--status N] [--idle]\n");
	exit(2);
}

static void read_options(struct options *o, int argc, char **argv)
{
	static const struct option names[] = {
		{"port", 1, NULL, 'p'},     {"host", 1, NULL, 'h'},   {"ca", 1, NULL, 'a'},
		{"cert", 1, NULL, 'c'},     {"key", 1, NULL, 'k'},    {"path", 1, NULL, 't'},
		{"method", 1, NULL, 'm'},   {"upload", 1, NULL, 'u'}, {"connections", 1, NULL, 'n'},
		{"requests", 1, NULL, 'r'}, {"fresh", 0, NULL, 'f'},  {"resume", 0, NULL, 's'},
		{"status", 1, NULL, 'e'},   {"idle", 0, NULL, 'i'},   {NULL, 0, NULL, 0}};
	*o = (struct options){
		.path = "/", .method = "GET", .connections = 1, .requests = 1, .status = 200};
	int got;
	while ((got = getopt_long(argc, argv, "", names, NULL)) != -1) {
		switch (got) {
		case 'p':
			o->port = (unsigned)strtoul(optarg, NULL, 10);
			break;
		case 'h':
			o->host = optarg;
			break;
		case 'a':
			o->ca = optarg;
			break;
		case 'c':
			o->cert = optarg;
			break;
		case 'k':
			o->key = optarg;
			break;
		case 't':
			o->path = optarg;
			break;
		case 'm':
			o->method = optarg;
			break;
		case 'u':
			o->upload = strtoul(optarg, NULL, 10);
			break;
		case 'n':
			o->connections = strtoul(optarg, NULL, 10);
			break;
		case 'r':
			o->requests = strtoul(optarg, NULL, 10);
			break;
		case 'e':
			o->status = (unsigned)strtoul(optarg, NULL, 10);
			break;
		case 'f':
			o->fresh = true;
			break;
		case 's':
			o->resume = true;
			break;
		case 'i':
			o->idle = true;
			break;
		default:
			usage();
		}
	}
	if (o->port == 0 || o->host == NULL || o->ca == NULL || o->cert == NULL || o->key == NULL ||
	    o->connections == 0 || o->requests == 0 || optind != argc)
		usage();
	if (o->idle)
		o->requests = o->connections;
}

int main(int argc, char **argv)
{
	struct load load = {0};
	(void)signal(SIGPIPE, SIG_IGN);
	read_options(&load.o, argc, argv);
	set_up(&load);
	int64_t began = now_us();
	run(&load);
	int64_t took = now_us() - began;
	if (load.o.idle)
		wait_for_end(&load);
	report(&load, took);
	return load.errors == 0 ? 0 : 1;
}
