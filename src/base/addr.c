#include "base/addr.h"

#include <arpa/inet.h>
#include <string.h>

#include "base/text.h"

static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

struct vg_addr vg_addr_v4(const uint8_t bytes[4])
{
	struct vg_addr addr;
	memcpy(addr.bytes, mapped, sizeof(mapped));
	memcpy(addr.bytes + sizeof(mapped), bytes, 4);
	return addr;
}

bool vg_addr_is_v4(const struct vg_addr *addr)
{
	return memcmp(addr->bytes, mapped, sizeof(mapped)) == 0;
}

bool vg_addr_eq(const struct vg_addr *a, const struct vg_addr *b)
{
	return memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

bool vg_addr_parse(struct vg_slice text, struct vg_addr *addr)
{
	char copy[VG_ADDR_TEXT];
	uint8_t v4[4];
	if (!vg_slice_text(copy, sizeof(copy), text))
		return false;
	if (inet_pton(AF_INET, copy, v4) == 1) {
		*addr = vg_addr_v4(v4);
		return true;
	}
	return inet_pton(AF_INET6, copy, addr->bytes) == 1;
}

void vg_addr_text(char out[VG_ADDR_TEXT], const struct vg_addr *addr)
{
	if (!vg_addr_is_v4(addr)) {
		VG_ASSERT(inet_ntop(AF_INET6, addr->bytes, out, VG_ADDR_TEXT) != NULL);
		return;
	}
	/* inet_ntop would go through printf; each event has two of these. */
	size_t at = vg_u64_text(out, addr->bytes[12]);
	for (unsigned i = 13; i < sizeof(addr->bytes); i++) {
		out[at++] = '.';
		at += vg_u64_text(out + at, addr->bytes[i]);
	}
}

/* The addr with all bits behind the first `bits` zero. */
static struct vg_addr masked(const struct vg_addr *addr, unsigned bits)
{
	struct vg_addr out = *addr;
	for (unsigned i = 0; i < sizeof(out.bytes); i++) {
		unsigned keep = bits > i * 8 ? bits - i * 8 : 0;
		if (keep < 8)
			out.bytes[i] &= (uint8_t)(0xff00U >> keep);
	}
	return out;
}

bool vg_prefix_parse(struct vg_slice text, struct vg_prefix *prefix)
{
	struct vg_slice rest = text, part;
	struct vg_addr addr;
	if (!vg_slice_cut(&rest, '/', &part) || !vg_addr_parse(part, &addr))
		return false;
	/* "::ffff:0:0/96" written as IPv6 counts its own bits. */
	uint64_t base = vg_slice_find(part, ':') == part.len ? 96 : 0;
	uint64_t bits = 128 - base;
	if (rest.ptr != NULL && (!vg_slice_u64(rest, &bits) || bits > 128 - base))
		return false;
	*prefix = (struct vg_prefix){.addr = addr, .bits = (uint8_t)(base + bits)};
	struct vg_addr network = masked(&addr, prefix->bits);
	return vg_addr_eq(&network, &addr);
}

bool vg_prefix_has(const struct vg_prefix *prefix, const struct vg_addr *addr)
{
	struct vg_addr network = masked(addr, prefix->bits);
	return vg_addr_eq(&network, &prefix->addr);
}

bool vg_addr_port_parse(struct vg_slice text, struct vg_addr *addr, uint16_t *port)
{
	size_t colon = text.len;
	while (colon > 0 && text.ptr[colon - 1] != ':')
		colon--;
	if (colon == 0)
		return false;
	struct vg_slice host = vg_slice_first(text, colon - 1);
	uint64_t number;
	if (!vg_slice_u64(vg_slice_from(text, colon), &number) || number == 0 || number > 65535)
		return false;
	bool bracketed = host.len >= 2 && host.ptr[0] == '[' && host.ptr[host.len - 1] == ']';
	if (bracketed)
		host = vg_slice(host.ptr + 1, host.len - 2);
	/* An IPv6 address without brackets leaves it open where the port begins. */
	if (bracketed != (vg_slice_find(host, ':') < host.len) || !vg_addr_parse(host, addr))
		return false;
	*port = (uint16_t)number;
	return true;
}

/* fe80::/10 */
static bool is_link_local(const struct vg_addr *addr)
{
	return addr->bytes[0] == 0xfe && (addr->bytes[1] & 0xc0) == 0x80;
}

static bool is_zone(struct vg_slice zone)
{
	for (size_t i = 0; i < zone.len; i++)
		if (zone.ptr[i] <= ' ' || zone.ptr[i] > '~' || zone.ptr[i] == '/')
			return false;
	return zone.len < VG_ZONE_TEXT;
}

bool vg_addr_listen_parse(struct vg_slice text, struct vg_addr *addr, uint16_t *port,
			  struct vg_slice *zone)
{
	char bare[VG_ADDR_TEXT + 8];
	size_t percent = vg_slice_find(text, '%'), end = vg_slice_find(text, ']');
	*zone = VG_SLICE_EMPTY;
	if (percent < end && end < text.len) {
		struct vg_slice rest = vg_slice_from(text, end);
		if (percent > sizeof(bare) || rest.len > sizeof(bare) - percent)
			return false;
		*zone = vg_slice(text.ptr + percent + 1, end - percent - 1);
		memcpy(bare, text.ptr, percent);
		memcpy(bare + percent, rest.ptr, rest.len);
		text = vg_slice(bare, percent + rest.len);
		if (zone->len == 0)
			return false;
	}
	return is_zone(*zone) && vg_addr_port_parse(text, addr, port) &&
	       is_link_local(addr) == (zone->len > 0);
}
