/*
 * The ring under SIGKILL: after each single instruction of begin, update and end, and at random
 * moments. What was opened leaves exactly one event, whole; told by a reader of the test's own.
 */
#include <criterion/criterion.h>

#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "event_layout.h"

#define SLOTS 8
#define MAX_IDS 4000000

/*
 * Of an exchange of number `id`: the facts name it three times (status, path, bytes), so that a
 * torn record shows; `stage` is 1 for the first facts, 2 for the update, 3 for the end.
 */
static size_t make(uint8_t *mem, uint64_t id, uint64_t stage)
{
	char text[200];
	struct vg_record_writer writer;
	memset(text, (int)('a' + (id + stage) % 26), sizeof(text));
	vg_record_begin(&writer, mem, VG_SLOT_FACTS);
	vg_record_uint(&writer, VG_FIELD_STATUS, id);
	vg_record_uint(&writer, VG_FIELD_SPORT, stage);
	vg_record_text(&writer, VG_FIELD_PATH, vg_slice(text, 1 + (id * 7 + stage * 50) % 200));
	vg_record_uint(&writer, VG_FIELD_REQ_BYTES, id * 3 + stage);
	return vg_record_end(&writer, VG_REASON_ACCESS_ALLOWED, (int64_t)id);
}

/* Reads the record at `at` by the layout alone: its id, and its stage (0: it is torn). */
static uint64_t stage_of(const uint8_t *at, uint64_t *id, bool *lost)
{
	_Alignas(8) uint8_t want[VG_SLOT_FACTS];
	uint16_t code;
	uint32_t len;
	memcpy(&len, at, 4);
	memcpy(&code, at + 4, 2);
	uint64_t stage = word(at + 16 + 12 + 4);
	*id = word(at + 16 + 4);
	*lost = code == 9010;
	if (stage < 1 || stage > 3 || make(want, *id, stage) != len)
		return 0;
	/* The time and code of a lost one are the sweep's. */
	memcpy(want, at, 16);
	return memcmp(want, at, len) == 0 && (*lost ? code == 9010 : code == 1001) ? stage : 0;
}

/* Every event of the ring between `from` and its head: counts those of each id. */
static uint64_t tally(const struct ring_memory *m, uint64_t from, uint8_t *count, uint8_t *final)
{
	uint64_t head = word(m->file + LAYOUT_HEAD), bytes = layout_bytes(m);
	while (from < head) {
		const uint8_t *at = layout_data(m) + from % bytes;
		uint32_t len;
		uint16_t code;
		memcpy(&len, at, 4);
		memcpy(&code, at + 4, 2);
		cr_assert(len >= 8 && len <= VG_RECORD_MAX && from + len <= head);
		cr_assert_leq(from % bytes + len, bytes);
		if (code != 0) {
			uint64_t id;
			bool lost;
			uint64_t stage = stage_of(at, &id, &lost);
			cr_assert_neq(stage, 0, "torn");
			cr_assert_eq(stage == 3, !lost, "an end is an end");
			cr_assert_lt(id, MAX_IDS);
			count[id]++;
			final[id] = (uint8_t)stage;
		}
		from += len;
	}
	return head;
}

static void sweep(struct ring_memory *m)
{
	struct vg_ring reader;
	cr_assert(vg_ring_open_reader(&reader, m->file, m->file_size, m->tail, m->tail_size));
	cr_assert_leq(vg_ring_sweep(&reader, 1), SLOTS);
	cr_assert_eq(vg_ring_sweep(&reader, 1), 0);
	cr_assert_not(layout_any_slot(m));
}

static void wait_stopped(pid_t pid, int *status)
{
	cr_assert_eq(waitpid(pid, status, 0), pid);
}

/* One exchange, from stop to stop: what the tracer steps through. `skew` moves the head first. */
static pid_t start_stepped(struct ring_memory *m, uint64_t skew)
{
	pid_t pid = fork();
	cr_assert_geq(pid, 0);
	if (pid > 0)
		return pid;
	_Alignas(8) static uint8_t first[VG_SLOT_FACTS], second[VG_SLOT_FACTS], end[VG_SLOT_FACTS];
	size_t first_len = make(first, 1, 1), second_len = make(second, 1, 2);
	size_t end_len = make(end, 1, 3);
	struct vg_ring ring;
	if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0 ||
	    !vg_ring_open_writer(&ring, m->file, m->file_size, m->tail, m->tail_size) ||
	    vg_ring_head(&ring) != skew)
		_exit(1);
	raise(SIGSTOP);
	uint32_t slot = vg_ring_begin(&ring, first, first_len);
	vg_ring_update(&ring, slot, second, second_len);
	vg_ring_end(&ring, slot, end, end_len);
	raise(SIGSTOP);
	_exit(0);
}

