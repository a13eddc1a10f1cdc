#include "http/proxy_protocol.h"

#include "base/crc32c.h"
#include "base/text.h"

#define LINE_MAX 107 /* of version 1, CRLF included (2.1) */
#define PORT_MAX 65535

/* Version 2: the signature, a byte of version and command, one of family and protocol, two of the
   length of what follows. */
#define SIGNATURE VG_SLICE("\r\n\r\n\0\r\nQUIT\n")
#define FIXED 16
#define AT_COMMAND 12
#define AT_FAMILY 13
#define AT_LENGTH 14

enum command { LOCAL, PROXY };

#define TCP4 0x11
#define TCP6 0x21

#define TLV_HEAD 3
#define TLV_CRC32C 0x03

#define LINE_BEGIN VG_SLICE("PROXY ")

static enum vg_proxy_status bad(struct vg_proxy_header *header, const char *fault)
{
	header->fault = fault;
	return VG_PROXY_BAD;
}

static enum vg_proxy_status more(struct vg_proxy_header *header, size_t size)
{
	header->size = size;
	return VG_PROXY_MORE;
}

static bool begins_alike(struct vg_slice text, struct vg_slice begin)
{
	return vg_slice_starts(begin, vg_slice_first(text, begin.len));
}

bool vg_proxy_header_begins(struct vg_slice text)
{
	return vg_slice_starts(text, LINE_BEGIN) || vg_slice_starts(text, SIGNATURE);
}

/* No sign, no leading zero: it has one spelling. */
static bool port_parse(struct vg_slice text, uint16_t *port)
{
	uint64_t number;
	if (!vg_slice_u64(text, &number) || number > PORT_MAX ||
	    (text.ptr[0] == '0' && text.len > 1))
		return false;
	*port = (uint16_t)number;
	return true;
}

static bool address_parse(struct vg_slice text, bool v6, struct vg_addr *addr)
{
	return (vg_slice_find(text, ':') < text.len) == v6 && vg_addr_parse(text, addr);
}

/* Behind "PROXY TCP4 " or "PROXY TCP6 ": source, destination, source port, destination port. */
static enum vg_proxy_status parse_words(struct vg_slice rest, bool v6,
					struct vg_proxy_header *header)
{
	struct vg_slice words[4] = {VG_SLICE_EMPTY};
	struct vg_addr dst;
	uint16_t dport;
	for (size_t i = 0; i < VG_COUNT(words); i++)
		if (!vg_slice_cut(&rest, ' ', &words[i]))
			return bad(header, "too few words");
	if (rest.ptr != NULL)
		return bad(header, "too many words");
	if (!address_parse(words[0], v6, &header->src) || !address_parse(words[1], v6, &dst))
		return bad(header, "not an address of its family");
	if (!port_parse(words[2], &header->sport) || !port_parse(words[3], &dport))
		return bad(header, "not a port");
	header->named = true;
	return VG_PROXY_WHOLE;
}

/* What UNKNOWN has behind it is not read (2.1), but it stays a line. */
static bool is_line(struct vg_slice text)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.ptr[i] < ' ' || text.ptr[i] > '~')
			return false;
	return true;
}

static enum vg_proxy_status parse_line(struct vg_slice line, struct vg_proxy_header *header)
{
	struct vg_slice rest = vg_slice_from(line, LINE_BEGIN.len), family;
	if (!is_line(line))
		return bad(header, "a byte that no line has");
	if (!vg_slice_cut(&rest, ' ', &family))
		return bad(header, "no family");
	if (vg_slice_eq(family, VG_SLICE("UNKNOWN")))
		return VG_PROXY_WHOLE;
	bool v6 = vg_slice_eq(family, VG_SLICE("TCP6"));
	if (!v6 && !vg_slice_eq(family, VG_SLICE("TCP4")))
		return bad(header, "neither TCP4 nor TCP6 nor UNKNOWN");
	return parse_words(rest, v6, header);
}

