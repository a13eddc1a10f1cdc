#include "record/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "record/store_file.h"
#include "sys/entropy.h"
#include "sys/file.h"
#include "sys/log.h"

/* All at one place: after a failure the next try writes over what a short write left. */
static bool write_at(int fd, const void *bytes, size_t len, uint64_t offset)
{
	const char *at = bytes;
	while (len > 0) {
		ssize_t n = pwrite(fd, at, len, (off_t)offset);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		at += n;
		len -= (size_t)n;
		offset += (uint64_t)n;
	}
	return true;
}

static struct vg_frame *frame_at(void *at)
{
	return at;
}

bool vg_store_position(const struct vg_store *store, uint64_t ring, uint64_t *after)
{
	for (size_t i = 0; i < store->ring_count; i++)
		if (store->rings[i].id == ring) {
			*after = store->rings[i].after;
			return true;
		}
	return false;
}

void vg_store_moved(struct vg_store *store, uint64_t ring, uint64_t after)
{
	struct vg_store_ring *rings = store->rings;
	size_t at = 0;
	if (ring == 0)
		return;
	while (at < store->ring_count && rings[at].id != ring)
		at++;
	if (at < store->ring_count) {
		store->ring_count--;
	} else if (store->ring_count == VG_STORE_RINGS_MAX) {
		store->ring_count--;
		at = 0;
	}
	memmove(rings + at, rings + at + 1, (store->ring_count - at) * sizeof(*rings));
	rings[store->ring_count++] = (struct vg_store_ring){ring, after};
}

/* Head and positions: what each segment begins with. */
static size_t make_begin(const struct vg_store *store, uint8_t *mem, uint32_t salt)
{
	struct vg_segment_head head;
	vg_segment_make(&head, store->next_seq, store->boot_id, salt);
	memcpy(mem, &head, sizeof(head));

	struct vg_frame *frame = frame_at(mem + sizeof(head));
	*frame = (struct vg_frame){
		.kind = VG_FRAME_POSITIONS, .seq = store->next_seq, .boot = store->boot};
	struct vg_frame_position *positions = (void *)(frame + 1);
	for (size_t i = 0; i < store->ring_count; i++)
		positions[i] = (struct vg_frame_position){store->rings[i].id,
							  store->rings[i].after};
	vg_frame_seal(frame, store->ring_count * sizeof(*positions), salt);
	return sizeof(head) + frame->len;
}

static void remember_segment(struct vg_store *store, uint64_t segment)
{
	if (store->segment_count > 0 && store->segments[store->segment_count - 1] == segment)
		return;
	VG_ASSERT(store->segment_count < VG_STORE_SEGMENTS_MAX);
	if (store->segment_count > 0)
		store->sizes[store->segment_count - 1] = store->size;
	store->segments[store->segment_count++] = segment;
}

bool vg_store_new_segment(struct vg_store *store)
{
	_Alignas(8) uint8_t mem[sizeof(struct vg_segment_head) + VG_FRAME_MAX];
	char name[VG_SEGMENT_NAME];
	uint32_t salt;
	vg_store_trim(store, 0);
	vg_entropy(&salt, sizeof(salt));
	size_t len = make_begin(store, mem, salt);
	vg_segment_name(name, store->next_seq);
	/* One of this name holds no event, or next_seq would be past it. */
	int fd = openat(store->dir, name, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW,
			0600);
	if (fd < 0)
		return false;
	if (!write_at(fd, mem, len, 0) || fsync(fd) != 0 || fsync(store->dir) != 0) {
		int saved = errno;
		(void)unlinkat(store->dir, name, 0);
		vg_fd_close(&fd);
		errno = saved;
		return false;
	}
	vg_fd_close(&store->fd);
	store->fd = fd;
	store->salt = salt;
	remember_segment(store, store->next_seq);
	store->size = len;
	return true;
}

bool vg_store_has_room(const struct vg_store *store)
{
	return VG_STORE_BATCH - store->batch_len >= VG_FRAME_MAX;
}