/* Lets it run `steps` instructions, and no more, ever. How many it made before its end. */
static unsigned long kill_after(pid_t pid, unsigned long steps)
{
	int status;
	unsigned long made = 0;
	wait_stopped(pid, &status);
	cr_assert(WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP, "it can be traced");
	for (; made < steps; made++) {
		cr_assert_eq(ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL), 0);
		wait_stopped(pid, &status);
		if (!WIFSTOPPED(status) || WSTOPSIG(status) != SIGTRAP)
			break;
	}
	kill(pid, SIGKILL);
	while (!WIFSIGNALED(status))
		wait_stopped(pid, &status);
	return made;
}

static struct ring_memory memory_at(uint64_t position)
{
	struct ring_memory m = ring_memory(SLOTS);
	memcpy(m.file + LAYOUT_HEAD, &position, 8);
	memcpy(m.tail + LAYOUT_TAIL, &position, 8);
	return m;
}

struct stepped {
	bool opened, ended;
};

/* Kills after `steps` instructions, and judges what is left. */
static struct stepped kill_and_judge(uint64_t skew, unsigned long steps)
{
	uint8_t count[2] = {0}, final[2] = {0};
	struct ring_memory m = memory_at(skew);
	(void)kill_after(start_stepped(&m, skew), steps);
	bool ended = word(m.file + LAYOUT_HEAD) != skew;
	struct stepped is = {layout_any_slot(&m) || ended, ended};
	sweep(&m);
	cr_assert_eq(tally(&m, skew, count, final), word(m.file + LAYOUT_HEAD));
	cr_assert_eq(count[1], is.opened ? 1 : 0, "killed after %lu: %u events", steps, count[1]);
	cr_assert_eq(final[1] == 3, is.ended, "killed after %lu", steps);
	ring_memory_free(&m);
	return is;
}

static void step_through(uint64_t skew)
{
	struct ring_memory m = memory_at(skew);
	unsigned long all = kill_after(start_stepped(&m, skew), 200000);
	ring_memory_free(&m);
	/* A build with sanitizers has thousands: there an odd number of them at once. */
	unsigned long stride = all <= 1000 ? 1 : (all / 200) | 1;
	unsigned long opened_at = 0, ended_at = 0;
	for (unsigned long n = 0; n <= all; n += stride) {
		struct stepped is = kill_and_judge(skew, n);
		cr_assert(is.opened || opened_at == 0, "once open, always open");
		cr_assert(is.ended || ended_at == 0);
		if (is.opened && opened_at == 0)
			opened_at = n;
		if (is.ended && ended_at == 0)
			ended_at = n;
	}
	cr_assert(opened_at > 0 && ended_at > opened_at && ended_at < all);
}

Test(event_kill, after_each_instruction)
{
	step_through(0);
}

Test(event_kill, after_each_instruction_with_a_filler)
{
	struct ring_memory m = ring_memory(SLOTS);
	uint64_t bytes = layout_bytes(&m);
	ring_memory_free(&m);
	step_through(3 * bytes - 16);
}

/* One slot ENDING at the head and two OPEN: what a kill in the middle of an end leaves. */
static struct ring_memory killed_in_an_end(void)
{
	_Alignas(8) uint8_t mem[VG_SLOT_FACTS];
	struct ring_memory m = ring_memory(SLOTS);
	struct vg_ring ring;
	cr_assert(vg_ring_open_writer(&ring, m.file, m.file_size, m.tail, m.tail_size));
	for (uint64_t id = 1; id <= 3; id++)
		cr_assert_eq(vg_ring_begin(&ring, mem, make(mem, id, 1)), id - 1);
	uint64_t ending = 2;
	memcpy(m.file + LAYOUT_STATES + 8, &ending, 8);
	return m;
}

static pid_t start_sweep(struct ring_memory *m)
{
	pid_t pid = fork();
	cr_assert_geq(pid, 0);
	if (pid > 0)
		return pid;
	struct vg_ring ring;
	if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0 ||
	    !vg_ring_open_reader(&ring, m->file, m->file_size, m->tail, m->tail_size))
		_exit(1);
	raise(SIGSTOP);
	uint32_t ended = vg_ring_sweep(&ring, 1);
	raise(SIGSTOP);
	_exit((int)ended);
}

