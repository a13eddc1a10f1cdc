#include <criterion/criterion.h>

#include "proxy/places.h"

struct client {
	struct vg_place place;
	unsigned begun, timeouts;
};

static struct vg_loop loop;
static struct vg_places places;
static struct vg_lane lane; /* of all, where nothing else is said */

static void on_begin(void *owner)
{
	struct client *client = owner;
	client->begun++;
}

static void ask(struct client *client, struct vg_lane *in)
{
	vg_places_ask(&places, &client->place, in, client);
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
	lane = (struct vg_lane){0};
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
		ask(&clients[i], &lane);
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
		ask(&clients[i], &lane);
	run(VG_PLACE_MS + 300);
	for (size_t i = 0; i < VG_PLACES; i++)
		cr_expect_eq(clients[i].timeouts, 0, "nobody waited");

	ask(&clients[VG_PLACES], &lane);
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
		ask(&clients[i], &lane);
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

/* Who comes a thousand times waits for itself: who comes once is the next. */
Test(proxy_places, lanes_take_turns)
{
	static struct client crowd[1000], clients[3];
	struct vg_lane lanes[3] = {0};
	for (size_t i = 0; i < VG_COUNT(crowd); i++)
		ask(&crowd[i], &lane);
	for (size_t i = 0; i < VG_COUNT(clients); i++)
		ask(&clients[i], &lanes[i]);
	cr_expect_eq(places.waiting_count, VG_COUNT(crowd) - VG_PLACES + VG_COUNT(clients));
	/* The crowd's turn, then each of the others', then the crowd's again. */
	for (size_t i = 0; i < 5; i++) {
		vg_places_leave(&places, &crowd[i].place);
		run(1);
	}
	cr_expect_eq(crowd[VG_PLACES].begun, 1);
	for (size_t i = 0; i < VG_COUNT(clients); i++)
		cr_expect_eq(clients[i].begun, 1, "%zu", i);
	cr_expect_eq(crowd[VG_PLACES + 1].begun, 1);
	cr_expect_eq(crowd[VG_PLACES + 2].begun, 0);
	for (size_t i = 0; i < VG_COUNT(crowd); i++)
		vg_places_leave(&places, &crowd[i].place);
	cr_expect_eq(places.waiting_count, 0);
	cr_expect_null(places.first);
}

/* One that leaves in the middle of its lane, and a lane that ends in the middle of the others. */
Test(proxy_places, who_leaves_while_it_waits)
{
	struct client crowd[VG_PLACES] = {0}, clients[6] = {0};
	struct vg_lane lanes[3] = {0};
	for (size_t i = 0; i < VG_COUNT(crowd); i++)
		ask(&crowd[i], &lane);
	for (size_t i = 0; i < VG_COUNT(clients); i++)
		ask(&clients[i], &lanes[i % 3]);
	vg_places_leave(&places, &clients[0].place);
	vg_places_leave(&places, &clients[1].place);
	vg_places_leave(&places, &clients[4].place);
	for (size_t i = 0; i < VG_COUNT(crowd); i++)
		vg_places_leave(&places, &crowd[i].place);
	run(1);
	static const unsigned begun[] = {0, 0, 1, 1, 0, 1};
	for (size_t i = 0; i < VG_COUNT(clients); i++)
		cr_expect_eq(clients[i].begun, begun[i], "%zu", i);
	cr_expect_eq(places.waiting_count, 0);
}
