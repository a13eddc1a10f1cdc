/* Addresses, prefixes and ports: one spelling in, one out. */
#include <criterion/criterion.h>

#include "base/addr.h"

static const struct {
	const char *in;
	const char *out; /* NULL: no address */
} addrs[] = {
	{"0.0.0.0", "0.0.0.0"},
	{"192.0.2.1", "192.0.2.1"},
	{"255.255.255.255", "255.255.255.255"},
	{"::", "::"},
	{"::1", "::1"},
	{"2001:DB8:0:0:0:0:0:1", "2001:db8::1"},
	{"2001:db8::0:1", "2001:db8::1"},
	{"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"},
	{"::ffff:192.0.2.1", "192.0.2.1"}, /* an address has one spelling */
	{"::ffff:c000:201", "192.0.2.1"},
	{"fe80::1%eth0", NULL},
	{"[::1]", NULL},
	{"192.0.2.1:80", NULL},
	{"192.0.2", NULL},
	{"192.0.2.256", NULL},
	{"192.0.2.1 ", NULL},
	{"0xc0.0.2.1", NULL},
	{"3221225985", NULL},
	{"192.0.2.01", NULL},
	{"1::2::3", NULL},
	{"12345::", NULL},
	{"", NULL},
	{"localhost", NULL},
	{"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", NULL},
};

Test(base_addr, text)
{
	for (size_t i = 0; i < VG_COUNT(addrs); i++) {
		struct vg_addr addr;
		char text[VG_ADDR_TEXT];
		bool good = vg_addr_parse(vg_slice_str(addrs[i].in), &addr);
		cr_expect_eq(good, addrs[i].out != NULL, "%s", addrs[i].in);
		if (!good || addrs[i].out == NULL)
			continue;
		vg_addr_text(text, &addr);
		cr_expect_str_eq(text, addrs[i].out, "%s became %s", addrs[i].in, text);
	}
	struct vg_addr addr;
	cr_expect_not(vg_addr_parse(vg_slice("::1\0x", 5), &addr), "a NUL ends no address");
}

static const struct {
	const char *prefix;
	bool good;
	const char *in, *out; /* an address that it has, and one that it has not; NULL */
} prefixes[] = {
	{"192.0.2.0/24", true, "192.0.2.255", "192.0.3.0"},
	{"192.0.2.0/24", true, "192.0.2.0", "192.0.1.255"},
	{"192.0.2.1", true, "192.0.2.1", "192.0.2.0"},
	{"192.0.2.1/32", true, "192.0.2.1", "192.0.2.2"},
	{"0.0.0.0/0", true, "8.8.8.8", "2001:db8::1"},
	{"::/0", true, "8.8.8.8", NULL},
	{"2001:db8:7::/48", true, "2001:db8:7:ffff::1", "2001:db8:8::1"},
	{"2001:db8:7::/48", true, NULL, "192.0.2.1"},
	{"2001:db8::1", true, "2001:db8::1", "2001:db8::2"},
	{"128.0.0.0/1", true, "255.0.0.1", "127.255.255.255"},
	{"192.0.2.4/30", true, "192.0.2.7", "192.0.2.8"},
	{"::ffff:192.0.2.0/120", true, "192.0.2.9", "192.0.3.1"},
	{"192.0.2.1/24", false, NULL, NULL}, /* host bits */
	{"2001:db8::1/64", false, NULL, NULL},
	{"192.0.2.0/33", false, NULL, NULL},
	{"2001:db8::/129", false, NULL, NULL},
	{"192.0.2.0/", false, NULL, NULL},
	{"192.0.2.0/-1", false, NULL, NULL},
	{"192.0.2.0/24/1", false, NULL, NULL},
	{"192.0.2.0/255.255.255.0", false, NULL, NULL},
	{"/24", false, NULL, NULL},
	{"", false, NULL, NULL},
};

static void expect_has(const struct vg_prefix *prefix, const char *text, bool expected, size_t row)
{
	struct vg_addr addr;
	if (text == NULL)
		return;
	cr_assert(vg_addr_parse(vg_slice_str(text), &addr));
	cr_expect_eq(vg_prefix_has(prefix, &addr), expected, "row %zu: %s", row, text);
}

