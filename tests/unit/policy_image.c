/* Images: a good one opens, and whatever else opens can be used without harm. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "policy/decide.h"
#include "policy/who.h"
#include "policy_fixture.h"

static struct fixture fixture;

static void setup(void)
{
	fixture_world(&fixture);
	fixture_finish(&fixture);
}

static void teardown(void)
{
	fixture_end(&fixture);
}

Test(policy_image, good, .init = setup, .fini = teardown)
{
	struct vg_image image;
	const char *fault;
	cr_assert(vg_image_open(&image, fixture.block, fixture.size, &fault), "%s", fault);
	cr_expect_eq(vg_img_vendor_count(&image), 3);
	cr_expect_eq(vg_img_find_vendor(&image, VG_SLICE("acme-training")), 0);
	cr_expect_eq(vg_img_find_vendor(&image, VG_SLICE("bolt")), 1);
	cr_expect_eq(vg_img_find_vendor(&image, VG_SLICE("cold")), 2);
	cr_expect_eq(vg_img_find_vendor(&image, VG_SLICE("")), VG_NO_ROW);
	cr_expect_eq(vg_img_find_vendor(&image, VG_SLICE("bol")), VG_NO_ROW);
	cr_expect_eq(vg_img_find_vendor(&image, VG_SLICE("zed")), VG_NO_ROW);
	cr_expect(vg_slice_eq(vg_img_str(&image, vg_img_gateway(&image)->node), VG_SLICE("dmz-1")));
	cr_expect_eq(image.header->gen[0], 0xab);
}

Test(policy_image, equal_texts_are_kept_once)
{
	struct fixture f;
	fixture_begin(&f);
	struct vg_str a = vg_build_text(f.build, VG_SLICE("abc"));
	struct vg_str b = vg_build_text(f.build, VG_SLICE("abcd"));
	struct vg_str c = vg_build_text(f.build, VG_SLICE("abc"));
	struct vg_str none = vg_build_text(f.build, VG_SLICE(""));
	cr_expect_eq(a.offset, c.offset);
	cr_expect_neq(a.offset, b.offset);
	cr_expect_eq(none.len, 0);
	/* More than one table of hashes holds. */
	for (uint32_t i = 0; i < 5000; i++)
		(void)vg_build_text(f.build, vg_slice((const char *)&i, sizeof(i)));
	uint32_t bytes = vg_build_count(f.build, VG_SECTION_TEXT);
	for (uint32_t i = 0; i < 5000; i++)
		(void)vg_build_text(f.build, vg_slice((const char *)&i, sizeof(i)));
	cr_expect_eq(vg_build_count(f.build, VG_SECTION_TEXT), bytes);
	fixture_end(&f);
}

Test(policy_image, build_remembers_a_failure)
{
	static const uint8_t gen[32];
	struct vg_arena arena;
	void *block;
	size_t size;
	vg_arena_init(&arena, 8192);
	struct vg_build *build = vg_build_new(&arena);
	cr_assert_not_null(build);
	char big[8192] = "x";
	(void)vg_build_text(build, vg_slice(big, sizeof(big)));
	cr_expect_not(vg_build_finish(build, gen, &block, &size), "the arena has no room");
	vg_build_free(&build);
	cr_expect_null(build);
	vg_build_free(&build);
	vg_arena_fini(&arena);
}

/* One change of a good image, which is then not one any more. */
struct change {
	const char *what, *fault;
	void (*make)(struct fixture *f);
};

static struct vg_image_header *header(struct fixture *f)
{
	return f->block;
}

static void *row(struct fixture *f, enum vg_section section)
{
	return (char *)f->block + header(f)->section[section].offset;
}

#define CHANGE(name, ...)                                                                          \
	static void change_##name(struct fixture *f)                                               \
	{                                                                                          \
		__VA_ARGS__;                                                                       \
	}
#define ROWS(name, NAME) ((struct vg_img_##name *)row(f, VG_SECTION_##NAME))

CHANGE(magic, header(f)->magic++)
CHANGE(layout, header(f)->layout++)
CHANGE(size, header(f)->size++)
CHANGE(offset, header(f)->section[VG_SECTION_RULE].offset += 4)
CHANGE(behind, header(f)->section[VG_SECTION_PREFIX].offset = UINT64_MAX - 7)
CHANGE(overlap,
       header(f)->section[VG_SECTION_RULE].offset = header(f)->section[VG_SECTION_NAME].offset)