Test(event_kill, sweep_after_each_instruction)
{
	struct ring_memory m = killed_in_an_end();
	unsigned long all = kill_after(start_sweep(&m), 200000);
	ring_memory_free(&m);
	cr_assert_gt(all, 500);
	unsigned long stride = all / 120 | 1;
	for (unsigned long n = 0; n <= all; n += stride) {
		uint8_t count[4] = {0}, final[4] = {0};
		m = killed_in_an_end();
		(void)kill_after(start_sweep(&m), n);
		sweep(&m);
		cr_assert_eq(tally(&m, 0, count, final), word(m.file + LAYOUT_HEAD));
		for (unsigned id = 1; id <= 3; id++)
			cr_assert_eq(count[id], 1, "killed after %lu: %u of %u", n, count[id], id);
		ring_memory_free(&m);
	}
}

/* What the worker says of its ids, beside the ring: written before and after each step. */
struct words {
	_Atomic uint64_t next;
	_Atomic uint8_t stage[MAX_IDS]; /* 1: about to begin; 2: begun; 3: about to cancel */
};

static void work(struct ring_memory *m, struct words *words)
{
	_Alignas(8) static uint8_t mem[VG_SLOT_FACTS];
	struct vg_ring ring;
	uint64_t ids[SLOTS] = {0};
	uint32_t slot_of[SLOTS];
	if (!vg_ring_open_writer(&ring, m->file, m->file_size, m->tail, m->tail_size) ||
	    ring.open != 0)
		_exit(1);
	uint64_t random = (uint64_t)getpid();
	for (;;) {
		random = random * UINT64_C(6364136223846793005) + 1442695040888963407;
		unsigned i = random >> 40 & (SLOTS - 1), what = random >> 50 & 7;
		uint64_t id = ids[i];
		if (id == 0) {
			id = atomic_fetch_add(&words->next, 1);
			if (id >= MAX_IDS)
				_exit(0);
			words->stage[id] = 1;
			slot_of[i] = vg_ring_begin(&ring, mem, make(mem, id, 1));
			if (slot_of[i] == VG_NO_SLOT) {
				words->stage[id] = 0;
				sched_yield();
				continue;
			}
			words->stage[id] = 2;
			ids[i] = id;
		} else if (what < 3) {
			vg_ring_update(&ring, slot_of[i], mem, make(mem, id, 2));
		} else if (what == 7) {
			words->stage[id] = 3;
			vg_ring_cancel(&ring, slot_of[i]);
			ids[i] = 0;
		} else {
			vg_ring_end(&ring, slot_of[i], mem, make(mem, id, 3));
			ids[i] = 0;
		}
	}
}

static double seconds(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void *shared(size_t size)
{
	void *mem = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	cr_assert_neq(mem, MAP_FAILED);
	return mem;
}

/* The tail moves while the worker works, as in life. */
static uint64_t drain(struct ring_memory *m, uint64_t from, uint8_t *count, uint8_t *final)
{
	uint64_t head = tally(m, from, count, final);
	struct vg_ring reader;
	cr_assert(vg_ring_open_reader(&reader, m->file, m->file_size, m->tail, m->tail_size));
	vg_ring_release(&reader, head);
	return head;
}

Test(event_kill, at_random_moments)
{
	struct ring_memory m = ring_memory(SLOTS);
	struct words *words = shared(sizeof(*words));
	uint8_t *count = shared(MAX_IDS), *final = shared(MAX_IDS);
	words->next = 1;
	uint64_t at = 0, lost = 0, whole = 0;
	unsigned kills = 0;
	srandom(1);
	for (double end = seconds() + 8; kills < 300 && seconds() < end; kills++) {
		pid_t pid = fork();
		cr_assert_geq(pid, 0);
		if (pid == 0)
			work(&m, words);
		for (long turns = random() % 8; turns >= 0; turns--) {
			usleep((useconds_t)(random() % 500));
			at = drain(&m, at, count, final);
		}
		kill(pid, SIGKILL);
		int status;
		wait_stopped(pid, &status);
		cr_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
		sweep(&m);
		at = drain(&m, at, count, final);
	}
	uint64_t ids = words->next < MAX_IDS ? words->next : MAX_IDS;
	for (uint64_t id = 1; id < ids; id++) {
		uint8_t stage = words->stage[id];
		cr_assert_leq(count[id], 1, "%lu told twice", (unsigned long)id);
		if (stage == 2)
			cr_assert_eq(count[id], 1, "%lu not told", (unsigned long)id);
		whole += count[id] == 1 && final[id] == 3;
		lost += count[id] == 1 && final[id] != 3;
	}
	cr_assert_geq(kills, 100);
	cr_assert(lost > 0 && whole > lost, "it worked, and was killed at work");
}
