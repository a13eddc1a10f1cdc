#include "record/sink.h"

#include <errno.h>
#include <stdio.h>

#include "sys/file.h"
#include "sys/log.h"

#define WAIT_MIN_US INT64_C(200000)
#define WAIT_MAX_US INT64_C(5000000)
#define READS_MAX 1024 /* of one turn: most events may be for others */

static const struct vg_sink_ops *const kinds[] = {
#define VG_SINK(NAME, scheme, ops) [VG_SINK_##NAME] = &(ops),
#include "record/sink.def"
#undef VG_SINK
};

_Static_assert(VG_COUNT(kinds) == VG_SINK_KINDS, "a row for each kind of the image");

bool vg_sink_open(struct vg_sink *sink, const struct vg_image *image, const struct vg_img_sink *row,
		  const struct vg_format_env *env, int cursors, const struct vg_store *store)
{
	*sink = (struct vg_sink){.image = image,
				 .row = row,
				 .name = vg_img_str(image, row->name),
				 .env = *env,
				 .cursor.fd = -1,
				 .fd = -1,
				 .wait = WAIT_MIN_US};
	sink->env.facility = row->facility;
	sink->env.head = row->head;
	sink->env.identifiers = row->identifiers;
	sink->env.fields = row->fields;
	if (!vg_store_reader_init(&sink->reader, store) ||
	    !vg_cursor_open(&sink->cursor, cursors, sink->name, store)) {
		vg_log(VG_LOG_ERROR, "sink %.*s: no cursor: %m", VG_SLICE_FMT(sink->name));
		return false;
	}
	vg_store_seek(&sink->reader, sink->cursor.place);
	vg_flight_begin(&sink->flight, sink->cursor.place);
	sink->ops = kinds[row->kind];
	if (!sink->ops->open(sink))
		vg_sink_failed(sink);
	return true;
}

void vg_sink_reach(struct vg_reach *reach, const struct vg_image *image,
		   const struct vg_img_sink *row)
{
	const struct vg_sink_ops *ops = kinds[row->kind];
	if (ops->reach != NULL && !ops->reach(reach, image, row))
		vg_log(VG_LOG_WARNING,
		       "sink %.*s: its folder can't be reached before a reload "
		       "finds it: %m",
		       VG_SLICE_FMT(vg_img_str(image, row->name)));
}

/* What the next one need not repeat. */
static void save(struct vg_sink *sink)
{
	struct vg_store_place safe = vg_flight_safe(&sink->flight, sink->now);
	if (safe.seq != sink->cursor.saved.seq || safe.offset != sink->cursor.saved.offset)
		vg_cursor_save(&sink->cursor, safe);
}

void vg_sink_close(struct vg_sink *sink)
{
	/* All has arrived, and nothing broke: then the next one has nothing to repeat. */
	if (sink->ops != NULL && sink->ops->arrived != NULL && sink->fd >= 0 &&
	    sink->ops->arrived(sink) >= sink->written && sink->partial == 0)
		vg_cursor_save(&sink->cursor, sink->cursor.place);
	sink->ops = NULL;
	vg_fd_close(&sink->fd);
	vg_cursor_close(&sink->cursor);
	vg_store_reader_fini(&sink->reader);
}

void vg_sink_failed(struct vg_sink *sink)
{
	sink->error = errno;
	if (!sink->failing)
		vg_log(VG_LOG_WARNING, "sink %.*s: takes nothing, it is tried again: %m",
		       VG_SLICE_FMT(sink->name));
	sink->failing = true;
}

void vg_sink_works(struct vg_sink *sink)
{
	if (sink->failing)
		vg_log(VG_LOG_INFO, "sink %.*s: works again", VG_SLICE_FMT(sink->name));
	sink->failing = false;
	sink->wait = WAIT_MIN_US;
}

void vg_sink_broke(struct vg_sink *sink)
{
	vg_sink_failed(sink);
	vg_fd_close(&sink->fd);
	sink->partial = 0;
	sink->connecting = false;
	sink->cursor.place = vg_flight_safe(&sink->flight, sink->now);
	vg_flight_begin(&sink->flight, sink->cursor.place);
	vg_store_seek(&sink->reader, sink->cursor.place);
}

/* To what was handed over, or is for others. */
static void move(struct vg_sink *sink, struct vg_store_place place)
{
	if (sink->ops->arrived == NULL) {
		vg_cursor_move(&sink->cursor, place);
		return;
	}
	sink->cursor.place = place;
	if (sink->fd >= 0)
		vg_flight_sent(&sink->flight, place, sink->written, sink->now);
	else
		vg_flight_begin(&sink->flight, place);
}

static bool is_for(const struct vg_sink *sink, const struct vg_logged *event)
{
	return sink->row->events >> event->record.head.code / 1000 & 1;
}

/* Behind its last event that is for it: only what was dropped comes there. */
static bool at_hole(const struct vg_sink *sink)
{
	const struct vg_store_place *hole = &sink->cursor.hole;
	return hole->seq != 0 && sink->reader.place.seq >= hole->seq;
}

