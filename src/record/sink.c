#include "record/sink.h"

#include "sys/file.h"
#include "sys/log.h"

#define RETRY_US INT64_C(200000)

static const struct vg_sink_ops *const kinds[] = {
#define VG_SINK(NAME, scheme, ops) [VG_SINK_##NAME] = &(ops),
#include "record/sink.def"
#undef VG_SINK
};

_Static_assert(VG_COUNT(kinds) == VG_SINK_KINDS, "a row for each kind of the image");

bool vg_sink_open(struct vg_sink *sink, const struct vg_image *image,
		  const struct vg_img_sink *row, const struct vg_format_env *env, int cursors,
		  const struct vg_store *store)
{
	*sink = (struct vg_sink){.image = image,
				 .row = row,
				 .name = vg_img_str(image, row->name),
				 .env = *env,
				 .cursor.fd = -1,
				 .fd = -1};
	sink->env.facility = row->facility;
	if (!vg_store_reader_init(&sink->reader, store) ||
	    !vg_cursor_open(&sink->cursor, cursors, sink->name, store)) {
		vg_log(VG_LOG_ERROR, "sink %.*s: no cursor: %m", VG_SLICE_FMT(sink->name));
		return false;
	}
	vg_store_seek(&sink->reader, sink->cursor.place);
	sink->ops = kinds[row->kind];
	if (!sink->ops->open(sink))
		vg_sink_failed(sink);
	return true;
}

void vg_sink_close(struct vg_sink *sink)
{
	sink->ops = NULL;
	vg_fd_close(&sink->fd);
	vg_cursor_close(&sink->cursor);
	vg_store_reader_fini(&sink->reader);
}

void vg_sink_failed(struct vg_sink *sink)
{
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
}

static size_t fill(struct vg_sink *sink, struct vg_sink_batch *batch)
{
	struct vg_logged event;
	size_t count = 0;
	while (count < VG_SINK_BATCH && vg_store_read(&sink->reader, &event)) {
		char *text = batch->text[count];
		size_t len = vg_format_write((enum vg_format)sink->row->format, text, &sink->env,
					     &event);
		batch->messages[count] = vg_slice(text, len);
		batch->after[count++] = sink->reader.place;
	}
	return count;
}

bool vg_sink_turn(struct vg_sink *sink, struct vg_sink_batch *batch, int64_t now)
{
	if (now < sink->not_before)
		return false;
	if (sink->fd < 0 && !sink->ops->open(sink)) {
		vg_sink_failed(sink);
		sink->not_before = now + RETRY_US;
		return false;
	}
	size_t count = fill(sink, batch);
	if (count == 0)
		return false;
	size_t taken = sink->ops->send(sink, batch->messages, count);
	VG_ASSERT(taken <= count);
	if (taken > 0)
		vg_cursor_move(&sink->cursor, batch->after[taken - 1]);
	if (taken == count)
		return true;
	vg_store_seek(&sink->reader, sink->cursor.place);
	sink->not_before = now + RETRY_US;
	return false;
}

bool vg_sink_is_done(const struct vg_sink *sink)
{
	return sink->cursor.place.seq >= sink->reader.store->next_seq;
}

bool vg_sink_skip(struct vg_sink *sink, struct vg_store_gap *gap)
{
	uint64_t oldest = sink->reader.store->segments[0];
	struct vg_store_place place = sink->cursor.place;
	if (place.segment >= oldest)
		return false;
	vg_store_seek(&sink->reader, place);
	place = sink->reader.place;
	*gap = (struct vg_store_gap){place.seq, oldest - 1};
	bool missing = place.seq < oldest;
	if (missing)
		place.seq = oldest;
	sink->partial = 0;
	sink->reader.place = place;
	vg_cursor_move(&sink->cursor, place);
	return missing;
}
