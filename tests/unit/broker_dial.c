/*
 * The broker in a process of its own, inside its filter, with this test as its supervisor and its
 * worker: it dials the images' upstreams and nothing else, answers each DIAL once, and takes a
 * new worker, and new images with new names, while it serves.
 */
#include "config.h"

#include "broker/broker.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "broker/dial.h"
#include "config/build.h"
#include "sys/file.h"
#include "sys/shm.h"
#include "sys/spawn.h"

#define TIMEOUT_MS 1500 /* long enough that all dials of a test are under way at once */

enum { OPEN, CLOSED, FULL, NAMED, OF_NO_SERVICE, UPSTREAMS };

static struct vg_chan supervisor, worker;
static int open_listener, full_listener;
static pid_t broker;
static uint16_t ports[UPSTREAMS];

static int loopback(int backlog, uint16_t *port)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	cr_assert_eq(bind(fd, (struct sockaddr *)&at, len), 0);
	cr_assert_eq(getsockname(fd, (struct sockaddr *)&at, &len), 0);
	if (backlog >= 0)
		cr_assert_eq(listen(fd, backlog), 0);
	*port = ntohs(at.sin_port);
	return fd;
}

/* Until the kernel answers no more: what then connects waits in vain. */
static void fill_backlog(uint16_t port)
{
	struct sockaddr_in to = {.sin_family = AF_INET,
				 .sin_port = htons(port),
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	for (int i = 0; i < 4; i++) {
		int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		(void)connect(fd, (struct sockaddr *)&to, sizeof(to));
		struct pollfd polled = {fd, POLLOUT, 0};
		if (poll(&polled, 1, 100) == 0)
			return;
	}
	cr_assert_fail("the backlog has no end");
}

static int make_image(const char *name, size_t *size)
{
	struct vg_arena arena;
	vg_arena_init(&arena, 1 << 20);
	struct vg_build *build = vg_build_new(&arena);
	struct vg_img_gateway gateway = {.workers = 1, .tls_min = 0x0303};
	struct vg_img_service service = {.upstreams = {0, OF_NO_SERVICE},
					 .connect_timeout_ms = TIMEOUT_MS};
	const uint8_t bytes[4] = {127, 0, 0, 1};
	service.name = vg_build_text(build, VG_SLICE("api"));
	service.host = service.upstream_host = vg_build_text(build, VG_SLICE("api.example"));
	(void)vg_build_row(build, VG_SECTION_GATEWAY, &gateway);
	(void)vg_build_row(build, VG_SECTION_SERVICE, &service);
	for (int i = 0; i < UPSTREAMS; i++) {
		struct vg_img_upstream upstream = {.addr = vg_addr_v4(bytes), .port = ports[i]};
		if (i == NAMED)
			upstream.host = vg_build_text(build, vg_slice_str(name));
		(void)vg_build_row(build, VG_SECTION_UPSTREAM, &upstream);
	}
	const uint8_t gen[32] = {0};
	void *block;
	cr_assert(vg_build_finish(build, gen, &block, size));
	int fd = vg_shm_memfd("test");
	cr_assert(vg_file_write_all(fd, block, *size) && vg_shm_seal(fd));
	vg_build_free(&build);
	vg_arena_fini(&arena);
	return fd;
}

static void say(enum vg_msg_type type, const void *payload, const int *fds)
{
	cr_assert_eq(vg_chan_send(&supervisor, type, payload, fds), VG_CHAN_OK);
}

/* An image as the supervisor gives it: the files of names before it, where there are any. */
static void give(uint64_t generation, const char *name, const char *hosts)
{
	struct vg_msg_image image = {.generation = generation};
	struct vg_msg_index index = {.index = VG_NAMES_HOSTS};
	size_t size;
	int fd = make_image(name, &size);
	image.size = size;
	if (hosts != NULL) {
		int file = vg_shm_memfd("hosts");
		cr_assert(vg_file_write_all(file, hosts, strlen(hosts)));
		say(VG_MSG_NAMES, &index, &file);
		vg_fd_close(&file);
	}
	say(VG_MSG_IMAGE, &image, &fd);
	vg_fd_close(&fd);
}

static int ack_of(uint64_t generation)
{
	struct vg_msg msg;
	cr_assert_eq(vg_chan_recv(&supervisor, &msg), VG_CHAN_OK);
	cr_assert_eq(msg.type, VG_MSG_IMAGE_ACK);
	cr_assert_eq(msg.image_ack.generation, generation);
	return msg.image_ack.error;
}

static void withdraw(uint64_t generation)
{
	struct vg_msg_index number = {.index = generation};
	say(VG_MSG_WITHDRAW, &number, NULL);
}

static struct vg_chan new_worker(void)
{
	int ends[2];
	cr_assert(vg_chan_pair(ends));
	struct vg_msg_peer peer = {.role = VG_ROLE_WORKER};
	say(VG_MSG_PEER, &peer, &ends[1]);
	vg_fd_close(&ends[1]);
	return (struct vg_chan){ends[0], VG_ROLE_WORKER, VG_ROLE_BROKER};
}

static void start_broker(void)
{
	int ends[2];
	cr_assert(vg_chan_pair(ends));
	broker = fork();
	cr_assert_geq(broker, 0);
	if (broker == 0) {
		(void)dup2(ends[1], VG_SPAWN_CHANNEL_FD);
		(void)close_range(VG_SPAWN_CHANNEL_FD + 1, ~0U, 0);
		_exit(vg_broker_run());
	}
	vg_fd_close(&ends[1]);
	supervisor = (struct vg_chan){ends[0], VG_ROLE_SUPERVISOR, VG_ROLE_BROKER};
}

static void setup(void)
{
	struct vg_msg msg;
	start_broker();
	open_listener = loopback(64, &ports[OPEN]);
	int closed = loopback(-1, &ports[CLOSED]);
	full_listener = loopback(0, &ports[FULL]);
	fill_backlog(ports[FULL]);
	ports[NAMED] = ports[OF_NO_SERVICE] = ports[OPEN];

	struct vg_msg_hello hello = {.role = VG_ROLE_BROKER, .workers = 1};
	struct vg_msg_index go = {0};
	say(VG_MSG_HELLO, &hello, NULL);
	give(7, "localhost", NULL);
	worker = new_worker();
	say(VG_MSG_GO, &go, NULL);
	cr_assert_eq(vg_chan_recv(&supervisor, &msg), VG_CHAN_OK);
	cr_assert_eq(msg.type, VG_MSG_READY);
	vg_fd_close(&closed);
}

static int broker_status(void)
{
	int status;
	cr_assert_eq(waitpid(broker, &status, 0), broker);
	broker = 0;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static void teardown(void)
{
	struct vg_msg_index now = {0};
	if (broker == 0)
		return;
	say(VG_MSG_DRAIN, &now, NULL);
	cr_expect_eq(broker_status(), 0);
}

TestSuite(broker_dial, .init = setup, .fini = teardown);

static void dial(struct vg_chan *chan, uint64_t id, uint64_t generation, uint32_t upstream)
{
	struct vg_msg_dial request = {.id = id, .generation = generation, .upstream = upstream};
	cr_assert_eq(vg_chan_send(chan, VG_MSG_DIAL, &request, NULL), VG_CHAN_OK);
}

static const struct refused {
	const char *name;
	uint64_t generation;
	uint32_t upstream;
	int error;
} refusals[] = {
	{"nobody listens", 7, CLOSED, ECONNREFUSED},
	{"nobody answers", 7, FULL, ETIMEDOUT},
	{"an upstream of no service", 7, OF_NO_SERVICE, EACCES},
	{"no such row", 7, UPSTREAMS, EACCES},
	{"no such row by far", 7, UINT32_MAX, EACCES},
	{"another generation", 6, OPEN, ESTALE},
};

Test(broker_dial, refuses_with_the_reason)
{
	struct vg_msg msg;
	for (size_t i = 0; i < VG_COUNT(refusals); i++) {
		dial(&worker, 100 + i, refusals[i].generation, refusals[i].upstream);
		cr_assert_eq(vg_chan_recv(&worker, &msg), VG_CHAN_OK);
		cr_expect_eq(msg.type, VG_MSG_DIAL_FAILED, "%s", refusals[i].name);
		cr_expect_eq(msg.dialed.id, 100 + i);
		cr_expect_eq(msg.dialed.error, refusals[i].error, "%s: %d", refusals[i].name,
			     msg.dialed.error);
	}
}

static void expect_connected(struct vg_chan *chan, uint64_t id)
{
	struct vg_msg msg;
	cr_assert_eq(vg_chan_recv(chan, &msg), VG_CHAN_OK);
	cr_assert_eq(msg.type, VG_MSG_DIALED);
	cr_expect_eq(msg.dialed.id, id);
	int on = 0;
	socklen_t len = sizeof(on);
	cr_expect_eq(getsockopt(msg.fds[0], IPPROTO_TCP, TCP_NODELAY, &on, &len), 0);
	cr_expect(on);
	cr_expect((fcntl(msg.fds[0], F_GETFL) & O_NONBLOCK) != 0);
	int peer = accept4(open_listener, NULL, NULL, SOCK_CLOEXEC);
	char byte = 'x';
	cr_expect_eq(write(msg.fds[0], &byte, 1), 1);
	cr_expect_eq(read(peer, &byte, 1), 1);
	vg_msg_close(&msg);
	cr_expect_eq(read(peer, &byte, 1), 0, "the broker keeps no copy");
	vg_fd_close(&peer);
}

Test(broker_dial, hands_over_the_connected_socket)
{
	for (uint64_t id = 1; id <= 50; id++) {
		dial(&worker, id, 7, OPEN);
		expect_connected(&worker, id);
	}
}

Test(broker_dial, what_was_handed_over_leaves_the_poll_set)
{
	struct rusage usage;
	struct vg_msg msg;
	dial(&worker, 1, 7, OPEN);
	cr_assert_eq(vg_chan_recv(&worker, &msg), VG_CHAN_OK);
	cr_assert_eq(msg.fd_count, 1);
	struct timespec time = {.tv_nsec = 300000000};
	(void)nanosleep(&time, NULL);
	struct vg_msg_index now = {0};
	say(VG_MSG_DRAIN, &now, NULL);
	cr_expect_eq(broker_status(), 0);
	cr_assert_eq(getrusage(RUSAGE_CHILDREN, &usage), 0);
	cr_expect(usage.ru_utime.tv_sec == 0 && usage.ru_stime.tv_sec == 0 &&
			  usage.ru_utime.tv_usec + usage.ru_stime.tv_usec < 200000,
		  "it spins over a socket that is the worker's");
	vg_msg_close(&msg);
}

/* The answers come late, and all of them come: none is lost where the channel has no room. */
Test(broker_dial, bounds_what_is_under_way_and_answers_all)
{
	const uint32_t asked = VG_DIALS_MAX + 3;
	unsigned timed_out = 0, refused = 0;
	for (uint32_t i = 0; i < asked; i++)
		dial(&worker, i, 7, FULL);
	struct timespec time = {.tv_sec = 1 + TIMEOUT_MS / 1000, .tv_nsec = 500000000};
	(void)nanosleep(&time, NULL);
	for (uint32_t i = 0; i < asked; i++) {
		struct vg_msg msg;
		cr_assert_eq(vg_chan_recv(&worker, &msg), VG_CHAN_OK);
		timed_out += msg.dialed.error == ETIMEDOUT;
		refused += msg.dialed.error == EAGAIN || msg.dialed.error == EMFILE;
	}
	cr_expect_eq(timed_out + refused, asked, "%u and %u", timed_out, refused);
	cr_expect_gt(refused, 2);
	cr_expect_gt(timed_out, 300);
}

static int failure(uint64_t id, uint64_t generation, uint32_t upstream)
{
	struct vg_msg msg;
	dial(&worker, id, generation, upstream);
	cr_assert_eq(vg_chan_recv(&worker, &msg), VG_CHAN_OK);
	cr_assert_eq(msg.type, VG_MSG_DIAL_FAILED);
	cr_expect_eq(msg.dialed.id, id);
	return msg.dialed.error;
}

static void connects(uint64_t id, uint64_t generation, uint32_t upstream)
{
	dial(&worker, id, generation, upstream);
	expect_connected(&worker, id);
}

Test(broker_dial, names_that_come_later_are_dialled)
{
	connects(1, 7, NAMED);
	give(8, "later.test", "127.0.0.1 later.test\n");
	cr_assert_eq(ack_of(8), 0);
	connects(2, 8, NAMED);
	connects(3, 7, NAMED);
	withdraw(7);
	connects(4, 8, NAMED);
	cr_expect_eq(failure(5, 7, NAMED), ESTALE);
	/* The file is asked for anew each time: this time there is none, and nobody to ask. */
	give(9, "later.test", NULL);
	cr_assert_eq(ack_of(9), 0);
	cr_expect_eq(failure(6, 9, NAMED), ENOENT);
	give(10, "later.test", "127.0.0.1 later.test\n");
	cr_assert_eq(ack_of(10), 0);
	connects(7, 8, NAMED);
	connects(8, 9, NAMED);
}

Test(broker_dial, what_is_under_way_ends_with_its_image)
{
	struct vg_msg msg;
	give(8, "nobody.test", "127.0.0.1 later.test\n");
	cr_assert_eq(ack_of(8), 0);
	dial(&worker, 1, 8, FULL);
	dial(&worker, 2, 8, NAMED);
	dial(&worker, 3, 7, FULL);
	struct timespec time = {.tv_nsec = 100000000};
	(void)nanosleep(&time, NULL);
	withdraw(8);
	withdraw(99);
	for (int i = 0; i < 2; i++) {
		cr_assert_eq(vg_chan_recv(&worker, &msg), VG_CHAN_OK);
		cr_expect_eq(msg.type, VG_MSG_DIAL_FAILED);
		cr_expect(msg.dialed.id == 1 || msg.dialed.id == 2);
		cr_expect_eq(msg.dialed.error, ESTALE);
	}
	cr_assert_eq(vg_chan_recv(&worker, &msg), VG_CHAN_OK);
	cr_expect_eq(msg.dialed.id, 3);
	cr_expect_eq(msg.dialed.error, ETIMEDOUT, "that of another goes on");
}

Test(broker_dial, images_stay_until_they_are_withdrawn_and_have_a_bound)
{
	const uint64_t last = 7 + VG_GENERATIONS_MAX - 1;
	for (uint64_t generation = 8; generation <= last; generation++) {
		give(generation, "localhost", NULL);
		cr_assert_eq(ack_of(generation), 0);
	}
	for (uint64_t generation = 7; generation <= last; generation++)
		connects(generation, generation, NAMED);
	give(last + 1, "localhost", NULL);
	cr_expect_eq(ack_of(last + 1), ENOSPC);
	cr_expect_eq(failure(1, last + 1, OPEN), ESTALE);
	give(last, "localhost", NULL);
	cr_expect_eq(ack_of(last), ENOSPC, "twice the same");
	withdraw(9);
	give(last + 1, "localhost", NULL);
	cr_expect_eq(ack_of(last + 1), 0);
	connects(2, last + 1, NAMED);
	connects(3, 7, NAMED);
	cr_expect_eq(failure(4, 9, OPEN), ESTALE);
}

Test(broker_dial, takes_the_next_worker)
{
	vg_chan_close(&worker);
	for (uint64_t id = 0; id < 200; id++) {
		struct vg_chan next = new_worker();
		if (id % 2 == 0) {
			dial(&next, id, 7, OPEN);
			expect_connected(&next, id);
		}
		vg_chan_close(&next);
	}
}

Test(broker_dial, drops_a_worker_that_lies_and_serves_the_others)
{
	struct vg_chan other = new_worker();
	struct vg_chan liar = {worker.fd, VG_ROLE_KEYS, VG_ROLE_WORKER};
	struct vg_msg_signed lie = {0};
	struct vg_msg msg;
	cr_assert_eq(vg_chan_send(&liar, VG_MSG_SIGNED, &lie, NULL), VG_CHAN_OK);
	cr_expect_eq(vg_chan_recv(&worker, &msg), VG_CHAN_CLOSED);
	dial(&other, 5, 7, OPEN);
	expect_connected(&other, 5);
}

Test(broker_dial, without_a_supervisor_it_lives_as_long_as_its_workers)
{
	vg_chan_close(&supervisor);
	dial(&worker, 6, 7, OPEN);
	expect_connected(&worker, 6);
	vg_chan_close(&worker);
	cr_expect_eq(broker_status(), 0);
}
