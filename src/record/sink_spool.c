/*
 * A sink that is too far behind. What waits for it lies in the log, which others read, too: a
 * spool is how many bytes of it may lie before the sink's cursor and the log's end.
 */
#include "record/sink.h"

#include "sys/file.h"
#include "sys/log.h"

#define JUMP_READS 8192             /* of one turn */
#define BEYOND ((uint64_t)16 << 20) /* what handshakes may still tell while requests are refused */

/* What waits; behind a hole nothing does. */
static uint64_t lag(const struct vg_sink *sink)
{
	const struct vg_store *store = sink->reader.store;
	struct vg_store_place to = sink->cursor.hole.seq != 0 ? sink->cursor.hole
							      : vg_store_end(store);
	return vg_store_distance(store, sink->cursor.place, to);
}

/* Drops enough that it doesn't happen for each event anew. */
static bool drop_oldest(struct vg_sink *sink, struct vg_store_gap *gap, struct vg_store_place *next)
{
	const struct vg_store *store = sink->reader.store;
	struct vg_store_place from = sink->cursor.place;
	uint64_t enough = sink->row->spool - sink->row->spool / 4;
	struct vg_logged event;
	if (lag(sink) <= sink->row->spool)
		return false;
	vg_store_seek(&sink->reader, from);
	for (unsigned reads = 0; reads < JUMP_READS && vg_store_read(&sink->reader, &event);
	     reads++)
		if (vg_store_distance(store, sink->reader.place, vg_store_end(store)) <= enough)
			break;
	*next = sink->reader.place;
	vg_store_seek(&sink->reader, from);
	*gap = (struct vg_store_gap){from.seq, next->seq - 1};
	return next->seq > from.seq;
}

/* From now on nothing more is for it; once it has what waits, it goes on with what is new then. */
static bool drop_newest(struct vg_sink *sink, struct vg_store_gap *gap, struct vg_store_place *next)
{
	struct vg_cursor *cursor = &sink->cursor;
	if (cursor->hole.seq == 0 && lag(sink) > sink->row->spool) {
		cursor->hole = vg_store_end(sink->reader.store);
		vg_cursor_save(cursor, cursor->saved);
		vg_log(VG_LOG_WARNING, "sink %.*s: its spool is full, what is new is dropped",
		       VG_SLICE_FMT(sink->name));
	}
	if (cursor->hole.seq == 0 || cursor->place.seq < cursor->hole.seq)
		return false;
	*next = vg_store_end(sink->reader.store);
	*gap = (struct vg_store_gap){cursor->hole.seq, next->seq - 1};
	if (next->seq > cursor->hole.seq)
		return true;
	vg_sink_jump(sink, *next); /* nothing had come meanwhile */
	return false;
}

static enum vg_ring_refuse refuse_at(const struct vg_sink *sink, uint64_t bytes)
{
	uint64_t spool = sink->row->spool;
	bool refuses = sink->refuses != VG_RING_REFUSE_NONE;
	if (bytes > spool + BEYOND)
		return VG_RING_REFUSE_ALL;
	/* Not on and off with each event. */
	return bytes > (refuses ? spool - spool / 8 : spool) ? VG_RING_REFUSE_ACCESS
							     : VG_RING_REFUSE_NONE;
}

static void deny(struct vg_sink *sink)
{
	enum vg_ring_refuse refuses = refuse_at(sink, lag(sink));
	bool before = sink->refuses != VG_RING_REFUSE_NONE, after = refuses != VG_RING_REFUSE_NONE;
	if (before != after)
		vg_log(after ? VG_LOG_ERROR : VG_LOG_INFO, "sink %.*s: %s",
		       VG_SLICE_FMT(sink->name),
		       after ? "its spool is full, requests are refused"
			     : "its spool has room, requests are taken again");
	sink->refuses = refuses;
}

bool vg_sink_limit(struct vg_sink *sink, struct vg_store_gap *gap, struct vg_store_place *next)
{
	switch ((enum vg_on_full)sink->row->on_full) {
	case VG_FULL_DROP_OLDEST:
		return drop_oldest(sink, gap, next);
	case VG_FULL_DROP_NEWEST:
		return drop_newest(sink, gap, next);
	case VG_FULL_DENY:
	case VG_FULLS:
		deny(sink);
		break;
	}
	return false;
}

void vg_sink_jump(struct vg_sink *sink, struct vg_store_place next)
{
	/* Half of a message is out: what comes next must not run into it. */
	if (sink->partial > 0)
		vg_fd_close(&sink->fd);
	sink->partial = 0;
	sink->cursor.hole = (struct vg_store_place){0};
	vg_store_seek(&sink->reader, next);
	vg_flight_begin(&sink->flight, next);
	vg_cursor_move(&sink->cursor, next);
}

bool vg_sink_skip(struct vg_sink *sink, struct vg_store_gap *gap)
{
	uint64_t oldest = sink->reader.store->segments[0];
	struct vg_store_place place = sink->cursor.place;
	if (place.segment >= oldest)
		return false;
	*gap = (struct vg_store_gap){place.seq, oldest - 1};
	bool missing = place.seq < oldest;
	vg_store_seek(&sink->reader, place);
	place = sink->reader.place;
	if (missing)
		place.seq = oldest;
	vg_sink_jump(sink, place);
	return missing;
}

bool vg_sink_needs(const struct vg_sink *sink, uint64_t segment)
{
	const struct vg_cursor *cursor = &sink->cursor;
	return segment >= cursor->saved.segment &&
	       (cursor->hole.seq == 0 || segment <= cursor->hole.segment);
}
