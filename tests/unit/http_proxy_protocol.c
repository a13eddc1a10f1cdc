#include <criterion/criterion.h>

#include "base/crc32c.h"
#include "http/proxy_protocol.h"

#define S(literal) VG_SLICE(literal)
#define SIG "\r\n\r\n\0\r\nQUIT\n"
#define V4 "\xcb\x00\x71\x07\x0a\x00\x00\x01\x9c\x40\x01\xbb"
#define SIX "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x07"
#define V6 SIX SIX "\x9c\x40\x01\xbb"

struct row {
	struct vg_slice text;
	size_t size;     /* 0: it is bad */
	const char *src; /* NULL: it names nobody */
	unsigned sport;
};

static const struct row rows[] = {
	/* version 1 */
	{S("PROXY TCP4 203.0.113.7 10.0.0.1 40000 443\r\n"), 43, "203.0.113.7", 40000},
	{S("PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n"), 56, "255.255.255.255",
	 65535},
	{S("PROXY TCP4 203.0.113.7 10.0.0.1 0 0\r\n"), 37, "203.0.113.7", 0},
	{S("PROXY TCP4 203.0.113.7 10.0.0.1 40000 443\r\n\x16\x03\x01"), 43, "203.0.113.7", 40000},
	{S("PROXY TCP6 2001:db8::7 2001:db8::1 40000 443\r\n"), 46, "2001:db8::7", 40000},
	{S("PROXY TCP6 ::ffff:203.0.113.7 ::1 40000 443\r\n"), 45, "203.0.113.7", 40000},
	{S("PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
	   "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n"),
	 104, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 65535},
	{S("PROXY UNKNOWN\r\n"), 15, NULL, 0},
	{S("PROXY UNKNOWN ffff::1 whatever 1 2 3\r\n"), 38, NULL, 0},
	{S("PROXY TCP4 203.0.113.7 10.0.0.1 40000 443\n"), 0, NULL, 0},
	{S("PROXY TCP4 203.0.113.7 10.0.0.1 40000 443\r\r\n"), 0, NULL, 0},
	{S("PROXY TCP4 203.0.113.7 10.0.0.1 40000 443 \r\n"), 0, NULL, 0},
	{S("PROXY TCP4  203.0.113.7 10.0.0.1 40000 443\r\n"), 0, NULL, 0},
	{S("PROXY TCP4\t203.0.113.7 10.0.0.1 40000 443\r\n"), 0, NULL, 0},
	{S("PROXY  TCP4 203.0.113.7 10.0.0.1 40000 443\r\n"), 0, NULL, 0},
	{S("proxy TCP4 203.0.113.7 10.0.0.1 40000 443\r\n"), 0, NULL, 0},
	{S("PROXY tcp4 203.0.113.7 10.0.0.1 40000 443\r\n"), 0, NULL, 0},
	{S("PROXY UDP4 203.0.113.7 10.0.0.1 40000 443\r\n"), 0, NULL, 0},
	{S("PROXY UNKNOWNS\r\n"), 0, NULL, 0},
	{S("PROXY UNKNOWN \x01\r\n"), 0, NULL, 0},
	{S("PROXY UNKNOWN a\0b\r\n"), 0, NULL, 0},
	{S("PROXY \r\n"), 0, NULL, 0},
	{S("PROXY TCP4\r\n"), 0, NULL, 0},
	{S("PROXY TCP4 203.0.113.7 10.0.0.1 40000\r\n"), 0, NULL, 0},
	{S("PROXY TCP4 203.0.113.7 10.0.0.1 40000 443 1\r\n"), 0, NULL, 0},
	{S("PROXY TCP4 203.0.113.07 10.0.0.1 40000 443\r\n"), 0, NULL, 0},
	{S("PROXY TCP4 203.0.113 10.0.0.1 40000 443\r\n"), 0, NULL, 0},
	{S("PROXY TCP4 203.0.113.256 10.0.0.1 40000 443\r\n"), 0, NULL, 0},
	{S("PROXY TCP4 203.0.113.7 ten 40000 443\r\n"), 0, NULL, 0},
	{S("PROXY TCP4 2001:db8::7 10.0.0.1 40000 443\r\n"), 0, NULL, 0},
	{S("PROXY TCP6 203.0.113.7 2001:db8::1 40000 443\r\n"), 0, NULL, 0},
	{S("PROXY TCP6 [2001:db8::7] 2001:db8::1 40000 443\r\n"), 0, NULL, 0},
	{S("PROXY TCP6 fe80::1%eth0 2001:db8::1 40000 443\r\n"), 0, NULL, 0},
	{S("PROXY TCP4 203.0.113.7 10.0.0.1 65536 443\r\n"), 0, NULL, 0},
	{S("PROXY TCP4 203.0.113.7 10.0.0.1 040000 443\r\n"), 0, NULL, 0},
	{S("PROXY TCP4 203.0.113.7 10.0.0.1 00 443\r\n"), 0, NULL, 0},
	{S("PROXY TCP4 203.0.113.7 10.0.0.1 +1 443\r\n"), 0, NULL, 0},
	{S("PROXY TCP4 203.0.113.7 10.0.0.1 -1 443\r\n"), 0, NULL, 0},
	{S("PROXY TCP4 203.0.113.7 10.0.0.1 40000 0x1\r\n"), 0, NULL, 0},
	{S("PROXY TCP4 203.0.113.7 10.0.0.1  443\r\n"), 0, NULL, 0},
	/* 107 bytes with CRLF, and one more */
	{S("PROXY UNKNOWN 3456789012345678901234567890123456789012345678901234567890"
	   "123456789012345678901234567890123\r\n"),
	 107, NULL, 0},
	{S("PROXY UNKNOWN 3456789012345678901234567890123456789012345678901234567890"
	   "1234567890123456789012345678901234\r\n"),
	 0, NULL, 0},
	{S("\x16\x03\x01\x02\x00"), 0, NULL, 0},
	{S("GET / HTTP/1.1\r\n\r\n"), 0, NULL, 0},
	/* version 2 */
	{S(SIG "\x21\x11\x00\x0c" V4), 28, "203.0.113.7", 40000},
	{S(SIG "\x21\x11\x00\x0c" V4 "\x16\x03\x01"), 28, "203.0.113.7", 40000},
	{S(SIG "\x21\x21\x00\x24" V6), 52, "2001:db8::7", 40000},
	{S(SIG "\x20\x00\x00\x00"), 16, NULL, 0},
	{S(SIG "\x20\x11\x00\x0c" V4), 28, NULL, 0},
	{S(SIG "\x20\xff\x00\x02zz"), 18, NULL, 0},
	{S(SIG "\x21\x11\x00\x12" V4 "\x04\x00\x03zzz"), 34, "203.0.113.7", 40000},
	{S(SIG "\x21\x11\x00\x15" V4 "\x04\x00\x00\x01\x00\x03h2!"), 37, "203.0.113.7", 40000},
	{S(SIG "\x11\x11\x00\x0c" V4), 0, NULL, 0},
	{S(SIG "\x31\x11\x00\x0c" V4), 0, NULL, 0},
	{S(SIG "\x22\x11\x00\x0c" V4), 0, NULL, 0},
	{S(SIG "\x21\x00\x00\x00"), 0, NULL, 0},
	{S(SIG "\x21\x12\x00\x0c" V4), 0, NULL, 0},
	{S(SIG "\x21\x22\x00\x24" V6), 0, NULL, 0},
	{S(SIG "\x21\x31\x00\x02zz"), 0, NULL, 0},
	{S(SIG "\x21\x10\x00\x0c" V4), 0, NULL, 0},
	{S(SIG "\x21\x41\x00\x0c" V4), 0, NULL, 0},
	{S(SIG "\x21\x11\x00\x0b\xcb\x00\x71\x07\x0a\x00\x00\x01\x9c\x40\x01"), 0, NULL, 0},
	{S(SIG "\x21\x21\x00\x0c" V4), 0, NULL, 0},
	{S(SIG "\x21\x11\x00\x0d" V4 "\x04"), 0, NULL, 0},
	{S(SIG "\x21\x11\x00\x0e" V4 "\x04\x00"), 0, NULL, 0},
	{S(SIG "\x21\x11\x00\x0f" V4 "\x04\x00\x01"), 0, NULL, 0},
	{S(SIG "\x21\x11\x00\x11" V4 "\x04\x00\x03zz"), 0, NULL, 0},
	{S(SIG "\x21\x11\x00\x13" V4 "\x03\x00\x04zzzz"), 0, NULL, 0},
	{S(SIG "\x21\x11\x00\x11" V4 "\x03\x00\x02zz"), 0, NULL, 0},
	{S(SIG "\x21\x11\x02\x09"), 0, NULL, 0}, /* 537 bytes in all */
	{S(SIG "\x21\x11\xff\xff"), 0, NULL, 0},
	{S("\r\n\r\n\0\r\nQUIT\r"), 0, NULL, 0},
	{S("\r\n\r\n\0\r\nPUT \n\x21\x11\x00\x0c" V4), 0, NULL, 0},
};

