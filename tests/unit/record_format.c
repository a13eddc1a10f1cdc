/* Events as messages: exact lines, every byte escaped, and what goes where there is no room. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "record/format.h"

static _Alignas(8) uint8_t mem[VG_RECORD_MAX];
static const struct vg_format_env env = {
	.node = {"dmz-1", 5}, .pid = 4711, .facility = 20 /* local4 */};

struct field {
	enum vg_field field;
	const char *text;
	uint64_t number;
};

static struct vg_logged logged(enum vg_reason reason, const struct field *fields, size_t count)
{
	struct vg_record_writer writer;
	struct vg_addr addr;
	vg_record_begin(&writer, mem, sizeof(mem));
	for (size_t i = 0; i < count; i++) {
		enum vg_field field = fields[i].field;
		switch (vg_field_row(field)->type) {
		case VG_TYPE_TEXT:
			vg_record_text(&writer, field, vg_slice_str(fields[i].text));
			break;
		case VG_TYPE_UINT:
			vg_record_uint(&writer, field, fields[i].number);
			break;
		case VG_TYPE_TIME:
			vg_record_time(&writer, field, (int64_t)fields[i].number);
			break;
		case VG_TYPE_ADDR:
			cr_assert(vg_addr_parse(vg_slice_str(fields[i].text), &addr));
			vg_record_addr(&writer, field, &addr);
			break;
		}
	}
	size_t len = vg_record_end(&writer, reason, 1780308000123456);
	struct vg_logged event = {.seq = 42, .boot = 1780300800000000};
	cr_assert(vg_record_open(&event.record, mem, len));
	return event;
}

static const char *line_of(const struct vg_format_env *with, const struct vg_logged *event)
{
	static char line[VG_MESSAGE_MAX + 1];
	size_t len = vg_format_write(VG_FORMAT_SD, line, with, event);
	cr_assert_leq(len, 2048);
	line[len] = '\0';
	return line;
}

static const struct {
	enum vg_reason reason;
	struct field fields[12];
	const char *line;
} lines[] = {
	{VG_REASON_ACCESS_ALLOWED,
	 {{VG_FIELD_STATUS, NULL, 200},
	  {VG_FIELD_VENDOR, "acme", 0},
	  {VG_FIELD_PROOF, "yes", 0},
	  {VG_FIELD_SRC, "192.0.2.1", 0},
	  {VG_FIELD_METHOD, "GET", 0},
	  {VG_FIELD_PATH, "/v1/orders/17", 0},
	  {VG_FIELD_NOT_AFTER, NULL, 1780308000000000},
	  {VG_FIELD_REQ, "01JX0000000000000000000000", 0}},
	 "<166>1 2026-06-01T10:00:00.123456Z dmz-1 vendgate 4711 VG1001 [vendgate@32473 "
	 "time=\"2026-06-01T10:00:00.123456Z\" node=\"dmz-1\" boot=\"2026-06-01T08:00:00.000000Z\" "
	 "seq=\"42\" schema=\"1\" code=\"VG1001\" event=\"exchange\" sev=\"6\" decision=\"allow\" "
	 "reason=\"access.allowed\" vendor=\"acme\" proof=\"yes\" "
	 "not_after=\"2026-06-01T10:00:00.000000Z\" src=\"192.0.2.1\" method=\"GET\" "
	 "path=\"/v1/orders/17\" status=\"200\" req=\"01JX0000000000000000000000\"] "
	 "allowed GET for acme from 192.0.2.1"},
	{VG_REASON_ACCESS_NO_RULE,
	 {{VG_FIELD_VENDOR, "acme", 0},
	  {VG_FIELD_SRC, "2001:db8::1", 0},
	  {VG_FIELD_METHOD, "POST", 0},
	  {VG_FIELD_PATH, "/x\"y]z", 0},
	  {VG_FIELD_STATUS, NULL, 403}},
	 "<164>1 2026-06-01T10:00:00.123456Z dmz-1 vendgate 4711 VG2001 [vendgate@32473 "
	 "time=\"2026-06-01T10:00:00.123456Z\" node=\"dmz-1\" boot=\"2026-06-01T08:00:00.000000Z\" "
	 "seq=\"42\" schema=\"1\" code=\"VG2001\" event=\"refused\" sev=\"4\" decision=\"refuse\" "
	 "reason=\"access.no_rule\" vendor=\"acme\" src=\"2001:db8::1\" method=\"POST\" "
	 "path=\"/x\\\"y\\]z\" status=\"403\" attack=\"T1199\"] "
	 "refused POST for acme from 2001:db8::1: access.no_rule"},
	{VG_REASON_IDENTITY_PROOF,
	 {{VG_FIELD_CLAIMED, "acme", 0}, {VG_FIELD_PROOF, "no", 0}, {VG_FIELD_SRC, "192.0.2.9", 0}},
	 "<164>1 2026-06-01T10:00:00.123456Z dmz-1 vendgate 4711 VG5013 [vendgate@32473 "
	 "time=\"2026-06-01T10:00:00.123456Z\" node=\"dmz-1\" boot=\"2026-06-01T08:00:00.000000Z\" "
	 "seq=\"42\" schema=\"1\" code=\"VG5013\" event=\"handshake_failed\" sev=\"4\" "
	 "decision=\"refuse\" reason=\"identity.proof\" claimed=\"acme\" proof=\"no\" "
	 "src=\"192.0.2.9\" attack=\"T1078\"] "
	 "refused for one who claims to be acme from 192.0.2.9: identity.proof"},
	{VG_REASON_LOG_GAP,
	 {{VG_FIELD_CONSTRAINT, "siem", 0},
	  {VG_FIELD_FIRST, NULL, 7},
	  {VG_FIELD_LAST, NULL, 9},
	  {VG_FIELD_DROPPED, NULL, 3}},
	 "<163>1 2026-06-01T10:00:00.123456Z dmz-1 vendgate 4711 VG9021 [vendgate@32473 "
	 "time=\"2026-06-01T10:00:00.123456Z\" node=\"dmz-1\" boot=\"2026-06-01T08:00:00.000000Z\" "
	 "seq=\"42\" schema=\"1\" code=\"VG9021\" event=\"log_gap\" sev=\"3\" decision=\"none\" "
	 "reason=\"log.gap\" constraint=\"siem\" first=\"7\" last=\"9\" dropped=\"3\"] "
	 "gateway: log_gap"},
};

