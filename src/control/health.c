#include "config.h"

#include "control/health.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "control/controller.h"
#include "control/probe.h"
#include "http/write.h"
#include "sys/file.h"
#include "vocab/reason.h"

#define TALK_MS 2000
#define ANSWER_MAX 512

static const struct {
	const char *path;
	const char *(*probe)(struct vg_controller *controller);
} probes[] = {
	{"/livez", vg_probe_live},
	{"/readyz", vg_probe_ready},
};

static void let_go(struct vg_health_caller *caller)
{
	if (caller->fd < 0)
		return;
	(void)event_del(&caller->readable);
	(void)evtimer_del(&caller->deadline);
	vg_fd_close(&caller->fd);
}

/* A new connection takes it whole; where it doesn't, nobody waits for it. */
static void answer(struct vg_health_caller *caller, unsigned status, const char *line, bool to_head)
{
	char text[ANSWER_MAX];
	int n = snprintf(text, sizeof(text),
			 "HTTP/1.1 %u %s\r\n"
			 "Content-Type: text/plain\r\n"
			 "Content-Length: %zu\r\n"
			 "Cache-Control: no-store\r\n"
			 "%s"
			 "Connection: close\r\n"
			 "\r\n"
			 "%s%s",
			 status, vg_http_phrase(status), strlen(line) + 1,
			 status == 405 ? "Allow: GET, HEAD\r\n" : "", to_head ? "" : line,
			 to_head ? "" : "\n");
	VG_ASSERT(n > 0 && n < ANSWER_MAX);
	(void)!send(caller->fd, text, (size_t)n, MSG_NOSIGNAL);
	let_go(caller);
}

static void serve(struct vg_health_caller *caller, const struct vg_http_head *head)
{
	bool to_head = vg_slice_eq(head->method, VG_SLICE("HEAD"));
	size_t i = 0;
	while (i < VG_COUNT(probes) && !vg_slice_eq(head->target, vg_slice_str(probes[i].path)))
		i++;
	if (i == VG_COUNT(probes)) {
		answer(caller, 404, "not found", to_head);
	} else if (!to_head && !vg_slice_eq(head->method, VG_SLICE("GET"))) {
		answer(caller, 405, "GET or HEAD", false);
	} else {
		const char *fault = probes[i].probe(caller->controller);
		answer(caller, fault == NULL ? 200 : 503, fault == NULL ? "ok" : fault, to_head);
	}
}

static bool has_body(const struct vg_http_head *head)
{
	return head->framing == VG_FRAMING_CHUNKED ||
	       (head->framing == VG_FRAMING_LENGTH && head->length > 0);
}

static void hear(struct vg_health_caller *caller)
{
	struct vg_slice text = vg_slice(caller->text, caller->len);
	struct vg_http_head head;
	enum vg_reason reason = VG_REASON_HTTP_MALFORMED;
	size_t len = 0;
	enum vg_scan scan = vg_http_scan(&caller->scan, text, &len);
	if (scan == VG_SCAN_MORE && caller->len < sizeof(caller->text))
		return;
	if (scan == VG_SCAN_MORE)
		reason = VG_REASON_HTTP_HEAD_TOO_LARGE;
	else if (scan == VG_SCAN_WHOLE)
		reason = vg_http_parse_request(&head, vg_slice_first(text, len));
	if (reason == VG_REASON_NONE && has_body(&head))
		reason = VG_REASON_HTTP_TOO_LARGE;
	if (reason == VG_REASON_NONE)
		serve(caller, &head);
	else
		answer(caller, vg_reason_row(reason)->status, "refused", false);
}

static void on_readable(evutil_socket_t fd, short what VG_UNUSED, void *arg)
{
	struct vg_health_caller *caller = arg;
	ssize_t n = recv(fd, caller->text + caller->len, sizeof(caller->text) - caller->len, 0);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		let_go(caller);
		return;
	}
	caller->len += (size_t)n;
	hear(caller);
}

static void on_deadline(evutil_socket_t fd VG_UNUSED, short what VG_UNUSED, void *arg)
{
	let_go(arg);
}

/* A free place, else that of whoever has been there longest. */
static struct vg_health_caller *make_room(struct vg_health *health)
{
	struct vg_health_caller *oldest = &health->rows[0];
	for (size_t i = 0; i < VG_HEALTH_CALLERS_MAX; i++) {
		struct vg_health_caller *row = &health->rows[i];
		if (row->fd < 0)
			return row;
		if (row->since < oldest->since)
			oldest = row;
	}
	let_go(oldest);
	return oldest;
}

static void on_accept(evutil_socket_t listener, short what VG_UNUSED, void *arg)
{
	struct vg_controller *controller = arg;
	struct vg_health *health = &controller->health;
	int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd < 0)
		return;
	struct vg_health_caller *caller = make_room(health);
	caller->controller = controller;
	caller->since = ++health->seen;
	caller->fd = fd;
	caller->scan = (struct vg_http_scan){0};
	caller->len = 0;
	VG_ASSERT(event_assign(&caller->readable, controller->loop.base, fd, EV_READ | EV_PERSIST,
			       on_readable, caller) == 0);
	VG_ASSERT(evtimer_assign(&caller->deadline, controller->loop.base, on_deadline, caller) ==
		  0);
	vg_loop_arm(&caller->deadline, TALK_MS);
	if (event_add(&caller->readable, NULL) != 0)
		let_go(caller);
}

bool vg_health_open(struct vg_controller *controller, int listener)
{
	struct vg_health *health = &controller->health;
	for (size_t i = 0; i < VG_HEALTH_CALLERS_MAX; i++)
		health->rows[i].fd = -1;
	health->open = listener >= 0 &&
		       event_assign(&health->accept, controller->loop.base, listener,
				    EV_READ | EV_PERSIST, on_accept, controller) == 0 &&
		       event_add(&health->accept, NULL) == 0;
	return health->open || listener < 0;
}

void vg_health_close(struct vg_controller *controller)
{
	struct vg_health *health = &controller->health;
	if (!health->open)
		return;
	for (size_t i = 0; i < VG_HEALTH_CALLERS_MAX; i++)
		let_go(&health->rows[i]);
	(void)event_del(&health->accept);
}
