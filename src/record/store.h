/*
 * The one durable log of the gateway: what drain.c takes from the rings is appended here before
 * the rings' room is used again, and every sink reads it from its own cursor. Of the recorder
 * alone: a lock in the directory keeps a second one waiting.
 *
 * `seq` counts events over the node's whole life. It survives a kill, since what write(2) took
 * stays; after a power loss, where up to a second may be missing, it jumps ahead, and the caller
 * is told what to tell (`gap`). Each segment begins with the positions of all rings, so that only
 * the newest is scanned at start, and each frame has its ring's: no record is taken twice.
 */
#ifndef VG_RECORD_STORE_H
#define VG_RECORD_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "event/record.h"
#include "record/segment.h"

#define VG_STORE_SEGMENT ((uint64_t)16 << 20)
#define VG_STORE_KEPT 72         /* segments: the largest spool, and what comes while it is full */
#define VG_STORE_SEGMENTS_MAX 80 /* more than are ever kept */
#define VG_STORE_RINGS_MAX 255   /* positions; the ones used longest ago go */
#define VG_STORE_BATCH ((size_t)256 << 10)
#define VG_STORE_SYNC_US INT64_C(1000000)

struct vg_store_ring {
	uint64_t id, after;
};

struct vg_store_gap {
	uint64_t first, last; /* seqs that no event has; first 0: there is no gap */
};

struct vg_store {
	int dir;
	int lock;
	int fd;                                   /* the newest segment */
	uint64_t size;                            /* of it, in whole frames */
	uint32_t salt;                            /* of it */
	uint64_t segment_max;                     /* VG_STORE_SEGMENT, but in tests */
	uint64_t segments[VG_STORE_SEGMENTS_MAX]; /* their names, oldest first */
	uint64_t sizes[VG_STORE_SEGMENTS_MAX];    /* of all but the newest */
	size_t segment_count;
	uint64_t next_seq; /* of the first event of the batch */
	uint64_t boot;     /* the gateway's start */
	uint8_t boot_id[VG_BOOT_ID];
	struct vg_store_ring rings[VG_STORE_RINGS_MAX]; /* the one used last is the last */
	size_t ring_count;
	uint8_t *batch; /* frames not yet written */
	size_t batch_len;
	uint64_t batch_count;
	bool dirty;              /* written, and not yet synced */
	int64_t synced;          /* when, monotonic */
	struct vg_store_gap gap; /* found by vg_store_open: the caller tells it */
};

/*
 * Opens, or makes, `log` in the directory `state`. `boot_id` is the kernel's. Waits up to `wait_ms`
 * for another recorder to end. False, and told in the log, where it can't be used.
 */
bool vg_store_open(struct vg_store *store, int state, const uint8_t boot_id[VG_BOOT_ID],
		   uint64_t boot, unsigned wait_ms) VG_MUST_CHECK;

/* Marks a clean end where all was committed, syncs, and closes. */
void vg_store_close(struct vg_store *store);

/* The position after the last record that came from that ring; false where there is none. */
bool vg_store_position(const struct vg_store *store, uint64_t ring, uint64_t *after) VG_MUST_CHECK;

/* Adds a record to the batch; false where the batch has no room: commit first. */
bool vg_store_add(struct vg_store *store, uint64_t ring, uint64_t after, const void *record,
		  size_t len) VG_MUST_CHECK;

/* True where vg_store_add has room for any record. */
bool vg_store_has_room(const struct vg_store *store) VG_MUST_CHECK;

/*
 * Writes the batch, with one write. False (errno) where it can't: nothing of it counts then, the
 * batch stays, and is tried again with the next call.
 */
bool vg_store_commit(struct vg_store *store) VG_MUST_CHECK;

/* To the disk, where something is new and the last time is a second ago. */
void vg_store_sync(struct vg_store *store, int64_t now);

/* Deletes segments older than `segment`, and what is more than VG_STORE_KEPT; never the newest. */
void vg_store_trim(struct vg_store *store, uint64_t segment);

/* Deletes one segment (its place in `segments`), but never the newest. */
void vg_store_forget(struct vg_store *store, size_t index);

/* A place in the log: where the next event is looked for. */
struct vg_store_place {
	uint64_t segment;
	uint64_t offset;
	uint64_t seq; /* of the next event, if none is missing */
};

struct vg_store_place vg_store_end(const struct vg_store *store) VG_MUST_CHECK;
struct vg_store_place vg_store_begin(const struct vg_store *store) VG_MUST_CHECK;

/* Bytes of the log from one place to a later one; 0 where it is none. */
uint64_t vg_store_distance(const struct vg_store *store, struct vg_store_place from,
			   struct vg_store_place to) VG_MUST_CHECK;

/* An event of the log; the record borrows the reader's memory until its next call. */
struct vg_logged {
	uint64_t seq;
	uint64_t boot;
	struct vg_record record;
};

struct vg_store_reader {
	const struct vg_store *store;
	struct vg_segment_scan scan;
	struct vg_store_place place; /* behind the last event that was read */
};

bool vg_store_reader_init(struct vg_store_reader *reader, const struct vg_store *store)
	VG_MUST_CHECK;
void vg_store_reader_fini(struct vg_store_reader *reader);

/* Goes to a place; where its segment is gone, to the next one that is there. */
void vg_store_seek(struct vg_store_reader *reader, struct vg_store_place place);

/* The next committed event; false at the end, and where the log can't be read (told in the log). */
bool vg_store_read(struct vg_store_reader *reader, struct vg_logged *event) VG_MUST_CHECK;

#endif
