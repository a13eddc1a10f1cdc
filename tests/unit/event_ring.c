/* The event ring: order, wrap, the refusal when it is full, sweep, and hostile writers. */
#include <criterion/criterion.h>

#include "event_layout.h"

static _Alignas(8) uint8_t mem[VG_RECORD_MAX];
static _Alignas(8) uint8_t got[VG_RECORD_MAX];

/* A record of exactly `len` bytes (40 to 4096) whose status is `number`. */
static size_t make(uint64_t number, size_t len)
{
	static char filler[VG_RECORD_TEXT_MAX];
	struct vg_record_writer writer;
	memset(filler, 'x', sizeof(filler));
	vg_record_begin(&writer, mem, sizeof(mem));
	vg_record_uint(&writer, VG_FIELD_STATUS, number);
	while (writer.len < len) {
		size_t left = len - writer.len;
		size_t text = left - 4 > 256 ? (left - 260 < 8 ? 128 : 256) : left - 4;
		vg_record_text(&writer, VG_FIELD_PATH, vg_slice(filler, text));
		if (writer.trunc)
			break;
	}
	return vg_record_end(&writer, VG_REASON_ACCESS_ALLOWED, 7);
}

static uint64_t number_of(const struct vg_record *record)
{
	struct vg_record_value value;
	cr_assert(vg_record_get(record, VG_FIELD_STATUS, &value));
	return value.number;
}

struct pair {
	struct ring_memory memory;
	struct vg_ring writer, reader;
};

static struct pair open_pair(uint32_t slots)
{
	struct pair p = {.memory = ring_memory(slots)};
	struct ring_memory *m = &p.memory;
	cr_assert(vg_ring_open_writer(&p.writer, m->file, m->file_size, m->tail, m->tail_size));
	cr_assert(vg_ring_open_reader(&p.reader, m->file, m->file_size, m->tail, m->tail_size));
	return p;
}

static void put(struct vg_ring *ring, uint64_t number, size_t len)
{
	uint32_t slot = vg_ring_begin(ring, mem, make(number, 64));
	cr_assert_neq(slot, VG_NO_SLOT);
	vg_ring_end(ring, slot, mem, make(number, len));
}

static enum vg_ring_read get(struct vg_ring *ring, struct vg_record *record, uint64_t *after)
{
	uint64_t position;
	return vg_ring_read(ring, got, record, &position, after);
}

static void expect(struct vg_ring *ring, uint64_t number)
{
	struct vg_record record;
	uint64_t after;
	cr_assert_eq(get(ring, &record, &after), VG_RING_RECORD);
	cr_assert_eq(number_of(&record), number);
	vg_ring_release(ring, after);
}

static void expect_empty(struct vg_ring *ring)
{
	struct vg_record record;
	uint64_t after;
	cr_assert_eq(get(ring, &record, &after), VG_RING_EMPTY);
}

Test(event_ring, order_of_ends)
{
	struct pair p = open_pair(4);
	cr_assert_eq(vg_ring_id(&p.reader), 42);
	expect_empty(&p.reader);
	uint32_t a = vg_ring_begin(&p.writer, mem, make(1, 64));
	uint32_t b = vg_ring_begin(&p.writer, mem, make(2, 64));
	uint32_t c = vg_ring_begin(&p.writer, mem, make(3, 64));
	cr_assert_eq(p.writer.open, 3);
	expect_empty(&p.reader);
	vg_ring_end(&p.writer, b, mem, make(22, 80));
	vg_ring_cancel(&p.writer, c);
	vg_ring_update(&p.writer, a, mem, make(11, 80));
	vg_ring_end(&p.writer, a, mem, make(12, 80));
	cr_assert_eq(p.writer.open, 0);
	expect(&p.reader, 22);
	expect(&p.reader, 12);
	expect_empty(&p.reader);
	cr_assert_eq(vg_ring_sweep(&p.reader, 9), 0);
	ring_memory_free(&p.memory);
}