Test(record_format, sd_lines)
{
	for (size_t i = 0; i < VG_COUNT(lines); i++) {
		size_t count = 0;
		while (count < 12 && (lines[i].fields[count].text || lines[i].fields[count].number))
			count++;
		struct vg_logged event = logged(lines[i].reason, lines[i].fields, count);
		cr_assert_str_eq(line_of(&env, &event), lines[i].line, "row %zu:\n%s\n%s", i,
				 line_of(&env, &event), lines[i].line);
	}
}

/* What one byte (never a part of a valid character here) must be in a quoted value. */
static void expected_of(unsigned byte, char out[8])
{
	if (byte < 0x20 || byte == 0x7f || byte >= 0x80)
		snprintf(out, 8, "\\\\x%02x", byte);
	else if (byte == '\\')
		snprintf(out, 8, "\\\\\\\\");
	else if (byte == '"' || byte == ']')
		snprintf(out, 8, "\\%c", (int)byte);
	else
		snprintf(out, 8, "%c", (int)byte);
}

Test(record_format, every_byte_of_a_value)
{
	for (unsigned byte = 0; byte < 256; byte++) {
		char value[3] = {'a', (char)byte, 'b'}, out[32], want[16], one[8];
		struct vg_message message = {.mem = out, .cap = sizeof(out)};
		vg_message_value(&message, vg_slice(value, 3), VG_QUOTING_SD);
		expected_of(byte, one);
		snprintf(want, sizeof(want), "a%sb", one);
		cr_assert(vg_slice_eq(vg_slice(out, message.len), vg_slice_str(want)),
			  "byte %02x: %.*s, not %s", byte, (int)message.len, out, want);
	}
}

static const struct {
	const char *value, *quoted, *plain;
} values[] = {
	{"caf\xc3\xa9", "caf\xc3\xa9", "caf\xc3\xa9"},
	{"\xe2\x82\xac\xf0\x9f\x98\x80", "\xe2\x82\xac\xf0\x9f\x98\x80",
	 "\xe2\x82\xac\xf0\x9f\x98\x80"},
	{"\xc3(", "\\\\xc3(", "\\xc3("},
	{"\xc0\x80", "\\\\xc0\\\\x80", "\\xc0\\x80"},                 /* overlong */
	{"\xed\xa0\x80", "\\\\xed\\\\xa0\\\\x80", "\\xed\\xa0\\x80"}, /* surrogate */
	{"\xe2\x82", "\\\\xe2\\\\x82", "\\xe2\\x82"},                 /* cut */
	{"a\nb", "a\\\\x0ab", "a\\x0ab"},
	{"\\x0a", "\\\\\\\\x0a", "\\\\x0a"}, /* not to be taken for an escape of ours */
	{"x\"] [fake@1 a=\"", "x\\\"\\] [fake@1 a=\\\"", "x\"] [fake@1 a=\""},
	{"", "", ""},
};

