#include "proxy/codec_loop.h"

#include <errno.h>
#include <stdlib.h>

#include "proxy/exchange.h"
#include "proxy/generation.h"
#include "proxy/origin.h"

#define RING_ID 1
#define TURNS_MAX 65536 /* each moves some bytes; there are far fewer for all that may wait */

static bool on_dial(void *arg, uint64_t id, uint32_t upstream)
{
	struct vg_loopback *loop = arg;
	if (loop->origin_count == VG_LOOPBACK_ORIGINS)
		return false;
	struct vg_loopback_origin *origin = &loop->origins[loop->origin_count++];
	origin->dial = id;
	origin->upstream = upstream;
	vg_memory_init(&origin->memory, VG_LOOPBACK_MAX);
	return true;
}

static bool make_ring(struct vg_loopback *loop, uint32_t slots)
{
	size_t size = vg_ring_file_size(slots);
	size_t tail_size = vg_ring_tail_size();
	loop->ring_mem = calloc(1, size);
	loop->tail_mem = calloc(1, tail_size);
	if (loop->ring_mem == NULL || loop->tail_mem == NULL)
		return false;
	vg_ring_format(loop->ring_mem, loop->tail_mem, slots, RING_ID);
	return vg_ring_open_writer(&loop->worker.ring, loop->ring_mem, size, loop->tail_mem,
				   tail_size) &&
	       vg_ring_open_reader(&loop->events, loop->ring_mem, size, loop->tail_mem, tail_size);
}

bool vg_loopback_init(struct vg_loopback *loop, const struct vg_image *image, uint32_t slots)
{
	*loop = (struct vg_loopback){.dialer = {on_dial, loop}, .child.supervisor.fd = -1};
	struct vg_worker *worker = &loop->worker;
	worker->child = &loop->child;
	worker->conn_max = 1;
	worker->next_keys.fd = -1;
	vg_memory_init(&loop->vendor, VG_LOOPBACK_MAX);
	vg_dials_init(&worker->dials, worker);
	worker->dials.dialer = &loop->dialer;
	if (!vg_loop_init(&worker->loop) || !make_ring(loop, slots) ||
	    (worker->current = vg_generation_new(worker, 1, image)) == NULL) {
		vg_loopback_fini(loop);
		return false;
	}
	return true;
}

static void close_all(struct vg_loopback *loop)
{
	struct vg_generation *generation = loop->worker.current;
	if (loop->vendor.stream != NULL)
		vg_conn_close(loop->conn);
	if (generation == NULL)
		return;
	struct vg_pool *pool = &generation->pool;
	for (uint32_t i = 0; i < pool->row_count; i++)
		while (pool->rows[i].idle != NULL)
			vg_pool_drop(pool, pool->rows[i].idle);
}

static void forget_all(struct vg_loopback *loop)
{
	for (uint32_t i = 0; i < loop->origin_count; i++) {
		VG_ASSERT(loop->origins[i].memory.stream == NULL);
		vg_memory_fini(&loop->origins[i].memory);
	}
	vg_memory_fini(&loop->vendor);
	loop->origin_count = 0;
}

void vg_loopback_reset(struct vg_loopback *loop)
{
	struct vg_record record;
	close_all(loop);
	VG_ASSERT(vg_loop_turn(&loop->worker.loop, false));
	while (vg_loopback_event(loop, &record))
		;
	forget_all(loop);
}

void vg_loopback_fini(struct vg_loopback *loop)
{
	struct vg_worker *worker = &loop->worker;
	close_all(loop);
	vg_dials_fini(&worker->dials);
	vg_loop_free_resting(&worker->loop);
	vg_generation_unref(&worker->current);
	vg_loop_fini(&worker->loop);
	vg_exchange_free_spare(worker);
	forget_all(loop);
	free(loop->ring_mem);
	free(loop->tail_mem);
	loop->ring_mem = loop->tail_mem = NULL;
}

