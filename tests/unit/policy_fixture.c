#include "policy_fixture.h"

#include <string.h>

#include "vocab/method.h"

static const struct {
	const char *word;
	enum vg_value_type type;
	bool bounded;
} types[] = {
	{"int", VG_VALUE_INT, false},    {"uuid", VG_VALUE_UUID, false},
	{"date", VG_VALUE_DATE, false},  {"hex<=", VG_VALUE_HEX, true},
	{"slug<=", VG_VALUE_SLUG, true}, {"text<=", VG_VALUE_TEXT, true},
};

static const char *const kinds[VG_NAME_KINDS] = {"uri:", "dns:", "email:", "ip:", "subject:"};

static struct vg_slice slice(const char *text)
{
	return vg_slice_str(text == NULL ? "" : text);
}

static struct vg_str text(struct fixture *fixture, struct vg_slice s)
{
	return vg_build_text(fixture->build, s);
}

static uint32_t count(struct fixture *fixture, enum vg_section section)
{
	return vg_build_count(fixture->build, section);
}

/* The next of a list with commas, without white space. */
static bool next(struct vg_slice *rest, struct vg_slice *part)
{
	if (rest->len == 0 || !vg_slice_cut(rest, ',', part))
		return false;
	*part = vg_slice_trim(*part);
	return true;
}

static int64_t number(struct vg_slice s)
{
	uint64_t value;
	bool minus = vg_slice_starts(s, VG_SLICE("-"));
	VG_ASSERT(vg_slice_u64(vg_slice_from(s, minus ? 1 : 0), &value));
	return minus ? -(int64_t)value : (int64_t)value;
}

void fixture_begin(struct fixture *fixture)
{
	*fixture = (struct fixture){0};
	vg_arena_init(&fixture->arena, (size_t)1 << 28);
	fixture->build = vg_build_new(&fixture->arena);
	VG_ASSERT(fixture->build != NULL);
	struct vg_img_gateway row = {.tls_min = 0x0304, .workers = 1, .max_body = 1 << 20};
	row.node = text(fixture, VG_SLICE("dmz-1"));
	vg_build_row(fixture->build, VG_SECTION_GATEWAY, &row);
	struct vg_img_listener listener = {.port = 8443};
	vg_build_row(fixture->build, VG_SECTION_LISTENER, &listener);
}

void fixture_service(struct fixture *fixture, const char *host, const char *prefix)
{
	struct vg_img_upstream upstream = {.port = 8080};
	upstream.text = text(fixture, VG_SLICE("http://10.0.0.7:8080"));
	struct vg_img_service row = {.connect_timeout_ms = 2000};
	row.name = row.host = row.upstream_host = text(fixture, slice(host));
	row.prefix = text(fixture, slice(prefix));
	row.upstreams = (struct vg_span){count(fixture, VG_SECTION_UPSTREAM), 1};
	vg_build_row(fixture->build, VG_SECTION_UPSTREAM, &upstream);
	vg_build_row(fixture->build, VG_SECTION_SERVICE, &row);
}

void fixture_vendor(struct fixture *fixture, const char *id, enum vg_mode mode)
{
	struct vg_img_vendor row = {.mode = (uint8_t)mode,
				    .contract_from = INT64_MIN,
				    .contract_until = INT64_MAX,
				    .assessed_until = INT64_MAX};
	row.id = text(fixture, slice(id));
	row.where = (struct vg_where){text(fixture, VG_SLICE("policies/x.ini")), 1, 0};
	vg_build_row(fixture->build, VG_SECTION_VENDOR, &row);
}

static struct vg_img_vendor *last_vendor(struct fixture *fixture)
{
	struct vg_img_vendor *rows = vg_build_rows(fixture->build, VG_SECTION_VENDOR);
	VG_ASSERT(rows != NULL);
	return rows + count(fixture, VG_SECTION_VENDOR) - 1;
}

static void grow(struct vg_span *span, uint32_t row)
{
	if (span->count++ == 0)
		span->first = row;
}

