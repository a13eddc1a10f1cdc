#include "proxy/pool.h"

#include <errno.h>
#include <stdlib.h>

#include "proxy/ctx.h"
#include "proxy/exchange.h"
#include "proxy/origin.h"
#include "sys/file.h"
#include "sys/log.h"

#define SWEEP_MS 5000

static void rest(struct vg_pool *pool, struct vg_origin *origin)
{
	struct vg_pool_row *row = &pool->rows[origin->upstream];
	origin->exchange = NULL;
	origin->reused = true;
	origin->wrote = false;
	origin->idle_since = vg_loop_monotonic(&pool->worker->loop);
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

/* The dial's row is its id modulo VG_POOL_DIALS, so that answers are found at once. */
static struct vg_dial *find_dial(struct vg_pool *pool, uint64_t id)
{
	struct vg_dial *dial = &pool->dials[id % VG_POOL_DIALS];
	return id != 0 && dial->id == id ? dial : NULL;
}

static struct vg_dial *new_dial(struct vg_pool *pool)
{
	for (uint32_t i = 0; i < VG_POOL_DIALS; i++) {
		uint32_t at = (pool->next_dial + i) % VG_POOL_DIALS;
		if (pool->dials[at].id != 0)
			continue;
		pool->next_dial = at + 1;
		pool->dials[at].id = ++pool->dial_seq * VG_POOL_DIALS + at;
		return &pool->dials[at];
	}
	return NULL;
}

static bool ask(struct vg_pool *pool, uint64_t id, uint32_t upstream)
{
	if (pool->dialer != NULL)
		return pool->dialer->dial(pool->dialer->arg, id, upstream);
	if (pool->broker == NULL)
		return false;
	struct vg_msg_dial msg = {.id = id,
				  .generation = pool->worker->child->generation,
				  .upstream = upstream};
	return vg_chan_send(pool->broker, VG_MSG_DIAL, &msg, NULL) == VG_CHAN_OK;
}

static bool dial(struct vg_pool *pool, struct vg_exchange *exchange, uint32_t upstream)
{
	struct vg_dial *dial = new_dial(pool);
	if (dial == NULL)
		return false;
	if (!ask(pool, dial->id, upstream)) {
		dial->id = 0;
		return false;
	}
	dial->exchange = exchange;
	dial->upstream = upstream;
	return true;
}

struct vg_origin *vg_pool_get(struct vg_pool *pool, struct vg_exchange *exchange,
			      uint32_t upstream, bool *failed)
{
	struct vg_pool_row *row = &pool->rows[upstream];
	struct vg_origin *origin = row->idle;
	*failed = false;
	if (origin != NULL) {
		take_out(pool, origin);
		vg_stream_want(&origin->stream, false, false);
		origin->exchange = exchange;
	} else if (!dial(pool, exchange, upstream)) {
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
		if (row != last && (best == VG_NO_ROW ||
				    pool->rows[row].busy < pool->rows[best].busy))
			best = row;
	return best;
}

uint32_t vg_pool_choose(struct vg_pool *pool, uint32_t service, uint32_t last)
{
	const struct vg_img_service *row = &vg_img_services(pool->worker->image)[service];
	struct vg_span rows = row->upstreams;
	if (rows.count == 1)
		return rows.first;
	if (row->balance == VG_BALANCE_LEAST_CONN)
		return least_busy(pool, rows, last);
	uint32_t next = rows.first + pool->turns[service]++ % rows.count;
	if (next == last)
		next = rows.first + pool->turns[service]++ % rows.count;
	return next;
}

void vg_pool_forget(struct vg_pool *pool, struct vg_exchange *exchange)
{
	for (uint32_t i = 0; i < VG_POOL_DIALS; i++) {
		if (pool->dials[i].exchange != exchange)
			continue;
		pool->dials[i].exchange = NULL;
		pool->rows[pool->dials[i].upstream].busy--;
	}
}

/* A dial that nobody waits for any more gives a connection that rests. */
static void hand_over(struct vg_pool *pool, struct vg_dial *dial, struct vg_origin *origin,
		      const struct vg_msg_dialed *answer)
{
	struct vg_dial done = *dial;
	*dial = (struct vg_dial){0};
	int error = origin == NULL && answer->error == 0 ? ENOMEM : answer->error;
	if (done.exchange != NULL) {
		if (origin == NULL)
			pool->rows[done.upstream].busy--;
		else
			origin->exchange = done.exchange;
		vg_exchange_dialed(done.exchange, origin, error,
				   answer->tried != 0 ? &answer->addr : NULL);
	} else if (origin != NULL && !vg_origin_is_bare(origin)) {
		rest(pool, origin);
		origin->reused = false;
	} else {
		vg_origin_free(&origin);
	}
}

static void dialed(struct vg_pool *pool, struct vg_dial *dial, int fd,
		   const struct vg_msg_dialed *answer)
{
	struct vg_origin *origin =
		fd < 0 ? NULL : vg_origin_new(pool->worker, fd, dial->upstream, &answer->addr);
	hand_over(pool, dial, origin, answer);
}

void vg_pool_dialed(struct vg_pool *pool, uint64_t id, struct vg_origin *origin, int error)
{
	struct vg_dial *dial = find_dial(pool, id);
	const struct vg_msg_dialed answer = {.id = id, .error = error};
	VG_ASSERT(dial != NULL);
	hand_over(pool, dial, origin, &answer);
}

static void lose_broker(struct vg_pool *pool)
{
	vg_log(VG_LOG_WARNING, "the broker is gone: only connections that rest can be used");
	(void)event_del(&pool->from_broker);
	vg_chan_close(pool->broker);
	pool->broker = NULL;
	const struct vg_msg_dialed lost = {.error = EPIPE};
	for (uint32_t i = 0; i < VG_POOL_DIALS; i++)
		if (pool->dials[i].id != 0)
			dialed(pool, &pool->dials[i], -1, &lost);
}

static void on_broker(evutil_socket_t fd VG_UNUSED, short what VG_UNUSED, void *arg)
{
	struct vg_pool *pool = arg;
	struct vg_msg msg;
	enum vg_chan_status status;
	while ((status = vg_chan_recv(pool->broker, &msg)) == VG_CHAN_OK) {
		struct vg_dial *dial = find_dial(pool, msg.dialed.id);
		if (dial == NULL) {
			vg_msg_close(&msg);
			continue;
		}
		dialed(pool, dial, msg.type == VG_MSG_DIALED ? msg.fds[0] : -1, &msg.dialed);
		if (pool->broker == NULL)
			return;
	}
	if (status != VG_CHAN_AGAIN)
		lose_broker(pool);
}

void vg_pool_broker(struct vg_pool *pool, struct vg_chan *broker)
{
	if (pool->broker != NULL)
		lose_broker(pool);
	if (broker == NULL || !vg_fd_nonblocking(broker->fd))
		return;
	pool->broker = broker;
	VG_ASSERT(event_assign(&pool->from_broker, pool->worker->loop.base, broker->fd,
			       EV_READ | EV_PERSIST, on_broker, pool) == 0);
	VG_ASSERT(event_add(&pool->from_broker, NULL) == 0);
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
	int64_t before =
		vg_loop_monotonic(&pool->worker->loop) - (int64_t)VG_POOL_IDLE_MS * 1000;
	for (uint32_t i = 0; i < pool->row_count; i++)
		sweep_row(pool, &pool->rows[i], before);
	vg_loop_arm(&pool->sweep, SWEEP_MS);
}

bool vg_pool_init(struct vg_pool *pool, struct vg_worker *worker, struct vg_chan *broker)
{
	*pool = (struct vg_pool){.worker = worker};
	pool->row_count = vg_img_upstream_count(worker->image);
	pool->rows = calloc((size_t)pool->row_count + 1, sizeof(*pool->rows));
	pool->turns = calloc((size_t)vg_img_service_count(worker->image) + 1, sizeof(*pool->turns));
	if (pool->rows == NULL || pool->turns == NULL)
		return false;
	VG_ASSERT(evtimer_assign(&pool->sweep, worker->loop.base, on_sweep, pool) == 0);
	vg_loop_arm(&pool->sweep, SWEEP_MS);
	vg_pool_broker(pool, broker);
	return true;
}

void vg_pool_fini(struct vg_pool *pool)
{
	if (pool->rows == NULL)
		return;
	(void)evtimer_del(&pool->sweep);
	if (pool->broker != NULL) {
		(void)event_del(&pool->from_broker);
		vg_chan_close(pool->broker);
	}
	for (uint32_t i = 0; i < pool->row_count; i++)
		while (pool->rows[i].idle != NULL)
			vg_pool_drop(pool, pool->rows[i].idle);
	free(pool->rows);
	free(pool->turns);
	pool->rows = NULL;
	pool->turns = NULL;
}
