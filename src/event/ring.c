#include "event/ring.h"

#include <stdatomic.h>

_Static_assert(ATOMIC_LLONG_LOCK_FREE == 2, "positions and states are stored in one piece");

/*
 * The ring file: this head, the slots' states (close together: begin looks for a free one), the
 * slots' facts, then the records. The tail file repeats what the ring is: of the two it alone
 * can't have been changed by a worker that was taken over, so the reader believes it.
 */
struct identity {
	uint32_t magic;
	uint32_t layout;
	uint64_t id;
	uint64_t bytes; /* of the records' room */
	uint32_t slots;
	uint32_t pad;
};

struct vg_ring_file {
	struct identity identity;
	uint8_t pad[32];
	_Atomic uint64_t head; /* where the next record goes */
	uint8_t pad2[56];
	_Atomic uint64_t state[];
};

struct vg_ring_tail {
	struct identity identity;
	uint8_t pad[32];
	_Atomic uint64_t tail; /* records before it are in the log */
	uint8_t pad2[56];
	_Atomic uint64_t refuse; /* enum vg_ring_refuse */
};

_Static_assert(sizeof(struct identity) == 32, "layout 1");
_Static_assert(offsetof(struct vg_ring_file, head) == 64, "layout 1");
_Static_assert(offsetof(struct vg_ring_file, state) == 128, "layout 1");
_Static_assert(offsetof(struct vg_ring_tail, tail) == 64, "layout 1");
_Static_assert(offsetof(struct vg_ring_tail, refuse) == 128, "layout 1");

/* Two records, so that one is whole while the other is written. */
struct facts {
	_Alignas(8) uint8_t record[2][VG_SLOT_FACTS];
};

/*
 * A state in one word: positions are multiples of 8, so their low bits are free for what the slot
 * is and which of its two records counts.
 */
#define STATE_FREE UINT64_C(0)
#define STATE_OPEN UINT64_C(1)
#define STATE_ENDING UINT64_C(2) /* with the head at which its event goes */
#define STATE_KIND UINT64_C(3)
#define STATE_SECOND UINT64_C(4) /* the second record counts */
#define STATE_HEAD (~UINT64_C(7))

#define TAIL_SIZE 4096
#define PAGE 4096
/* Beside one largest record for each slot: what may wait when the recorder is late. */
#define ROOM ((size_t)8 << 20)
/* What begin leaves: its own record, and the filler of the one wrap that can come before it. */
#define HEADROOM (2 * VG_RECORD_MAX)

static size_t states_size(uint32_t slots)
{
	return ((size_t)slots * sizeof(uint64_t) + 63) & ~(size_t)63;
}

static uint64_t data_size(uint32_t slots)
{
	return (uint64_t)slots * VG_RECORD_MAX + ROOM;
}

static size_t data_offset(uint32_t slots)
{
	return sizeof(struct vg_ring_file) + states_size(slots) +
	       (size_t)slots * sizeof(struct facts);
}

size_t vg_ring_file_size(uint32_t slots)
{
	VG_ASSERT(slots > 0 && slots <= VG_RING_SLOTS_MAX);
	return (data_offset(slots) + data_size(slots) + PAGE - 1) & ~(size_t)(PAGE - 1);
}

size_t vg_ring_tail_size(void)
{
	return TAIL_SIZE;
}

static uint8_t *facts_of(const struct vg_ring *ring, uint32_t slot, uint64_t state)
{
	struct facts *facts = (void *)((uint8_t *)ring->file + sizeof(struct vg_ring_file) +
				       states_size(ring->slots));
	return facts[slot].record[(state & STATE_SECOND) != 0];
}

static uint8_t *data_at(const struct vg_ring *ring, uint64_t position)
{
	return (uint8_t *)ring->file + data_offset(ring->slots) + position % ring->bytes;
}

static uint64_t left_before_end(const struct vg_ring *ring, uint64_t position)
{
	return ring->bytes - position % ring->bytes;
}