CHANGE(count, header(f)->section[VG_SECTION_PREFIX].count = UINT64_MAX / 16)
CHANGE(gateways, header(f)->section[VG_SECTION_GATEWAY].count = 0)
CHANGE(tls, ROWS(gateway, GATEWAY)->tls_min = 0x0302)
CHANGE(disclose, ROWS(gateway, GATEWAY)->disclose_ca = 2)
CHANGE(proxies, ROWS(gateway, GATEWAY)->proxy_protocol_from = (struct vg_span){UINT32_MAX, 1})
CHANGE(probes, ROWS(gateway, GATEWAY)->probes_from = (struct vg_span){0, UINT32_MAX})
CHANGE(zone, memset(ROWS(listener, LISTENER)->zone, 'x', VG_ZONE_TEXT))
CHANGE(node, ROWS(gateway, GATEWAY)->node.offset = UINT32_MAX)
CHANGE(host, ROWS(service, SERVICE)[1].host = (struct vg_str){0})
CHANGE(services, ROWS(service, SERVICE)[2].host = ROWS(service, SERVICE)[0].host)
CHANGE(prefix, ROWS(service, SERVICE)[0].prefix.len--; ROWS(service, SERVICE)[0].prefix.offset++)
CHANGE(upstreams, ROWS(service, SERVICE)[0].upstreams.count = 0)
CHANGE(upstream_tls, ROWS(upstream, UPSTREAM)[0].tls = 2)
CHANGE(upstream_bare, ROWS(upstream, UPSTREAM)[0].tls = 1)
CHANGE(upstream_nameless, ROWS(upstream, UPSTREAM)[0].tls = 1;
       ROWS(upstream, UPSTREAM)[0].cas = (struct vg_span){0, 1})
CHANGE(upstream_cas, ROWS(upstream, UPSTREAM)[0].cas = (struct vg_span){0, UINT32_MAX})
CHANGE(upstream_host, ROWS(upstream, UPSTREAM)[0].host = (struct vg_str){UINT32_MAX, 1})
CHANGE(upstream_cert, ROWS(upstream, UPSTREAM)[0].tls = 1;
       ROWS(upstream, UPSTREAM)[0].cas = (struct vg_span){0, 1};
       ROWS(upstream, UPSTREAM)[0].name = ROWS(upstream, UPSTREAM)[0].text)
CHANGE(set_headers, ROWS(service, SERVICE)[0].set_headers = (struct vg_span){0, 1})
CHANGE(health, ROWS(service, SERVICE)[0].health_every_ms = 1000)
CHANGE(sent_host, ROWS(service, SERVICE)[0].upstream_host = (struct vg_str){0})
CHANGE(sent_outside, ROWS(service, SERVICE)[0].upstream_host = (struct vg_str){UINT32_MAX, 1})
CHANGE(forward, ROWS(service, SERVICE)[0].forward_identity = VG_FORWARDS)
CHANGE(balance, ROWS(service, SERVICE)[0].balance = VG_BALANCES)
CHANGE(mode, ROWS(vendor, VENDOR)[0].mode = VG_MODES)
CHANGE(vendors, ROWS(vendor, VENDOR)[1].id = ROWS(vendor, VENDOR)[0].id)
CHANGE(others_rules, ROWS(vendor, VENDOR)[1].rules = (struct vg_span){0, 11})
CHANGE(more_rules, ROWS(vendor, VENDOR)[0].rules.count++)
CHANGE(rule_vendor, ROWS(rule, RULE)[8].vendor = 0)
CHANGE(others_idents, ROWS(vendor, VENDOR)[1].idents = ROWS(vendor, VENDOR)[0].idents)
CHANGE(no_ca, ROWS(ident, IDENT)[0].cas.count = 0)
CHANGE(no_name, memset(ROWS(ident, IDENT)[0].names, 0, sizeof(ROWS(ident, IDENT)->names)))
CHANGE(names, ROWS(name, NAME)[0].kind = VG_NAME_SUBJECT)
CHANGE(name_ident, ROWS(name, NAME)[0].ident = 4)
CHANGE(name_ip, ROWS(name, NAME)[4].kind = VG_NAME_IP)
CHANGE(rule_service, ROWS(rule, RULE)[0].service = 3)
CHANGE(rule_services, ROWS(rule, RULE)[0].service = 2)
CHANGE(rule_methods, ROWS(rule, RULE)[0].methods = UINT32_C(1) << VG_METHOD_COUNT)
CHANGE(rule_errors, ROWS(rule, RULE)[0].errors = VG_ERRORS)
CHANGE(rule_types, ROWS(rule, RULE)[0].answer_types = (struct vg_span){0, UINT32_MAX})
CHANGE(rule_answer, ROWS(rule, RULE)[0].answer_headers = (struct vg_span){UINT32_MAX, 1})
CHANGE(rule_headers, ROWS(rule, RULE)[0].headers = (struct vg_span){0, VG_IMG_PARAMS_MAX + 1})
CHANGE(header_order,
       struct vg_img_param *p = ROWS(param, PARAM) + ROWS(rule, RULE)[9].headers.first;
       p[0].name = p[1].name)
