#include <criterion/criterion.h>

#include "proxy/addresses.h"

static struct vg_addresses addresses;
static const uint8_t key[VG_SIPHASH_KEY] = {7};

struct client {
	struct vg_guest guest;
	unsigned taken_up;
};

static void on_take_up(void *owner)
{
	((struct client *)owner)->taken_up++;
}

static void setup(void)
{
	cr_assert(vg_addresses_init(&addresses, 10, key, on_take_up));
}

/* It asserts that nobody was forgotten. */
static void teardown(void)
{
	cr_expect_eq(addresses.parked, 0);
	vg_addresses_fini(&addresses);
}

TestSuite(proxy_addresses, .init = setup, .fini = teardown);

static enum vg_guest_status enter(struct client *client, const char *text)
{
	struct vg_addr addr;
	cr_assert(vg_addr_parse(vg_slice_str(text), &addr));
	return vg_addresses_enter(&addresses, &client->guest, &addr, client);
}

static void leave(struct client *client)
{
	vg_addresses_leave(&addresses, &client->guest);
}

Test(proxy_addresses, over_the_limit_they_are_parked_and_taken_up_in_order)
{
	struct client clients[5] = {{{0}}}, other = {{0}};
	vg_addresses_limit(&addresses, 2, 1);
	for (size_t i = 0; i < VG_COUNT(clients); i++)
		cr_expect_eq(enter(&clients[i], "203.0.113.7"),
			     i < 2 ? VG_GUEST_IN : VG_GUEST_PARKED, "client %zu", i);
	cr_expect_eq(enter(&other, "203.0.113.8"), VG_GUEST_IN);
	cr_expect_eq(addresses.parked, 3);

	leave(&other);
	cr_expect_eq(clients[2].taken_up, 0, "another address is no room");
	leave(&clients[3]);
	cr_expect_eq(clients[2].taken_up, 0, "a parked one is no room");
	leave(&clients[0]);
	cr_expect_eq(clients[2].taken_up, 1);
	cr_expect_eq(clients[4].taken_up, 0);
	leave(&clients[2]);
	leave(&clients[1]);
	cr_expect_eq(clients[4].taken_up, 1);
	leave(&clients[4]);
	leave(&clients[4]);
	cr_expect_eq(enter(&clients[0], "203.0.113.7"), VG_GUEST_IN);
	leave(&clients[0]);
}

Test(proxy_addresses, parked_ones_have_a_bound)
{
	static struct client clients[VG_PARKED_MAX + 3];
	vg_addresses_limit(&addresses, 1, 1);
	for (size_t i = 0; i < VG_COUNT(clients); i++)
		cr_expect_eq(enter(&clients[i], "203.0.113.7"),
			     i == 0               ? VG_GUEST_IN
			     : i <= VG_PARKED_MAX ? VG_GUEST_PARKED
						  : VG_GUEST_REFUSED,
			     "client %zu", i);
	for (size_t i = 0; i < VG_COUNT(clients); i++)
		leave(&clients[i]);
}

Test(proxy_addresses, ipv6_counts_by_its_64_bits_of_network)
{
	struct client clients[5] = {{{0}}};
	vg_addresses_limit(&addresses, 2, 1);
	cr_expect_eq(enter(&clients[0], "2001:db8:0:7::1"), VG_GUEST_IN);
	cr_expect_eq(enter(&clients[1], "2001:db8:0:7:ffff::2"), VG_GUEST_IN);
	cr_expect_eq(enter(&clients[2], "2001:db8:0:7::3"), VG_GUEST_PARKED);
	cr_expect_eq(enter(&clients[3], "2001:db8:0:8::1"), VG_GUEST_IN);
	cr_expect_eq(enter(&clients[4], "::ffff:1.2.3.4"), VG_GUEST_IN);
	for (size_t i = 0; i < VG_COUNT(clients); i++)
		leave(&clients[i]);
}

Test(proxy_addresses, workers_have_a_share_each_rounded_up)
{
	struct client clients[3] = {{{0}}};
	vg_addresses_limit(&addresses, 5, 4);
	for (size_t i = 0; i < VG_COUNT(clients); i++)
		cr_expect_eq(enter(&clients[i], "203.0.113.7"),
			     i < 2 ? VG_GUEST_IN : VG_GUEST_PARKED, "client %zu", i);
	/* One that is lowered ends nobody, but lets nobody in. */
	vg_addresses_limit(&addresses, 1, 1);
	leave(&clients[0]);
	cr_expect_eq(clients[2].taken_up, 0);
	leave(&clients[1]);
	cr_expect_eq(clients[2].taken_up, 1);
	leave(&clients[2]);
}

Test(proxy_addresses, many_addresses_share_few_buckets)
{
	static struct client clients[1000];
	vg_addresses_limit(&addresses, 1, 1);
	for (size_t i = 0; i < VG_COUNT(clients); i++) {
		struct vg_addr addr = vg_addr_v4((uint8_t[]){10, 0, i / 250, i % 250});
		cr_expect_eq(vg_addresses_enter(&addresses, &clients[i].guest, &addr, &clients[i]),
			     VG_GUEST_IN);
	}
	for (size_t i = 0; i < VG_COUNT(clients); i++)
		leave(&clients[i * 7 % VG_COUNT(clients)]);
}

Test(proxy_addresses, refusals_are_told_once_a_second)
{
	struct client client = {{0}};
	struct vg_addr addr, other;
	uint32_t untold;
	cr_assert(vg_addr_parse(VG_SLICE("203.0.113.7"), &addr));
	cr_assert(vg_addr_parse(VG_SLICE("203.0.113.8"), &other));
	cr_expect_eq(enter(&client, "203.0.113.7"), VG_GUEST_IN);
	cr_expect(vg_addresses_may_tell(&addresses, &addr, 5000000, &untold));
	for (int i = 0; i < 100; i++)
		cr_expect_not(vg_addresses_may_tell(&addresses, &addr, 5999999, &untold));
	cr_expect(vg_addresses_may_tell(&addresses, &other, 5999999, &untold));
	cr_expect(vg_addresses_may_tell(&addresses, &addr, 6000000, &untold));
	cr_expect_eq(untold, 100);
	cr_expect_not(vg_addresses_may_tell(&addresses, &addr, 6000001, &untold));
	cr_expect(vg_addresses_may_tell(&addresses, &addr, 7000001, &untold));
	cr_expect_eq(untold, 1);
	leave(&client);
}
