/* The event record: what is written comes back, and nothing that isn't one is believed. */
#include <criterion/criterion.h>

#include "event/record.h"

static _Alignas(8) uint8_t mem[VG_RECORD_MAX];

static size_t sample(void)
{
	struct vg_record_writer writer;
	vg_record_begin(&writer, mem, sizeof(mem));
	vg_record_text(&writer, VG_FIELD_VENDOR, VG_SLICE("acme"));
	vg_record_text(&writer, VG_FIELD_PATH, VG_SLICE("/a/b"));
	vg_record_uint(&writer, VG_FIELD_STATUS, 200);
	struct vg_addr addr = vg_addr_v4((const uint8_t[]){192, 0, 2, 1});
	vg_record_addr(&writer, VG_FIELD_SRC, &addr);
	vg_record_time(&writer, VG_FIELD_NOT_AFTER, -5);
	vg_record_text(&writer, VG_FIELD_UA, VG_SLICE(""));
	vg_record_text(&writer, VG_FIELD_VENDOR, VG_SLICE("second"));
	return vg_record_end(&writer, VG_REASON_ACCESS_ALLOWED, 1234567);
}

Test(event_record, round_trip)
{
	size_t len = sample();
	struct vg_record record;
	struct vg_record_value value;
	cr_assert(vg_record_open(&record, mem, len));
	cr_assert_eq(len % 8, 0);
	cr_assert_eq(vg_record_reason(&record), VG_REASON_ACCESS_ALLOWED);
	cr_assert_eq(record.head.code, 1001);
	cr_assert_eq(record.head.time, 1234567);
	cr_assert_eq(record.head.count, 6);

	cr_assert(vg_record_get(&record, VG_FIELD_VENDOR, &value));
	cr_assert(vg_slice_eq(value.text, VG_SLICE("acme")), "the first of two");
	cr_assert(vg_record_get(&record, VG_FIELD_STATUS, &value));
	cr_assert_eq(value.number, 200);
	cr_assert(vg_record_get(&record, VG_FIELD_NOT_AFTER, &value));
	cr_assert_eq((int64_t)value.number, -5);
	cr_assert(vg_record_get(&record, VG_FIELD_SRC, &value));
	char text[VG_ADDR_TEXT];
	vg_addr_text(text, &value.addr);
	cr_assert_str_eq(text, "192.0.2.1");
	cr_assert_not(vg_record_get(&record, VG_FIELD_UA, &value), "empty texts are left out");
	cr_assert_not(vg_record_get(&record, VG_FIELD_TRUNC, &value));

	static const enum vg_field order[] = {VG_FIELD_VENDOR, VG_FIELD_PATH,      VG_FIELD_STATUS,
					      VG_FIELD_SRC,    VG_FIELD_NOT_AFTER, VG_FIELD_VENDOR};
	size_t at = 0, count = 0;
	while (vg_record_next(&record, &at, &value))
		cr_assert_eq(value.field, order[count++]);
	cr_assert_eq(count, VG_COUNT(order));
}

Test(event_record, long_text_is_cut_between_characters)
{
	static const struct {
		size_t prefix;
		const char *repeat;
		size_t len; /* of what stays of 600 bytes */
	} table[] = {
		{0, "a", 256},
		{0, "\xc3\xa9", 256},
		{1, "\xc3\xa9", 255},
		{0, "\xe2\x82\xac", 255},
		{1, "\xe2\x82\xac", 256},
		{0, "\xf0\x9f\x98\x80", 256},
		{1, "\xf0\x9f\x98\x80", 253},
		{3, "\xf0\x9f\x98\x80", 255},
		{0, "\x80", 256}, /* no UTF-8 at all: just cut */
	};
	for (size_t i = 0; i < VG_COUNT(table); i++) {
		char text[600];
		size_t unit = strlen(table[i].repeat);
		memset(text, 'x', table[i].prefix);
		for (size_t j = table[i].prefix; j < sizeof(text); j++)
			text[j] = table[i].repeat[(j - table[i].prefix) % unit];
		struct vg_record_writer writer;
		vg_record_begin(&writer, mem, sizeof(mem));
		vg_record_text(&writer, VG_FIELD_PATH, vg_slice(text, sizeof(text)));
		size_t len = vg_record_end(&writer, VG_REASON_HTTP_PATH, 1);
		struct vg_record record;
		struct vg_record_value value;
		cr_assert(vg_record_open(&record, mem, len));
		cr_assert(vg_record_get(&record, VG_FIELD_PATH, &value));
		cr_assert_eq(value.text.len, table[i].len, "row %zu: %zu", i, value.text.len);
		cr_assert(vg_record_get(&record, VG_FIELD_TRUNC, &value));
		cr_assert_eq(value.number, 1);
	}
}

