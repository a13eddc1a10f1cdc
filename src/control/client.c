#include "config.h"

#include "control/client.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "control/command.h"
#include "control/controller.h"
#include "sys/file.h"
#include "sys/log.h"

#define TALK_S 10  /* for the request, and for taking the answer */
#define WAIT_S 300 /* for what the supervisor bounds itself */
#define OUT_MAX (VG_ANSWER_MAX + 32)

static const struct {
	const char *word;
	unsigned arguments;
	void (*run)(struct vg_controller *controller, struct vg_client *client,
		    const struct vg_request *request, struct vg_answer *answer);
} commands[] = {
#define VG_CONTROL_COMMAND(NAME, word, arguments) {#word, arguments, vg_control_##word},
#include "control/command.def"
#undef VG_CONTROL_COMMAND
};

static void on_client(evutil_socket_t fd, short what, void *arg);

static void let_go(struct vg_client *client)
{
	struct vg_clients *clients = &client->controller->clients;
	(void)event_del(&client->event);
	vg_fd_close(&client->fd);
	vg_buf_fini(&client->out);
	client->waits = 0;
	if (clients->count-- == VG_CLIENTS_MAX)
		(void)event_add(&clients->accept, NULL);
}

static void watch(struct vg_client *client, short what, int seconds)
{
	struct timeval time = {.tv_sec = seconds};
	(void)event_del(&client->event);
	if (event_assign(&client->event, client->controller->loop.base, client->fd,
			 (short)(what | EV_PERSIST), on_client, client) != 0 ||
	    event_add(&client->event, &time) != 0)
		let_go(client);
}

static void flush(struct vg_client *client)
{
	while (client->out.len > 0) {
		struct vg_slice text = vg_buf_slice(&client->out);
		ssize_t n = send(client->fd, text.ptr, text.len, MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return;
		if (n <= 0)
			break;
		vg_buf_consume(&client->out, (size_t)n);
	}
	let_go(client);
}

void vg_client_answer(struct vg_client *client, struct vg_answer *answer)
{
	bool ok = vg_answer_write(answer, &client->out);
	vg_answer_fini(answer);
	client->waits = 0;
	if (ok)
		watch(client, EV_WRITE, TALK_S);
	else
		let_go(client);
}

static void run(struct vg_client *client, const struct vg_request *request)
{
	struct vg_answer answer;
	vg_answer_init(&answer);
	client->json = request->json;
	size_t i = 0;
	while (i < VG_COUNT(commands) &&
	       !vg_slice_eq(request->command, vg_slice_str(commands[i].word)))
		i++;
	if (i < VG_COUNT(commands) && request->argument_count <= commands[i].arguments) {
		commands[i].run(client->controller, client, request, &answer);
	} else {
		answer.status = VG_ANSWER_WRONG;
		vg_answer_put(&answer, i < VG_COUNT(commands) ? "too many arguments\n"
							      : "there is no such command\n");
	}
	if (client->waits == 0) {
		vg_client_answer(client, &answer);
		return;
	}
	vg_answer_fini(&answer);
	watch(client, EV_READ, WAIT_S);
}

/* One line, and nothing behind it: whoever says more doesn't speak this. */
static void take_line(struct vg_client *client)
{
	struct vg_request request;
	size_t end = vg_slice_find(vg_slice(client->line, client->len), '\n');
	if (end == client->len && client->len < sizeof(client->line))
		return;
	if (end + 1 != client->len || !vg_request_parse(&request, client->line, end)) {
		vg_log(VG_LOG_WARNING, "control socket: uid %u said what is no request",
		       (unsigned)client->uid);
		let_go(client);
		return;
	}
	run(client, &request);
}

static void on_client(evutil_socket_t fd, short what, void *arg)
{
	struct vg_client *client = arg;
	if ((what & EV_TIMEOUT) != 0) {
		let_go(client);
	} else if ((what & EV_WRITE) != 0) {
		flush(client);
	} else if (client->waits != 0) {
		/* It has said all that it may: it hung up, or has more to say. */
		let_go(client);
	} else {
		ssize_t n = recv(fd, client->line + client->len, sizeof(client->line) - client->len,
				 0);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (n <= 0) {
			let_go(client);
			return;
		}
		client->len += (size_t)n;
		take_line(client);
	}
}

static struct vg_client *find_place(struct vg_clients *clients)
{
	for (size_t i = 0; i < VG_CLIENTS_MAX; i++)
		if (clients->rows[i].fd < 0)
			return &clients->rows[i];
	return NULL;
}

/*
 * The file's mode let it in. The roles' own user is none who administers: a broker that was taken
 * over could connect.
 */
static bool may_talk(const struct vg_controller *controller, int fd, uid_t *uid)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) != 0)
		return false;
	*uid = peer.uid;
	if (peer.uid != controller->own || controller->own == controller->supervisor)
		return true;
	vg_log(VG_LOG_ERROR, "control socket: refused to a process of the gateway's own user");
	return false;
}

static void on_accept(evutil_socket_t listener, short what, void *arg)
{
	(void)what;
	struct vg_controller *controller = arg;
	struct vg_clients *clients = &controller->clients;
	int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	uid_t uid;
	if (fd < 0)
		return;
	struct vg_client *client = find_place(clients);
	if (client == NULL || !may_talk(controller, fd, &uid)) {
		vg_fd_close(&fd);
		return;
	}
	*client = (struct vg_client){.controller = controller, .fd = fd, .uid = uid};
	vg_buf_init(&client->out, OUT_MAX);
	VG_ASSERT(event_assign(&client->event, controller->loop.base, fd, EV_READ, on_client,
			       client) == 0);
	if (++clients->count == VG_CLIENTS_MAX)
		(void)event_del(&clients->accept);
	watch(client, EV_READ, TALK_S);
}

bool vg_clients_open(struct vg_controller *controller, int listener)
{
	struct vg_clients *clients = &controller->clients;
	for (size_t i = 0; i < VG_CLIENTS_MAX; i++)
		clients->rows[i].fd = -1;
	return listener >= 0 &&
	       event_assign(&clients->accept, controller->loop.base, listener, EV_READ | EV_PERSIST,
			    on_accept, controller) == 0 &&
	       event_add(&clients->accept, NULL) == 0;
}

void vg_clients_close(struct vg_controller *controller)
{
	struct vg_clients *clients = &controller->clients;
	for (size_t i = 0; i < VG_CLIENTS_MAX; i++)
		if (clients->rows[i].fd >= 0)
			let_go(&clients->rows[i]);
	(void)event_del(&clients->accept);
}
