/*
 * Stands in for every program that the supervisor starts, and tells in DIR/told what it is told,
 * one line each, where DIR/run is the gateway's run directory. Which role it plays is its name;
 * how it misbehaves is a file DIR/ROLE.WAY made by the test.
 *
 *   vendgatectl compile --fd 3 -c DIR/PORT [--serving 4]
 *                                            writes an image that listens on that port
 *   ROLE.exit                                ends in place of starting
 *   ROLE.linger                              lives on, its channel closed, until that file goes
 *   ROLE.refuse, ROLE.silent                 refuses a new generation; says nothing to it
 *   ROLE.narrow                              takes it only by starting anew
 *   worker.hold                              lets go of no generation
 *   compile.bad, compile.slow, compile.port  gives no policy; waits until that file goes; listens
 *                                            elsewhere
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "config/build.h"
#include "event/ring.h"
#include "net/child.h"
#include "sys/control_block.h"
#include "sys/file.h"

static char folder[256];

static bool is_told_to(const char *role, const char *way)
{
	char path[512];
	snprintf(path, sizeof(path), "%s/%s.%s", folder, role, way);
	return access(path, F_OK) == 0;
}

static void tell(const struct vg_child *child, const char *text)
{
	char path[512], line[256];
	snprintf(path, sizeof(path), "%s/told", folder);
	int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	int n = snprintf(line, sizeof(line), "%s %u %d %s\n", vg_role_row(child->role)->word,
			 child->index, (int)getpid(), text);
	if (n > 0 && !vg_file_write_all(fd, line, (size_t)n))
		_exit(9);
	vg_fd_close(&fd);
}

static void wait_while(const char *role, const char *way)
{
	struct timespec time = {.tv_nsec = 20000000};
	while (is_told_to(role, way))
		(void)nanosleep(&time, NULL);
}

static int compile(const char *path)
{
	char text[300];
	const char *slash = strrchr(path, '/');
	uint64_t port = 0;
	snprintf(folder, sizeof(folder), "%.*s", slash == NULL ? 0 : (int)(slash - path), path);
	wait_while("compile", "slow");
	if (is_told_to("compile", "bad")) {
		fprintf(stderr, "acme.ini:7: error: this is no key\n");
		return 1;
	}
	if (slash == NULL || !vg_slice_u64(vg_slice_str(slash + 1), &port)) {
		fprintf(stderr, "%s:1: error: this is no policy\n", path);
		return 1;
	}
	struct vg_arena arena;
	vg_arena_init(&arena, 1 << 20);
	struct vg_build *build = vg_build_new(&arena);
	if (build == NULL)
		return 1;
	struct vg_img_gateway gateway = {.workers = 2, .drain_ms = 3000, .tls_min = 0x0303};
	snprintf(text, sizeof(text), "%.*s/run", (int)(slash - path), path);
	gateway.run = vg_build_text(build, vg_slice_str(text));
	snprintf(text, sizeof(text), "%.*s/state", (int)(slash - path), path);
	gateway.state = vg_build_text(build, vg_slice_str(text));
	snprintf(text, sizeof(text), "%s/run/control.sock", folder);
	gateway.control = vg_build_text(build, vg_slice_str(text));
	port += is_told_to("compile", "port");
	struct vg_img_listener listener = {.port = (uint16_t)port};
	const uint8_t loopback[4] = {127, 0, 0, 1};
	listener.addr = vg_addr_v4(loopback);
	(void)vg_build_row(build, VG_SECTION_GATEWAY, &gateway);
	(void)vg_build_row(build, VG_SECTION_LISTENER, &listener);
	const uint8_t gen[32] = {0};
	void *block;
	size_t size;
	bool ok = vg_build_finish(build, gen, &block, &size) && vg_file_write_all(3, block, size);
	vg_build_free(&build);
	vg_arena_fini(&arena);
	return ok ? 0 : 1;
}

/* What a recorder does with a ring, as far as the supervisor sees. */
static void take_ring(struct vg_child *child, uint32_t index, bool dead, int file_fd, int tail_fd)
{
	char text[64];
	struct vg_map file, tail;
	struct vg_ring ring;
	if (!vg_shm_map(&file, file_fd, true) || !vg_shm_map(&tail, tail_fd, true) ||
	    !vg_ring_open_reader(&ring, file.mem, file.size, tail.mem, tail.size))
		_exit(8);
	vg_shm_unmap(&file);
	vg_shm_unmap(&tail);
	snprintf(text, sizeof(text), "ring %u %s", index, dead ? "dead" : "live");
	tell(child, text);
	struct vg_msg_index answer = {.index = index};
	if (dead) {
		struct timespec while_it_sweeps = {.tv_nsec = 200000000};
		(void)nanosleep(&while_it_sweeps, NULL);
		snprintf(text, sizeof(text), "swept %u", index);
		tell(child, text);
	}
	if (dead && vg_chan_send(&child->supervisor, VG_MSG_RECOVERED, &answer, NULL) != VG_CHAN_OK)
		_exit(7);
}