static void expect(const struct row *row, enum vg_proxy_status status,
		   const struct vg_proxy_header *header, size_t at)
{
	char text[VG_ADDR_TEXT];
	cr_assert_eq(status, row->size > 0 ? VG_PROXY_WHOLE : VG_PROXY_BAD, "row %zu: %d %s", at,
		     status, header->fault);
	cr_assert_eq(header->fault != NULL, row->size == 0, "row %zu", at);
	if (row->size == 0)
		return;
	cr_assert_eq(header->size, row->size, "row %zu: %zu", at, header->size);
	cr_assert_eq(header->named, row->src != NULL, "row %zu", at);
	if (row->src == NULL)
		return;
	vg_addr_text(text, &header->src);
	cr_assert_str_eq(text, row->src, "row %zu", at);
	cr_assert_eq(header->sport, row->sport, "row %zu", at);
}

Test(http_proxy_protocol, headers_are_read_as_the_table_says)
{
	for (size_t i = 0; i < VG_COUNT(rows); i++) {
		struct vg_proxy_header header;
		enum vg_proxy_status status = vg_proxy_header_parse(rows[i].text, &header);
		expect(&rows[i], status, &header, i);
	}
}

/* As they come: every answer before the last is MORE, asks for more than there is, and for nothing
   that lies behind the header. */