bool vg_loopback_connect(struct vg_loopback *loop, const struct vg_client *client)
{
	VG_ASSERT(loop->vendor.stream == NULL);
	vg_memory_fini(&loop->vendor);
	vg_memory_init(&loop->vendor, VG_LOOPBACK_MAX);
	loop->conn = vg_conn_open_memory(&loop->worker, &loop->vendor, client);
	return loop->conn != NULL;
}

struct vg_exchange *vg_loopback_exchange(const struct vg_loopback *loop)
{
	return loop->vendor.stream == NULL ? NULL : loop->conn->h1.exchange;
}

void vg_loopback_dialed(struct vg_loopback *loop, uint32_t index, int error)
{
	VG_ASSERT(index < loop->origin_count && loop->origins[index].dial != 0);
	struct vg_loopback_origin *asked = &loop->origins[index];
	uint64_t id = asked->dial;
	struct vg_origin *origin = NULL;
	asked->dial = 0;
	if (error == 0) {
		origin = vg_origin_new_memory(vg_dials_generation(&loop->worker.dials, id),
					      &asked->memory, asked->upstream);
		error = origin == NULL ? ENOMEM : 0;
	}
	vg_dials_answer(&loop->worker.dials, id, origin, error);
}

bool vg_loopback_run(struct vg_loopback *loop)
{
	for (uint32_t turn = 0; turn < TURNS_MAX; turn++) {
		bool moved = vg_memory_turn(&loop->vendor);
		for (uint32_t i = 0; i < loop->origin_count; i++)
			moved |= vg_memory_turn(&loop->origins[i].memory);
		VG_ASSERT(vg_loop_turn(&loop->worker.loop, false));
		if (!moved)
			return true;
	}
	return false;
}

/* The deadline that runs, and how long it still does; NULL. */
static struct event *running(const struct vg_loopback *loop, int64_t *left)
{
	struct vg_exchange *exchange = vg_loopback_exchange(loop);
	struct timeval when, now;
	if (loop->vendor.stream == NULL)
		return NULL;
	struct event *deadline = exchange != NULL ? &exchange->deadline : &loop->conn->deadline;
	if (!evtimer_pending(deadline, &when))
		return NULL;
	(void)evutil_gettimeofday(&now, NULL);
	*left = (int64_t)(when.tv_sec - now.tv_sec) * 1000000 + (when.tv_usec - now.tv_usec);
	if (*left < 0)
		*left = 0;
	return deadline;
}

static void pass(struct vg_loopback *loop, int64_t us)
{
	loop->worker.loop.ahead += us;
	loop->worker.loop.stale = true;
}

static void fire(struct vg_loopback *loop, struct event *deadline, int64_t left)
{
	pass(loop, left);
	event_active(deadline, EV_TIMEOUT, 1);
	VG_ASSERT(vg_loop_turn(&loop->worker.loop, false));
}

bool vg_loopback_expire(struct vg_loopback *loop)
{
	int64_t left;
	struct event *deadline = running(loop, &left);
	if (deadline == NULL)
		return false;
	fire(loop, deadline, left);
	return true;
}

void vg_loopback_pass(struct vg_loopback *loop, uint64_t ms)
{
	int64_t left, us = (int64_t)ms * 1000;
	struct event *deadline;
	while ((deadline = running(loop, &left)) != NULL && left <= us) {
		us -= left;
		fire(loop, deadline, left);
	}
	pass(loop, us);
	if (deadline != NULL)
		vg_loop_arm(deadline, (uint64_t)(left - us + 999) / 1000);
}

bool vg_loopback_event(struct vg_loopback *loop, struct vg_record *record)
{
	uint64_t position, after;
	if (vg_ring_read(&loop->events, loop->event, record, &position, &after) != VG_RING_RECORD)
		return false;
	vg_ring_release(&loop->events, after);
	return true;
}