void vg_ring_format(void *file, void *tail, uint32_t slots, uint64_t id)
{
	VG_ASSERT(slots > 0 && slots <= VG_RING_SLOTS_MAX);
	struct vg_ring_file *ring_file = file;
	struct vg_ring_tail *ring_tail = tail;
	ring_tail->identity = (struct identity){.magic = VG_RING_MAGIC,
						.layout = VG_RING_LAYOUT,
						.id = id,
						.bytes = data_size(slots),
						.slots = slots};
	ring_file->identity = ring_tail->identity;
}

/* Sizes come from the tail's word alone; a worker can't have written it. */
static bool open_ring(struct vg_ring *ring, void *file, size_t file_size,
		      const struct vg_ring_tail *tail, size_t tail_size)
{
	if (tail_size < sizeof(*tail))
		return false;
	struct identity is = tail->identity;
	if (is.magic != VG_RING_MAGIC || is.layout != VG_RING_LAYOUT || is.slots == 0 ||
	    is.slots > VG_RING_SLOTS_MAX || is.bytes != data_size(is.slots) ||
	    file_size != vg_ring_file_size(is.slots))
		return false;
	*ring = (struct vg_ring){.file = file, .tail = tail, .slots = is.slots, .bytes = is.bytes};
	return true;
}

static uint64_t load_tail(const struct vg_ring *ring)
{
	return atomic_load_explicit(&ring->tail->tail, memory_order_acquire);
}

uint64_t vg_ring_head(const struct vg_ring *ring)
{
	/* A hostile writer's head may be odd: what is rounded here is repaired by the sweep. */
	return atomic_load_explicit(&ring->file->head, memory_order_acquire) & STATE_HEAD;
}

bool vg_ring_open_writer(struct vg_ring *ring, void *file, size_t file_size, const void *tail,
			 size_t tail_size)
{
	if (!open_ring(ring, file, file_size, tail, tail_size))
		return false;
	uint64_t head = atomic_load_explicit(&ring->file->head, memory_order_relaxed);
	if (memcmp(&ring->file->identity, &ring->tail->identity, sizeof(struct identity)) != 0 ||
	    head % 8 != 0 || head - load_tail(ring) > ring->bytes)
		return false;
	for (uint32_t slot = 0; slot < ring->slots; slot++)
		if (atomic_load_explicit(&ring->file->state[slot], memory_order_relaxed) !=
		    STATE_FREE)
			ring->open++;
	return true;
}

bool vg_ring_open_reader(struct vg_ring *ring, void *file, size_t file_size, void *tail,
			 size_t tail_size)
{
	if (!open_ring(ring, file, file_size, tail, tail_size))
		return false;
	ring->tail_rw = tail;
	ring->next = load_tail(ring);
	return true;
}

uint64_t vg_ring_id(const struct vg_ring *ring)
{
	return ring->tail->identity.id;
}

static uint64_t state_of(const struct vg_ring *ring, uint32_t slot)
{
	return atomic_load_explicit(&ring->file->state[slot], memory_order_relaxed);
}

/*
 * All that was written before counts with this store. The fence keeps the compiler from moving
 * what comes after in front of it: a kill may fall between any two instructions.
 */
static void set_state(struct vg_ring *ring, uint32_t slot, uint64_t state)
{
	atomic_store_explicit(&ring->file->state[slot], state, memory_order_release);
	atomic_signal_fence(memory_order_seq_cst);
}

static uint32_t find_free(const struct vg_ring *ring)
{
	uint32_t slot = ring->free_hint;
	for (uint32_t i = 0; i < ring->slots; i++) {
		if (state_of(ring, slot) == STATE_FREE)
			return slot;
		slot = slot + 1 == ring->slots ? 0 : slot + 1;
	}
	return VG_NO_SLOT;
}

static void assert_record(size_t len, size_t max)
{
	VG_ASSERT(len >= sizeof(struct vg_record_head) && len % 8 == 0 && len <= max);
}