bool vg_store_add(struct vg_store *store, uint64_t ring, uint64_t after, const void *record,
		  size_t len)
{
	if (!vg_store_has_room(store))
		return false;
	struct vg_frame *frame = frame_at(store->batch + store->batch_len);
	*frame = (struct vg_frame){.kind = VG_FRAME_EVENT,
				   .seq = store->next_seq + store->batch_count,
				   .ring = ring,
				   .after = after,
				   .boot = store->boot};
	memcpy(frame + 1, record, len);
	frame->len = (uint32_t)(sizeof(*frame) + len);
	store->batch_len += frame->len;
	store->batch_count++;
	return true;
}

/* Checksums late: a new segment has another salt. */
static void seal_batch(struct vg_store *store)
{
	for (size_t at = 0; at < store->batch_len;) {
		struct vg_frame *frame = frame_at(store->batch + at);
		vg_frame_seal(frame, frame->len - sizeof(*frame), store->salt);
		at += frame->len;
	}
}

static void count_batch(struct vg_store *store)
{
	for (size_t at = 0; at < store->batch_len;) {
		const struct vg_frame *frame = frame_at(store->batch + at);
		vg_store_moved(store, frame->ring, frame->after);
		at += frame->len;
	}
	store->size += store->batch_len;
	store->next_seq += store->batch_count;
	store->batch_len = 0;
	store->batch_count = 0;
	store->dirty = true;
}

/* Frames that don't count must not be found later, behind the others. */
static void cut_short_write(const struct vg_store *store)
{
	int saved = errno;
	if (ftruncate(store->fd, (off_t)store->size) != 0)
		vg_log(VG_LOG_ERROR, "log: a short write can't be cut off: %m");
	errno = saved;
}

static bool end_segment(const struct vg_store *store)
{
	return ftruncate(store->fd, (off_t)store->size) == 0 && fdatasync(store->fd) == 0;
}

bool vg_store_commit(struct vg_store *store)
{
	if (store->batch_len == 0)
		return true;
	bool has_events = store->segments[store->segment_count - 1] < store->next_seq;
	if (store->size + store->batch_len > store->segment_max && has_events) {
		if (!end_segment(store) || !vg_store_new_segment(store))
			return false;
	}
	seal_batch(store);
	if (!write_at(store->fd, store->batch, store->batch_len, store->size)) {
		cut_short_write(store);
		return false;
	}
	count_batch(store);
	return true;
}

void vg_store_sync(struct vg_store *store, int64_t now)
{
	if (!store->dirty || now - store->synced < VG_STORE_SYNC_US)
		return;
	store->synced = now;
	if (fdatasync(store->fd) == 0)
		store->dirty = false;
	else
		vg_log(VG_LOG_ERROR, "log: the disk doesn't take it: %m");
}

void vg_store_forget(struct vg_store *store, size_t index)
{
	char name[VG_SEGMENT_NAME];
	VG_ASSERT(index + 1 < store->segment_count);
	vg_segment_name(name, store->segments[index]);
	if (unlinkat(store->dir, name, 0) != 0 && errno != ENOENT)
		vg_log(VG_LOG_ERROR, "log: %s can't be deleted: %m", name);
	store->segment_count--;
	size_t behind = store->segment_count - index;
	memmove(store->segments + index, store->segments + index + 1,
		behind * sizeof(store->segments[0]));
	memmove(store->sizes + index, store->sizes + index + 1, behind * sizeof(store->sizes[0]));
}

void vg_store_trim(struct vg_store *store, uint64_t segment)
{
	while (store->segment_count > 1 &&
	       (store->segments[0] < segment || store->segment_count > VG_STORE_KEPT))
		vg_store_forget(store, 0);
}

static void mark_closed(struct vg_store *store)
{
	struct vg_frame frame = {
		.kind = VG_FRAME_CLOSE, .seq = store->next_seq, .boot = store->boot};
	vg_frame_seal(&frame, 0, store->salt);
	if (write_at(store->fd, &frame, sizeof(frame), store->size))
		store->size += sizeof(frame);
}

void vg_store_close(struct vg_store *store)
{
	/* Synced before it is marked: the mark says that nothing is missing. */
	if (store->fd >= 0 && vg_store_commit(store) && fdatasync(store->fd) == 0) {
		mark_closed(store);
		(void)fdatasync(store->fd);
	}
	vg_fd_close(&store->fd);
	vg_fd_close(&store->lock);
	vg_fd_close(&store->dir);
	free(store->batch);
	store->batch = NULL;
}
