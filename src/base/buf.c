#include "base/buf.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_CAP ((size_t)1024)

void vg_buf_init(struct vg_buf *buf, size_t max)
{
	*buf = (struct vg_buf){.max = max};
}

void vg_buf_fini(struct vg_buf *buf)
{
	free(buf->mem);
	*buf = (struct vg_buf){.max = buf->max};
}

/* Doubling, so that growing is linear in the bytes appended; never past max. */
static bool grow(struct vg_buf *buf, size_t need)
{
	size_t cap = buf->cap == 0 ? FIRST_CAP : buf->cap;
	while (cap < need && cap < buf->max)
		cap *= 2;
	if (cap > buf->max)
		cap = buf->max;
	if (cap <= buf->cap)
		return false;
	char *mem = malloc(cap);
	if (mem == NULL)
		return false;
	if (buf->len > 0)
		memcpy(mem, buf->mem + buf->start, buf->len);
	free(buf->mem);
	buf->mem = mem;
	buf->cap = cap;
	buf->start = 0;
	return true;
}

static void compact(struct vg_buf *buf)
{
	if (buf->start > 0 && buf->len > 0)
		memmove(buf->mem, buf->mem + buf->start, buf->len);
	buf->start = 0;
}

char *vg_buf_space(struct vg_buf *buf, size_t want, size_t *avail)
{
	size_t room = vg_buf_room(buf);
	if (want > room)
		want = room;
	if (want == 0)
		return NULL;
	if (buf->cap - buf->start - buf->len < want) {
		if (buf->cap - buf->len >= want)
			compact(buf);
		else if (!grow(buf, buf->len + want) && buf->cap == buf->len)
			return NULL;
		else if (buf->start > 0)
			compact(buf);
	}
	size_t free_bytes = buf->cap - buf->start - buf->len;
	if (free_bytes == 0)
		return NULL;
	*avail = free_bytes < room ? free_bytes : room;
	return buf->mem + buf->start + buf->len;
}

void vg_buf_added(struct vg_buf *buf, size_t n)
{
	VG_ASSERT(n <= buf->cap - buf->start - buf->len && n <= vg_buf_room(buf));
	buf->len += n;
}

bool vg_buf_append(struct vg_buf *buf, struct vg_slice s)
{
	if (s.len == 0)
		return true;
	if (s.len > vg_buf_room(buf))
		return false;
	size_t avail = 0;
	char *space = vg_buf_space(buf, s.len, &avail);
	if (space == NULL || avail < s.len)
		return false;
	memcpy(space, s.ptr, s.len);
	vg_buf_added(buf, s.len);
	return true;
}

void vg_buf_consume(struct vg_buf *buf, size_t n)
{
	VG_ASSERT(n <= buf->len);
	buf->len -= n;
	buf->start = buf->len == 0 ? 0 : buf->start + n;
}

void vg_buf_release(struct vg_buf *buf)
{
	if (buf->len == 0)
		vg_buf_fini(buf);
}
