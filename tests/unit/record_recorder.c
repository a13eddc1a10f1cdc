/* The recorder as its supervisor sees it: the real role over a real channel, in its sandbox. */
#include "config.h"

#include "record_help.h"

#include <errno.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>

#include "config/build.h"
#include "event/ring.h"
#include "record/recorder.h"
#include "sys/chan.h"
#include "sys/shm.h"
#include "sys/status_page.h"
#include "sys/spawn.h"

#define SLOTS 16

struct world {
	struct place place;
	char path[128];
	int ring_fds[2];
	void *file, *tail;
	struct vg_ring ring;
	int image_fd;
	uint64_t image_size;
	struct vg_chan chan;
	pid_t pid;
};

static int memfd_of(size_t size, void **mem)
{
	int fd = vg_shm_memfd("test");
	cr_assert(fd >= 0 && ftruncate(fd, (off_t)size) == 0);
	*mem = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	cr_assert_neq(*mem, MAP_FAILED);
	return fd;
}

static int image_of_many(const char *path, const char *sink, unsigned sinks, uint64_t *size)
{
	static const uint8_t gen[32] = {1};
	struct vg_arena arena;
	void *block;
	size_t len;
	vg_arena_init(&arena, 1 << 20);
	struct vg_build *build = vg_build_new(&arena);
	struct vg_img_gateway gateway = {
		.node = vg_build_text(build, VG_SLICE("gw")), .workers = 1, .tls_min = 0x0304};
	struct vg_img_sink row = {.name = vg_build_text(build, vg_slice_str(sink)),
				  .path = vg_build_text(build, vg_slice_str(path)),
				  .kind = VG_SINK_FILE,
				  .facility = 20,
				  .events = VG_SINK_EVENTS_ALL,
				  .spool = 1 << 30};
	memset(row.fields, 0xff, sizeof(row.fields));
	vg_build_row(build, VG_SECTION_GATEWAY, &gateway);
	for (unsigned i = 0; i < sinks; i++)
		vg_build_row(build, VG_SECTION_SINK, &row);
	cr_assert(vg_build_finish(build, gen, &block, &len));
	int fd = vg_shm_memfd("image");
	cr_assert_eq(write(fd, block, len), (ssize_t)len);
	cr_assert(vg_shm_seal(fd));
	*size = len;
	vg_build_free(&build);
	vg_arena_fini(&arena);
	return fd;
}

static int image_of(const char *path, const char *sink, uint64_t *size)
{
	return image_of_many(path, sink, 1, size);
}

static struct world *world_new(void)
{
	static struct world w;
	w = (struct world){.place = place_new(), .chan.fd = -1};
	snprintf(w.path, sizeof(w.path), "%s/events", w.place.path);
	w.ring_fds[0] = memfd_of(vg_ring_file_size(SLOTS), &w.file);
	w.ring_fds[1] = memfd_of(vg_ring_tail_size(), &w.tail);
	vg_ring_format(w.file, w.tail, SLOTS, 99);
	cr_assert(vg_ring_open_writer(&w.ring, w.file, vg_ring_file_size(SLOTS), w.tail,
				      vg_ring_tail_size()));
	w.image_fd = image_of(w.path, "siem", &w.image_size);
	return &w;
}

static void send_to(struct world *w, enum vg_msg_type type, const void *payload, const int *fds)
{
	cr_assert_eq(vg_chan_send(&w->chan, type, payload, fds), VG_CHAN_OK);
}

static void expect_from(struct world *w, enum vg_msg_type type)
{
	struct vg_msg msg;
	cr_assert_eq(vg_chan_recv(&w->chan, &msg), VG_CHAN_OK);
	cr_assert_eq(msg.type, type);
	vg_msg_close(&msg);
}

static void send_ring(struct world *w, bool dead)
{
	struct vg_msg_ring ring = {.index = 0, .writer_dead = dead};
	send_to(w, VG_MSG_RING, &ring, w->ring_fds);
}

static void send_image(struct world *w, uint64_t generation)
{
	struct vg_msg_image image = {.generation = generation, .size = w->image_size};
	send_to(w, VG_MSG_IMAGE, &image, &w->image_fd);
}

