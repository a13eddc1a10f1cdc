#include "record/store.h"

#include <stdlib.h>
#include <sys/stat.h>

#include "sys/log.h"

struct vg_store_place vg_store_begin(const struct vg_store *store)
{
	return (struct vg_store_place){.segment = store->segments[0], .seq = store->segments[0]};
}

struct vg_store_place vg_store_end(const struct vg_store *store)
{
	return (struct vg_store_place){.segment = store->segments[store->segment_count - 1],
				       .offset = store->size,
				       .seq = store->next_seq};
}

bool vg_store_reader_init(struct vg_store_reader *reader, const struct vg_store *store)
{
	*reader = (struct vg_store_reader){.store = store, .scan.fd = -1};
	reader->scan.window = malloc(VG_SEGMENT_WINDOW);
	reader->place = vg_store_begin(store);
	return reader->scan.window != NULL;
}

void vg_store_reader_fini(struct vg_store_reader *reader)
{
	vg_segment_close(&reader->scan);
	free(reader->scan.window);
	reader->scan.window = NULL;
}

/* The oldest segment that is not before `segment`; the newest where there is none. */
static size_t index_of(const struct vg_store *store, uint64_t segment)
{
	size_t i = 0;
	while (i + 1 < store->segment_count && store->segments[i] < segment)
		i++;
	return i;
}

uint64_t vg_store_distance(const struct vg_store *store, struct vg_store_place from,
			   struct vg_store_place to)
{
	uint64_t bytes = 0;
	for (size_t i = 0; i < store->segment_count; i++) {
		uint64_t segment = store->segments[i];
		bool newest = i + 1 == store->segment_count;
		uint64_t begin = segment == from.segment ? from.offset : 0;
		uint64_t end = newest ? store->size : store->sizes[i];
		if (segment == to.segment)
			end = to.offset;
		if (segment >= from.segment && segment <= to.segment && end > begin)
			bytes += end - begin;
	}
	return bytes;
}

void vg_store_seek(struct vg_store_reader *reader, struct vg_store_place place)
{
	vg_segment_close(&reader->scan);
	uint64_t there = reader->store->segments[index_of(reader->store, place.segment)];
	if (there != place.segment)
		place = (struct vg_store_place){.segment = there, .seq = place.seq};
	reader->place = place;
}

static bool open_place(struct vg_store_reader *reader)
{
	enum vg_segment_status status = vg_segment_open(&reader->scan, reader->store->dir,
							reader->place.segment);
	if (status != VG_SEGMENT_OK) {
		vg_segment_close(&reader->scan);
		return false;
	}
	if (reader->place.offset > reader->scan.offset)
		reader->scan.offset = reader->place.offset;
	return true;
}

static uint64_t limit_of(const struct vg_store_reader *reader)
{
	const struct vg_store *store = reader->store;
	if (reader->place.segment == store->segments[store->segment_count - 1])
		return store->size;
	struct stat st;
	return fstat(reader->scan.fd, &st) == 0 ? (uint64_t)st.st_size : 0;
}

/* To the begin of the next segment; false where this is the newest. */
static bool next_segment(struct vg_store_reader *reader)
{
	const struct vg_store *store = reader->store;
	size_t i = index_of(store, reader->place.segment);
	if (i + 1 == store->segment_count)
		return false;
	vg_segment_close(&reader->scan);
	reader->place.segment = store->segments[i + 1];
	reader->place.offset = 0;
	return true;
}

bool vg_store_read(struct vg_store_reader *reader, struct vg_logged *event)
{
	for (;;) {
		uint64_t segment = reader->place.segment;
		if (reader->scan.fd < 0 && !open_place(reader)) {
			if (!next_segment(reader))
				return false;
			vg_log(VG_LOG_ERROR, "log: segment %016llx can't be read",
			       (unsigned long long)segment);
			continue;
		}
		const struct vg_frame *frame;
		enum vg_segment_status status = vg_segment_next(&reader->scan, limit_of(reader),
								&frame);
		if (status != VG_SEGMENT_OK) {
			if (status == VG_SEGMENT_ERROR || !next_segment(reader))
				return false;
			continue;
		}
		reader->place.offset = reader->scan.offset;
		if (frame->kind != VG_FRAME_EVENT ||
		    !vg_record_open(&event->record, frame + 1, frame->len - sizeof(*frame)))
			continue;
		event->seq = frame->seq;
		event->boot = frame->boot;
		reader->place.seq = frame->seq + 1;
		return true;
	}
}