CHANGE(rule_order, struct vg_img_rule *r = ROWS(rule, RULE);
       struct vg_img_lead *l = ROWS(lead, LEAD); struct vg_img_rule one = r[4];
       struct vg_img_lead two = l[4]; r[4] = r[5]; r[5] = one; l[4] = l[5]; l[5] = two)
CHANGE(lead, ROWS(lead, LEAD)[0].hash++)
CHANGE(lead_zero, ROWS(lead, LEAD)[0] = (struct vg_img_lead){0})
CHANGE(leads, header(f)->section[VG_SECTION_LEAD].count--)
CHANGE(literal_service, ROWS(literal, LITERAL)[0].service = 3)
CHANGE(literal_place, ROWS(literal, LITERAL)[0].place = VG_PATH_SEGMENTS_MAX)
CHANGE(literal_text, ROWS(literal, LITERAL)[0].text.offset = UINT32_MAX)
CHANGE(literal_empty, ROWS(literal, LITERAL)[0].text.len = 0)
CHANGE(literals, ROWS(literal, LITERAL)[1] = ROWS(literal, LITERAL)[0])
CHANGE(sink_kind, ROWS(sink, SINK)->kind = VG_SINK_KINDS)
CHANGE(sink_format, ROWS(sink, SINK)->format = VG_FORMATS)
CHANGE(sink_head, ROWS(sink, SINK)->head = VG_HEADS)
CHANGE(sink_facility, ROWS(sink, SINK)->facility = 24)
CHANGE(sink_identifiers, ROWS(sink, SINK)->identifiers = VG_IDENTIFIERS)
CHANGE(sink_on_full, ROWS(sink, SINK)->on_full = VG_FULLS)
CHANGE(sink_events, ROWS(sink, SINK)->events = 0)
CHANGE(sink_more_events, ROWS(sink, SINK)->events = 1 << 10)
CHANGE(sink_spool, ROWS(sink, SINK)->spool = 0)
CHANGE(sink_file, ROWS(sink, SINK)->path.len = 0)
CHANGE(sink_socket, ROWS(sink, SINK)->kind = VG_SINK_UNIX;
       ROWS(sink, SINK)->path.len = VG_SINK_PATH_MAX + 1)
CHANGE(sink_path, ROWS(sink, SINK)->path.offset = UINT32_MAX)
CHANGE(segments, ROWS(rule, RULE)[0].segments.count = VG_PATH_SEGMENTS_MAX + 1)
CHANGE(params, struct vg_img_param *p = ROWS(param, PARAM); struct vg_img_param one = p[1];
       p[1] = p[2]; p[2] = one)
CHANGE(rest, ROWS(segment, SEGMENT)[0].kind = VG_SEGMENT_REST)
CHANGE(segment_kind, ROWS(segment, SEGMENT)[0].kind = VG_SEGMENT_KINDS)
CHANGE(segment_type, ROWS(segment, SEGMENT)[2].value.type = VG_VALUE_TYPES)
CHANGE(segment_any, ROWS(segment, SEGMENT)[2].value.type = VG_VALUE_ANY)
CHANGE(words, ROWS(param, PARAM)[0].value.words = (struct vg_str){UINT32_MAX, 2})
CHANGE(bits, ((struct vg_prefix *)row(f, VG_SECTION_PREFIX))->bits = 129)