static void expect_ack(struct world *w, uint64_t generation, int error)
{
	struct vg_msg msg;
	cr_assert_eq(vg_chan_recv(&w->chan, &msg), VG_CHAN_OK);
	cr_assert_eq(msg.type, VG_MSG_IMAGE_ACK);
	cr_assert_eq(msg.image_ack.generation, generation);
	cr_assert_eq(msg.image_ack.error, error);
	vg_msg_close(&msg);
}

static void start(struct world *w, bool writer_dead)
{
	int fds[2];
	cr_assert(vg_chan_pair(fds));
	w->pid = fork();
	cr_assert_geq(w->pid, 0);
	if (w->pid == 0) {
		close(fds[0]);
		if (dup2(fds[1], VG_SPAWN_CHANNEL_FD) != VG_SPAWN_CHANNEL_FD)
			_exit(99);
		if (fds[1] != VG_SPAWN_CHANNEL_FD)
			close(fds[1]);
		_exit(vg_recorder_run());
	}
	close(fds[1]);
	w->chan = (struct vg_chan){fds[0], VG_ROLE_SUPERVISOR, VG_ROLE_RECORDER};
	struct vg_msg_hello hello = {
		.role = VG_ROLE_RECORDER, .boot = (uint64_t)GATEWAY_BOOT, .workers = 1};
	struct vg_msg_index none = {0};
	send_to(w, VG_MSG_HELLO, &hello, NULL);
	send_image(w, 1);
	send_to(w, VG_MSG_STATE, &none, &w->place.fd);
	send_ring(w, writer_dead);
	send_to(w, VG_MSG_GO, &none, NULL);
	if (writer_dead)
		expect_from(w, VG_MSG_RECOVERED);
	expect_from(w, VG_MSG_READY);
}

static void tell(struct world *w, enum vg_reason reason, const char *text)
{
	struct vg_msg_tell msg = {.code = vg_reason_row(reason)->code};
	snprintf(msg.constraint, sizeof(msg.constraint), "%s", text);
	send_to(w, VG_MSG_TELL, &msg, NULL);
}

static void ends_well(struct world *w)
{
	int status;
	cr_assert_eq(waitpid(w->pid, &status, 0), w->pid);
	cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0, "status %x", (unsigned)status);
	vg_chan_close(&w->chan);
}

static void drain(struct world *w)
{
	struct vg_msg_index deadline = {.index = 5000};
	send_to(w, VG_MSG_DRAIN, &deadline, NULL);
	ends_well(w);
}

static uint32_t begin(struct world *w, uint64_t number)
{
	_Alignas(8) static uint8_t mem[VG_RECORD_MAX];
	uint32_t slot = vg_ring_begin(&w->ring, mem, numbered(mem, number));
	cr_assert_neq(slot, VG_NO_SLOT);
	return slot;
}

static void exchange(struct world *w, uint64_t number)
{
	_Alignas(8) static uint8_t mem[VG_RECORD_MAX];
	vg_ring_end(&w->ring, begin(w, number), mem, numbered(mem, number));
}

/* How many lines of the file name that code; the seqs of all count up by one. */
static unsigned lines_of(const char *path, const char *code)
{
	static char line[4096];
	unsigned count = 0;
	unsigned long long last = 0;
	FILE *file = fopen(path, "r");
	while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
		const char *seq = strstr(line, " seq=\"");
		cr_assert_not_null(seq);
		unsigned long long now = strtoull(seq + 6, NULL, 10);
		cr_assert(last == 0 || now == last + 1, "%llu after %llu", now, last);
		last = now;
		count += strstr(line, code) != NULL;
	}
	if (file != NULL)
		fclose(file);
	return count;
}

static void wait_for(const char *path, const char *code, unsigned count)
{
	for (int i = 0; i < 500 && lines_of(path, code) < count; i++)
		usleep(10000);
	cr_assert_eq(lines_of(path, code), count, "%s", code);
}

