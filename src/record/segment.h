/*
 * One file of the log: a head, a frame with the positions of all rings, then frames of events.
 * Used by store.c, which writes the newest, and by store_read.c, which reads any.
 *
 * A frame's checksum begins with the segment's random salt: what a vendor can bring into a record
 * never looks like a frame, not even where a torn one makes the reader search for the next.
 */
#ifndef VG_RECORD_SEGMENT_H
#define VG_RECORD_SEGMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "event/record.h"

#define VG_SEGMENT_NAME 21 /* the first seq in 16 hexadecimal digits, ".log", and a NUL */
#define VG_BOOT_ID 16

struct vg_segment_head {
	uint32_t magic;
	uint32_t layout;
	uint64_t first;              /* the seq of its first event; its name */
	uint8_t boot_id[VG_BOOT_ID]; /* the kernel's, when it was begun */
	uint32_t salt;
	uint32_t crc; /* of all before it */
};

enum vg_frame_kind {
	VG_FRAME_EVENT = 1,
	VG_FRAME_POSITIONS = 2, /* payload: struct vg_frame_position */
	VG_FRAME_CLOSE = 3      /* the writer ended as it should; no payload */
};

struct vg_frame {
	uint32_t crc; /* of all that follows, payload too */
	uint32_t len; /* of head and payload; a multiple of 8 */
	uint16_t magic;
	uint16_t kind;
	uint32_t pad;
	uint64_t seq;   /* of the event; of another kind, the next event's */
	uint64_t ring;  /* where the event came from; 0: the recorder's own */
	uint64_t after; /* the position in that ring behind it */
	uint64_t boot;  /* the gateway's start, microseconds since 1970 */
};

struct vg_frame_position {
	uint64_t ring;
	uint64_t after;
};

_Static_assert(sizeof(struct vg_segment_head) == 40 && sizeof(struct vg_frame) == 48,
	       "both lie in files");

#define VG_FRAME_MAX (sizeof(struct vg_frame) + VG_RECORD_MAX)

void vg_segment_name(char out[VG_SEGMENT_NAME], uint64_t first);
bool vg_segment_parse(const char *name, uint64_t *first) VG_MUST_CHECK;
void vg_segment_make(struct vg_segment_head *head, uint64_t first,
		     const uint8_t boot_id[VG_BOOT_ID], uint32_t salt);

/* Completes the head (len, magic, crc) of a frame whose payload lies behind it. */
void vg_frame_seal(struct vg_frame *frame, size_t payload, uint32_t salt);

/* Reading: a window of the file moves over it. */
#define VG_SEGMENT_WINDOW ((size_t)64 << 10)

struct vg_segment_scan {
	int fd; /* -1: none is open */
	struct vg_segment_head head;
	uint64_t offset; /* of the next frame */
	uint8_t *window; /* VG_SEGMENT_WINDOW bytes, aligned to 8 */
	uint64_t window_at;
	size_t window_len;
};

enum vg_segment_status {
	VG_SEGMENT_OK,
	VG_SEGMENT_END,  /* no frame before the limit */
	VG_SEGMENT_BAD,  /* no segment */
	VG_SEGMENT_ERROR /* errno says why: the file could not be read */
};

/* Opens the segment in `dir` and reads its head; the next frame is its first. */
enum vg_segment_status vg_segment_open(struct vg_segment_scan *scan, int dir, uint64_t first)
	VG_MUST_CHECK;
void vg_segment_close(struct vg_segment_scan *scan);

/*
 * The next whole frame before `limit`, aligned to 8, until the next call; `offset` is behind it
 * then. What is no frame is passed over, which the caller sees by the seq.
 */
enum vg_segment_status vg_segment_next(struct vg_segment_scan *scan, uint64_t limit,
				       const struct vg_frame **frame) VG_MUST_CHECK;

#endif
