/*
 * A worker's way to tell: an event ring with open slots, in two files that outlive every process.
 *
 * Whoever begins something that must leave an event (an exchange, a handshake) opens a slot first
 * and lays the facts known so far in it. The slot reserves room for its end: ending can't fail,
 * and where there is no room, the thing is refused before it begins. Whatever is open when a
 * worker dies is ended by the recorder (vg_ring_sweep) as gateway.worker_lost, with those facts.
 *
 * Slot states: FREE → OPEN → ENDING(head) → FREE. The end writes ENDING(head) into the slot, the
 * record at head, then publishes head + length, then FREE. So a slot found ENDING(h) with h below
 * the published head has ended; found with h at the head, or OPEN, it has not. Killed after any
 * instruction, nothing is lost, told twice or torn.
 *
 * The ring file is written by the worker (and, once that is dead, by the recorder in its place);
 * the tail file by the recorder alone, and the worker maps it read-only. Positions count bytes
 * since the file was made and never wrap; a record never lies across the ring's end (a filler
 * with code 0 takes what is left there).
 *
 * Pure: the memory is mapped by others (sys/shm.h). Single writer, single reader.
 */
#ifndef VG_EVENT_RING_H
#define VG_EVENT_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "event/record.h"

#define VG_RING_MAGIC UINT32_C(0x474e5256)
#define VG_RING_LAYOUT UINT32_C(1)
#define VG_SLOT_FACTS ((size_t)1536) /* of a record in a slot */
#define VG_NO_SLOT UINT32_MAX

/* What a ring's files hold is in ring.c; these are handles in a process. */
struct vg_ring_file;
struct vg_ring_tail;

struct vg_ring {
	struct vg_ring_file *file;
	const struct vg_ring_tail *tail; /* of the writer */
	struct vg_ring_tail *tail_rw;    /* of the reader; NULL for a writer */
	uint32_t slots;                  /* checked copies: the file's own are not believed again */
	uint64_t bytes;
	uint32_t free_hint; /* of the writer: no slot before it is free */
	uint32_t open;      /* of the writer: slots that are not FREE */
	uint64_t next;      /* of the reader: where the next record begins */
};

/* How large the files must be for so many slots; at most VG_RING_SLOTS_MAX. */
#define VG_RING_SLOTS_MAX 16384
size_t vg_ring_file_size(uint32_t slots) VG_MUST_CHECK;
size_t vg_ring_tail_size(void) VG_MUST_CHECK;

/*
 * Makes an empty ring in zeroed mappings of those sizes. `id` names this pair of files for ever
 * (random): the log remembers positions by it.
 */
void vg_ring_format(void *file, void *tail, uint32_t slots, uint64_t id);

/* Opens mappings of that size; false where they are none, or of another layout. For the writer
   `tail` may be mapped read-only. After this `open` is right for what the file holds. */
bool vg_ring_open_writer(struct vg_ring *ring, void *file, size_t file_size, const void *tail,
			 size_t tail_size) VG_MUST_CHECK;
bool vg_ring_open_reader(struct vg_ring *ring, void *file, size_t file_size, void *tail,
			 size_t tail_size) VG_MUST_CHECK;

uint64_t vg_ring_id(const struct vg_ring *ring) VG_MUST_CHECK;

/*
 * What the reader lets writers begin: a sink that must not lose a record is too far behind
 * (on_full = deny). It stands in the tail's page, which writers can't change.
 */
enum vg_ring_refuse {
	VG_RING_REFUSE_NONE,
	VG_RING_REFUSE_ACCESS, /* no exchange; handshakes, so that their requests learn why */
	VG_RING_REFUSE_ALL
};

/* Reader. */
void vg_ring_refuse(struct vg_ring *ring, enum vg_ring_refuse what);

/* Writer: an exchange may begin, as far as the reader is concerned. */
bool vg_ring_may_begin(const struct vg_ring *ring) VG_MUST_CHECK;

/*
 * Writer. `facts` is a record of at most VG_SLOT_FACTS bytes. VG_NO_SLOT where the ring is full, or
 * all is refused; who begins an exchange asks vg_ring_may_begin, too.
 */
uint32_t vg_ring_begin(struct vg_ring *ring, const void *facts, size_t len) VG_MUST_CHECK;

/* More facts in place of the first ones: whole before they count. */
void vg_ring_update(struct vg_ring *ring, uint32_t slot, const void *facts, size_t len);

/* The event, a record of at most VG_RECORD_MAX bytes; the slot is free afterwards. */
void vg_ring_end(struct vg_ring *ring, uint32_t slot, const void *record, size_t len);

/* The slot goes with no event: nothing had begun (an idle connection that closes). */
void vg_ring_cancel(struct vg_ring *ring, uint32_t slot);

enum vg_ring_read { VG_RING_RECORD, VG_RING_EMPTY, VG_RING_BAD };

/*
 * Reader: copies the next record into `mem` (VG_RECORD_MAX bytes, aligned to 8), so that the
 * writer can't change it between check and use, and opens it there. *position is where it began,
 * *after where the next one begins. VG_RING_BAD: what stands there is no record (the writer was
 * taken over): skip to vg_ring_head and tell it.
 */
enum vg_ring_read vg_ring_read(struct vg_ring *ring, void *mem, struct vg_record *record,
			       uint64_t *position, uint64_t *after) VG_MUST_CHECK;

/* Reader: everything before `position` is in the log: the writer may use the room again. */
void vg_ring_release(struct vg_ring *ring, uint64_t position);

/* Reader: go on from `position`: what the log says was read. */
void vg_ring_seek(struct vg_ring *ring, uint64_t position);
uint64_t vg_ring_head(const struct vg_ring *ring) VG_MUST_CHECK;

/*
 * For the recorder, while the writer is dead: ends every slot that has not ended, with its facts
 * and the reason gateway.worker_lost at `now`. May itself be killed and done again. Returns how
 * many it ended.
 */
uint32_t vg_ring_sweep(struct vg_ring *ring, int64_t now) VG_MUST_CHECK;

#endif