Test(record_recorder, takes_delivers_recovers_and_ends)
{
	struct world *w = world_new();
	start(w, false);
	tell(w, VG_REASON_GATEWAY_START, "pid 1");
	for (uint64_t n = 1; n <= 100; n++)
		exchange(w, n);
	wait_for(w->path, " VG1001 ", 100);
	wait_for(w->path, " VG9001 ", 1);

	/* The worker dies with two open; the next one is told and goes on. */
	for (uint64_t n = 201; n <= 202; n++)
		(void)!begin(w, n);
	send_ring(w, true);
	expect_from(w, VG_MSG_RECOVERED);
	cr_assert(vg_ring_open_writer(&w->ring, w->file, vg_ring_file_size(SLOTS), w->tail,
				      vg_ring_tail_size()));
	cr_assert_eq(w->ring.open, 0);
	wait_for(w->path, " VG9010 ", 2);

	/* The recorder itself is killed, and another one goes on; the worker lives. */
	exchange(w, 101);
	uint32_t slot = begin(w, 102);
	kill(w->pid, SIGKILL);
	cr_assert_eq(waitpid(w->pid, NULL, 0), w->pid);
	vg_chan_close(&w->chan);
	exchange(w, 103);
	start(w, false);
	wait_for(w->path, " VG1001 ", 102);
	vg_ring_cancel(&w->ring, slot);
	tell(w, VG_REASON_GATEWAY_STOP, "drained");
	exchange(w, 104);
	drain(w);
	cr_assert_eq(lines_of(w->path, " VG1001 "), 103);
	cr_assert_eq(lines_of(w->path, " VG9010 "), 2);
	cr_assert_eq(lines_of(w->path, " VG9002 "), 1);
	place_free(&w->place);
}

Test(record_recorder, without_a_supervisor_it_waits_for_the_workers)
{
	struct world *w = world_new();
	start(w, false);
	vg_chan_close(&w->chan);
	for (uint64_t n = 1; n <= 5; n++) {
		usleep(50000);
		exchange(w, n);
	}
	uint32_t slot = begin(w, 6);
	ends_well(w);
	cr_assert_eq(lines_of(w->path, " VG1001 "), 5);
	cr_assert_eq(w->ring.open, 1, "nothing is swept: workers may live");
	vg_ring_cancel(&w->ring, slot);
	place_free(&w->place);
}

Test(record_recorder, sweeps_at_its_start_what_it_is_told_is_dead)
{
	struct world *w = world_new();
	(void)!begin(w, 1);
	start(w, true);
	wait_for(w->path, " VG9010 ", 1);
	drain(w);
	place_free(&w->place);
}

Test(record_recorder, a_new_generation_brings_its_sinks)
{
	char second[160];
	struct world *w = world_new();
	start(w, false);
	exchange(w, 1);
	wait_for(w->path, " VG1001 ", 1);
	snprintf(second, sizeof(second), "%s.2", w->path);
	close(w->image_fd);
	w->image_fd = image_of(second, "siem", &w->image_size);
	send_image(w, 2);
	expect_ack(w, 2, 0);
	exchange(w, 2);
	wait_for(second, " VG1001 ", 1);
	cr_assert_eq(lines_of(w->path, " VG1001 "), 1);
	drain(w);
	place_free(&w->place);
}

/* A recorder that serves, and that was offered so many sinks in a folder that it can't reach. */
static struct world *offered_elsewhere(struct place *elsewhere, char path[160], uint32_t sinks)
{
	struct world *w = world_new();
	*elsewhere = place_new();
	start(w, false);
	snprintf(path, 160, "%s/events", elsewhere->path);
	close(w->image_fd);
	w->image_fd = image_of_many(path, "siem", sinks, &w->image_size);
	send_image(w, 2);
	return w;
}

Test(record_recorder, sinks_out_of_its_sandbox_are_for_the_next_one)
{
	char second[160];
	struct place elsewhere;
	struct world *w = offered_elsewhere(&elsewhere, second, 1);
	expect_ack(w, 2, ERESTART);
	exchange(w, 1);
	wait_for(w->path, " VG1001 ", 1);
	cr_assert_eq(lines_of(second, " VG1001 "), 0, "it serves on as it was");
	drain(w);
	start(w, false);
	exchange(w, 2);
	wait_for(second, " VG1001 ", 1);
	drain(w);
	place_free(&elsewhere);
	place_free(&w->place);
}

/* The next one would find no place for them, when it is too late to refuse. */
Test(record_recorder, more_sinks_than_places_are_refused_out_of_its_sandbox_too)
{
	char second[160];
	struct place elsewhere;
	struct world *w = offered_elsewhere(&elsewhere, second, VG_STATUS_SINKS_MAX + 1);
	expect_ack(w, 2, EIO);
	exchange(w, 1);
	wait_for(w->path, " VG1001 ", 1);
	drain(w);
	place_free(&elsewhere);
	place_free(&w->place);
}
