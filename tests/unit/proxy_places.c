#include <criterion/criterion.h>

#include "proxy/places.h"

struct client {
	struct vg_place place;
	unsigned begun, timeouts;
};

static struct vg_loop loop;
static struct vg_places places;

static void on_begin(void *owner)
{
	struct client *client = owner;
	client->begun++;
}

static void on_timeout(void *owner)
{
	struct client *client = owner;
	client->timeouts++;
	vg_places_leave(&places, &client->place);
}

static void stop(evutil_socket_t fd VG_UNUSED, short what VG_UNUSED, void *arg VG_UNUSED)
{
	vg_loop_stop(&loop);
}

/* Turns the loop for so long. */
static void run(uint64_t ms)
{
	struct event timer;
	loop.stopped = false;
	evtimer_assign(&timer, loop.base, stop, NULL);
	vg_loop_arm(&timer, ms);
	cr_assert(vg_loop_run(&loop));
}

static void setup(void)
{
	cr_assert(vg_loop_init(&loop));
	vg_places_init(&places, &loop, on_begin, on_timeout);
}

static void teardown(void)
{
	vg_places_fini(&places);
	vg_loop_fini(&loop);
}

TestSuite(proxy_places, .init = setup, .fini = teardown);

Test(proxy_places, who_finds_none_waits_in_order)
{
	struct client clients[VG_PLACES + 2] = {0};
	for (size_t i = 0; i < VG_COUNT(clients); i++)
		vg_places_ask(&places, &clients[i].place, &clients[i]);
	for (size_t i = 0; i < VG_COUNT(clients); i++)
		cr_expect_eq(clients[i].begun, i < VG_PLACES, "client %zu", i);

	vg_places_leave(&places, &clients[3].place);
	run(20);
	cr_expect_eq(clients[VG_PLACES].begun, 1);
	cr_expect_eq(clients[VG_PLACES + 1].begun, 0);

	/* Who gives up waiting is passed over. */
	vg_places_leave(&places, &clients[VG_PLACES + 1].place);
	vg_places_leave(&places, &clients[4].place);
	run(20);
	cr_expect_eq(clients[VG_PLACES + 1].begun, 0);
	cr_expect_eq(places.taken_count, VG_PLACES - 1);
}

Test(proxy_places, the_oldest_goes_only_while_others_wait)
{
	struct client clients[VG_PLACES + 1] = {0};
	for (size_t i = 0; i < VG_PLACES; i++)
		vg_places_ask(&places, &clients[i].place, &clients[i]);
	run(VG_PLACE_MS + 300);
	for (size_t i = 0; i < VG_PLACES; i++)
		cr_expect_eq(clients[i].timeouts, 0, "nobody waited");

	vg_places_ask(&places, &clients[VG_PLACES].place, &clients[VG_PLACES]);
	run(600);
	cr_expect_eq(clients[0].timeouts, 1);
	cr_expect_eq(clients[1].timeouts, 0, "one waited, one went");
	cr_expect_eq(clients[VG_PLACES].begun, 1);
}

Test(proxy_places, a_rate_holds_back_in_order_and_ends_nobody)
{
	struct client clients[8] = {0};
	vg_places_rate(&places, 1, 2, 1);
	for (size_t i = 0; i < VG_COUNT(clients); i++)
		vg_places_ask(&places, &clients[i].place, &clients[i]);
	for (size_t i = 0; i < VG_COUNT(clients); i++)
		cr_expect_eq(clients[i].begun, i < 2, "client %zu", i);
	cr_expect_eq(places.waiting_count, 6);

	/* A place that is given back is none that the rate has to give. */
	vg_places_leave(&places, &clients[0].place);
	run(20);
	cr_expect_eq(clients[2].begun, 0);

	/* Who gives up waiting is passed over; the others come in their time, and nobody goes. */
	vg_places_leave(&places, &clients[4].place);
	cr_expect_eq(places.waiting_count, 5);
	run(1100);
	cr_expect_eq(clients[2].begun, 1);
	vg_places_rate(&places, 1000, 1, 1);
	run(1300);
	for (size_t i = 0; i < VG_COUNT(clients); i++) {
		cr_expect_eq(clients[i].begun, i != 4, "client %zu", i);
		cr_expect_eq(clients[i].timeouts, 0, "client %zu", i);
	}
	cr_expect_eq(places.waiting_count, 0);
}