Test(event_ring, wraps_with_fillers_of_every_length)
{
	/* Lengths that share no factor with the room, so that what is left at the end varies. */
	struct pair p = open_pair(1);
	uint64_t turns = 0, last = 0, fillers = 0;
	for (uint64_t i = 0; turns < 40; i++) {
		uint64_t before = vg_ring_head(&p.writer);
		put(&p.writer, i, 40 + i * 8 % 4056);
		size_t len = make(i, 40 + i * 8 % 4056);
		fillers += vg_ring_head(&p.writer) - before != len;
		expect(&p.reader, i);
		uint64_t turn = vg_ring_head(&p.writer) / p.writer.bytes;
		turns += turn != last;
		last = turn;
	}
	cr_assert_geq(fillers, 20);
	expect_empty(&p.reader);

	/* Exactly 8 bytes left: a filler's head has no more room than that. */
	uint64_t left;
	while ((left = p.writer.bytes - vg_ring_head(&p.writer) % p.writer.bytes) != 8) {
		put(&p.writer, 1, left >= 4096 + 48 ? 4096 : left >= 48 + 48 ? left - 48 : 40);
		expect(&p.reader, 1);
	}
	put(&p.writer, 77, 48);
	expect(&p.reader, 77);
	ring_memory_free(&p.memory);
}

/* Reads all that is there, which must begin with *next; where the last one ended. */
static uint64_t read_all(struct vg_ring *ring, uint64_t *next)
{
	struct vg_record record;
	uint64_t after = ring->next;
	while (get(ring, &record, &after) == VG_RING_RECORD)
		cr_assert_eq(number_of(&record), (*next)++);
	return after;
}

Test(event_ring, a_full_ring_refuses_and_what_is_open_still_ends)
{
	struct pair p = open_pair(8);
	uint64_t written = 0, next = 0;
	for (int round = 0; round < 3; round++) {
		uint32_t open[7], slot;
		for (size_t i = 0; i < VG_COUNT(open); i++)
			open[i] = vg_ring_begin(&p.writer, mem, make(0, 64));
		while ((slot = vg_ring_begin(&p.writer, mem, make(0, 64))) != VG_NO_SLOT)
			vg_ring_end(&p.writer, slot, mem, make(written++, 4096));
		cr_assert_gt(written, 1500);
		(void)read_all(&p.reader, &next);
		cr_assert_eq(next, written, "what was accepted is there");
		cr_assert_eq(vg_ring_begin(&p.writer, mem, make(0, 64)), VG_NO_SLOT,
			     "read, and not yet in the log");
		for (size_t i = 0; i < VG_COUNT(open); i++)
			vg_ring_end(&p.writer, open[i], mem, make(written++, 4096));
		uint64_t after = read_all(&p.reader, &next);
		cr_assert_eq(next, written);
		vg_ring_release(&p.reader, after);
	}
	ring_memory_free(&p.memory);
}

Test(event_ring, no_slot_left)
{
	struct pair p = open_pair(3);
	uint32_t slots[3];
	for (int i = 0; i < 3; i++)
		slots[i] = vg_ring_begin(&p.writer, mem, make(0, 64));
	cr_assert_eq(vg_ring_begin(&p.writer, mem, make(0, 64)), VG_NO_SLOT);
	vg_ring_cancel(&p.writer, slots[1]);
	cr_assert_eq(vg_ring_begin(&p.writer, mem, make(0, 64)), slots[1]);
	ring_memory_free(&p.memory);
}

/* However many were open: the memory of the others stays untouched. */
Test(event_ring, the_lowest_free_slot_is_taken)
{
	struct pair p = open_pair(64);
	for (int lap = 0; lap < 20; lap++) {
		for (uint32_t slot = 0; slot < 8; slot++)
			cr_assert_eq(vg_ring_begin(&p.writer, mem, make(1, 64)), slot);
		for (uint32_t i = 0; i < 8; i++)
			vg_ring_cancel(&p.writer, (i * 3 + (uint32_t)lap) % 8);
	}
	ring_memory_free(&p.memory);
}