static const struct change changes[] = {
	{"magic", "not a policy image", change_magic},
	{"layout", "a layout of another version", change_layout},
	{"size", "cut short, or too long", change_size},
	{"offset", "a section is misplaced", change_offset},
	{"behind", "a section is misplaced", change_behind},
	{"overlap", "a section is misplaced", change_overlap},
	{"count", "a section is cut short", change_count},
	{"gateways", "not one gateway row", change_gateways},
	{"tls", "gateway: unknown TLS version", change_tls},
	{"switch", "gateway: a switch that is neither on nor off", change_disclose},
	{"proxies", "gateway: networks lie outside", change_proxies},
	{"probes", "gateway: networks lie outside", change_probes},
	{"zone", "listener: a zone without end", change_zone},
	{"node", "gateway: a text lies outside", change_node},
	{"host", "service: no host, or no upstream", change_host},
	{"services", "service: out of order", change_services},
	{"prefix", "service: not a prefix", change_prefix},
	{"upstreams", "service: no host, or no upstream", change_upstreams},
	{"upstream's tls", "upstream: unknown value", change_upstream_tls},
	{"TLS without CA", "upstream: TLS without a CA or a name", change_upstream_bare},
	{"TLS without name", "upstream: TLS without a CA or a name", change_upstream_nameless},
	{"upstream's CAs", "upstream: a reference lies outside", change_upstream_cas},
	{"upstream's host", "upstream: a reference lies outside", change_upstream_host},
	{"upstream's certificate", "upstream: not a certificate for it", change_upstream_cert},
	{"set headers", "service: a reference lies outside", change_set_headers},
	{"health", "service: no health check", change_health},
	{"host for the upstream", "service: no host, or no upstream", change_sent_host},
	{"host outside", "service: a reference lies outside", change_sent_outside},
	{"forward_identity", "service: unknown value", change_forward},
	{"balance", "service: unknown value", change_balance},
	{"mode", "vendor: unknown value", change_mode},
	{"vendors", "vendor: out of order", change_vendors},
	{"others_rules", "vendor: identities or rules are not its own", change_others_rules},
	{"more_rules", "vendor: identities or rules are not its own", change_more_rules},
	{"rule_vendor", "rule: not of its vendor", change_rule_vendor},
	{"others_idents", "ident: not of its vendor", change_others_idents},
	{"no_ca", "ident: no CA", change_no_ca},
	{"no_name", "ident: no name", change_no_name},
	{"names", "name: out of order", change_names},
	{"name_ident", "name: unknown kind, identity or value", change_name_ident},
	{"name_ip", "name: unknown kind, identity or value", change_name_ip},
	{"rule_service", "rule: no such service", change_rule_service},
	{"rule_services", "rule: out of order", change_rule_services},
	{"rule_methods", "rule: unknown value", change_rule_methods},
	{"rule_errors", "rule: unknown value", change_rule_errors},
	{"rule_types", "rule: a reference lies outside", change_rule_types},
	{"rule_answer", "rule: a reference lies outside", change_rule_answer},
	{"rule_headers", "rule: parameters lie outside, or are too many", change_rule_headers},
	{"header_order", "rule: parameters out of order", change_header_order},
	{"rule_order", "rule: a less specific one stands before", change_rule_order},
	{"lead", "rule: not the hash of its pattern", change_lead},
	{"leads", "not as many leads as rules", change_leads},
	{"lead_zero", "rule: not the hash of its pattern", change_lead_zero},
	{"literal_service", "literal: no such service, place or text", change_literal_service},
	{"literal_place", "literal: no such service, place or text", change_literal_place},
	{"literal_text", "literal: no such service, place or text", change_literal_text},
	{"literal_empty", "literal: no such service, place or text", change_literal_empty},
	{"literals", "literal: out of order", change_literals},
	{"sink_kind", "sink: unknown kind, format or facility", change_sink_kind},
	{"sink_format", "sink: unknown kind, format or facility", change_sink_format},
	{"sink_head", "sink: unknown kind, format or facility", change_sink_head},
	{"sink_facility", "sink: unknown kind, format or facility", change_sink_facility},
	{"sink_identifiers", "sink: unknown kind, format or facility", change_sink_identifiers},
	{"sink_on_full", "sink: unknown kind, format or facility", change_sink_on_full},
	{"sink_events", "sink: no events, or no spool", change_sink_events},
	{"sink_more_events", "sink: no events, or no spool", change_sink_more_events},
	{"sink_spool", "sink: no events, or no spool", change_sink_spool},
	{"sink_file", "sink: no path", change_sink_file},
	{"sink_socket", "sink: no path", change_sink_socket},
	{"sink_path", "sink: a text lies outside", change_sink_path},
	{"segments", "rule: segments lie outside, or are too many", change_segments},
	{"params", "rule: parameters out of order", change_params},
	{"rest", "rule: ** is not last", change_rest},
	{"segment_kind", "segment: unknown kind", change_segment_kind},
	{"segment_type", "segment: a reference lies outside", change_segment_type},
	{"segment_any", "segment: no type", change_segment_any},
	{"words", "param: a reference lies outside", change_words},
	{"bits", "prefix: too many bits", change_bits},
};