static uint64_t load_refuse(const struct vg_ring *ring)
{
	return atomic_load_explicit(&ring->tail->refuse, memory_order_relaxed);
}

void vg_ring_refuse(struct vg_ring *ring, enum vg_ring_refuse what)
{
	atomic_store_explicit(&ring->tail_rw->refuse, (uint64_t)what, memory_order_relaxed);
}

bool vg_ring_may_begin(const struct vg_ring *ring)
{
	return load_refuse(ring) == VG_RING_REFUSE_NONE;
}

uint32_t vg_ring_begin(struct vg_ring *ring, const void *facts, size_t len)
{
	assert_record(len, VG_SLOT_FACTS);
	if (load_refuse(ring) >= VG_RING_REFUSE_ALL)
		return VG_NO_SLOT;
	uint64_t used = vg_ring_head(ring) - load_tail(ring);
	if (used + (uint64_t)ring->open * VG_RECORD_MAX + HEADROOM > ring->bytes)
		return VG_NO_SLOT;
	uint32_t slot = find_free(ring);
	if (slot == VG_NO_SLOT)
		return VG_NO_SLOT;
	memcpy(facts_of(ring, slot, 0), facts, len);
	set_state(ring, slot, STATE_OPEN);
	ring->open++;
	ring->free_hint = slot + 1 == ring->slots ? 0 : slot + 1;
	return slot;
}

/* The state of a slot that must be open. */
static uint64_t open_state(const struct vg_ring *ring, uint32_t slot)
{
	VG_ASSERT(slot < ring->slots);
	uint64_t state = state_of(ring, slot);
	VG_ASSERT((state & STATE_KIND) == STATE_OPEN);
	return state;
}

void vg_ring_update(struct vg_ring *ring, uint32_t slot, const void *facts, size_t len)
{
	assert_record(len, VG_SLOT_FACTS);
	uint64_t state = open_state(ring, slot) ^ STATE_SECOND;
	memcpy(facts_of(ring, slot, state), facts, len);
	set_state(ring, slot, state);
}

/* A filler's head fits in the 8 bytes that may be all that is left before the ring's end. */
static void write_filler(struct vg_ring *ring, uint64_t position, uint64_t len)
{
	struct vg_record_head filler = {.len = (uint32_t)len};
	memcpy(data_at(ring, position), &filler, 8);
}

static void end_slot(struct vg_ring *ring, uint32_t slot, const void *record, size_t len)
{
	uint64_t head = vg_ring_head(ring);
	uint64_t which = state_of(ring, slot) & STATE_SECOND;
	set_state(ring, slot, STATE_ENDING | which | head);

	uint64_t left = left_before_end(ring, head);
	uint64_t at = head;
	if (left < len) {
		write_filler(ring, head, left);
		at += left;
	}
	memcpy(data_at(ring, at), record, len);
	atomic_store_explicit(&ring->file->head, at + len, memory_order_release);
	set_state(ring, slot, STATE_FREE);
}

static void freed(struct vg_ring *ring, uint32_t slot)
{
	VG_ASSERT(ring->open > 0);
	ring->open--;
	if (slot < ring->free_hint)
		ring->free_hint = slot;
}

void vg_ring_end(struct vg_ring *ring, uint32_t slot, const void *record, size_t len)
{
	assert_record(len, VG_RECORD_MAX);
	(void)open_state(ring, slot);
	end_slot(ring, slot, record, len);
	freed(ring, slot);
}

void vg_ring_cancel(struct vg_ring *ring, uint32_t slot)
{
	(void)open_state(ring, slot);
	set_state(ring, slot, STATE_FREE);
	freed(ring, slot);
}

/* What stands at `next`, taken once: its length, and whether it is a filler. */
static bool peek(const struct vg_ring *ring, uint64_t head, uint64_t *len, bool *filler)
{
	struct vg_record_head first;
	uint64_t left = left_before_end(ring, ring->next);
	memcpy(&first, data_at(ring, ring->next), 8);
	*len = first.len;
	*filler = first.code == 0;
	if (*len % 8 != 0 || *len > head - ring->next || *len > left || *len > VG_RECORD_MAX)
		return false;
	return *filler ? *len > 0 && *len == left : *len >= sizeof(first);
}