static void take_rings(struct vg_child *child)
{
	for (uint32_t i = 0; i < child->ring_count; i++) {
		struct vg_child_ring *ring = &child->rings[i];
		struct vg_map map;
		if (child->role == VG_ROLE_RECORDER)
			take_ring(child, ring->index, ring->writer_dead, ring->file_fd,
				  ring->tail_fd);
		else if (vg_shm_map(&map, ring->tail_fd, true))
			tell(child, "may write the tail");
		else if (!vg_shm_map(&map, ring->file_fd, true)) /* kept: it holds the lock */
			_exit(6);
	}
}

/* As a worker does that has no connection: it holds the one that serves, and the one that came. */
static void let_go(const struct vg_child *child, uint64_t number)
{
	struct vg_msg_index gone = {.index = number - 2};
	if (number > 2 && !is_told_to("worker", "hold") &&
	    vg_chan_send(&child->supervisor, VG_MSG_LET_GO, &gone, NULL) != VG_CHAN_OK)
		_exit(3);
}

static void take_image(const struct vg_child *child, const struct vg_msg *msg)
{
	char text[64];
	const char *role = vg_role_row(child->role)->word;
	struct vg_msg_image_ack ack = {.generation = msg->image.generation};
	snprintf(text, sizeof(text), "image %u", (unsigned)msg->image.generation);
	tell(child, text);
	if (is_told_to(role, "refuse"))
		ack.error = EINVAL;
	if (is_told_to(role, "narrow"))
		ack.error = ERESTART;
	if (!is_told_to(role, "silent") &&
	    vg_chan_send(&child->supervisor, VG_MSG_IMAGE_ACK, &ack, NULL) != VG_CHAN_OK)
		_exit(5);
	if (child->role == VG_ROLE_WORKER)
		let_go(child, msg->image.generation);
}

/* What a controller does with the block, as far as the supervisor sees. */
static void publish(const struct vg_child *child, uint64_t number)
{
	char text[64];
	struct vg_map map;
	if (!vg_shm_map(&map, child->control_fd, true))
		_exit(4);
	vg_control_block_publish(vg_control_block_write(map.mem, map.size), number);
	vg_shm_unmap(&map);
	snprintf(text, sizeof(text), "publish %u", (unsigned)number);
	tell(child, text);
}

/*
 * As a worker does: keys that never came to serve go when others come, and so do those before,
 * a little after their successors serve.
 */
static void take_keys(struct vg_child *child, struct vg_msg *msg)
{
	static int held[2] = {-1, -1};
	vg_fd_close(&held[0]);
	held[0] = held[1];
	held[1] = msg->fds[0];
	msg->fds[0] = -1;
	(void)child;
}

