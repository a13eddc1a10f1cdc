#include "proxy/pool.h"

#include <stdlib.h>

#include "proxy/ctx.h"
#include "proxy/dials.h"
#include "proxy/generation.h"
#include "proxy/origin.h"

#define SWEEP_MS 5000

static void rest(struct vg_pool *pool, struct vg_origin *origin)
{
	struct vg_pool_row *row = &pool->rows[origin->upstream];
	origin->exchange = NULL;
	origin->reused = true;
	origin->wrote = false;
	origin->idle_since = vg_loop_monotonic(&pool->generation->worker->loop);
	vg_buf_release(&origin->in);
	vg_buf_release(&origin->out);
	origin->prev = NULL;
	origin->next = row->idle;
	if (row->idle != NULL)
		row->idle->prev = origin;
	row->idle = origin;
	row->idle_count++;
	vg_stream_want(&origin->stream, true, false);
}

static void take_out(struct vg_pool *pool, struct vg_origin *origin)
{
	struct vg_pool_row *row = &pool->rows[origin->upstream];
	*(origin->prev == NULL ? &row->idle : &origin->prev->next) = origin->next;
	if (origin->next != NULL)
		origin->next->prev = origin->prev;
	origin->prev = origin->next = NULL;
	row->idle_count--;
}

void vg_pool_drop(struct vg_pool *pool, struct vg_origin *origin)
{
	take_out(pool, origin);
	vg_origin_free(&origin);
}

void vg_pool_put(struct vg_pool *pool, struct vg_origin **origin, bool reusable)
{
	struct vg_origin *back = *origin;
	*origin = NULL;
	struct vg_pool_row *row = &pool->rows[back->upstream];
	row->busy--;
	/* Bytes that nobody asked for would be taken for the next exchange's answer. */
	if (reusable && back->in.len == 0 && !back->more && back->out.len == 0 &&
	    row->idle_count < VG_POOL_IDLE_EACH)
		rest(pool, back);
	else
		vg_origin_free(&back);
}

/*
 * One that rests and is as it was left. What an upstream sent meanwhile, and this turn has not come
 * to yet, would be taken for the next exchange's answer. It is watched already, as its exchange
 * will want it.
 */
static struct vg_origin *freshest(struct vg_pool *pool, const struct vg_pool_row *row)
{
	while (row->idle != NULL && !vg_stream_is_quiet(&row->idle->stream))
		vg_pool_drop(pool, row->idle);
	return row->idle;
}

struct vg_origin *vg_pool_get(struct vg_pool *pool, struct vg_exchange *exchange, uint32_t upstream,
			      bool *failed)
{
	struct vg_pool_row *row = &pool->rows[upstream];
	struct vg_origin *origin = freshest(pool, row);
	*failed = false;
	if (origin != NULL) {
		take_out(pool, origin);
		origin->exchange = exchange;
		pool->generation->worker->reused++;
	} else if (!vg_dials_begin(&pool->generation->worker->dials, exchange, pool->generation,
				   upstream)) {
		*failed = true;
		return NULL;
	}
	row->busy++;
	return origin;
}

static uint32_t least_busy(const struct vg_pool *pool, struct vg_span rows, uint32_t last)
{
	uint32_t best = VG_NO_ROW;
	for (uint32_t row = rows.first; row < rows.first + rows.count; row++)
		if (row != last && !pool->rows[row].down &&
		    (best == VG_NO_ROW || pool->rows[row].busy < pool->rows[best].busy))
			best = row;
	return best;
}

static uint32_t next_in_turn(const struct vg_pool *pool, struct vg_span rows, uint32_t last,
			     uint32_t *turn)
{
	for (uint32_t i = 0; i < rows.count; i++) {
		uint32_t row = rows.first + (*turn)++ % rows.count;
		if (row != last && !pool->rows[row].down)
			return row;
	}
	return VG_NO_ROW;
}

uint32_t vg_pool_choose(struct vg_pool *pool, uint32_t service, uint32_t last)
{
	const struct vg_img_service *row = &vg_img_services(&pool->generation->image)[service];
	uint32_t next = row->balance == VG_BALANCE_LEAST_CONN
				? least_busy(pool, row->upstreams, last)
				: next_in_turn(pool, row->upstreams, last, &pool->turns[service]);
	if (next == VG_NO_ROW && last != VG_NO_ROW && !pool->rows[last].down)
		next = last;
	return next;
}

void vg_pool_arrived(struct vg_pool *pool, uint32_t upstream, struct vg_origin *origin,
		     struct vg_exchange *exchange)
{
	pool->generation->worker->dialled += origin != NULL;
	if (exchange != NULL && origin == NULL) {
		pool->rows[upstream].busy--;
	} else if (exchange != NULL) {
		origin->exchange = exchange;
	} else if (origin != NULL && !vg_origin_is_bare(origin)) {
		rest(pool, origin);
		origin->reused = false;
	} else {
		vg_origin_free(&origin);
	}
}

/* The stalest of each row stand last. */
static void sweep_row(struct vg_pool *pool, struct vg_pool_row *row, int64_t before)
{
	struct vg_origin *origin = row->idle;
	while (origin != NULL) {
		struct vg_origin *next = origin->next;
		if (origin->idle_since < before)
			vg_pool_drop(pool, origin);
		origin = next;
	}
}

static void on_sweep(evutil_socket_t fd VG_UNUSED, short what VG_UNUSED, void *arg)
{
	struct vg_pool *pool = arg;
	int64_t before = vg_loop_monotonic(&pool->generation->worker->loop) -
			 (int64_t)VG_POOL_IDLE_MS * 1000;
	for (uint32_t i = 0; i < pool->row_count; i++)
		sweep_row(pool, &pool->rows[i], before);
	vg_loop_arm(&pool->sweep, SWEEP_MS);
}

bool vg_pool_init(struct vg_pool *pool, struct vg_generation *generation)
{
	const struct vg_image *image = &generation->image;
	*pool = (struct vg_pool){.generation = generation};
	pool->row_count = vg_img_upstream_count(image);
	pool->rows = calloc((size_t)pool->row_count + 1, sizeof(*pool->rows));
	pool->turns = calloc((size_t)vg_img_service_count(image) + 1, sizeof(*pool->turns));
	VG_ASSERT(evtimer_assign(&pool->sweep, generation->worker->loop.base, on_sweep, pool) == 0);
	if (pool->rows == NULL || pool->turns == NULL)
		return false;
	vg_loop_arm(&pool->sweep, SWEEP_MS);
	return true;
}

void vg_pool_fini(struct vg_pool *pool)
{
	(void)evtimer_del(&pool->sweep);
	for (uint32_t i = 0; pool->rows != NULL && i < pool->row_count; i++)
		while (pool->rows[i].idle != NULL)
			vg_pool_drop(pool, pool->rows[i].idle);
	free(pool->rows);
	free(pool->turns);
	pool->rows = NULL;
	pool->turns = NULL;
}