enum vg_ring_read vg_ring_read(struct vg_ring *ring, void *mem, struct vg_record *record,
			       uint64_t *position, uint64_t *after)
{
	uint64_t head = atomic_load_explicit(&ring->file->head, memory_order_acquire);
	if (head % 8 != 0 || head - ring->next > ring->bytes)
		return VG_RING_BAD;
	while (head != ring->next) {
		uint64_t len;
		bool filler;
		if (!peek(ring, head, &len, &filler))
			return VG_RING_BAD;
		if (filler) {
			ring->next += len;
			continue;
		}
		memcpy(mem, data_at(ring, ring->next), len);
		if (!vg_record_open(record, mem, len) || record->head.len != len)
			return VG_RING_BAD;
		*position = ring->next;
		*after = ring->next += len;
		return VG_RING_RECORD;
	}
	return VG_RING_EMPTY;
}

void vg_ring_release(struct vg_ring *ring, uint64_t position)
{
	atomic_store_explicit(&ring->tail_rw->tail, position, memory_order_release);
}

void vg_ring_seek(struct vg_ring *ring, uint64_t position)
{
	ring->next = position;
}

/* The dead writer's facts as its last event; an empty event where they are no record. */
static size_t lost_record(const struct vg_ring *ring, uint32_t slot, uint64_t state, int64_t now,
			  uint8_t mem[VG_SLOT_FACTS])
{
	struct vg_record record;
	memcpy(mem, facts_of(ring, slot, state), VG_SLOT_FACTS);
	if (!vg_record_open(&record, mem, VG_SLOT_FACTS))
		record.head = (struct vg_record_head){.len = sizeof(record.head)};
	record.head.code = vg_reason_row(VG_REASON_GATEWAY_WORKER_LOST)->code;
	record.head.time = now;
	memcpy(mem, &record.head, sizeof(record.head));
	return record.head.len;
}

/* What a hostile writer may have left: the next one must be able to go on. */
static void repair(struct vg_ring *ring)
{
	ring->file->identity = ring->tail->identity;
	uint64_t head = vg_ring_head(ring);
	uint64_t tail = load_tail(ring);
	if (head - tail > ring->bytes)
		head = tail;
	atomic_store_explicit(&ring->file->head, head, memory_order_release);
}

/* Ends one slot that has not ended. Room was reserved: only a hostile writer can have used it. */
static bool end_lost(struct vg_ring *ring, uint32_t slot, uint64_t state, int64_t now)
{
	_Alignas(8) uint8_t mem[VG_SLOT_FACTS];
	if (vg_ring_head(ring) - load_tail(ring) + HEADROOM > ring->bytes)
		return false;
	size_t len = lost_record(ring, slot, state, now, mem);
	end_slot(ring, slot, mem, len);
	return true;
}

/* ENDING(h) tells by the head whether it ended: so these come before anything moves the head. */
static uint32_t sweep_ending(struct vg_ring *ring, int64_t now)
{
	uint32_t ended = 0;
	for (uint32_t slot = 0; slot < ring->slots; slot++) {
		uint64_t state = state_of(ring, slot);
		if ((state & STATE_KIND) != STATE_ENDING)
			continue;
		if ((state & STATE_HEAD) < vg_ring_head(ring))
			set_state(ring, slot, STATE_FREE);
		else
			ended += end_lost(ring, slot, state, now);
	}
	return ended;
}

uint32_t vg_ring_sweep(struct vg_ring *ring, int64_t now)
{
	repair(ring);
	uint32_t ended = sweep_ending(ring, now);
	for (uint32_t slot = 0; slot < ring->slots; slot++) {
		uint64_t state = state_of(ring, slot);
		if (state != STATE_FREE)
			ended += end_lost(ring, slot, state, now);
	}
	return ended;
}