/* How many messages; *any: something was read at all. */
static size_t fill(struct vg_sink *sink, struct vg_sink_batch *batch, bool *any)
{
	struct vg_logged event;
	size_t count = 0;
	*any = false;
	batch->first = sink->reader.place;
	for (unsigned reads = 0; reads < READS_MAX && count < VG_SINK_BATCH && !at_hole(sink) &&
				 vg_store_read(&sink->reader, &event);
	     reads++) {
		*any = true;
		if (is_for(sink, &event)) {
			char *text = batch->text[count];
			size_t len = vg_format_write((enum vg_format)sink->row->format, text,
						     &sink->env, &event);
			batch->messages[count++] = vg_slice(text, len);
		}
		if (count == 0)
			batch->first = sink->reader.place;
		else
			batch->after[count - 1] = sink->reader.place;
	}
	return count;
}

/* Longer and longer while it doesn't even open; what only has no room now is asked again soon. */
static void postpone(struct vg_sink *sink)
{
	if (!sink->failing)
		return;
	sink->not_before = sink->now + (sink->fd < 0 ? sink->wait : WAIT_MIN_US);
	sink->wait *= sink->fd < 0 ? 2 : 1;
	if (sink->wait > WAIT_MAX_US)
		sink->wait = WAIT_MAX_US;
}

/* The batch stays in the log; what stands before it was for others. */
static void put_back(struct vg_sink *sink, const struct vg_sink_batch *batch)
{
	if (sink->partial == 0 && batch->first.seq > sink->cursor.place.seq)
		move(sink, batch->first);
	vg_store_seek(&sink->reader, sink->cursor.place);
}

bool vg_sink_turn(struct vg_sink *sink, struct vg_sink_batch *batch, int64_t now)
{
	bool any;
	sink->now = now;
	if (now < sink->not_before)
		return false;
	size_t count = fill(sink, batch, &any);
	if (count == 0) {
		if (any)
			move(sink, sink->reader.place);
		return any;
	}
	if (sink->fd < 0 && !sink->ops->open(sink)) {
		vg_sink_failed(sink);
		put_back(sink, batch);
		postpone(sink);
		return false;
	}
	size_t taken = sink->ops->send(sink, batch->messages, count);
	VG_ASSERT(taken <= count);
	if (taken > 0)
		move(sink, batch->after[taken - 1]);
	if (taken == count)
		return true;
	/* One that broke has gone back by itself. */
	if (taken == 0 && sink->fd >= 0)
		put_back(sink, batch);
	else
		vg_store_seek(&sink->reader, sink->cursor.place);
	postpone(sink);
	return false;
}

void vg_sink_tick(struct vg_sink *sink, int64_t now)
{
	sink->now = now;
	if (sink->ops->tick != NULL)
		sink->ops->tick(sink);
	if (sink->ops->arrived == NULL)
		return;
	if (sink->fd >= 0)
		vg_flight_arrived(&sink->flight, sink->ops->arrived(sink), now);
	save(sink);
}

void vg_sink_status(const struct vg_sink *sink, struct vg_status_sink *status)
{
	const struct vg_store *store = sink->reader.store;
	struct vg_store_place end = vg_store_end(store);
	*status = (struct vg_status_sink){
		.format = sink->row->format, .failing = sink->failing, .error = sink->error};
	(void)snprintf(status->name, sizeof(status->name), "%.*s", VG_SLICE_FMT(sink->name));
	if (end.seq > sink->cursor.place.seq) {
		status->events = end.seq - sink->cursor.place.seq;
		status->bytes = vg_store_distance(store, sink->cursor.place, end);
	}
}

bool vg_sink_is_done(const struct vg_sink *sink)
{
	return sink->cursor.place.seq >= sink->reader.store->next_seq;
}

ssize_t vg_sink_stream(struct vg_sink *sink, struct iovec *parts, size_t count,
		       ssize_t (*put)(int fd, struct iovec *parts, size_t count))
{
	struct iovec rest[VG_SINK_PARTS * VG_SINK_BATCH];
	size_t used = 0, skip = sink->partial, taken = 0;
	for (size_t i = 0; i < VG_SINK_PARTS * count; i++) {
		size_t gone = skip < parts[i].iov_len ? skip : parts[i].iov_len;
		skip -= gone;
		if (gone < parts[i].iov_len)
			rest[used++] = (struct iovec){(char *)parts[i].iov_base + gone,
						      parts[i].iov_len - gone};
	}
	VG_ASSERT(skip == 0);
	ssize_t n;
	do
		n = put(sink->fd, rest, used);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -1;
	sink->written += (uint64_t)n;
	size_t bytes = sink->partial + (size_t)n;
	while (taken < count) {
		const struct iovec *two = &parts[VG_SINK_PARTS * taken];
		if (bytes < two[0].iov_len + two[1].iov_len)
			break;
		bytes -= two[0].iov_len + two[1].iov_len;
		taken++;
	}
	sink->partial = bytes;
	return (ssize_t)taken;
}
