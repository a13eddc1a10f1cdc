#include "proxy/origin.h"

#include <stdlib.h>
#include <unistd.h>

#include "net/memory.h"
#include "proxy/ctx.h"
#include "proxy/exchange.h"
#include "proxy/generation.h"
#include "proxy/health.h"

/* In the pool a connection that becomes readable has been closed, or talks without being asked. */
static void on_ready(void *owner, unsigned what)
{
	struct vg_origin *origin = owner;
	if (origin->check != NULL)
		vg_check_ready(origin->check, what);
	else if (origin->exchange == NULL)
		vg_pool_drop(&origin->generation->pool, origin);
	else
		vg_exchange_origin_ready(origin->exchange, what);
}

static struct vg_origin *make(struct vg_generation *generation, uint32_t upstream,
			      const struct vg_addr *dst)
{
	struct vg_origin *origin = calloc(1, sizeof(*origin));
	if (origin == NULL)
		return NULL;
	origin->generation = generation;
	origin->upstream = upstream;
	origin->dst = *dst;
	vg_buf_init(&origin->in, VG_ORIGIN_IN_MAX);
	vg_buf_init(&origin->out, VG_ORIGIN_OUT_MAX);
	return origin;
}

struct vg_origin *vg_origin_new(struct vg_generation *generation, int fd, uint32_t upstream,
				const struct vg_addr *dst)
{
	struct vg_origin *origin = make(generation, upstream, dst);
	if (origin == NULL)
		(void)close(fd);
	else
		vg_stream_open(&origin->stream, &generation->worker->loop, fd, on_ready, origin);
	return origin;
}

struct vg_origin *vg_origin_new_memory(struct vg_generation *generation, struct vg_memory *memory,
				       uint32_t upstream)
{
	const struct vg_addr nowhere = {{0}};
	struct vg_origin *origin = make(generation, upstream, &nowhere);
	if (origin != NULL)
		vg_stream_open_memory(&origin->stream, &generation->worker->loop, memory, on_ready,
				      origin);
	return origin;
}

bool vg_origin_is_bare(const struct vg_origin *origin)
{
	const struct vg_tls_session *tls = origin->stream.tls;
	return vg_img_upstreams(&origin->generation->image)[origin->upstream].tls != 0 &&
	       (tls == NULL || !vg_tls_session_peer(tls)->proven);
}

enum vg_io vg_origin_secure(struct vg_origin *origin, const char **fault)
{
	struct vg_stream *stream = &origin->stream;
	*fault = "memory";
	if (stream->tls == NULL) {
		struct vg_tls_session *session = vg_tls_client_session(
			origin->generation->upstream_tls, origin->upstream, stream->fd);
		if (session == NULL)
			return VG_IO_ERROR;
		vg_stream_secure(stream, session);
	}
	enum vg_io io = vg_stream_handshake(stream);
	*fault = vg_tls_session_peer(stream->tls)->fault;
	return io;
}

const char *vg_origin_alert(const struct vg_origin *origin)
{
	const struct vg_tls_session *tls = origin->stream.tls;
	return tls == NULL ? NULL : vg_tls_session_peer(tls)->fault;
}

static void free_now(void *object)
{
	struct vg_origin *origin = object;
	vg_buf_fini(&origin->in);
	vg_buf_fini(&origin->out);
	free(origin);
}

void vg_origin_free(struct vg_origin **origin)
{
	struct vg_origin *gone = *origin;
	*origin = NULL;
	if (gone == NULL)
		return;
	gone->exchange = NULL;
	/* Where not even close_notify goes out, nothing else needs to. */
	if (gone->stream.tls != NULL && vg_stream_end(&gone->stream) != VG_IO_OK)
		vg_stream_reset(&gone->stream);
	vg_stream_close(&gone->stream);
	vg_loop_rest(&gone->generation->worker->loop, &gone->resting, gone, free_now);
}

bool vg_origin_flush(struct vg_origin *origin)
{
	size_t before = origin->out.len;
	VG_ASSERT(!vg_origin_is_bare(origin));
	enum vg_io io = vg_stream_flush(&origin->stream, &origin->out);
	origin->wrote |= origin->out.len < before;
	return io == VG_IO_OK || io == VG_IO_AGAIN;
}

enum vg_io vg_origin_fill(struct vg_origin *origin)
{
	return vg_stream_fill(&origin->stream, &origin->in, VG_ORIGIN_READ, &origin->more);
}

void vg_origin_watch(struct vg_origin *origin, bool read)
{
	vg_stream_want(&origin->stream, read, origin->out.len > 0);
	if (read && origin->more)
		vg_stream_again(&origin->stream);
}