Test(event_ring, sweep_tells_the_latest_facts_once)
{
	struct pair p = open_pair(4);
	cr_assert_eq(vg_ring_begin(&p.writer, mem, make(1, 64)), 0);
	uint32_t b = vg_ring_begin(&p.writer, mem, make(2, 64));
	vg_ring_update(&p.writer, b, mem, make(20, 160));
	vg_ring_update(&p.writer, b, mem, make(21, 80));

	struct ring_memory *m = &p.memory;
	struct vg_ring again;
	cr_assert(vg_ring_open_writer(&again, m->file, m->file_size, m->tail, m->tail_size));
	cr_assert_eq(again.open, 2, "a writer knows what the file holds");

	cr_assert_eq(vg_ring_sweep(&p.reader, 99), 2);
	cr_assert_eq(vg_ring_sweep(&p.reader, 100), 0);
	struct vg_record record;
	uint64_t after, seen = 0;
	while (get(&p.reader, &record, &after) == VG_RING_RECORD) {
		cr_assert_eq(vg_record_reason(&record), VG_REASON_GATEWAY_WORKER_LOST);
		cr_assert_eq(record.head.time, 99);
		seen += number_of(&record);
	}
	cr_assert_eq(seen, 22);
	cr_assert(vg_ring_open_writer(&again, m->file, m->file_size, m->tail, m->tail_size));
	cr_assert_eq(again.open, 0);
	ring_memory_free(&p.memory);
}

Test(event_ring, sweep_ends_what_was_ending_before_what_was_open)
{
	/* Killed with slot 1 at ENDING(head) and slot 0 OPEN: the event of 0 moves the head, and 1
	   would look as if it had ended. */
	struct pair p = open_pair(2);
	cr_assert_eq(vg_ring_begin(&p.writer, mem, make(1, 64)), 0);
	cr_assert_eq(vg_ring_begin(&p.writer, mem, make(2, 64)), 1);
	uint64_t ending = 2;
	memcpy(p.memory.file + LAYOUT_STATES + 8, &ending, 8);
	cr_assert_eq(vg_ring_sweep(&p.reader, 99), 2);
	expect(&p.reader, 2);
	expect(&p.reader, 1);
	expect_empty(&p.reader);
	ring_memory_free(&p.memory);
}

Test(event_ring, reader_goes_on_where_the_log_says)
{
	struct pair p = open_pair(4);
	struct vg_record record;
	uint64_t after;
	for (uint64_t i = 0; i < 4; i++)
		put(&p.writer, i, 64);
	cr_assert_eq(get(&p.reader, &record, &after), VG_RING_RECORD);
	struct ring_memory *m = &p.memory;
	struct vg_ring again;
	cr_assert(vg_ring_open_reader(&again, m->file, m->file_size, m->tail, m->tail_size));
	vg_ring_seek(&again, after); /* in the log, and not yet released */
	expect(&again, 1);
	cr_assert(vg_ring_open_reader(&again, m->file, m->file_size, m->tail, m->tail_size));
	expect(&again, 2);
	ring_memory_free(&p.memory);
}

Test(event_ring, what_is_no_ring_is_not_opened)
{
	struct ring_memory m = ring_memory(4);
	struct vg_ring ring;
	cr_assert_not(vg_ring_open_writer(&ring, m.file, m.file_size - 4096, m.tail, m.tail_size));
	cr_assert_not(vg_ring_open_writer(&ring, m.file, m.file_size, m.tail, 64));
	for (size_t at = 0; at < 28; at++) {
		m.tail[at] ^= 1;
		bool is_id = at >= 8 && at < 16;
		cr_assert_eq(vg_ring_open_reader(&ring, m.file, m.file_size, m.tail, m.tail_size),
			     is_id, "byte %zu of the tail", at);
		m.tail[at] ^= 1;
		m.file[at] ^= 1;
		cr_assert_not(vg_ring_open_writer(&ring, m.file, m.file_size, m.tail, m.tail_size));
		cr_assert(vg_ring_open_reader(&ring, m.file, m.file_size, m.tail, m.tail_size),
			  "the reader believes its own file");
		m.file[at] ^= 1;
	}
	cr_assert(vg_ring_open_writer(&ring, m.file, m.file_size, m.tail, m.tail_size));
	ring_memory_free(&m);
}

