/*
 * How many connections each client address has: at most `connections_per_address`, a worker's
 * share of it. Who is over it is parked, and taken up when one of the same address ends; of those
 * there is a bound, too. IPv4 addresses count each by itself, IPv6 by their /64, since that is
 * what one machine is given (RFC 4291 2.5.4).
 *
 * A hash table under a random key; an address has an entry only while it has a connection, so
 * memory is bounded by `connections`.
 */
#ifndef VG_PROXY_ADDRESSES_H
#define VG_PROXY_ADDRESSES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/attr.h"
#include "base/siphash.h"
#include "proxy/places.h"

#define VG_PARKED_MAX 64 /* of an address, in all workers */

struct vg_address;

/* Embedded in a connection. */
struct vg_guest {
	struct vg_address *address; /* NULL: it counts nowhere */
	struct vg_guest *prev, *next;
	void *owner;
	bool parked;
};

struct vg_addresses {
	struct vg_address **buckets;
	uint32_t mask; /* one less than there are buckets, a power of two */
	uint32_t limit, parked_max;
	uint32_t parked; /* of all addresses */
	uint8_t key[VG_SIPHASH_KEY];
	void (*take_up)(void *owner); /* of one that was parked */
};

enum vg_guest_status {
	VG_GUEST_IN,
	VG_GUEST_PARKED,
	VG_GUEST_REFUSED /* as many are parked as may be, or memory is short; it counts nowhere */
};

/* `most`: how many connections there may be. False: no memory. */
bool vg_addresses_init(struct vg_addresses *addresses, uint32_t most,
		       const uint8_t key[VG_SIPHASH_KEY], void (*take_up)(void *owner))
	VG_MUST_CHECK;
void vg_addresses_fini(struct vg_addresses *addresses);

/* From now on; `shares` workers have a part of the limit each, rounded up. */
void vg_addresses_limit(struct vg_addresses *addresses, uint32_t limit, uint32_t shares);

enum vg_guest_status vg_addresses_enter(struct vg_addresses *addresses, struct vg_guest *guest,
					const struct vg_addr *addr, void *owner) VG_MUST_CHECK;

/* Where connections of that address wait for their handshake, while this one counts. */
struct vg_lane *vg_addresses_lane(const struct vg_guest *guest) VG_MUST_CHECK;

/*
 * Whether a refusal for too many is told now, of one address: once a second, so that who is
 * refused for nothing can't fill the log. *untold is how many were not since then.
 */
bool vg_addresses_may_tell(struct vg_addresses *addresses, const struct vg_addr *addr, int64_t now,
			   uint32_t *untold) VG_MUST_CHECK;

/* Its connection has ended: takes up the oldest parked one. Nothing where it counts nowhere. */
void vg_addresses_leave(struct vg_addresses *addresses, struct vg_guest *guest);

#endif
