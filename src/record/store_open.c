/* Recovery: what a killed recorder, or a power loss, left of the log. */
#include "config.h"

#include "record/store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "record/store_file.h"
#include "sys/file.h"
#include "sys/log.h"

/* More than a gateway can tell in the second that a power loss may cost. */
#define JUMP UINT64_C(1000000)

/* Of the open file, not of the process: it goes when we do, however that comes. */
static bool lock(struct vg_store *store, unsigned wait_ms)
{
	struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	store->lock = openat(store->dir, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	for (unsigned waited = 0; store->lock >= 0; waited += 10) {
		if (fcntl(store->lock, F_OFD_SETLK, &whole) == 0)
			return true;
		if (errno != EAGAIN || waited >= wait_ms)
			return false;
		struct timespec ts = {.tv_nsec = 10000000};
		(void)nanosleep(&ts, NULL);
	}
	return false;
}

static int compare(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;
	return *x < *y ? -1 : *x > *y;
}

/* The newest ones where there are more than the store has places for. */
static void insert(struct vg_store *store, uint64_t segment)
{
	/* One place stays free for the segment that is made next. */
	if (store->segment_count == VG_STORE_SEGMENTS_MAX - 1) {
		qsort(store->segments, store->segment_count, sizeof(segment), compare);
		if (segment < store->segments[0])
			return;
		store->segments[0] = segment;
		return;
	}
	store->segments[store->segment_count++] = segment;
}

static bool list(struct vg_store *store)
{
	int fd = openat(store->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	if (dir == NULL) {
		vg_fd_close(&fd);
		return false;
	}
	const struct dirent *entry;
	while ((entry = readdir(dir)) != NULL) {
		uint64_t first;
		if (vg_segment_parse(entry->d_name, &first))
			insert(store, first);
	}
	(void)closedir(dir);
	qsort(store->segments, store->segment_count, sizeof(store->segments[0]), compare);
	return true;
}

/* What the scan of the newest segment found. */
struct found {
	uint64_t end; /* behind the last whole frame */
	bool begun;   /* the positions are there */
	bool closed;  /* the last frame says so */
	struct vg_store_gap gap;
};

static void take_frame(struct vg_store *store, struct found *found, const struct vg_frame *frame)
{
	const struct vg_frame_position *positions = (const void *)(frame + 1);
	size_t count = (frame->len - sizeof(*frame)) / sizeof(*positions);
	found->closed = frame->kind == VG_FRAME_CLOSE;
	if (frame->kind == VG_FRAME_POSITIONS) {
		found->begun = true;
		store->next_seq = frame->seq;
		for (size_t i = 0; i < count && i < VG_STORE_RINGS_MAX; i++)
			vg_store_moved(store, positions[i].ring, positions[i].after);
	}
	if (frame->kind != VG_FRAME_EVENT || frame->seq < store->next_seq)
		return;
	if (frame->seq > store->next_seq) {
		if (found->gap.first == 0)
			found->gap.first = store->next_seq;
		found->gap.last = frame->seq - 1;
	}
	store->next_seq = frame->seq + 1;
	vg_store_moved(store, frame->ring, frame->after);
}

static enum vg_segment_status scan(struct vg_store *store, struct vg_segment_scan *scan,
				   uint64_t segment, struct found *found)
{
	*found = (struct found){0};
	enum vg_segment_status status = vg_segment_open(scan, store->dir, segment);
	const struct vg_frame *frame;
	while (status == VG_SEGMENT_OK) {
		status = vg_segment_next(scan, UINT64_MAX, &frame);
		if (status != VG_SEGMENT_OK)
			break;
		take_frame(store, found, frame);
		found->end = scan->offset;
		if (!found->begun)
			return VG_SEGMENT_BAD;
	}
	return status == VG_SEGMENT_END && !found->begun ? VG_SEGMENT_BAD : status;
}

/* Goes on at the end of the newest segment; what is torn behind it goes. */
static bool go_on(struct vg_store *store, const struct vg_segment_scan *scan,
		  const struct found *found)
{
	char name[VG_SEGMENT_NAME];
	vg_segment_name(name, store->segments[store->segment_count - 1]);
	store->fd = openat(store->dir, name, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	store->salt = scan->head.salt;
	store->size = found->end;
	return store->fd >= 0 && ftruncate(store->fd, (off_t)found->end) == 0;
}

/*
 * The newest segment is none. A begin that was torn holds nothing; all else is kept aside, and
 * *held says that seqs may have been in it.
 */
static bool set_aside(struct vg_store *store, bool *held)
{
	char name[VG_SEGMENT_NAME], aside[VG_SEGMENT_NAME + 4];
	struct stat st;
	vg_segment_name(name, store->segments[store->segment_count - 1]);
	memcpy(aside, name, sizeof(name) - 1);
	memcpy(aside + sizeof(name) - 1, ".bad", 5);
	if (fstatat(store->dir, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return false;
	vg_log(VG_LOG_WARNING, "log: %s is no segment", name);
	bool torn = (size_t)st.st_size <= sizeof(struct vg_segment_head) + VG_FRAME_MAX;
	*held |= !torn;
	store->segment_count--;
	return torn ? unlinkat(store->dir, name, 0) == 0
		    : renameat(store->dir, name, store->dir, aside) == 0;
}

/* What was written last may be missing, or stand in a file that can't be read. */
static void jump(struct vg_store *store, const struct found *found)
{
	store->gap = (struct vg_store_gap){store->next_seq, store->next_seq + JUMP - 1};
	if (found->gap.first != 0)
		store->gap.first = found->gap.first;
	store->next_seq += JUMP;
}

/* The newest segment that is one, else none: then next_seq is the oldest one's name. */
static bool find_newest(struct vg_store *store, struct vg_segment_scan *reader, struct found *found,
			bool *held)
{
	uint64_t least = store->next_seq;
	while (store->segment_count > 0) {
		uint64_t segment = store->segments[store->segment_count - 1];
		store->ring_count = 0;
		enum vg_segment_status status = scan(store, reader, segment, found);
		if (status == VG_SEGMENT_ERROR)
			return false;
		if (status == VG_SEGMENT_END)
			break;
		/* Its name was the next seq when it was begun. */
		if (segment > least)
			least = segment;
		if (!set_aside(store, held))
			return false;
	}
	if (store->segment_count == 0)
		*found = (struct found){0};
	if (store->next_seq < least)
		store->next_seq = least;
	return true;
}

/* How long the older ones are: what a sink lags by is counted in bytes. */
static void measure(struct vg_store *store)
{
	char name[VG_SEGMENT_NAME];
	struct stat st;
	for (size_t i = 0; i + 1 < store->segment_count; i++) {
		vg_segment_name(name, store->segments[i]);
		bool there = fstatat(store->dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
		store->sizes[i] = there ? (uint64_t)st.st_size : 0;
	}
}

static bool recover(struct vg_store *store, struct vg_segment_scan *reader)
{
	struct found found = {0};
	bool held = false;
	if (!find_newest(store, reader, &found, &held))
		return false;
	store->gap = found.gap;
	bool any = store->segment_count > 0;
	measure(store);
	if (any && !go_on(store, reader, &found))
		return false;
	bool rebooted = any && memcmp(reader->head.boot_id, store->boot_id, VG_BOOT_ID) != 0;
	if (held || (rebooted && !found.closed))
		jump(store, &found);
	return any && !rebooted && !held ? true : vg_store_new_segment(store);
}

bool vg_store_open(struct vg_store *store, int state, const uint8_t boot_id[VG_BOOT_ID],
		   uint64_t boot, unsigned wait_ms)
{
	*store = (struct vg_store){
		.dir = -1,
		.lock = -1,
		.fd = -1,
		.segment_max = VG_STORE_SEGMENT,
		.next_seq = 1,
		.boot = boot,
	};
	memcpy(store->boot_id, boot_id, VG_BOOT_ID);
	struct vg_segment_scan reader = {.fd = -1, .window = malloc(VG_SEGMENT_WINDOW)};
	store->batch = malloc(VG_STORE_BATCH);
	bool ok = false;
	if (reader.window == NULL || store->batch == NULL)
		goto out;
	if (mkdirat(state, "log", 0700) != 0 && errno != EEXIST)
		goto out;
	store->dir = openat(state, "log", O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	ok = store->dir >= 0 && lock(store, wait_ms) && list(store) && recover(store, &reader);
out:
	if (!ok)
		vg_log(VG_LOG_ERROR, "log: can't be opened: %m");
	vg_segment_close(&reader);
	free(reader.window);
	if (!ok) {
		vg_fd_close(&store->fd);
		vg_store_close(store);
	}
	return ok;
}