Test(record_format, values)
{
	for (size_t i = 0; i < VG_COUNT(values); i++)
		for (int quoted = 0; quoted < 2; quoted++) {
			char out[128];
			const char *want = quoted ? values[i].quoted : values[i].plain;
			struct vg_message message = {.mem = out, .cap = sizeof(out)};
			vg_message_value(&message, vg_slice_str(values[i].value),
					 quoted ? VG_QUOTING_SD : VG_QUOTING_NONE);
			cr_assert(vg_slice_eq(vg_slice(out, message.len), vg_slice_str(want)),
				  "row %zu: %.*s, not %s", i, (int)message.len, out, want);
		}
}

Test(record_format, no_value_ends_its_quotes_or_the_line)
{
	/* Any bytes in any text field: one line, and as many fields as there are. */
	srandom(7);
	for (unsigned round = 0; round < 2000; round++) {
		char text[64];
		for (size_t i = 0; i < sizeof(text); i++)
			text[i] = "\"\\] =\n\r\x01\x7f\xc3\xa9\xffx"[random() % 13];
		struct vg_record_writer writer;
		vg_record_begin(&writer, mem, sizeof(mem));
		vg_record_text(&writer, VG_FIELD_VENDOR, vg_slice(text, 20));
		vg_record_text(&writer, VG_FIELD_PATH, vg_slice(text, sizeof(text)));
		size_t len = vg_record_end(&writer, VG_REASON_HTTP_PATH, 1);
		struct vg_logged event = {.seq = 1};
		cr_assert(vg_record_open(&event.record, mem, len));
		const char *line = line_of(&env, &event);
		unsigned quotes = 0, ends = 0;
		for (const char *at = strchr(line, '['); *at != '\0' && ends == 0; at++) {
			cr_assert((unsigned char)*at >= 0x20 && *at != 0x7f);
			if (*at == '\\')
				at++;
			else if (*at == '"')
				quotes++;
			else if (*at == ']')
				ends++;
		}
		cr_assert_eq(ends, 1);
		cr_assert_eq(quotes, 2 * 13, "%s", line);
		cr_assert(vg_is_utf8(vg_slice_str(line)));
	}
}

static bool has(const char *line, const char *name)
{
	char key[64];
	snprintf(key, sizeof(key), " %s=\"", name);
	return strstr(line, key) != NULL;
}

Test(record_format, too_long_loses_fields_by_keep)
{
	/* More and more text: whenever a field is missing, none that goes earlier is there. */
	static const enum vg_field texts[] = {
		VG_FIELD_UA,   VG_FIELD_ISSUER, VG_FIELD_SAN,  VG_FIELD_CERT_SUBJECT, VG_FIELD_SNI,
		VG_FIELD_HOST, VG_FIELD_ROUTE,  VG_FIELD_PATH, VG_FIELD_CLAIMED,
	};
	char text[256];
	unsigned shortened = 0;
	for (size_t size = 10; size <= 256; size++) {
		memset(text, size % 2 ? 'x' : '\n', sizeof(text));
		struct vg_record_writer writer;
		vg_record_begin(&writer, mem, sizeof(mem));
		for (size_t i = 0; i < VG_COUNT(texts); i++)
			vg_record_text(&writer, texts[i], vg_slice(text, size));
		size_t len = vg_record_end(&writer, VG_REASON_HTTP_PATH, 1);
		struct vg_logged event = {.seq = 1};
		cr_assert(vg_record_open(&event.record, mem, len));
		const char *line = line_of(&env, &event);
		int missing = -1, there = 10;
		for (size_t i = 0; i < VG_COUNT(texts); i++) {
			const struct vg_field_row *row = vg_field_row(texts[i]);
			if (has(line, row->name))
				there = row->keep < there ? row->keep : there;
			else
				missing = row->keep > missing ? row->keep : missing;
		}
		cr_assert_leq(missing, there, "%zu: %s", size, line);
		cr_assert_eq(has(line, "trunc"), missing >= 0);
		cr_assert(has(line, "code") && has(line, "seq") && has(line, "reason"));
		cr_assert(strstr(line, "] refused") != NULL, "never cut");
		shortened += missing >= 0;
	}
	cr_assert_gt(shortened, 100);
	cr_assert_lt(shortened, 240);
}