Test(http_proxy_protocol, a_byte_at_a_time_says_the_same)
{
	for (size_t i = 0; i < VG_COUNT(rows); i++) {
		struct vg_proxy_header header;
		enum vg_proxy_status status = VG_PROXY_MORE;
		for (size_t len = 0; status == VG_PROXY_MORE; len++) {
			cr_assert_leq(len, rows[i].text.len, "row %zu", i);
			status = vg_proxy_header_parse(vg_slice_first(rows[i].text, len), &header);
			if (status == VG_PROXY_MORE && rows[i].size > 0)
				cr_assert(header.size > len && header.size <= rows[i].size,
					  "row %zu at %zu: %zu", i, len, header.size);
		}
		expect(&rows[i], status, &header, i);
	}
}

Test(http_proxy_protocol, a_sum_is_verified_over_the_whole_header)
{
	char text[] = SIG "\x21\x11\x00\x17" V4 "\x03\x00\x04\0\0\0\0\x04\x00\x01z";
	const size_t len = sizeof(text) - 1, at = 31;
	struct vg_proxy_header header;
	uint32_t sum = vg_crc32c(0, text, len);
	for (size_t i = 0; i < 4; i++)
		text[at + i] = (char)(sum >> (24 - 8 * i));
	cr_assert_eq(vg_proxy_header_parse(vg_slice(text, len), &header), VG_PROXY_WHOLE, "%s",
		     header.fault);
	/* Every bit counts, but those without which there is no sum. */
	for (size_t bit = 13 * 8; bit < len * 8; bit++) {
		if (bit / 8 == at - 3)
			continue;
		text[bit / 8] ^= (char)(1 << bit % 8);
		cr_expect_eq(vg_proxy_header_parse(vg_slice(text, len), &header) ==
					     VG_PROXY_WHOLE &&
				     header.size == len,
			     false, "bit %zu", bit);
		text[bit / 8] ^= (char)(1 << bit % 8);
	}
	cr_assert_eq(vg_proxy_header_parse(vg_slice(text, len), &header), VG_PROXY_WHOLE);
}

Test(http_proxy_protocol, no_tls_begins_as_a_header)
{
	cr_assert(vg_proxy_header_begins(S("PROXY TCP4")));
	cr_assert(vg_proxy_header_begins(S(SIG)));
	cr_assert_not(vg_proxy_header_begins(S("PROXY")));
	cr_assert_not(vg_proxy_header_begins(S("\x16\x03\x01\x02\x00")));
	cr_assert_not(vg_proxy_header_begins(VG_SLICE_EMPTY));
}