static enum vg_proxy_status parse_1(struct vg_slice text, struct vg_proxy_header *header)
{
	struct vg_slice seen = vg_slice_first(text, LINE_MAX);
	size_t cr = vg_slice_find(seen, '\r');
	if (vg_slice_find(seen, '\n') < cr)
		return bad(header, "LF without CR");
	if (cr + 2 > LINE_MAX)
		return bad(header, "line too long");
	if (cr + 2 > seen.len)
		return more(header, seen.len + 1);
	if (seen.ptr[cr + 1] != '\n')
		return bad(header, "CR without LF");
	header->size = cr + 2;
	return parse_line(vg_slice_first(seen, cr), header);
}

static size_t number_16(struct vg_slice text, size_t at)
{
	return (size_t)(uint8_t)text.ptr[at] << 8 | (uint8_t)text.ptr[at + 1];
}

/* Over the header with the sum's own four bytes, which lie at `at`, zero (2.2.3). */
static bool sum_is_right(struct vg_slice whole, size_t at)
{
	static const char zeros[4];
	uint32_t told = (uint32_t)number_16(whole, at) << 16 | (uint32_t)number_16(whole, at + 2);
	uint32_t sum = vg_crc32c(0, whole.ptr, at);
	sum = vg_crc32c(sum, zeros, sizeof(zeros));
	struct vg_slice rest = vg_slice_from(whole, at + sizeof(zeros));
	return vg_crc32c(sum, rest.ptr, rest.len) == told;
}

/* Type, length, value, one after the other to the header's end; only a sum means something to us. */
static const char *check_tlvs(struct vg_slice whole, size_t at)
{
	bool summed = false;
	while (at < whole.len) {
		if (whole.len - at < TLV_HEAD)
			return "a TLV is cut short";
		size_t len = number_16(whole, at + 1), value = at + TLV_HEAD;
		if (len > whole.len - value)
			return "a TLV goes past the end";
		if (whole.ptr[at] == TLV_CRC32C) {
			if (len != 4 || summed)
				return "a CRC-32C that is none, or a second one";
			if (!sum_is_right(whole, value))
				return "its CRC-32C is wrong";
			summed = true;
		}
		at = value + len;
	}
	return NULL;
}

/* Source and destination, then both ports (2.2). */
static enum vg_proxy_status parse_block(struct vg_slice whole, struct vg_proxy_header *header)
{
	uint8_t family = (uint8_t)whole.ptr[AT_FAMILY], bytes[16];
	if (family != TCP4 && family != TCP6)
		return bad(header, "neither TCP over IPv4 nor over IPv6");
	size_t size = family == TCP4 ? 4 : 16, ports = FIXED + 2 * size, end = ports + 4;
	if (whole.len < end)
		return bad(header, "too short for its addresses");
	memcpy(bytes, whole.ptr + FIXED, size);
	if (family == TCP4)
		header->src = vg_addr_v4(bytes);
	else
		memcpy(header->src.bytes, bytes, size);
	header->sport = (uint16_t)number_16(whole, ports);
	header->named = true;
	const char *fault = check_tlvs(whole, end);
	return fault == NULL ? VG_PROXY_WHOLE : bad(header, fault);
}

static enum vg_proxy_status parse_2(struct vg_slice text, struct vg_proxy_header *header)
{
	if (text.len < FIXED)
		return more(header, FIXED);
	unsigned command = (uint8_t)text.ptr[AT_COMMAND] & 0x0fU;
	if ((uint8_t)text.ptr[AT_COMMAND] >> 4 != 2)
		return bad(header, "not version 2");
	if (command != LOCAL && command != PROXY)
		return bad(header, "neither LOCAL nor PROXY");
	size_t size = FIXED + number_16(text, AT_LENGTH);
	if (size > VG_PROXY_HEADER_MAX)
		return bad(header, "too long");
	if (text.len < size)
		return more(header, size);
	header->size = size;
	/* LOCAL: whatever it says of a connection is not of this one. */
	return command == LOCAL ? VG_PROXY_WHOLE : parse_block(vg_slice_first(text, size), header);
}

enum vg_proxy_status vg_proxy_header_parse(struct vg_slice text, struct vg_proxy_header *header)
{
	*header = (struct vg_proxy_header){0};
	if (begins_alike(text, SIGNATURE) && text.len > 0)
		return parse_2(text, header);
	if (!begins_alike(text, LINE_BEGIN))
		return bad(header, "no PROXY header");
	return text.len < LINE_BEGIN.len ? more(header, text.len + 1) : parse_1(text, header);
}
