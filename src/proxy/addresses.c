#include "proxy/addresses.h"

#include <stdlib.h>
#include <string.h>

#define BUCKETS_MIN 64
#define BUCKETS_MAX 65536 /* more cost more memory than a few steps along a chain cost time */
#define TELL_US INT64_C(1000000)
#define NET_BYTES 8 /* of an IPv6 address: its /64 */

struct vg_address {
	struct vg_address *next; /* in its bucket */
	struct vg_addr addr;
	uint32_t count; /* those in; the parked ones apart */
	uint32_t parked_count;
	struct vg_guest *first, *last; /* parked, the oldest first */
	struct vg_lane lane;
	int64_t told;    /* monotonic: when a refusal was told */
	uint32_t untold; /* refusals since then */
};

static struct vg_addr counted_as(const struct vg_addr *addr)
{
	struct vg_addr out = *addr;
	if (!vg_addr_is_v4(addr))
		memset(out.bytes + NET_BYTES, 0, sizeof(out.bytes) - NET_BYTES);
	return out;
}

static uint32_t share(uint32_t whole, uint32_t shares)
{
	return whole / shares + (whole % shares != 0);
}

bool vg_addresses_init(struct vg_addresses *addresses, uint32_t most,
		       const uint8_t key[VG_SIPHASH_KEY], void (*take_up)(void *owner))
{
	uint32_t buckets = BUCKETS_MIN;
	while (buckets < most && buckets < BUCKETS_MAX)
		buckets *= 2;
	*addresses = (struct vg_addresses){.mask = buckets - 1, .take_up = take_up};
	memcpy(addresses->key, key, sizeof(addresses->key));
	vg_addresses_limit(addresses, UINT32_MAX, 1);
	addresses->buckets = calloc(buckets, sizeof(struct vg_address *));
	return addresses->buckets != NULL;
}

void vg_addresses_fini(struct vg_addresses *addresses)
{
	for (uint32_t i = 0; addresses->buckets != NULL && i <= addresses->mask; i++)
		VG_ASSERT(addresses->buckets[i] == NULL);
	free(addresses->buckets);
	addresses->buckets = NULL;
}

void vg_addresses_limit(struct vg_addresses *addresses, uint32_t limit, uint32_t shares)
{
	addresses->limit = share(limit, shares);
	addresses->parked_max = share(VG_PARKED_MAX, shares);
}

/* Where the pointer to its entry stands, or would. */
static struct vg_address **find(const struct vg_addresses *addresses, const struct vg_addr *addr)
{
	uint64_t hash = vg_siphash(addresses->key, addr->bytes, sizeof(addr->bytes));
	struct vg_address **at = &addresses->buckets[hash & addresses->mask];
	while (*at != NULL && !vg_addr_eq(&(*at)->addr, addr))
		at = &(*at)->next;
	return at;
}

static struct vg_address *find_or_add(struct vg_addresses *addresses, const struct vg_addr *addr)
{
	struct vg_addr key = counted_as(addr);
	struct vg_address **at = find(addresses, &key);
	if (*at != NULL)
		return *at;
	struct vg_address *address = calloc(1, sizeof(*address));
	if (address != NULL) {
		address->addr = key;
		*at = address;
	}
	return address;
}

static void park(struct vg_addresses *addresses, struct vg_guest *guest)
{
	struct vg_address *address = guest->address;
	guest->parked = true;
	guest->prev = address->last;
	guest->next = NULL;
	*(address->last == NULL ? &address->first : &address->last->next) = guest;
	address->last = guest;
	address->parked_count++;
	addresses->parked++;
}

static void unpark(struct vg_addresses *addresses, struct vg_guest *guest)
{
	struct vg_address *address = guest->address;
	*(guest->prev == NULL ? &address->first : &guest->prev->next) = guest->next;
	*(guest->next == NULL ? &address->last : &guest->next->prev) = guest->prev;
	guest->prev = guest->next = NULL;
	guest->parked = false;
	address->parked_count--;
	addresses->parked--;
}

enum vg_guest_status vg_addresses_enter(struct vg_addresses *addresses, struct vg_guest *guest,
					const struct vg_addr *addr, void *owner)
{
	VG_ASSERT(guest->address == NULL);
	struct vg_address *address = find_or_add(addresses, addr);
	bool in = address != NULL && address->count < addresses->limit;
	if (address == NULL || (!in && address->parked_count >= addresses->parked_max))
		return VG_GUEST_REFUSED;
	*guest = (struct vg_guest){.address = address, .owner = owner};
	if (!in) {
		park(addresses, guest);
		return VG_GUEST_PARKED;
	}
	address->count++;
	return VG_GUEST_IN;
}

struct vg_lane *vg_addresses_lane(const struct vg_guest *guest)
{
	VG_ASSERT(guest->address != NULL);
	return &guest->address->lane;
}

bool vg_addresses_may_tell(struct vg_addresses *addresses, const struct vg_addr *addr, int64_t now,
			   uint32_t *untold)
{
	struct vg_addr key = counted_as(addr);
	struct vg_address *address = *find(addresses, &key);
	*untold = 0;
	if (address == NULL)
		return true; /* memory is short: that is rare, and told */
	if (address->told != 0 && now - address->told < TELL_US) {
		address->untold++;
		return false;
	}
	*untold = address->untold;
	address->told = now;
	address->untold = 0;
	return true;
}

static void forget(struct vg_addresses *addresses, struct vg_address *address)
{
	struct vg_address **at = find(addresses, &address->addr);
	VG_ASSERT(*at == address);
	*at = address->next;
	free(address);
}

void vg_addresses_leave(struct vg_addresses *addresses, struct vg_guest *guest)
{
	struct vg_address *address = guest->address;
	if (address == NULL)
		return;
	if (guest->parked)
		unpark(addresses, guest);
	else
		address->count--;
	guest->address = NULL;
	struct vg_guest *next = address->first;
	if (next != NULL && address->count < addresses->limit) {
		unpark(addresses, next);
		address->count++;
		addresses->take_up(next->owner);
	} else if (address->count == 0 && next == NULL) {
		forget(addresses, address);
	}
}
