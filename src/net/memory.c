#include "net/memory.h"

#include <string.h>

static enum vg_io memory_read(struct vg_stream *stream, char *bytes, size_t len, size_t *done)
{
	struct vg_memory *memory = stream->memory;
	if (memory->broken)
		return VG_IO_ERROR;
	if (memory->in.len == 0)
		return memory->in_ended ? VG_IO_EOF : VG_IO_AGAIN;
	struct vg_slice some = vg_slice_first(vg_buf_slice(&memory->in), len);
	memcpy(bytes, some.ptr, some.len);
	vg_buf_consume(&memory->in, some.len);
	memory->read += some.len;
	*done = some.len;
	return VG_IO_OK;
}

static size_t writable(const struct vg_memory *memory)
{
	size_t room = vg_buf_room(&memory->out);
	size_t left = memory->out.len < memory->room ? memory->room - memory->out.len : 0;
	return left < room ? left : room;
}

static enum vg_io memory_write(struct vg_stream *stream, const char *bytes, size_t len,
			       size_t *done)
{
	struct vg_memory *memory = stream->memory;
	struct vg_slice some = vg_slice_first(vg_slice(bytes, len), writable(memory));
	if (memory->broken || memory->out_ended)
		return VG_IO_ERROR;
	if (some.len == 0)
		return VG_IO_AGAIN;
	if (!vg_buf_append(&memory->out, some))
		return VG_IO_ERROR;
	memory->written += some.len;
	*done = some.len;
	return VG_IO_OK;
}

static enum vg_io memory_end(struct vg_stream *stream)
{
	struct vg_memory *memory = stream->memory;
	if (memory->broken)
		return VG_IO_ERROR;
	if (writable(memory) == 0) /* as where a close_notify finds no room */
		return VG_IO_AGAIN;
	memory->out_ended = true;
	return VG_IO_OK;
}

static bool memory_pending(const struct vg_stream *stream VG_UNUSED)
{
	return false;
}

static bool memory_quiet(const struct vg_stream *stream)
{
	const struct vg_memory *memory = stream->memory;
	return memory->in.len == 0 && !memory->in_ended && !memory->broken;
}

static uint64_t memory_moved(const struct vg_stream *stream, bool in)
{
	return in ? stream->memory->read : stream->memory->written;
}

static void memory_want(struct vg_stream *stream, bool read, bool write)
{
	stream->reading = read;
	stream->writing = write;
}

static void memory_reset(struct vg_stream *stream)
{
	stream->memory->out_reset = true;
}

static void memory_close(struct vg_stream *stream)
{
	struct vg_memory *memory = stream->memory;
	memory->closed = true;
	memory->stream = NULL;
}

static const struct vg_stream_ops memory_ops = {
	.read = memory_read,
	.write = memory_write,
	.end = memory_end,
	.pending = memory_pending,
	.quiet = memory_quiet,
	.discard = memory_read,
	.moved = memory_moved,
	.want = memory_want,
	.reset = memory_reset,
	.close = memory_close,
};

void vg_memory_init(struct vg_memory *memory, size_t max)
{
	*memory = (struct vg_memory){.room = max};
	vg_buf_init(&memory->in, max);
	vg_buf_init(&memory->out, max);
}

void vg_memory_fini(struct vg_memory *memory)
{
	vg_buf_fini(&memory->in);
	vg_buf_fini(&memory->out);
}

void vg_stream_open_memory(struct vg_stream *stream, struct vg_loop *loop, struct vg_memory *memory,
			   void (*ready)(void *owner, unsigned what), void *owner)
{
	*stream = (struct vg_stream){
		.ops = &memory_ops,
		.loop = loop,
		.fd = -1,
		.memory = memory,
		.ready = ready,
		.owner = owner,
	};
	memory->stream = stream;
}

bool vg_memory_turn(struct vg_memory *memory)
{
	struct vg_stream *stream = memory->stream;
	unsigned what = 0;
	if (stream == NULL)
		return false;
	if (stream->reading && (memory->in.len > 0 || memory->in_ended || memory->broken))
		what |= VG_STREAM_READ;
	if (stream->writing && (writable(memory) > 0 || memory->broken))
		what |= VG_STREAM_WRITE;
	if (what != 0)
		stream->ready(stream->owner, what);
	return what != 0;
}