Test(record_format, a_hostile_record_has_a_bounded_message)
{
	/* All that a record can hold, of bytes that are five on the wire. */
	char text[256];
	memset(text, '\n', sizeof(text));
	struct vg_record_writer writer;
	vg_record_begin(&writer, mem, sizeof(mem));
	for (unsigned i = 0; i < VG_FIELD_COUNT; i++) {
		const struct vg_field_row *row = vg_field_row((enum vg_field)i);
		if (row->source == VG_SOURCE_RECORD && row->type == VG_TYPE_TEXT && row->keep == 9)
			vg_record_text(&writer, (enum vg_field)i, vg_slice(text, sizeof(text)));
	}
	size_t len = vg_record_end(&writer, VG_REASON_ACCESS_ALLOWED, INT64_MIN);
	struct vg_logged event = {.seq = UINT64_MAX, .boot = UINT64_MAX};
	cr_assert(vg_record_open(&event.record, mem, len));
	char node[300];
	memset(node, '\xff', sizeof(node));
	struct vg_format_env other = {.node = {node, sizeof(node)}, .pid = UINT32_MAX};
	const char *line = line_of(&other, &event);
	cr_assert(has(line, "trunc") && has(line, "seq"));
}

Test(record_format, a_node_is_one_word)
{
	static const struct {
		struct vg_slice node;
		const char *word;
	} table[] = {
		{{"a b\n", 4}, "a?b?"},
		{{"", 0}, "-"},
		{{"gw.example", 10}, "gw.example"},
		{{"caf\xc3\xa9", 5}, "caf??"},
	};
	for (size_t i = 0; i < VG_COUNT(table); i++) {
		struct vg_format_env other = {.node = table[i].node};
		struct vg_logged event = logged(VG_REASON_GATEWAY_START, NULL, 0);
		char want[64];
		snprintf(want, sizeof(want),
			 "<5>1 2026-06-01T10:00:00.123456Z %s vendgate 0 VG9001 [", table[i].word);
		const char *line = line_of(&other, &event);
		cr_assert_eq(strncmp(line, want, strlen(want)), 0, "%s", line);
	}
}

Test(record_format, every_reason_and_field_has_a_message)
{
	for (unsigned reason = 1; reason < VG_REASON_COUNT; reason++) {
		static const struct field none[1];
		struct vg_logged event = logged((enum vg_reason)reason, none, 0);
		const char *line = line_of(&env, &event);
		cr_assert_not_null(strstr(line, vg_reason_row((enum vg_reason)reason)->word));
	}
	for (unsigned i = 0; i < VG_FIELD_COUNT; i++) {
		const struct vg_field_row *row = vg_field_row((enum vg_field)i);
		struct field one = {(enum vg_field)i, row->type == VG_TYPE_ADDR ? "192.0.2.1" : "x",
				    1};
		bool stored = vg_field_is_stored((enum vg_field)i);
		struct vg_logged event = logged(VG_REASON_ACCESS_NO_RULE, &one, stored);
		cr_assert_eq(has(line_of(&env, &event), row->name), row->source != VG_SOURCE_ASIDE,
			     "%s", row->name);
	}
}

static const struct {
	struct field fields[8];
	const char *json;
} objects[] = {
	{{{VG_FIELD_STATUS, NULL, 200},
	  {VG_FIELD_VENDOR, "acme", 0},
	  {VG_FIELD_SRC, "2001:db8::1", 0},
	  {VG_FIELD_NOT_AFTER, NULL, 1780308000000000}},
	 "\"vendor\":\"acme\",\"not_after\":\"2026-06-01T10:00:00.000000Z\","
	 "\"src\":\"2001:db8::1\",\"status\":200}"},
	{{{VG_FIELD_UA, "a\"b\\c]\n\xff\xc3\xa9/", 0}},
	 "\"ua\":\"a\\\"b\\\\\\\\c]\\\\x0a\\\\xff\xc3\xa9/\"}"},
};