/* What a worker that was taken over does to its ring, one word at a time. */
static const struct {
	const char *what;
	bool head; /* a word of the head, else one in the data */
	uint64_t value;
} hostile[] = {
	{"head before tail", true, 8},
	{"head far ahead", true, UINT64_C(1) << 40},
	{"head at the end of all numbers", true, UINT64_MAX - 7},
	{"head not aligned", true, 131},
	{"length 0", false, 0},
	{"length not aligned", false, 0x3e9000000029},
	{"length over the head", false, 0x3e90000ffff8},
	{"filler in the middle", false, 64},
	{"filler of length 0", false, 0},
	{"code of no reason", false, UINT64_C(0x1ffff00000040)},
	{"no fields but bytes", false, UINT64_C(0x3e900000040)},
};

Test(event_ring, hostile_writers_are_told_and_the_next_one_goes_on)
{
	for (size_t i = 0; i < VG_COUNT(hostile); i++) {
		struct pair p = open_pair(4);
		struct vg_record record;
		uint64_t after;
		put(&p.writer, 1, 64);
		expect(&p.reader, 1);
		put(&p.writer, 2, 64);
		cr_assert_neq(vg_ring_begin(&p.writer, mem, make(3, 64)), VG_NO_SLOT);
		uint8_t *at = hostile[i].head ? p.memory.file + LAYOUT_HEAD
					      : layout_data(&p.memory) + 64;
		memcpy(at, &hostile[i].value, 8);
		memset(p.memory.file, 0xee, 32);
		cr_assert_eq(get(&p.reader, &record, &after), VG_RING_BAD, "%s", hostile[i].what);

		uint64_t head = vg_ring_head(&p.reader);
		vg_ring_seek(&p.reader, head);
		vg_ring_release(&p.reader, head);
		cr_assert_eq(vg_ring_sweep(&p.reader, 5), 1, "%s", hostile[i].what);
		expect(&p.reader, 3);
		struct ring_memory *m = &p.memory;
		cr_assert(vg_ring_open_writer(&p.writer, m->file, m->file_size, m->tail,
					      m->tail_size),
			  "%s", hostile[i].what);
		put(&p.writer, 4, 64);
		expect(&p.reader, 4);
		ring_memory_free(m);
	}
}

Test(event_ring, hostile_slots_give_bounded_events)
{
	struct pair p = open_pair(16);
	for (uint32_t slot = 0; slot < 16; slot++) {
		uint64_t state = slot * UINT64_C(0x1111111111111111);
		memcpy(p.memory.file + LAYOUT_STATES + 8 * slot, &state, 8);
	}
	uint32_t ended = vg_ring_sweep(&p.reader, 5);
	cr_assert_eq(ended, 15, "each that isn't FREE once, even with facts that are no record");
	struct vg_record record;
	uint64_t after;
	for (uint32_t i = 0; i < ended; i++)
		cr_assert_eq(get(&p.reader, &record, &after), VG_RING_RECORD);
	expect_empty(&p.reader);
	cr_assert_not(layout_any_slot(&p.memory));
	ring_memory_free(&p.memory);
}

/* What the reader refuses: word, an exchange may begin, anything may. */
static const struct {
	enum vg_ring_refuse what;
	bool access, any;
} refusals[] = {
	{VG_RING_REFUSE_NONE, true, true},
	{VG_RING_REFUSE_ACCESS, false, true},
	{VG_RING_REFUSE_ALL, false, false},
	{VG_RING_REFUSE_NONE, true, true},
};

Test(event_ring, the_reader_refuses)
{
	struct pair p = open_pair(4);
	/* What is open already may end all the same. */
	uint32_t open = vg_ring_begin(&p.writer, mem, make(1, 64));
	for (size_t i = 0; i < VG_COUNT(refusals); i++) {
		vg_ring_refuse(&p.reader, refusals[i].what);
		cr_expect_eq(vg_ring_may_begin(&p.writer), refusals[i].access, "%zu", i);
		uint32_t slot = vg_ring_begin(&p.writer, mem, make(2, 64));
		cr_expect_eq(slot != VG_NO_SLOT, refusals[i].any, "%zu", i);
		if (slot != VG_NO_SLOT)
			vg_ring_cancel(&p.writer, slot);
	}
	vg_ring_refuse(&p.reader, VG_RING_REFUSE_ALL);
	vg_ring_end(&p.writer, open, mem, make(1, 64));
	expect(&p.reader, 1);
	expect_empty(&p.reader);
	ring_memory_free(&p.memory);
}