Test(policy_image, changes)
{
	for (size_t i = 0; i < VG_COUNT(changes); i++) {
		struct vg_image image;
		const char *fault = NULL;
		setup();
		cr_assert(vg_image_open(&image, fixture.block, fixture.size, &fault));
		changes[i].make(&fixture);
		cr_expect_not(vg_image_open(&image, fixture.block, fixture.size, &fault), "%s",
			      changes[i].what);
		cr_expect_str_eq(fault == NULL ? "" : fault, changes[i].fault, "%s: %s",
				 changes[i].what, fault);
		teardown();
	}
}

/* A block of its own for each try, so that a sanitizer sees the first byte behind it. */
static char *copy(size_t size)
{
	char *block = malloc(size);
	cr_assert_not_null(block);
	memcpy(block, fixture.block, size);
	return block;
}

static const struct {
	const char *method, *host, *path, *query;
} requests[] = {
	{"GET", "courses.agency.example", "/v1/report-q1.pdf", NULL},
	{"GET", "courses.agency.example",
	 "/v1/courses/0b1c2d3e-4f50-6172-8394-a5b6c7d8e9f0/attendees",
	 "sort=name&since=2026-06-01&page=50&ids=1,2,3"},
	{"POST", "courses.agency.example", "/v1/courses", NULL},
	{"HEAD", "api.agency.example", "/residents/v1/residents/7", NULL},
	{"GET", "api.agency.example", "/residents/v1/residents/", "page=1"},
	{"GET", "courses.agency.example", "/files/a/b/c%20d/", "q=%C3%A9"},
	{"PUT", "courses.agency.example", "/", NULL},
};

static struct vg_arena arena;
static struct vg_path paths[VG_COUNT(requests)];
static struct vg_query queries[VG_COUNT(requests)];

static void parse_requests(void)
{
	const char *fault;
	vg_arena_init(&arena, 65536);
	for (size_t i = 0; i < VG_COUNT(requests); i++) {
		cr_assert(vg_path_parse(&paths[i], vg_slice_str(requests[i].path), &arena, &fault));
		if (requests[i].query != NULL)
			cr_assert(vg_query_parse(&queries[i], vg_slice_str(requests[i].query),
						 &arena, &fault));
	}
}

static unsigned long allowed, refused;

static void decide_all(const struct vg_image *image)
{
	for (size_t i = 0; i < VG_COUNT(requests); i++)
		for (uint32_t ident = 0; ident < vg_img_ident_count(image); ident++) {
			struct vg_facts facts = {.vendor = vg_img_idents(image)[ident].vendor,
						 .ident = ident,
						 .sni = vg_slice_str(requests[i].host),
						 .host = vg_slice_str(requests[i].host),
						 .method = vg_slice_str(requests[i].method),
						 .path = &paths[i],
						 .query = requests[i].query == NULL ? NULL
										    : &queries[i],
						 .has_body = i == 2,
						 .body_length = 3,
						 .content_type = VG_SLICE("application/json")};
			cr_assert(vg_addr_parse(VG_SLICE("203.0.113.9"), &facts.src));
			struct vg_verdict verdict = vg_decide(image, &facts);
			if (verdict.reason == VG_REASON_ACCESS_ALLOWED)
				allowed++;
			else
				refused++;
		}
}

/* Reads the last byte of each text that a row holds, as an event writer would. */
static unsigned touch(const struct vg_image *image)
{
	unsigned sum = 0;
	for (uint32_t i = 0; i < vg_img_item_count(image); i++) {
		struct vg_slice s = vg_img_str(image, vg_img_items(image)[i]);
		sum += s.len == 0 ? 0 : (uint8_t)s.ptr[s.len - 1];
	}
	for (uint32_t i = 0; i < vg_img_rule_count(image); i++) {
		struct vg_slice s = vg_img_str(image, vg_img_rules(image)[i].pattern);
		sum += s.len == 0 ? 0 : (uint8_t)s.ptr[s.len - 1];
	}
	return sum;
}