/* Rows come kind by kind: "uri:a, uri:b, dns:c". */
static void add_name(struct fixture *fixture, struct vg_img_ident *row, struct vg_slice name)
{
	uint32_t ident = count(fixture, VG_SECTION_IDENT);
	for (uint32_t kind = 0; kind < VG_NAME_KINDS; kind++) {
		struct vg_slice word = vg_slice_str(kinds[kind]);
		if (!vg_slice_starts(name, word))
			continue;
		struct vg_str value = text(fixture, vg_slice_from(name, word.len));
		grow(&row->names[kind], count(fixture, VG_SECTION_ITEM));
		vg_build_row(fixture->build, VG_SECTION_ITEM, &value);
		struct vg_img_name entry = {.value = value, .kind = kind, .ident = ident};
		vg_build_row(fixture->build, VG_SECTION_NAME, &entry);
	}
}

void fixture_ident(struct fixture *fixture, const char *names, const char *networks)
{
	struct vg_img_ident row = {.vendor = count(fixture, VG_SECTION_VENDOR) - 1};
	struct vg_slice rest = slice(names), part;
	while (next(&rest, &part))
		add_name(fixture, &row, part);
	rest = slice(networks);
	while (next(&rest, &part)) {
		struct vg_prefix prefix;
		VG_ASSERT(vg_prefix_parse(part, &prefix));
		grow(&row.networks, count(fixture, VG_SECTION_PREFIX));
		vg_build_row(fixture->build, VG_SECTION_PREFIX, &prefix);
	}
	struct vg_img_der der = {.bytes = text(fixture, VG_SLICE("\x30\x00 a CA")), .is_ca = 1};
	grow(&row.cas, count(fixture, VG_SECTION_DER));
	vg_build_row(fixture->build, VG_SECTION_DER, &der);
	struct vg_img_pin pin = {{1, 2, 3}};
	grow(&row.pins, count(fixture, VG_SECTION_PIN));
	vg_build_row(fixture->build, VG_SECTION_PIN, &pin);
	grow(&last_vendor(fixture)->idents, count(fixture, VG_SECTION_IDENT));
	vg_build_row(fixture->build, VG_SECTION_IDENT, &row);
}

static bool set_type(struct vg_img_value *value, struct vg_slice s)
{
	for (size_t i = 0; i < VG_COUNT(types); i++) {
		struct vg_slice word = vg_slice_str(types[i].word);
		if (!vg_slice_starts(s, word))
			continue;
		s = vg_slice_from(s, word.len);
		value->type = (uint8_t)types[i].type;
		if (types[i].bounded)
			value->high = number(s);
		struct vg_slice low;
		if (vg_slice_starts(s, VG_SLICE(":")) && vg_slice_cut(&s, '.', &low)) {
			value->low = number(vg_slice_from(low, 1));
			value->high = number(vg_slice_from(s, 1));
		}
		return true;
	}
	return false;
}

struct vg_img_value fixture_value(struct fixture *fixture, const char *written)
{
	struct vg_img_value value = {.low = INT64_MIN, .high = INT64_MAX};
	struct vg_slice s = slice(written);
	size_t star = vg_slice_find(s, '*');
	if (star < s.len)
		value.list = (uint32_t)number(vg_slice_from(s, star + 1));
	s = vg_slice_first(s, star);
	if (s.len > 0 && !set_type(&value, s)) {
		value.type = VG_VALUE_WORDS;
		value.words = text(fixture, s);
	}
	return value;
}

static struct vg_img_value value_of(struct fixture *fixture, struct vg_slice s)
{
	struct vg_slice copy = vg_arena_dup(&fixture->arena, s);
	VG_ASSERT(copy.ptr != NULL);
	return fixture_value(fixture, copy.ptr);
}

