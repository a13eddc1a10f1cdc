/* When a ClientHello is whole, however it is cut into records. */
#include <criterion/criterion.h>
#include <string.h>

#include "proxy/hello.h"

struct sample {
	const char *what;
	const char *bytes;
	size_t len, need;
};

#define BYTES(text) text, sizeof(text) - 1

static const struct sample samples[] = {
	{"nothing yet", BYTES(""), 5},
	{"a byte", BYTES("\x16"), 5},
	{"no handshake", BYTES("G"), 0},
	{"no handshake, long", BYTES("GET / HTTP/1.1\r\n"), 0},
	{"an alert", BYTES("\x15\x03\x03\x00\x02"), 0},
	{"a record's head", BYTES("\x16\x03\x01\x01\x00"), 261},
	{"an empty record", BYTES("\x16\x03\x01\x00\x00"), 0},
	{"all but a byte", BYTES("\x16\x03\x01\x00\x06\x01\x00\x00\x02z"), 11},
	{"whole", BYTES("\x16\x03\x01\x00\x06\x01\x00\x00\x02zz"), 11},
	{"whole, and more", BYTES("\x16\x03\x01\x00\x06\x01\x00\x00\x02zz\x14\x03\x03"), 11},
	{"one record of two", BYTES("\x16\x03\x01\x00\x05\x01\x00\x00\x02z"), 15},
	{"two records, all but a byte",
	 BYTES("\x16\x03\x01\x00\x05\x01\x00\x00\x02z"
	       "\x16\x03\x01\x00\x01"),
	 16},
	{"two records", BYTES("\x16\x03\x01\x00\x05\x01\x00\x00\x02z\x16\x03\x01\x00\x01z"), 16},
	{"something else between", BYTES("\x16\x03\x01\x00\x05\x01\x00\x00\x02z\x17"), 0},
	{"a head in pieces",
	 BYTES("\x16\x03\x01\x00\x01\x01\x16\x03\x01\x00\x01\x00"
	       "\x16\x03\x01\x00\x01\x00\x16\x03\x01\x00\x01\x02"),
	 29},
	{"a record of the largest size", BYTES("\x16\x03\x01\xff\xff"), 65540},
};

Test(proxy_hello, samples)
{
	for (size_t i = 0; i < VG_COUNT(samples); i++) {
		const struct sample *sample = &samples[i];
		cr_expect_eq(vg_hello_need(vg_slice(sample->bytes, sample->len)), sample->need,
			     "%s: %zu", sample->what,
			     vg_hello_need(vg_slice(sample->bytes, sample->len)));
	}
}

/* A message that is announced larger than what is let come, one byte in a record: it ends. */
Test(proxy_hello, dribble_of_records_ends)
{
	static char bytes[VG_HELLO_MAX];
	size_t len = 0, need = 5;
	while (need <= sizeof(bytes)) {
		while (len < need) {
			static const char record[] = "\x16\x03\x01\x00\x01\xff";
			bytes[len] = record[len % 6];
			len++;
		}
		size_t more = vg_hello_need(vg_slice(bytes, len));
		cr_assert_gt(more, need);
		need = more;
	}
}