static bool hear(struct vg_child *child, struct vg_msg *msg)
{
	char text[64];
	if (msg->type == VG_MSG_RING)
		take_ring(child, msg->ring.index, msg->ring.writer_dead != 0, msg->fds[0],
			  msg->fds[1]);
	else if (msg->type == VG_MSG_IMAGE)
		take_image(child, msg);
	else if (msg->type == VG_MSG_PUBLISH)
		publish(child, msg->index.index);
	else if (msg->type == VG_MSG_PEER)
		snprintf(text, sizeof(text), "peer %s %u",
			 vg_role_row((enum vg_role)msg->peer.role)->word, msg->peer.index);
	else if (msg->type == VG_MSG_WITHDRAW)
		snprintf(text, sizeof(text), "WITHDRAW %u", (unsigned)msg->index.index);
	else if (msg->type == VG_MSG_TELL)
		snprintf(text, sizeof(text), "tell %u", msg->tell.code);
	else
		snprintf(text, sizeof(text), "%s", vg_msg_row(msg->type)->name);
	if (msg->type == VG_MSG_PEER && msg->peer.role == VG_ROLE_KEYS)
		take_keys(child, msg);
	if (msg->type != VG_MSG_RING && msg->type != VG_MSG_IMAGE && msg->type != VG_MSG_PUBLISH)
		tell(child, text);
	vg_msg_close(msg);
	return msg->type != VG_MSG_DRAIN;
}

/* Keys live as long as their worker holds the other end. */
static int sign(struct vg_child *child)
{
	struct vg_chan *worker = vg_child_peer(child, VG_ROLE_WORKER);
	char text[64];
	snprintf(text, sizeof(text), "signs for %u", (unsigned)child->generation);
	tell(child, text);
	if (worker == NULL || !vg_child_ready(child))
		return 1;
	struct pollfd fds[2] = {{worker->fd, POLLIN, 0}, {child->supervisor.fd, POLLIN, 0}};
	if (poll(fds, 2, -1) <= 0)
		return 1;
	struct vg_msg msg;
	if (fds[1].revents != 0 && vg_chan_recv(&child->supervisor, &msg) == VG_CHAN_OK)
		(void)hear(child, &msg);
	return 0;
}

static int play(enum vg_role role)
{
	static struct vg_child child;
	if (!vg_child_start(&child, role))
		return 1;
	struct vg_slice run = vg_img_str(&child.image, vg_img_gateway(&child.image)->run);
	snprintf(folder, sizeof(folder), "%.*s", (int)run.len - (int)strlen("/run"), run.ptr);
	tell(&child, "start");
	if (is_told_to(vg_role_row(role)->word, "exit"))
		return 1;
	take_rings(&child);
	struct vg_map map;
	if (child.role == VG_ROLE_WORKER && vg_shm_map(&map, child.control_fd, true))
		tell(&child, "may write the control block");
	if (child.role == VG_ROLE_CONTROLLER)
		publish(&child, child.generation);
	if (child.role == VG_ROLE_KEYS)
		return sign(&child);
	if (!vg_child_ready(&child))
		return 1;
	struct vg_msg msg;
	enum vg_chan_status status;
	while ((status = vg_chan_recv(&child.supervisor, &msg)) == VG_CHAN_OK)
		if (!hear(&child, &msg))
			break;
	if (status == VG_CHAN_CLOSED && is_told_to(vg_role_row(role)->word, "linger")) {
		wait_while(vg_role_row(role)->word, "linger");
		tell(&child, "gone");
	}
	return 0;
}

/* For a reload with the image that serves: sealed, and nothing else is open. */
static bool is_compile(int argc, char **argv)
{
	struct vg_map map;
	struct vg_image image;
	if (argc < 6 || strcmp(argv[1], "compile") != 0 || fcntl(5, F_GETFD) >= 0)
		return false;
	if (argc == 6)
		return fcntl(4, F_GETFD) < 0;
	return argc == 8 && strcmp(argv[6], "--serving") == 0 && strcmp(argv[7], "4") == 0 &&
	       vg_shm_image(&map, &image, 4);
}

int main(int argc, char **argv)
{
	if (strcmp(argv[0], "vendgatectl") == 0)
		return is_compile(argc, argv) ? compile(argv[5]) : 2;
	for (int role = VG_ROLE_WORKER; role <= VG_ROLE_CONTROLLER; role++)
		if (strcmp(argv[0], vg_role_row((enum vg_role)role)->binary) == 0)
			return play((enum vg_role)role);
	return 2;
}
