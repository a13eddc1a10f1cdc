#include "proxy/places.h"

#include <stddef.h>

#define TICK_MS 250

static void append(struct vg_place_list *list, struct vg_place *place)
{
	place->prev = list->last;
	place->next = NULL;
	if (list->last == NULL)
		list->first = place;
	else
		list->last->next = place;
	list->last = place;
}

static void take_out(struct vg_place_list *list, struct vg_place *place)
{
	*(place->prev == NULL ? &list->first : &place->prev->next) = place->next;
	*(place->next == NULL ? &list->last : &place->next->prev) = place->prev;
	place->prev = place->next = NULL;
}

static void take(struct vg_places *places, struct vg_place *place)
{
	place->state = VG_PLACE_TAKEN;
	place->since = vg_loop_monotonic(places->loop);
	append(&places->taken, place);
	places->taken_count++;
	places->begin(place->owner);
}

static bool may_take(struct vg_places *places, int64_t *wait)
{
	*wait = 0;
	return places->taken_count < VG_PLACES &&
	       vg_bucket_take(&places->bucket, vg_loop_monotonic(places->loop), wait);
}

static void add_lane(struct vg_places *places, struct vg_lane *lane)
{
	lane->prev = places->last;
	lane->next = NULL;
	*(places->last == NULL ? &places->first : &places->last->next) = lane;
	places->last = lane;
}

static void take_lane_out(struct vg_places *places, struct vg_lane *lane)
{
	*(lane->prev == NULL ? &places->first : &lane->prev->next) = lane->next;
	*(lane->next == NULL ? &places->last : &lane->next->prev) = lane->prev;
	lane->prev = lane->next = NULL;
}

static void wait_in(struct vg_places *places, struct vg_lane *lane, struct vg_place *place)
{
	if (lane->waiting.first == NULL)
		add_lane(places, lane);
	append(&lane->waiting, place);
	place->lane = lane;
	place->state = VG_PLACE_WAITING;
	places->waiting_count++;
}

static void stop_waiting(struct vg_places *places, struct vg_place *place)
{
	struct vg_lane *lane = place->lane;
	take_out(&lane->waiting, place);
	if (lane->waiting.first == NULL)
		take_lane_out(places, lane);
	place->lane = NULL;
	places->waiting_count--;
}

/* The first of the lane whose turn it is; it has its next turn behind all others. */
static struct vg_place *next_waiting(struct vg_places *places)
{
	struct vg_lane *lane = places->first;
	take_lane_out(places, lane);
	add_lane(places, lane);
	return lane->waiting.first;
}

/* To look after who waits: when the rate lets the next one in, or to see whose time is up. */
static void arm(struct vg_places *places, int64_t wait)
{
	vg_loop_arm(&places->timer, wait > 0 ? (uint64_t)(wait + 999) / 1000 : TICK_MS);
}

static void serve_waiting(struct vg_places *places)
{
	int64_t wait = 0;
	while (places->first != NULL && may_take(places, &wait)) {
		struct vg_place *place = next_waiting(places);
		stop_waiting(places, place);
		take(places, place);
	}
	if (places->first != NULL)
		arm(places, wait);
}

/* Where there is none left, as many old places go as there are who wait. */
static void on_tick(evutil_socket_t fd VG_UNUSED, short what VG_UNUSED, void *arg)
{
	struct vg_places *places = arg;
	int64_t before = vg_loop_monotonic(places->loop) - (int64_t)VG_PLACE_MS * 1000;
	uint32_t wait = places->taken_count < VG_PLACES ? 0 : places->waiting_count;
	for (; wait > 0; wait--) {
		struct vg_place *oldest = places->taken.first;
		if (oldest == NULL || oldest->since > before)
			break;
		places->timeout(oldest->owner);
		VG_ASSERT(places->taken.first != oldest);
	}
	serve_waiting(places);
}

void vg_places_init(struct vg_places *places, struct vg_loop *loop, void (*begin)(void *owner),
		    void (*timeout)(void *owner))
{
	*places = (struct vg_places){.loop = loop, .begin = begin, .timeout = timeout};
	VG_ASSERT(evtimer_assign(&places->timer, loop->base, on_tick, places) == 0);
}

void vg_places_fini(struct vg_places *places)
{
	if (places->loop != NULL)
		(void)evtimer_del(&places->timer);
}

void vg_places_rate(struct vg_places *places, uint32_t rate, uint32_t burst, uint32_t shares)
{
	vg_bucket_set(&places->bucket, rate, burst, shares);
}

void vg_places_ask(struct vg_places *places, struct vg_place *place, struct vg_lane *lane,
		   void *owner)
{
	int64_t wait = 0;
	VG_ASSERT(place->state == VG_PLACE_NONE);
	place->owner = owner;
	if (places->first == NULL && may_take(places, &wait)) {
		take(places, place);
		return;
	}
	wait_in(places, lane, place);
	if (!evtimer_pending(&places->timer, NULL))
		arm(places, wait);
}

void vg_places_leave(struct vg_places *places, struct vg_place *place)
{
	if (place->state == VG_PLACE_WAITING)
		stop_waiting(places, place);
	if (place->state == VG_PLACE_TAKEN) {
		take_out(&places->taken, place);
		places->taken_count--;
		/* Whoever waits begins in a turn of its own: this may be deep in a callback. */
		if (places->first != NULL)
			vg_loop_arm(&places->timer, 0);
	}
	place->state = VG_PLACE_NONE;
}