Test(base_addr, prefixes)
{
	for (size_t i = 0; i < VG_COUNT(prefixes); i++) {
		struct vg_prefix prefix;
		bool good = vg_prefix_parse(vg_slice_str(prefixes[i].prefix), &prefix);
		cr_expect_eq(good, prefixes[i].good, "%s", prefixes[i].prefix);
		if (!good)
			continue;
		expect_has(&prefix, prefixes[i].in, true, i);
		expect_has(&prefix, prefixes[i].out, false, i);
	}
}

static const struct {
	const char *text, *addr; /* NULL: neither */
	uint16_t port;
} ports[] = {
	{"0.0.0.0:8443", "0.0.0.0", 8443},
	{"[::]:8443", "::", 8443},
	{"[2001:db8::1]:1", "2001:db8::1", 1},
	{"192.0.2.1:65535", "192.0.2.1", 65535},
	{"192.0.2.1:0", NULL, 0},
	{"192.0.2.1:65536", NULL, 0},
	{"192.0.2.1", NULL, 0},
	{"192.0.2.1:", NULL, 0},
	{":80", NULL, 0},
	{"::1:80", NULL, 0},
	{"[::1]", NULL, 0},
	{"[192.0.2.1]:80", NULL, 0},
	{"[::1:80", NULL, 0},
	{"::1]:80", NULL, 0},
	{"192.0.2.1:8x", NULL, 0},
	{"", NULL, 0},
	{"[]:80", NULL, 0},
	{"192.0.2.1:+80", NULL, 0},
};

Test(base_addr, ports)
{
	for (size_t i = 0; i < VG_COUNT(ports); i++) {
		struct vg_addr addr, expected;
		uint16_t port;
		bool good = vg_addr_port_parse(vg_slice_str(ports[i].text), &addr, &port);
		cr_expect_eq(good, ports[i].addr != NULL, "%s", ports[i].text);
		if (!good || ports[i].addr == NULL)
			continue;
		cr_assert(vg_addr_parse(vg_slice_str(ports[i].addr), &expected));
		cr_expect(vg_addr_eq(&addr, &expected), "%s", ports[i].text);
		cr_expect_eq(port, ports[i].port, "%s", ports[i].text);
	}
}

Test(base_addr, where_one_listens)
{
	static const struct {
		const char *text, *addr, *zone; /* addr NULL: it is none */
	} rows[] = {
		{"0.0.0.0:8443", "0.0.0.0", ""},
		{"[::]:8443", "::", ""},
		{"[fe80::7%eth0]:8443", "fe80::7", "eth0"},
		{"[febf:ffff:ffff:ffff:ffff:ffff:255.255.255.255%fifteen-letters]:8443",
		 "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "fifteen-letters"},
		{"[fe80::7%sixteen-letters-]:8443", NULL, NULL},
		{"[fe80::7]:8443", NULL, NULL}, /* of which link? */
		{"[fe80::7%]:8443", NULL, NULL},
		{"[fe80::7%a b]:8443", NULL, NULL},
		{"[fe80::7%a/b]:8443", NULL, NULL},
		{"[fec0::7%eth0]:8443", NULL, NULL},
		{"[::1%lo]:8443", NULL, NULL},
		{"[%eth0]:8443", NULL, NULL},
		{"fe80::7%eth0:8443", NULL, NULL},
		{"169.254.0.1%eth0:8443", NULL, NULL},
		{"[fe80::7%eth0]:0", NULL, NULL},
		{"[fe80::7%eth0]", NULL, NULL},
		{"[fe80::7%eth0", NULL, NULL},
		{"[fe80::7]:84%43", NULL, NULL},
	};
	for (size_t i = 0; i < VG_COUNT(rows); i++) {
		struct vg_addr addr, expected;
		struct vg_slice zone;
		uint16_t port;
		bool good = vg_addr_listen_parse(vg_slice_str(rows[i].text), &addr, &port, &zone);
		cr_expect_eq(good, rows[i].addr != NULL, "%s", rows[i].text);
		if (!good || rows[i].addr == NULL)
			continue;
		cr_assert(vg_addr_parse(vg_slice_str(rows[i].addr), &expected));
		cr_expect(vg_addr_eq(&addr, &expected), "%s", rows[i].text);
		cr_expect(vg_slice_eq(zone, vg_slice_str(rows[i].zone)), "%s", rows[i].text);
		cr_expect_eq(port, 8443, "%s", rows[i].text);
	}
}
