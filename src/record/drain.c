#include "record/drain.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "sys/log.h"

/* Of one ring in a row: a busy worker must not keep the others waiting. */
#define SHARE 64
#define TURNS_MAX 4096 /* more than a ring has batches */

void vg_drain_init(struct vg_drain *drain, struct vg_store *store)
{
	*drain = (struct vg_drain){.store = store};
}

static void let_go(struct vg_drain_ring *ring)
{
	vg_shm_unmap(&ring->file);
	vg_shm_unmap(&ring->tail);
	*ring = (struct vg_drain_ring){0};
}

void vg_drain_fini(struct vg_drain *drain)
{
	for (size_t i = 0; i < VG_DRAIN_RINGS_MAX; i++)
		if (drain->rings[i].used)
			let_go(&drain->rings[i]);
}

static size_t build(uint8_t mem[VG_RECORD_MAX], enum vg_reason reason, struct vg_slice constraint,
		    const struct vg_store_gap *gap, uint64_t dropped, int64_t now)
{
	struct vg_record_writer writer;
	vg_record_begin(&writer, mem, VG_RECORD_MAX);
	vg_record_text(&writer, VG_FIELD_CONSTRAINT, constraint);
	if (gap != NULL && gap->first != 0) {
		vg_record_uint(&writer, VG_FIELD_FIRST, gap->first);
		vg_record_uint(&writer, VG_FIELD_LAST, gap->last);
	}
	if (dropped > 0)
		vg_record_uint(&writer, VG_FIELD_DROPPED, dropped);
	return vg_record_end(&writer, reason, now);
}

static void add(struct vg_drain *drain, enum vg_reason reason, struct vg_slice constraint,
		const uint8_t *mem, size_t len)
{
	if (!vg_store_add(drain->store, 0, 0, mem, len) &&
	    (!vg_store_commit(drain->store) || !vg_store_add(drain->store, 0, 0, mem, len)))
		vg_log(VG_LOG_ERROR, "log: no room for %s: %.*s", vg_reason_row(reason)->word,
		       VG_SLICE_FMT(constraint));
}

void vg_drain_tell(struct vg_drain *drain, enum vg_reason reason, struct vg_slice constraint,
		   const struct vg_store_gap *gap, uint64_t dropped, int64_t now)
{
	_Alignas(8) uint8_t mem[VG_RECORD_MAX];
	add(drain, reason, constraint, mem, build(mem, reason, constraint, gap, dropped, now));
}

/* A text of a message, which ends where its array does. */
static struct vg_slice text_of(const char *text, size_t size)
{
	return vg_slice(text, strnlen(text, size));
}

static void put_digest(struct vg_record_writer *writer, enum vg_field field,
		       const uint8_t digest[32])
{
	static const uint8_t none[32];
	char hex[65];
	if (memcmp(digest, none, sizeof(none)) == 0)
		return;
	vg_hex(hex, digest, 32);
	vg_record_text(writer, field, vg_slice_str(hex));
}

void vg_drain_say(struct vg_drain *drain, enum vg_reason reason, const struct vg_msg_tell *tell,
		  int64_t now)
{
	_Alignas(8) uint8_t mem[VG_RECORD_MAX];
	struct vg_slice constraint = text_of(tell->constraint, sizeof(tell->constraint));
	struct vg_record_writer writer;
	vg_record_begin(&writer, mem, VG_RECORD_MAX);
	vg_record_text(&writer, VG_FIELD_CONSTRAINT, constraint);
	vg_record_text(&writer, VG_FIELD_ACTOR, text_of(tell->actor, sizeof(tell->actor)));
	vg_record_text(&writer, VG_FIELD_REF, text_of(tell->ref, sizeof(tell->ref)));
	put_digest(&writer, VG_FIELD_GEN, tell->gen);
	put_digest(&writer, VG_FIELD_GEN_BEFORE, tell->gen_before);
	add(drain, reason, constraint, mem, vg_record_end(&writer, reason, now));
}

/* Something of a ring was no record, or not the worker's to write: its place in the log says so. */
static void tell_bad(struct vg_drain *drain, struct vg_drain_ring *ring, const char *what,
		     int64_t now)
{
	_Alignas(8) uint8_t mem[VG_RECORD_MAX];
	char text[96];
	(void)snprintf(text, sizeof(text), "worker %u: %s", ring->index, what);
	size_t len = build(mem, VG_REASON_LOG_GAP, vg_slice_str(text), NULL, 1, now);
	VG_ASSERT(vg_store_add(drain->store, vg_ring_id(&ring->ring), ring->ring.next, mem, len));
	if (!ring->told)
		vg_log(VG_LOG_WARNING, "%s: was it taken over?", text);
	ring->told = true;
}

/* What the gateway says of itself, and administration, is never said by a worker. */
static bool is_workers(enum vg_reason reason)
{
	return vg_reason_row(reason)->decision != VG_DECISION_NONE;
}

/*
 * At most SHARE records into the batch. True where there may be more: not after what is no
 * record, or a hostile worker would fill the log with our words.
 */
