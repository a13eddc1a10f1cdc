/*
 * Rings and log under SIGKILL of recorder and worker: each event is in the log once, in order, and
 * no seq is missing or given twice.
 */
#include "config.h"

#include "record_help.h"

#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>

#include "record/drain.h"

#define SLOTS 64
#define SECONDS 6.0

struct shared {
	int file_fd, tail_fd;
	void *file, *tail;
	_Atomic uint64_t begun; /* the highest number whose slot is open, or was */
	_Atomic uint64_t next;
};

static int make_fd(size_t size)
{
	int fd = memfd_create("ring", MFD_CLOEXEC);
	cr_assert(fd >= 0 && ftruncate(fd, (off_t)size) == 0);
	return fd;
}

static void *map(int fd, size_t size)
{
	void *mem = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	cr_assert_neq(mem, MAP_FAILED);
	return mem;
}

static struct shared *make_shared(void)
{
	struct shared *s = mmap(NULL, sizeof(*s), PROT_READ | PROT_WRITE,
				MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	cr_assert_neq(s, MAP_FAILED);
	s->file_fd = make_fd(vg_ring_file_size(SLOTS));
	s->tail_fd = make_fd(vg_ring_tail_size());
	s->file = map(s->file_fd, vg_ring_file_size(SLOTS));
	s->tail = map(s->tail_fd, vg_ring_tail_size());
	vg_ring_format(s->file, s->tail, SLOTS, 77);
	s->next = 1;
	return s;
}

/* Ends each exchange before the next begins, so that the log's order is that of the numbers. */
static void work(struct shared *s)
{
	_Alignas(8) static uint8_t mem[VG_RECORD_MAX];
	struct vg_ring ring;
	if (!vg_ring_open_writer(&ring, s->file, vg_ring_file_size(SLOTS), s->tail,
				 vg_ring_tail_size()))
		_exit(1);
	for (;;) {
		uint64_t number = s->next;
		size_t len = numbered(mem, number);
		uint32_t slot = vg_ring_begin(&ring, mem, len);
		if (slot == VG_NO_SLOT) {
			usleep(100);
			continue;
		}
		s->begun = number;
		s->next = number + 1;
		if (number % 32 == 0)
			usleep(200);
		vg_ring_end(&ring, slot, mem, len);
	}
}

static void record(const struct shared *s, const struct place *place)
{
	static struct vg_store store;
	static struct vg_drain drain;
	if (!vg_store_open(&store, place->fd, boot_one, 1, 5000))
		_exit(1);
	store.segment_max = 1 << 20;
	vg_drain_init(&drain, &store);
	if (vg_drain_add(&drain, 0, s->file_fd, s->tail_fd) == NULL)
		_exit(1);
	for (;;)
		if (!vg_drain_turn(&drain, 1))
			usleep(100);
}

static double seconds(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static pid_t start(void (*work_on)(struct shared *), struct shared *s, const struct place *place)
{
	pid_t pid = fork();
	cr_assert_geq(pid, 0);
	if (pid > 0)
		return pid;
	if (work_on != NULL)
		work_on(s);
	else
		record(s, place);
	_exit(0);
}

static void kill_one(pid_t pid)
{
	int status;
	kill(pid, SIGKILL);
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_assert(WIFSIGNALED(status), "it lived until now");
}

/* Both are dead: as the supervisor has it done, by a recorder that nobody kills. */
static void recover(struct shared *s, const struct place *place)
{
	static struct vg_store store;
	static struct vg_drain drain;
	store_open(&store, place, boot_one);
	cr_assert_eq(store.gap.first, 0);
	store.segment_max = 1 << 20;
	vg_drain_init(&drain, &store);
	struct vg_drain_ring *ring = vg_drain_add(&drain, 0, s->file_fd, s->tail_fd);
	cr_assert_not_null(ring);
	vg_drain_recover(&drain, ring, 1);
	vg_drain_fini(&drain);
	store_drop(&store);
}

static uint64_t verify(const struct shared *s, const struct place *place, uint64_t *lost)
{
	static struct vg_store store;
	struct vg_store_reader reader;
	struct vg_logged event;
	uint64_t number = 0, seq = 0;
	store_open(&store, place, boot_one);
	cr_assert(vg_store_reader_init(&reader, &store));
	while (vg_store_read(&reader, &event)) {
		cr_assert_eq(event.seq, ++seq, "%lu, not %lu", (unsigned long)event.seq,
			     (unsigned long)seq);
		uint64_t got = number_of(&event.record);
		*lost += vg_record_reason(&event.record) == VG_REASON_GATEWAY_WORKER_LOST;
		/* Killed between begin and its word about it, the number is begun again. */
		cr_assert(got == number + 1 || got == number, "%lu after %lu", (unsigned long)got,
			  (unsigned long)number);
		cr_assert(got != number || *lost > 0);
		number = got;
	}
	cr_assert_geq(number, s->begun, "what was begun is in the log");
	cr_assert_eq(seq + 1, store.next_seq);
	vg_store_reader_fini(&reader);
	store_drop(&store);
	return seq;
}

Test(record_kill, each_event_is_in_the_log_once)
{
	struct place place = place_new();
	struct shared *s = make_shared();
	unsigned recorders = 0, workers = 0;
	uint64_t lost = 0;
	srandom(3);
	for (double end = seconds() + SECONDS; seconds() < end; workers++) {
		pid_t worker = start(work, s, NULL);
		for (long n = 1 + random() % 4; n > 0; n--, recorders++) {
			pid_t recorder = start(NULL, s, &place);
			usleep((useconds_t)(random() % 30000));
			if (n == 1)
				kill_one(worker);
			kill_one(recorder);
		}
		recover(s, &place);
	}
	uint64_t events = verify(s, &place, &lost);
	cr_assert(recorders > 30 && workers > 10 && events > 1000);
	cr_assert(lost > 0 && lost <= workers);
	place_free(&place);
}

Test(record_kill, a_worker_that_was_taken_over_is_told)
{
	_Alignas(8) static uint8_t mem[VG_RECORD_MAX];
	static struct vg_store store;
	static struct vg_drain drain;
	struct place place = place_new();
	struct shared *s = make_shared();
	struct vg_ring ring;
	cr_assert(vg_ring_open_writer(&ring, s->file, vg_ring_file_size(SLOTS), s->tail,
				      vg_ring_tail_size()));
	store_open(&store, &place, boot_one);
	vg_drain_init(&drain, &store);
	cr_assert_not_null(vg_drain_add(&drain, 3, s->file_fd, s->tail_fd));

	/* An event that only the gateway itself has; then bytes that are no record; then one. */
	struct vg_record_writer writer;
	uint32_t slot = vg_ring_begin(&ring, mem, numbered(mem, 1));
	vg_record_begin(&writer, mem, sizeof(mem));
	vg_ring_end(&ring, slot, mem, vg_record_end(&writer, VG_REASON_GATEWAY_STOP, 5));
	cr_assert(vg_drain_turn(&drain, 9));
	slot = vg_ring_begin(&ring, mem, numbered(mem, 2));
	memset(mem + 16, 0xff, 8);
	vg_ring_end(&ring, slot, mem, 64);
	cr_assert_not(vg_drain_turn(&drain, 9));
	slot = vg_ring_begin(&ring, mem, numbered(mem, 3));
	vg_ring_end(&ring, slot, mem, numbered(mem, 3));
	cr_assert(vg_drain_turn(&drain, 9));

	static const enum vg_reason want[] = {VG_REASON_LOG_GAP, VG_REASON_LOG_GAP,
					      VG_REASON_ACCESS_ALLOWED};
	struct vg_store_reader reader;
	struct vg_logged event;
	size_t count = 0;
	cr_assert(vg_store_reader_init(&reader, &store));
	while (vg_store_read(&reader, &event))
		cr_assert_eq(vg_record_reason(&event.record), want[count++]);
	cr_assert_eq(count, VG_COUNT(want));
	vg_store_reader_fini(&reader);
	vg_drain_fini(&drain);
	store_drop(&store);
	place_free(&place);
}