static bool use(const char *block, size_t size)
{
	static const struct vg_who_name names[] = {
		{VG_NAME_URI, {"spiffe://acme.example/gateway", 29}},
		{VG_NAME_DNS, {"gw.acme.example", 15}},
		{VG_NAME_SUBJECT, {"CN=gateway", 10}},
	};
	struct vg_image image;
	struct vg_who who;
	const char *fault;
	if (!vg_image_open(&image, block, size, &fault)) {
		cr_assert_not_null(fault);
		return false;
	}
	vg_who_select(&who, &image, names, VG_COUNT(names));
	for (size_t i = 0; i < who.count; i++)
		cr_assert_lt(who.idents[i], vg_img_ident_count(&image));
	uint32_t vendor = vg_img_find_vendor(&image, VG_SLICE("bolt"));
	cr_assert(vendor == VG_NO_ROW || vendor < vg_img_vendor_count(&image));
	decide_all(&image);
	(void)touch(&image);
	return true;
}

Test(policy_image, every_byte, .init = setup, .fini = teardown)
{
	static const uint8_t flips[] = {0x01, 0x80, 0xff, 0x10};
	unsigned long opened = 0, closed = 0;
	parse_requests();
	for (size_t at = 0; at < fixture.size; at++)
		for (size_t f = 0; f < sizeof(flips); f++) {
			char *block = copy(fixture.size);
			block[at] = (char)(block[at] ^ flips[f]);
			if (use(block, fixture.size))
				opened++;
			else
				closed++;
			free(block);
		}
	/* Both happen: the check refuses something, and what passes it decides something. */
	cr_expect_gt(opened, 1000);
	cr_expect_gt(closed, 1000);
	cr_expect_gt(allowed, 1000);
	cr_expect_gt(refused, 1000);
	vg_arena_fini(&arena);
}

Test(policy_image, every_word, .init = setup, .fini = teardown)
{
	static const uint32_t words[] = {0, 1, 2, 9, 255, 256, 0x7fffffff, 0xffffffff};
	parse_requests();
	for (size_t at = 0; at + 4 <= fixture.size; at += 4)
		for (size_t w = 0; w < VG_COUNT(words); w++) {
			char *block = copy(fixture.size);
			memcpy(block + at, &words[w], 4);
			(void)use(block, fixture.size);
			free(block);
		}
	cr_expect_gt(allowed, 1000);
	vg_arena_fini(&arena);
}

Test(policy_image, every_length, .init = setup, .fini = teardown)
{
	parse_requests();
	for (size_t size = 0; size < fixture.size; size++) {
		char *block = copy(size == 0 ? 1 : size);
		uint64_t claimed = size;
		cr_expect_not(use(block, size), "%zu bytes of %zu", size, fixture.size);
		if (size >= sizeof(struct vg_image_header))
			memcpy(block + offsetof(struct vg_image_header, size), &claimed, 8);
		(void)use(block, size);
		free(block);
	}
	cr_expect(use(fixture.block, fixture.size));
	vg_arena_fini(&arena);
}

static uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13; /* xorshift: the same run every time */
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

Test(policy_image, several_at_once, .init = setup, .fini = teardown)
{
	uint64_t state = UINT64_C(0x9e3779b97f4a7c15);
	unsigned long opened = 0;
	parse_requests();
	for (int round = 0; round < 20000; round++) {
		char *block = copy(fixture.size);
		for (uint64_t n = 1 + next_random(&state) % 3; n > 0; n--) {
			/* Small numbers in words: what rows are full of. */
			uint32_t word = (uint32_t)(next_random(&state) % 64);
			size_t at = (size_t)(next_random(&state) % (fixture.size / 4)) * 4;
			memcpy(block + at, &word, 4);
		}
		opened += use(block, fixture.size);
		free(block);
	}
	cr_expect_gt(opened, 100);
	vg_arena_fini(&arena);
}

Test(policy_image, memory, .init = setup, .fini = teardown)
{
	struct vg_image image;
	const char *fault;
	cr_expect_not(vg_image_open(&image, NULL, fixture.size, &fault));
	cr_expect_not(vg_image_open(&image, fixture.block, VG_IMAGE_MAX + 1, &fault));
	char *block = malloc(fixture.size + 8);
	cr_assert_not_null(block);
	memcpy(block + 4, fixture.block, fixture.size);
	cr_expect_not(vg_image_open(&image, block + 4, fixture.size, &fault), "not aligned");
	memcpy(block + 8, fixture.block, fixture.size);
	cr_expect(vg_image_open(&image, block + 8, fixture.size, &fault));
	free(block);
}