static void add_segment(struct fixture *fixture, struct vg_img_rule *rule, struct vg_slice s)
{
	struct vg_img_segment row = {.kind = VG_SEGMENT_LITERAL};
	size_t open = vg_slice_find(s, '{'), close = vg_slice_find(s, '}');
	row.prefix = text(fixture, vg_slice_first(s, open));
	if (vg_slice_eq(s, VG_SLICE("**"))) {
		row = (struct vg_img_segment){.kind = VG_SEGMENT_REST};
	} else if (open < s.len) {
		struct vg_slice type = vg_slice(s.ptr + open + 1, close - open - 1), name;
		VG_ASSERT(vg_slice_cut(&type, ':', &name));
		row.name = text(fixture, name);
		row.suffix = text(fixture, vg_slice_from(s, close + 1));
		row.kind = type.ptr == NULL ? VG_SEGMENT_UNTYPED : VG_SEGMENT_TYPED;
		row.value = value_of(fixture, type);
	}
	grow(&rule->segments, count(fixture, VG_SECTION_SEGMENT));
	vg_build_row(fixture->build, VG_SECTION_SEGMENT, &row);
}

static void add_param(struct fixture *fixture, struct vg_span *span, struct vg_slice s)
{
	struct vg_img_param row = {0};
	struct vg_slice name;
	VG_ASSERT(vg_slice_cut(&s, ':', &name));
	row.required = vg_slice_ends(name, VG_SLICE("!"));
	row.name = text(fixture, vg_slice_first(name, name.len - row.required));
	row.value = value_of(fixture, s);
	grow(span, count(fixture, VG_SECTION_PARAM));
	vg_build_row(fixture->build, VG_SECTION_PARAM, &row);
}

static void add_items(struct fixture *fixture, struct vg_span *span, const char *list)
{
	struct vg_slice rest = slice(list), part;
	while (next(&rest, &part)) {
		struct vg_str item = text(fixture, part);
		grow(span, count(fixture, VG_SECTION_ITEM));
		vg_build_row(fixture->build, VG_SECTION_ITEM, &item);
	}
}

void fixture_rule(struct fixture *fixture, struct fixture_rule rule)
{
	struct vg_img_rule row = {.vendor = count(fixture, VG_SECTION_VENDOR) - 1,
				  .service = rule.service,
				  .max_body = rule.max_body,
				  .max_response = rule.max_response == 0 ? UINT64_MAX
									 : rule.max_response,
				  .response_timeout_ms = 30000,
				  .errors = (uint8_t)rule.errors};
	struct vg_slice rest = slice(rule.methods), part;
	row.name = row.pattern = text(fixture, slice(rule.path));
	while (next(&rest, &part))
		row.methods |= VG_METHOD_BIT(vg_method_of(part));
	row.slash = vg_slice_ends(slice(rule.path), VG_SLICE("/"));
	rest = vg_slice_from(slice(rule.path), 1);
	while (rest.len > 0 && vg_slice_cut(&rest, '/', &part))
		add_segment(fixture, &row, part);
	rest = slice(rule.query);
	while (next(&rest, &part))
		add_param(fixture, &row.params, part);
	rest = slice(rule.headers);
	while (next(&rest, &part))
		add_param(fixture, &row.headers, part);
	add_items(fixture, &row.types, rule.types);
	add_items(fixture, &row.answer_headers, rule.answer_headers);
	add_items(fixture, &row.answer_types, rule.answer_types);
	grow(&last_vendor(fixture)->rules, count(fixture, VG_SECTION_RULE));
	vg_build_row(fixture->build, VG_SECTION_RULE, &row);
}

static int compare_names(struct fixture *fixture, const struct vg_img_name *a,
			 const struct vg_img_name *b)
{
	const char *bytes = vg_build_rows(fixture->build, VG_SECTION_TEXT);
	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	return vg_slice_cmp(vg_slice(bytes + a->value.offset, a->value.len),
			    vg_slice(bytes + b->value.offset, b->value.len));
}

static void sort_names(struct fixture *fixture)
{
	struct vg_img_name *rows = vg_build_rows(fixture->build, VG_SECTION_NAME);
	for (uint32_t i = 1; i < count(fixture, VG_SECTION_NAME); i++)
		for (uint32_t j = i; j > 0 && compare_names(fixture, &rows[j - 1], &rows[j]) > 0;
		     j--) {
			struct vg_img_name row = rows[j];
			rows[j] = rows[j - 1];
			rows[j - 1] = row;
		}
}

