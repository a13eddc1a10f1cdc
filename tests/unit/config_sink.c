/* [telemetry NAME]: what is written, and the row that becomes of it, or what is said. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "config_tree.h"
#include "sys/status_page.h"
#include "vocab/field.h"

static struct tree tree;

static void setup(void)
{
	tree_begin(&tree);
	tree_write(&tree, "policies/acme.ini",
		   "[vendor]\nid = acme\n[identity]\nca = ../ca/acme.pem\n"
		   "uri = spiffe://acme.example/gateway\n[access schedule]\nservice = courses\n"
		   "methods = GET\npath = /v1/courses/{id:int}\n");
}

static void teardown(void)
{
	tree_end(&tree);
}

static bool compile(const char *sink)
{
	char text[4096];
	(void)snprintf(text, sizeof(text),
		       "[gateway]\nnode = dmz-1\nlisten = 127.0.0.1:8443\n"
		       "[tls]\ncertificate = server.pem\nprivate_key = server.key\n"
		       "[service courses]\nhost = api.agency.example\n"
		       "upstream = http://127.0.0.1:8080\n[telemetry siem]\n%s",
		       sink);
	tree_write(&tree, "vendgate.ini", text);
	return tree_compile(&tree);
}

static const struct {
	const char *text;
	struct vg_img_sink row; /* what is not zero here is compared, and head always */
	const char *path;       /* how it ends */
} good[] = {
	{"to = udp://127.0.0.1:514", {.kind = VG_SINK_UDP, .port = 514, .facility = 20}},
	{"to = tcp://[::1]:601\nformat = json",
	 {.kind = VG_SINK_TCP, .port = 601, .format = VG_FORMAT_JSON}},
	{"to = unix:/dev/log", {.kind = VG_SINK_UNIX, .head = VG_HEAD_LOCAL}, "/dev/log"},
	{"to = unix:log\nheader = rfc5424", {.kind = VG_SINK_UNIX}, "/log"},
	{"to = file:a.log\nformat = json",
	 {.kind = VG_SINK_FILE, .head = VG_HEAD_NONE, .format = VG_FORMAT_JSON},
	 "/a.log"},
	{"to = file:a.log\nformat = json\nheader = rfc3164",
	 {.kind = VG_SINK_FILE, .head = VG_HEAD_RFC3164, .format = VG_FORMAT_JSON},
	 "/a.log"},
	{"to = file:a.log", {.kind = VG_SINK_FILE}, "/a.log"},
	{"to = stdout\nheader = none", {.kind = VG_SINK_STDOUT, .head = VG_HEAD_NONE}},
	{"to = stdout\nformat = json",
	 {.kind = VG_SINK_STDOUT, .head = VG_HEAD_NONE, .format = VG_FORMAT_JSON}},
	{"to = stdout\nidentifiers = omit\non_full = deny\nspool = 1MiB\nfacility = auth",
	 {.kind = VG_SINK_STDOUT,
	  .identifiers = VG_IDENTIFIERS_OMIT,
	  .on_full = VG_FULL_DENY,
	  .spool = 1 << 20,
	  .facility = 4}},
	{"to = stdout\nevents = allow, self", {.kind = VG_SINK_STDOUT, .events = 1 << 1 | 1 << 9}},
	{"to = stdout\nevents =\n  refuse,\n  limit, alert, tls, admin, upstream",
	 {.kind = VG_SINK_STDOUT, .events = 0xfc}},
	{"to = stdout", {.kind = VG_SINK_STDOUT, .events = VG_SINK_EVENTS_ALL, .spool = 1 << 30}},
};

static bool is(uint64_t wanted, uint64_t got)
{
	return wanted == 0 || wanted == got;
}

Test(config_sink, good, .init = setup, .fini = teardown)
{
	for (size_t i = 0; i < VG_COUNT(good); i++) {
		cr_assert(compile(good[i].text), "%s: %s", good[i].text, tree_said(&tree, false));
		cr_expect_str_eq(tree_said(&tree, false), "", "%s", good[i].text);
		const struct vg_img_sink *row = vg_img_sinks(&tree.image), *want = &good[i].row;
		cr_expect(row->kind == want->kind && row->head == want->head &&
				  row->format == want->format &&
				  row->identifiers == want->identifiers &&
				  row->on_full == want->on_full && is(want->port, row->port) &&
				  is(want->facility, row->facility) &&
				  is(want->spool, row->spool) && is(want->events, row->events),
			  "%s", good[i].text);
		struct vg_slice path = vg_img_str(&tree.image, row->path);
		cr_expect(good[i].path == NULL
				  ? path.len == 0
				  : path.ptr[0] == '/' &&
					    vg_slice_ends(path, vg_slice_str(good[i].path)),
			  "%s: %.*s", good[i].text, VG_SLICE_FMT(path));
	}
}

