#include "net/loop.h"

#include "sys/clock.h"

bool vg_loop_init(struct vg_loop *loop)
{
	*loop = (struct vg_loop){.stale = true};
	struct event_config *config = event_config_new();
	if (config == NULL)
		return false;
	if (event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK |
						  EVENT_BASE_FLAG_EPOLL_USE_CHANGELIST |
						  EVENT_BASE_FLAG_IGNORE_ENV) == 0)
		loop->base = event_base_new_with_config(config);
	event_config_free(config);
	return loop->base != NULL;
}

void vg_loop_free_resting(struct vg_loop *loop)
{
	while (loop->resting != NULL) {
		struct vg_resting *one = loop->resting;
		loop->resting = one->next;
		one->free(one->object);
	}
}

void vg_loop_fini(struct vg_loop *loop)
{
	vg_loop_free_resting(loop);
	if (loop->base != NULL)
		event_base_free(loop->base);
	loop->base = NULL;
}

bool vg_loop_turn(struct vg_loop *loop, bool wait)
{
	loop->stale = true;
	if (event_base_loop(loop->base, wait ? EVLOOP_ONCE : EVLOOP_NONBLOCK) < 0)
		return false;
	if (loop->maintain != NULL)
		loop->maintain(loop->arg);
	vg_loop_free_resting(loop);
	return true;
}

bool vg_loop_run(struct vg_loop *loop)
{
	while (!loop->stopped)
		if (!vg_loop_turn(loop, true))
			return false;
	return true;
}

void vg_loop_stop(struct vg_loop *loop)
{
	loop->stopped = true;
}

static void read_clocks(struct vg_loop *loop)
{
	if (!loop->stale)
		return;
	loop->wall = vg_clock_wall() + loop->ahead;
	loop->monotonic = vg_clock_monotonic() + loop->ahead;
	loop->stale = false;
}

int64_t vg_loop_wall(struct vg_loop *loop)
{
	read_clocks(loop);
	return loop->wall;
}

int64_t vg_loop_monotonic(struct vg_loop *loop)
{
	read_clocks(loop);
	return loop->monotonic;
}

void vg_loop_rest(struct vg_loop *loop, struct vg_resting *resting, void *object,
		  void (*free)(void *object))
{
	*resting = (struct vg_resting){.next = loop->resting, .free = free, .object = object};
	loop->resting = resting;
}

void vg_loop_arm(struct event *timer, uint64_t ms)
{
	struct timeval tv = {.tv_sec = (time_t)(ms / 1000),
			     .tv_usec = (suseconds_t)(ms % 1000 * 1000)};
	/* It fails where memory for the timer heap is short: a connection without its deadline
	   would be unbounded, so the process ends and another takes over. */
	VG_ASSERT(evtimer_add(timer, &tv) == 0);
}