void fixture_finish(struct fixture *fixture)
{
	static const uint8_t gen[32] = {0xab};
	sort_names(fixture);
	VG_ASSERT(vg_build_finish(fixture->build, gen, &fixture->block, &fixture->size));
}

const struct vg_image *fixture_open(struct fixture *fixture)
{
	const char *fault;
	fixture_finish(fixture);
	VG_ASSERT(vg_image_open(&fixture->image, fixture->block, fixture->size, &fault));
	return &fixture->image;
}

void fixture_end(struct fixture *fixture)
{
	vg_build_free(&fixture->build);
	vg_arena_fini(&fixture->arena);
}

static void add_sink(struct fixture *fixture)
{
	struct vg_img_sink row = {
		.name = vg_build_text(fixture->build, VG_SLICE("siem")),
		.path = vg_build_text(fixture->build, VG_SLICE("/var/log/vendgate/events.log")),
		.kind = VG_SINK_FILE,
		.events = VG_SINK_EVENTS_ALL,
		.spool = 1 << 20,
	};
	(void)vg_build_row(fixture->build, VG_SECTION_SINK, &row);
}

void fixture_world(struct fixture *fixture)
{
	fixture_begin(fixture);
	add_sink(fixture);
	fixture_service(fixture, "api.agency.example", "/residents");
	fixture_service(fixture, "api.agency.example", "");
	fixture_service(fixture, "courses.agency.example", "");

	fixture_vendor(fixture, "acme-training", VG_MODE_ENFORCE);
	fixture_ident(fixture, "uri:spiffe://acme.example/gateway, dns:gw.acme.example",
		      "203.0.113.0/24, 2001:db8:7::/48");
	fixture_ident(fixture, "uri:spiffe://acme.example/dr", "");
	fixture_rule(fixture, (struct fixture_rule){0, "GET", "/v1/residents/{id:int}"});
	fixture_rule(fixture, (struct fixture_rule){0, "GET", "/v1/residents/", "page:int"});
	fixture_rule(fixture, (struct fixture_rule){
				      2, "GET", "/v1/courses/{course:uuid}/attendees",
				      "ids:int*3, page:int:1..50, since!:date, sort:name|date"});
	fixture_rule(fixture, (struct fixture_rule){2, "POST", "/v1/courses", NULL,
						    "application/json, text/csv", 64});
	fixture_rule(fixture,
		     (struct fixture_rule){2, "GET, DELETE", "/v1/courses", NULL, NULL, 64});
	fixture_rule(fixture, (struct fixture_rule){2, "GET", "/v1/report-{name}.pdf"});
	fixture_rule(fixture, (struct fixture_rule){2, "PUT", "/v1/{any}", NULL, NULL, 64});
	fixture_rule(fixture, (struct fixture_rule){2, "GET", "/files/**", "q:text<=8"});

	fixture_vendor(fixture, "bolt", VG_MODE_ENFORCE);
	fixture_ident(fixture, "dns:gw.acme.example, dns:gw.bolt.example", "");
	fixture_rule(fixture, (struct fixture_rule){2, "GET", "/bolt"});
	fixture_rule(fixture,
		     (struct fixture_rule){
			     2, "GET", "/bolt/fields", .query = "page:int",
			     .headers = "accept:application|text, x-ids:int:1..9*3, x-note, "
					"x-operator!, x-session!:slug<=8, x-title:text<=8"});
	fixture_rule(fixture,
		     (struct fixture_rule){2, "POST", "/bolt/{typed:int}", NULL, "application/json",
					   64, .headers = "x-session!:uuid"});

	fixture_vendor(fixture, "cold", VG_MODE_SUSPENDED);
	fixture_ident(fixture, "subject:CN=gateway", "192.0.2.1");
	fixture_rule(fixture, (struct fixture_rule){2, "GET", "/**"});
}