static const char *json_of(const struct vg_format_env *with, const struct vg_logged *event)
{
	static char text[VG_MESSAGE_MAX + 1];
	size_t len = vg_format_write(VG_FORMAT_JSON, text, with, event);
	cr_assert_leq(len, 8192);
	text[len] = '\0';
	return text;
}

Test(record_format, json_objects)
{
	struct vg_format_env bare = env;
	bare.head = VG_HEAD_NONE;
	for (size_t i = 0; i < VG_COUNT(objects); i++) {
		char want[1024];
		size_t count = 0;
		while (count < 8 &&
		       (objects[i].fields[count].text || objects[i].fields[count].number))
			count++;
		struct vg_logged event = logged(VG_REASON_ACCESS_ALLOWED, objects[i].fields, count);
		snprintf(want, sizeof(want),
			 "{\"time\":\"2026-06-01T10:00:00.123456Z\",\"node\":\"dmz-1\","
			 "\"boot\":\"2026-06-01T08:00:00.000000Z\",\"seq\":42,\"schema\":1,"
			 "\"code\":\"VG1001\",\"event\":\"exchange\",\"sev\":6,"
			 "\"decision\":\"allow\",\"reason\":\"access.allowed\",%s",
			 objects[i].json);
		cr_expect_str_eq(json_of(&bare, &event), want, "%s", json_of(&bare, &event));
	}
}

static const struct {
	enum vg_syslog_head head;
	int64_t time;
	const char *sd, *json;
} heads[] = {
	{VG_HEAD_RFC5424, 1780308000123456,
	 "<165>1 2026-06-01T10:00:00.123456Z dmz-1 vendgate 4711 VG9001 ",
	 "<165>1 2026-06-01T10:00:00.123456Z dmz-1 vendgate 4711 VG9001 - "},
	{VG_HEAD_RFC3164, 1780308000123456, "<165>Jun  1 10:00:00 dmz-1 vendgate[4711]: ", NULL},
	{VG_HEAD_LOCAL, 1780308000123456, "<165>Jun  1 10:00:00 vendgate[4711]: ", NULL},
	{VG_HEAD_LOCAL, 1767225599999999, "<165>Dec 31 23:59:59 vendgate[4711]: ", NULL},
	{VG_HEAD_LOCAL, INT64_MIN, "<165>Jan  1 00:00:00 vendgate[4711]: ", NULL},
	{VG_HEAD_NONE, 0, "", NULL},
};

Test(record_format, heads)
{
	for (size_t i = 0; i < VG_COUNT(heads); i++) {
		char want[128];
		struct vg_format_env with = env;
		with.head = (uint8_t)heads[i].head;
		struct vg_logged event = logged(VG_REASON_GATEWAY_START, NULL, 0);
		event.record.head.time = heads[i].time;
		snprintf(want, sizeof(want), "%s[vendgate@32473 ", heads[i].sd);
		cr_expect_eq(strncmp(line_of(&with, &event), want, strlen(want)), 0, "%s",
			     line_of(&with, &event));
		snprintf(want, sizeof(want),
			 "%s{\"time\":", heads[i].json == NULL ? heads[i].sd : heads[i].json);
		cr_expect_eq(strncmp(json_of(&with, &event), want, strlen(want)), 0, "%s",
			     json_of(&with, &event));
	}
}

Test(record_format, only_the_fields_that_are_asked_for)
{
	uint8_t fields[32] = {0};
	struct vg_format_env with = env;
	with.head = VG_HEAD_NONE;
	with.fields = fields;
	struct field one = {VG_FIELD_VENDOR, "acme", 0};
	struct vg_logged event = logged(VG_REASON_ACCESS_NO_RULE, &one, 1);
	cr_expect_str_eq(json_of(&with, &event), "{}");
	cr_expect_str_eq(line_of(&with, &event), "[vendgate@32473] refused: access.no_rule");
	uint8_t number = vg_field_row(VG_FIELD_VENDOR)->number;
	fields[number / 8] = (uint8_t)(1 << number % 8);
	cr_expect_str_eq(json_of(&with, &event), "{\"vendor\":\"acme\"}");
}

