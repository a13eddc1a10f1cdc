#include "record/segment.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/crc32c.h"
#include "base/text.h"
#include "sys/file.h"

#define SEGMENT_MAGIC UINT32_C(0x4c534756) /* "VGSL" */
#define SEGMENT_LAYOUT UINT32_C(1)
#define FRAME_MAGIC UINT16_C(0x4647)

void vg_segment_name(char out[VG_SEGMENT_NAME], uint64_t first)
{
	(void)snprintf(out, VG_SEGMENT_NAME, "%016llx.log", (unsigned long long)first);
}

bool vg_segment_parse(const char *name, uint64_t *first)
{
	char again[VG_SEGMENT_NAME];
	struct vg_slice rest = vg_slice_str(name);
	if (rest.len != VG_SEGMENT_NAME - 1)
		return false;
	*first = 0;
	for (size_t i = 0; i < 16; i++) {
		int digit = vg_hex_value(name[i]);
		if (digit < 0)
			return false;
		*first = *first << 4 | (unsigned)digit;
	}
	vg_segment_name(again, *first);
	return strcmp(name, again) == 0;
}

static uint32_t head_crc(const struct vg_segment_head *head)
{
	return vg_crc32c(0, head, offsetof(struct vg_segment_head, crc));
}

void vg_segment_make(struct vg_segment_head *head, uint64_t first,
		     const uint8_t boot_id[VG_BOOT_ID], uint32_t salt)
{
	*head = (struct vg_segment_head){
		.magic = SEGMENT_MAGIC, .layout = SEGMENT_LAYOUT, .first = first, .salt = salt};
	memcpy(head->boot_id, boot_id, VG_BOOT_ID);
	head->crc = head_crc(head);
}

static uint32_t frame_crc(const struct vg_frame *frame, uint32_t salt)
{
	const uint8_t *from = (const uint8_t *)frame + sizeof(frame->crc);
	return vg_crc32c(salt, from, frame->len - sizeof(frame->crc));
}

void vg_frame_seal(struct vg_frame *frame, size_t payload, uint32_t salt)
{
	VG_ASSERT(payload % 8 == 0 && payload <= VG_RECORD_MAX);
	frame->len = (uint32_t)(sizeof(*frame) + payload);
	frame->magic = FRAME_MAGIC;
	frame->pad = 0;
	frame->crc = frame_crc(frame, salt);
}

enum vg_segment_status vg_segment_open(struct vg_segment_scan *scan, int dir, uint64_t first)
{
	char name[VG_SEGMENT_NAME];
	vg_segment_name(name, first);
	vg_segment_close(scan);
	scan->fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (scan->fd < 0)
		return VG_SEGMENT_ERROR;
	ssize_t n = vg_fd_read_at(scan->fd, &scan->head, sizeof(scan->head), 0);
	if (n < 0)
		return VG_SEGMENT_ERROR;
	if ((size_t)n < sizeof(scan->head) || scan->head.magic != SEGMENT_MAGIC ||
	    scan->head.layout != SEGMENT_LAYOUT || scan->head.first != first ||
	    scan->head.crc != head_crc(&scan->head))
		return VG_SEGMENT_BAD;
	scan->offset = sizeof(scan->head);
	scan->window_len = 0;
	return VG_SEGMENT_OK;
}

void vg_segment_close(struct vg_segment_scan *scan)
{
	vg_fd_close(&scan->fd);
	scan->window_len = 0;
}

/* At least `want` bytes at the offset into the window, where the file has them before `limit`. */
static bool fill(struct vg_segment_scan *scan, uint64_t limit, size_t want, size_t *have)
{
	uint64_t at = scan->offset - scan->window_at;
	*have = scan->offset >= scan->window_at && at < scan->window_len
			? scan->window_len - (size_t)at
			: 0;
	if (*have >= want)
		return true;
	uint64_t left = limit > scan->offset ? limit - scan->offset : 0;
	size_t ask = left < VG_SEGMENT_WINDOW ? (size_t)left : VG_SEGMENT_WINDOW;
	ssize_t n = vg_fd_read_at(scan->fd, scan->window, ask, scan->offset);
	if (n < 0)
		return false;
	scan->window_at = scan->offset;
	scan->window_len = *have = (size_t)n;
	return true;
}

static const struct vg_frame *frame_in(const struct vg_segment_scan *scan)
{
	return (const struct vg_frame *)(const void *)(scan->window +
						       (scan->offset - scan->window_at));
}

static bool plausible(const struct vg_frame *frame)
{
	return frame->magic == FRAME_MAGIC && frame->len % 8 == 0 && frame->len >= sizeof(*frame) &&
	       frame->len <= VG_FRAME_MAX && frame->kind >= VG_FRAME_EVENT &&
	       frame->kind <= VG_FRAME_CLOSE;
}

enum vg_segment_status vg_segment_next(struct vg_segment_scan *scan, uint64_t limit,
				       const struct vg_frame **frame)
{
	size_t have;
	for (;; scan->offset += 8) {
		if (!fill(scan, limit, sizeof(**frame), &have))
			return VG_SEGMENT_ERROR;
		if (have < sizeof(**frame))
			return VG_SEGMENT_END;
		if (!plausible(frame_in(scan)))
			continue;
		size_t len = frame_in(scan)->len;
		if (!fill(scan, limit, len, &have))
			return VG_SEGMENT_ERROR;
		*frame = frame_in(scan);
		if (have < len || (*frame)->len != len ||
		    (*frame)->crc != frame_crc(*frame, scan->head.salt))
			continue;
		scan->offset += len;
		return VG_SEGMENT_OK;
	}
}