static bool has_field(enum vg_field field)
{
	uint8_t number = vg_field_row(field)->number;
	return (vg_img_sinks(&tree.image)->fields[number / 8] >> number % 8 & 1) != 0;
}

Test(config_sink, fields, .init = setup, .fini = teardown)
{
	cr_assert(compile("to = stdout"));
	for (unsigned i = 0; i < VG_FIELD_COUNT; i++)
		cr_expect(has_field((enum vg_field)i));
	cr_assert(compile("to = stdout\nfields = seq, path, ua"));
	unsigned count = 0;
	for (unsigned i = 0; i < VG_FIELD_COUNT; i++)
		count += has_field((enum vg_field)i);
	cr_expect(count == 4 && has_field(VG_FIELD_SEQ) && has_field(VG_FIELD_PATH) &&
		  has_field(VG_FIELD_UA) && has_field(VG_FIELD_TRUNC));
	cr_assert(compile("to = stdout\nfields = path"));
	cr_expect_str_eq(tree_said(&tree, false),
			 "vendgate.ini:12: warning: fields has no seq: who receives this can't "
			 "tell repeats and gaps\n");
}

static const struct {
	const char *text, *said;
} bad[] = {
	{"to = tcp://siem.example:601", "12: error: to \"tcp://siem.example:601\" must be "},
	{"to = unix:", "12: error: to \"unix:\" must be "},
	{"to = stdout2", "12: error: to \"stdout2\" must be "},
	{"to = tls://127.0.0.1:1", "12: error: to \"tls://127.0.0.1:1\" must be "},
	{"to = stdout\nformat = xml", "12: error: format \"xml\" must be sd or json\n"},
	{"to = stdout\nheader = cee",
	 "12: error: header \"cee\" must be rfc5424, rfc3164 or none\n"},
	{"to = stdout\nevents = allow, vg1",
	 "12: error: events \"vg1\" must be all, allow, refuse, limit, alert, tls, admin, upstream "
	 "or self\n"},
	{"to = stdout\nevents = all, allow",
	 "12: error: events lists all beside others; leave one of them out\n"},
	{"to = stdout\nfields = seq, all",
	 "12: error: fields lists all beside others; leave one of them out\n"},
	{"to = stdout\nfields = seq, paths",
	 "12: error: fields \"paths\" must be a field of vendgate-events(7), or all\n"},
	{"to = stdout\nfields = seq, path_marks",
	 "12: error: fields \"path_marks\" must be a field of vendgate-events(7), or all\n"},
	{"to = stdout\nidentifiers = md5",
	 "12: error: identifiers \"md5\" must be hmac, plain or omit\n"},
	{"to = stdout\nspool = 1KiB",
	 "12: error: spool \"1KiB\" must be a size, such as 64KiB, from 64KiB to 1GiB\n"},
	{"to = stdout\nspool = 2GiB", "12: error: spool \"2GiB\" must be "},
	{"to = stdout\non_full = block",
	 "12: error: on_full \"block\" must be drop_oldest, drop_newest or deny\n"},
	{"to = unix:/0123456789/0123456789/0123456789/0123456789/0123456789/0123456789/0123456789/"
	 "0123456789/0123456789/01234567",
	 "12: error: to is the path of a socket, which holds at most 107 bytes; this is 108\n"},
};

Test(config_sink, bad, .init = setup, .fini = teardown)
{
	for (size_t i = 0; i < VG_COUNT(bad); i++) {
		char want[400];
		/* `to` stands in line 11, what is wrong with another key in the one behind it. */
		unsigned line = strchr(bad[i].text, '\n') == NULL ? 11 : 12;
		(void)snprintf(want, sizeof(want), "vendgate.ini:%u%s", line, bad[i].said + 2);
		cr_expect_not(compile(bad[i].text), "%s", bad[i].text);
		const char *said = tree_said(&tree, false);
		cr_expect_eq(strncmp(said, want, strlen(want)), 0, "%s: %s", bad[i].text, said);
	}
}

/* One more than a recorder has places for. */
Test(config_sink, too_many, .init = setup, .fini = teardown)
{
	char text[2048] = "to = stdout\n";
	for (unsigned i = 1; i < VG_STATUS_SINKS_MAX; i++) {
		size_t len = strlen(text);
		(void)snprintf(text + len, sizeof(text) - len, "[telemetry %u]\nto=stdout\n", i);
	}
	cr_expect(compile(text), "%s", tree_said(&tree, false));
	strcat(text, "[telemetry more]\nto=stdout\n");
	cr_expect_not(compile(text));
	cr_expect_str_eq(tree_said(&tree, false),
			 "vendgate.ini:138: error: there are more than 64 [telemetry NAME]: no "
			 "recorder serves so many\n");
}
