#include "proxy/reach.h"

#include <errno.h>

#include "proxy/client.h"
#include "proxy/ctx.h"
#include "proxy/generation.h"
#include "proxy/origin.h"

#define TRIES 3

static void set_dst(struct vg_exchange *x, const struct vg_addr *dst)
{
	x->dialled = dst != NULL;
	if (dst != NULL)
		x->dst = *dst;
}

/* The next upstream, where there is one that may be tried. */
static enum vg_state again_or_fail(struct vg_exchange *x, enum vg_reason reason, const char *why)
{
	const struct vg_img_service *service = &vg_img_services(
		&x->client->generation->image)[x->service];
	if (x->tries < service->upstreams.count && x->tries < TRIES)
		return VG_STATE_DIAL;
	return vg_exchange_fail(x, reason, why);
}

enum vg_state vg_reach_dial(struct vg_exchange *x)
{
	struct vg_pool *pool = &x->client->generation->pool;
	bool failed;
	if (x->origin != NULL)
		vg_pool_put(pool, &x->origin, false);
	if (x->upstream == VG_NO_ROW || x->tries > 0)
		x->upstream = vg_pool_choose(pool, x->service, x->upstream);
	if (x->upstream == VG_NO_ROW)
		return vg_exchange_fail(x, VG_REASON_UPSTREAM_DOWN, NULL);
	x->tries++;
	x->dial_began = vg_loop_monotonic(&x->worker->loop);
	x->origin = vg_pool_get(pool, x, x->upstream, &failed);
	set_dst(x, x->origin == NULL ? NULL : &x->origin->dst);
	if (failed)
		return vg_exchange_fail(x, VG_REASON_GATEWAY_ERROR, "no upstream can be dialled");
	x->dialling = x->origin == NULL;
	return x->origin != NULL ? VG_STATE_SEND_HEAD : VG_STATE_STAY;
}

const char *vg_reach_text(int error)
{
	switch (error) {
	case ETIMEDOUT:
		return "timed out";
	case ECONNREFUSED:
		return "refused";
	case ENOENT:
		return "name does not resolve";
	default:
		return "unreachable";
	}
}

bool vg_reach_is_ours(int error)
{
	static const int errors[] = {EAGAIN, EPIPE, ENOMEM, EMFILE, ESTALE};
	for (size_t i = 0; i < VG_COUNT(errors); i++)
		if (error == errors[i])
			return true;
	return false;
}

enum vg_state vg_reach_dialed(struct vg_exchange *x, struct vg_origin *origin, int error,
			      const struct vg_addr *dst)
{
	VG_ASSERT(x->state == VG_STATE_DIAL && x->dialling);
	x->dialling = false;
	set_dst(x, dst);
	if (origin != NULL) {
		x->origin = origin;
		return vg_origin_is_bare(origin) ? VG_STATE_SECURE : VG_STATE_SEND_HEAD;
	}
	if (vg_reach_is_ours(error))
		return vg_exchange_fail(x, VG_REASON_GATEWAY_ERROR, "broker");
	return again_or_fail(x, VG_REASON_UPSTREAM_CONNECT, vg_reach_text(error));
}

enum vg_state vg_reach_secure(struct vg_exchange *x)
{
	const char *fault;
	switch (vg_origin_secure(x->origin, &fault)) {
	case VG_IO_OK:
		return VG_STATE_SEND_HEAD;
	case VG_IO_AGAIN:
		return VG_STATE_STAY;
	case VG_IO_EOF:
	case VG_IO_FULL:
	case VG_IO_ERROR:
	default:
		return again_or_fail(x, VG_REASON_UPSTREAM_TLS, fault);
	}
}