/* The key is 32 bytes of 'k'. */
static struct vg_pseudonym *pseudonym_new(void)
{
	char path[] = "/tmp/vg-format-XXXXXX";
	cr_assert_not_null(mkdtemp(path));
	int dir = open(path, O_RDONLY | O_DIRECTORY);
	int key = openat(dir, "hmac.key", O_WRONLY | O_CREAT, 0600);
	cr_assert_eq(write(key, "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk", 32), 32);
	struct vg_pseudonym *pseudonym = vg_pseudonym_new(dir);
	cr_assert_not_null(pseudonym);
	close(key);
	unlinkat(dir, "hmac.key", 0);
	close(dir);
	rmdir(path);
	return pseudonym;
}

#define H17 "h1.@17"
#define HAB "h1.@ab"

static const struct {
	const char *path, *marks; /* two bytes each */
	const char *hmac, *omit;
} paths[] = {
	{"/p/17", "\x03\x02", "/p/" H17, "/p/*"},
	{"/p/17/ab/", "\x03\x02\x06\x02", "/p/" H17 "/" HAB "/", "/p/*/*/"},
	{"/p/x-17.pdf", "\x05\x02", "/p/x-" H17 ".pdf", "/p/x-*.pdf"},
	{"/p/17", "", "/p/17", "/p/17"},
	/* What only a worker that was taken over writes. */
	{"/p/17", "\x03\x09", "/p/*", "/p/*"},
	{"/p/17", "\x09\x02", "*", "*"},
	{"/p/17", "\x03\x02\x01\x01", "*", "*"},
	{"/p/17", "\x03", "*", "*"},
};

/* In `text`, h1.@VALUE becomes the value's pseudonym. */
static void with_pseudonyms(char *out, struct vg_pseudonym *pseudonym, const char *text)
{
	while (*text != '\0') {
		if (strncmp(text, "h1.@", 4) != 0) {
			*out++ = *text++;
			continue;
		}
		cr_assert(
			vg_pseudonym_make(pseudonym, out, VG_SLICE("acme"), vg_slice(text + 4, 2)));
		out += VG_PSEUDONYM_TEXT - 1;
		text += 6;
	}
	*out = '\0';
}

Test(record_format, values_in_paths)
{
	struct vg_pseudonym *pseudonym = pseudonym_new();
	for (size_t i = 0; i < VG_COUNT(paths); i++) {
		char want[256], out[VG_EVENT_PATH_MAX];
		struct vg_slice path = vg_slice_str(paths[i].path);
		struct vg_slice marks = vg_slice_str(paths[i].marks);
		struct vg_format_env with = env;
		with_pseudonyms(want, pseudonym, paths[i].hmac);
		with.pseudonym = pseudonym;
		cr_expect(vg_slice_eq(vg_format_path(out, &with, VG_SLICE("acme"), path, marks),
				      vg_slice_str(want)),
			  "%zu: %s", i, want);
		with.identifiers = VG_IDENTIFIERS_PLAIN;
		cr_expect(vg_slice_eq(vg_format_path(out, &with, VG_SLICE("acme"), path, marks),
				      path));
		with.identifiers = VG_IDENTIFIERS_OMIT;
		cr_expect(vg_slice_eq(vg_format_path(out, &with, VG_SLICE("acme"), path, marks),
				      vg_slice_str(paths[i].omit)),
			  "%zu", i);
		with.identifiers = VG_IDENTIFIERS_HMAC;
		with.pseudonym = NULL;
		cr_expect(vg_slice_eq(vg_format_path(out, &with, VG_SLICE("acme"), path, marks),
				      vg_slice_str(paths[i].omit)),
			  "without a key none is shown");
	}
	vg_pseudonym_free(&pseudonym);
	cr_expect_null(pseudonym);
}

Test(record_format, pseudonyms)
{
	/* Of `openssl mac -digest SHA256 -macopt hexkey:6b6b… HMAC`. */
	static const struct {
		const char *vendor, *value, *text;
	} table[] = {
		{"acme", "17", "h1.7261828cc6f8d7a3"},
		{"acme", "", "h1.2aa4b5506d505fe9"},
		{"", "acme", "h1.fa15658a761b79c9"},
		{"zeta", "17", "h1.bda59082bd966fe7"},
	};
	struct vg_pseudonym *pseudonym = pseudonym_new();
	for (size_t i = 0; i < VG_COUNT(table); i++) {
		char text[VG_PSEUDONYM_TEXT];
		cr_assert(vg_pseudonym_make(pseudonym, text, vg_slice_str(table[i].vendor),
					    vg_slice_str(table[i].value)));
		cr_expect_str_eq(text, table[i].text, "%s", text);
	}
	vg_pseudonym_free(&pseudonym);
}