Test(event_record, without_room_fields_go_and_trunc_says_so)
{
	/* For each capacity: what is there is whole, and trunc says where something isn't. */
	for (size_t cap = 32; cap <= 400; cap += 8) {
		struct vg_record_writer writer;
		memset(mem, 0xff, sizeof(mem));
		vg_record_begin(&writer, mem, cap);
		for (uint64_t i = 0; i < 10; i++) {
			vg_record_text(&writer, VG_FIELD_PATH, VG_SLICE("/seventeen/bytes/"));
			vg_record_uint(&writer, VG_FIELD_STATUS, i);
		}
		size_t len = vg_record_end(&writer, VG_REASON_HTTP_PATH, 1);
		struct vg_record record;
		struct vg_record_value value;
		cr_assert_leq(len, cap);
		cr_assert(vg_record_open(&record, mem, len));
		bool trunc = vg_record_get(&record, VG_FIELD_TRUNC, &value);
		cr_assert_eq(trunc, record.head.count - trunc < 20, "cap %zu", cap);
		cr_assert_eq(mem[cap], 0xff);
	}
}

/* A record of bytes: what a writer that was taken over may leave. */
struct hostile {
	const char *what;
	size_t at;
	uint8_t bytes[8];
	size_t count;
};

Test(event_record, hostile_records_are_refused)
{
	size_t len = sample();
	uint8_t good[512];
	cr_assert_leq(len, sizeof(good));
	memcpy(good, mem, len);
	static const struct hostile table[] = {
		{"length 0", 0, {0, 0, 0, 0}, 4},
		{"length of half a head", 0, {8, 0, 0, 0}, 4},
		{"length no multiple of 8", 0, {33, 0, 0, 0}, 4},
		{"length over what is there", 0, {0, 2, 0, 0}, 4},
		{"length over all", 0, {0xf8, 0xff, 0xff, 0xff}, 4},
		{"length shorter than its fields", 0, {16, 0, 0, 0}, 4},
		{"code 0", 4, {0, 0}, 2},
		{"code of no reason", 4, {0xff, 0xff}, 2},
		{"fewer fields", 6, {1, 0}, 2},
		{"one field fewer", 6, {5, 0}, 2},
		{"one field more", 6, {7, 0}, 2},
		{"65535 fields", 6, {0xff, 0xff}, 2},
		{"field number 0", 16, {0}, 1},
		{"field that nobody knows", 16, {255}, 1},
		{"field given by the log (seq)", 16, {4}, 1},
		{"field given by the row (sev)", 16, {8}, 1},
		{"type that is another's", 17, {1}, 1},
		{"type that nobody knows", 17, {9}, 1},
		{"text of length 0", 18, {0, 0}, 2},
		{"text that overruns", 18, {0xff, 0xff}, 2},
		{"text over the next field", 18, {12, 0}, 2},
		{"number of 7 bytes", 34, {7, 0}, 2},
		{"number of 9 bytes", 34, {9, 0}, 2},
	};
	struct vg_record record;
	for (size_t i = 0; i < VG_COUNT(table); i++) {
		memcpy(mem, good, len);
		memcpy(mem + table[i].at, table[i].bytes, table[i].count);
		cr_assert_not(vg_record_open(&record, mem, len), "%s", table[i].what);
	}
	memcpy(mem, good, len);
	mem[len - 1] = 1;
	cr_assert_not(vg_record_open(&record, mem, len), "padding that isn't zero");
	memcpy(mem, good, len);
	for (size_t less = 0; less < len; less++)
		cr_assert_not(vg_record_open(&record, mem, less), "only %zu bytes", less);
	cr_assert(vg_record_open(&record, mem, len), "the control");
}

Test(event_record, any_byte_may_change)
{
	/* Whatever opens must be readable to its end without leaving it: the sanitizers watch. */
	size_t len = sample();
	uint8_t *exact = malloc(len);
	unsigned opened = 0;
	for (size_t at = 0; at < len; at++)
		for (unsigned byte = 0; byte < 256; byte++) {
			memcpy(exact, mem, len);
			exact[at] = (uint8_t)byte;
			struct vg_record record;
			struct vg_record_value value;
			if (!vg_record_open(&record, exact, len))
				continue;
			opened++;
			size_t next = 0, count = 0;
			while (vg_record_next(&record, &next, &value))
				count++;
			cr_assert_eq(count, record.head.count);
		}
	cr_assert_gt(opened, len);
	free(exact);
}
