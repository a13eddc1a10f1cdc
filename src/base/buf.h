/*
 * A bounded queue of bytes: appended at the end, consumed at the front, born with its maximum. The
 * storage comes with the first byte and goes with vg_buf_release, so an idle connection holds none.
 */
#ifndef VG_BASE_BUF_H
#define VG_BASE_BUF_H

#include <stddef.h>

#include "base/attr.h"
#include "base/slice.h"

struct vg_buf {
	char *mem;
	size_t start; /* of the bytes not yet consumed */
	size_t len;   /* of them */
	size_t cap;   /* of mem */
	size_t max;   /* cap never passes it */
};

void vg_buf_init(struct vg_buf *buf, size_t max);
void vg_buf_fini(struct vg_buf *buf);

static inline struct vg_slice vg_buf_slice(const struct vg_buf *buf)
{
	return vg_slice(buf->mem == NULL ? "" : buf->mem + buf->start, buf->len);
}

/* How many bytes may still be appended before the maximum. */
static inline size_t vg_buf_room(const struct vg_buf *buf)
{
	return buf->max - buf->len;
}

/*
 * Free space at the end for up to `want` bytes: *avail is set to what there is (at least 1, maybe
 * less than `want` near the maximum). NULL when the buffer is full or memory is short. Bytes
 * written there count once vg_buf_added says so. Slices of the buffer are void afterwards.
 */
char *vg_buf_space(struct vg_buf *buf, size_t want, size_t *avail) VG_MUST_CHECK;
void vg_buf_added(struct vg_buf *buf, size_t n);

/* All of `s` or nothing: false past the maximum or where memory is short. */
bool vg_buf_append(struct vg_buf *buf, struct vg_slice s) VG_MUST_CHECK;

/* Drops the first n bytes (n at most len). Slices of what stays remain valid. */
void vg_buf_consume(struct vg_buf *buf, size_t n);

/* Gives the storage back where the buffer is empty; else does nothing. */
void vg_buf_release(struct vg_buf *buf);

#endif
