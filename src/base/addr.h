/*
 * IP addresses and prefixes as values: always 16 bytes, IPv4 in its mapped form ::ffff:a.b.c.d, so
 * that an address has one spelling and one comparison wherever it came from.
 */
#ifndef VG_BASE_ADDR_H
#define VG_BASE_ADDR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/slice.h"

#define VG_ZONE_TEXT 16 /* the longest name of an interface, and a NUL */
#define VG_ADDR_TEXT 46 /* the longest address in text, and a NUL */

struct vg_addr {
	uint8_t bytes[16];
};

struct vg_prefix {
	struct vg_addr addr; /* host bits are zero */
	uint8_t bits;        /* 0 to 128; an IPv4 /N is N + 96 */
	uint8_t pad[3];
};

_Static_assert(sizeof(struct vg_addr) == 16 && sizeof(struct vg_prefix) == 20,
	       "both lie in the policy image");

struct vg_addr vg_addr_v4(const uint8_t bytes[4]);
bool vg_addr_is_v4(const struct vg_addr *addr) VG_MUST_CHECK;
bool vg_addr_eq(const struct vg_addr *a, const struct vg_addr *b) VG_MUST_CHECK;

/* Dotted IPv4 or RFC 4291 2.2 IPv6, without brackets, zone or port. */
bool vg_addr_parse(struct vg_slice text, struct vg_addr *addr) VG_MUST_CHECK;

/* IPv4 dotted, IPv6 as RFC 5952. */
void vg_addr_text(char out[VG_ADDR_TEXT], const struct vg_addr *addr);

/* "ADDRESS/BITS", or an address alone (all its bits). False too where host bits are set. */
bool vg_prefix_parse(struct vg_slice text, struct vg_prefix *prefix) VG_MUST_CHECK;
bool vg_prefix_has(const struct vg_prefix *prefix, const struct vg_addr *addr) VG_MUST_CHECK;

/* "ADDRESS:PORT" or "[IPV6]:PORT"; port 1 to 65535. */
bool vg_addr_port_parse(struct vg_slice text, struct vg_addr *addr, uint16_t *port) VG_MUST_CHECK;

/*
 * The same of where one listens: also "[IPV6%ZONE]:PORT" (RFC 4007 11). An address of one link has
 * a zone, no other has; *zone is empty then.
 */
bool vg_addr_listen_parse(struct vg_slice text, struct vg_addr *addr, uint16_t *port,
			  struct vg_slice *zone) VG_MUST_CHECK;

#endif