static bool take(struct vg_drain *drain, struct vg_drain_ring *ring, int64_t now)
{
	_Alignas(8) uint8_t mem[VG_RECORD_MAX];
	struct vg_record record;
	uint64_t position, after;
	for (unsigned n = 0; n < SHARE && vg_store_has_room(drain->store); n++) {
		enum vg_ring_read got = vg_ring_read(&ring->ring, mem, &record, &position, &after);
		if (got == VG_RING_EMPTY)
			return n > 0;
		if (got == VG_RING_BAD) {
			vg_ring_seek(&ring->ring, vg_ring_head(&ring->ring));
			tell_bad(drain, ring, "its ring held no record", now);
			return false;
		}
		if (is_workers(vg_record_reason(&record)))
			VG_ASSERT(vg_store_add(drain->store, vg_ring_id(&ring->ring), after, mem,
					       record.head.len));
		else
			tell_bad(drain, ring, "a record that no worker writes", now);
	}
	return true;
}

static bool commit(struct vg_drain *drain)
{
	bool ok = vg_store_commit(drain->store);
	if (!ok && !drain->failing)
		vg_log(VG_LOG_ERROR, "log: can't be written, events wait in their rings: %m");
	if (ok && drain->failing)
		vg_log(VG_LOG_INFO, "log: can be written again");
	drain->failing = !ok;
	return ok;
}

static void release(struct vg_drain *drain)
{
	for (size_t i = 0; i < VG_DRAIN_RINGS_MAX; i++) {
		struct vg_drain_ring *ring = &drain->rings[i];
		if (!ring->used || ring->released == ring->ring.next)
			continue;
		vg_ring_release(&ring->ring, ring->ring.next);
		ring->released = ring->ring.next;
	}
}

bool vg_drain_turn(struct vg_drain *drain, int64_t now)
{
	bool any = false, more = !drain->failing;
	while (more && vg_store_has_room(drain->store)) {
		more = false;
		for (size_t i = 0; i < VG_DRAIN_RINGS_MAX; i++)
			if (drain->rings[i].used)
				more |= take(drain, &drain->rings[i], now);
		any |= more;
	}
	if (!commit(drain))
		return false;
	release(drain);
	return any;
}

void vg_drain_recover(struct vg_drain *drain, struct vg_drain_ring *ring, int64_t now)
{
	uint32_t ended = 0, swept;
	/* First what it ended itself; a ring that holds no records is skipped, not swept into. */
	for (unsigned i = 0; i < TURNS_MAX && vg_drain_turn(drain, now); i++)
		;
	do {
		swept = vg_ring_sweep(&ring->ring, now);
		ended += swept;
		for (unsigned i = 0; i < TURNS_MAX && vg_drain_turn(drain, now); i++)
			;
	} while (swept > 0 && !drain->failing);
	if (ended > 0)
		vg_log(VG_LOG_WARNING, "worker %u left %u exchanges or handshakes open",
		       ring->index, ended);
}

static struct vg_drain_ring *place_for(struct vg_drain *drain, uint32_t index)
{
	struct vg_drain_ring *free = NULL;
	for (size_t i = 0; i < VG_DRAIN_RINGS_MAX; i++) {
		struct vg_drain_ring *ring = &drain->rings[i];
		if (ring->used && ring->index == index)
			return ring;
		if (!ring->used && free == NULL)
			free = ring;
	}
	return free;
}

static bool open_ring(const struct vg_drain *drain, struct vg_drain_ring *ring, int file_fd,
		      int tail_fd)
{
	uint64_t after;
	if (!vg_shm_map(&ring->file, file_fd, true) || !vg_shm_map(&ring->tail, tail_fd, true) ||
	    !vg_ring_open_reader(&ring->ring, ring->file.mem, ring->file.size, ring->tail.mem,
				 ring->tail.size))
		return false;
	ring->released = ring->ring.next;
	/* Killed between append and release, the log is ahead of the tail. */
	if (vg_store_position(drain->store, vg_ring_id(&ring->ring), &after) &&
	    after - ring->released <= vg_ring_head(&ring->ring) - ring->released)
		vg_ring_seek(&ring->ring, after);
	return true;
}

struct vg_drain_ring *vg_drain_add(struct vg_drain *drain, uint32_t index, int file_fd, int tail_fd)
{
	struct vg_drain_ring fresh = {.used = true, .index = index};
	struct vg_drain_ring *place = place_for(drain, index);
	if (place == NULL || !open_ring(drain, &fresh, file_fd, tail_fd)) {
		vg_log(VG_LOG_ERROR, "worker %u: its ring can't be used", index);
		let_go(&fresh);
		return NULL;
	}
	/* The ring that we have already: its reader may be ahead of what is released. */
	if (place->used && vg_ring_id(&place->ring) == vg_ring_id(&fresh.ring)) {
		let_go(&fresh);
		return place;
	}
	if (place->used)
		let_go(place);
	*place = fresh;
	vg_ring_refuse(&place->ring, drain->refuse);
	return place;
}

void vg_drain_refuse(struct vg_drain *drain, enum vg_ring_refuse what)
{
	if (drain->refuse == what)
		return;
	drain->refuse = what;
	for (size_t i = 0; i < VG_DRAIN_RINGS_MAX; i++)
		if (drain->rings[i].used)
			vg_ring_refuse(&drain->rings[i].ring, what);
}
