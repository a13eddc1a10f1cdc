/*
 * The image loader (libFuzzer): whatever it accepts is walked, each row, text and span of it, and
 * decided by for each identity, without a fault. The first byte tells what the rest is: a block of
 * memory; or edits of a good image of the fixture, four bytes each (struct edit).
 */
#include "../unit/policy_fixture.h"
#include "policy/capture.h"
#include "policy/decide.h"
#include "policy/reply.h"
#include "policy/who.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Of the vg_str and vg_span in each row: where they are, and in which section they end. */
static const struct {
	enum vg_section in, to;
	size_t offset, count;
} references[] = {
#define REF(IN, row, member, TO)                                                                   \
	{                                                                                          \
		VG_SECTION_##IN, VG_SECTION_##TO, offsetof(struct vg_img_##row, member),           \
			sizeof(((struct vg_img_##row *)0)->member) / sizeof(struct vg_span)        \
	}
	REF(GATEWAY, gateway, node, TEXT),
	REF(GATEWAY, gateway, state, TEXT),
	REF(GATEWAY, gateway, run, TEXT),
	REF(GATEWAY, gateway, control, TEXT),
	REF(GATEWAY, gateway, user, TEXT),
	REF(GATEWAY, gateway, ciphers, TEXT),
	REF(GATEWAY, gateway, ciphersuites, TEXT),
	REF(GATEWAY, gateway, groups, TEXT),
	REF(GATEWAY, gateway, proxy_protocol_from, PREFIX),
	REF(GATEWAY, gateway, probes_from, PREFIX),
	REF(CERT, cert, chain, DER),
	REF(CERT, cert, path, TEXT),
	REF(CERT, cert, key_path, TEXT),
	REF(CERT, cert, where.file, TEXT),
	REF(SINK, sink, name, TEXT),
	REF(SINK, sink, path, TEXT),
	REF(SERVICE, service, name, TEXT),
	REF(SERVICE, service, host, TEXT),
	REF(SERVICE, service, upstream_host, TEXT),
	REF(SERVICE, service, prefix, TEXT),
	REF(SERVICE, service, upstreams, UPSTREAM),
	REF(SERVICE, service, set_headers, SET_HEADER),
	REF(SERVICE, service, health_path, TEXT),
	REF(SERVICE, service, where.file, TEXT),
	REF(SET_HEADER, set_header, name, TEXT),
	REF(SET_HEADER, set_header, value, TEXT),
	REF(SET_HEADER, set_header, path, TEXT),
	REF(SET_HEADER, set_header, where.file, TEXT),
	REF(UPSTREAM, upstream, text, TEXT),
	REF(UPSTREAM, upstream, host, TEXT),
	REF(UPSTREAM, upstream, name, TEXT),
	REF(UPSTREAM, upstream, cas, DER),
	REF(VENDOR, vendor, id, TEXT),
	REF(VENDOR, vendor, idents, IDENT),
	REF(VENDOR, vendor, rules, RULE),
	REF(VENDOR, vendor, where.file, TEXT),
	REF(VENDOR, vendor, hours.windows, WINDOW),
	REF(VENDOR, vendor, hours.closed, DAY),
	REF(ZONE, zone, name, TEXT),
	REF(ZONE, zone, shifts, SHIFT),
	REF(IDENT, ident, networks, PREFIX),
	REF(IDENT, ident, name, TEXT),
	REF(IDENT, ident, cas, DER),
	REF(IDENT, ident, names, ITEM),
	REF(IDENT, ident, pins, PIN),
	REF(IDENT, ident, where.file, TEXT),
	REF(NAME, name, value, TEXT),
	REF(RULE, rule, name, TEXT),
	REF(RULE, rule, pattern, TEXT),
	REF(RULE, rule, segments, SEGMENT),
	REF(RULE, rule, params, PARAM),
	REF(RULE, rule, headers, PARAM),
	REF(RULE, rule, answer_headers, ITEM),
	REF(RULE, rule, answer_types, ITEM),
	REF(RULE, rule, types, ITEM),
	REF(RULE, rule, where.file, TEXT),
	REF(RULE, rule, hours.windows, WINDOW),
	REF(RULE, rule, hours.closed, DAY),
	REF(LITERAL, literal, text, TEXT),
	REF(SEGMENT, segment, prefix, TEXT),
	REF(SEGMENT, segment, suffix, TEXT),
	REF(SEGMENT, segment, name, TEXT),
	REF(SEGMENT, segment, value.words, TEXT),
	REF(PARAM, param, name, TEXT),
	REF(PARAM, param, value.words, TEXT),
	REF(DER, der, bytes, TEXT),
#undef REF
	{VG_SECTION_ITEM, VG_SECTION_TEXT, 0, 1},
};

static const struct {
	const char *method, *path, *query, *type;
} requests[] = {
	{"GET", "/v1/residents/17", NULL, NULL},
	{"GET", "/v1/residents/", "page=3", NULL},
	{"GET", "/residents/v1/residents/17", NULL, NULL},
	{"GET", "/v1/courses/0190a7c5-0000-7000-8000-000000000001/attendees",
	 "ids=1,2,3&page=7&since=2026-01-02&sort=name", NULL},
	{"POST", "/v1/courses", NULL, "application/json; charset=utf-8"},
	{"PUT", "/v1/anything", NULL, NULL},
	{"DELETE", "/v1/courses", NULL, "text/csv"},
	{"GET", "/files/a/b/c", "q=x%20y", NULL},
	{"HEAD", "/v1/report-9.pdf", NULL, NULL},
	{"GET", "/bolt", "a=b&c", NULL},
	{"GET", "/bolt/fields", "page=1", NULL},
	{"POST", "/bolt/5", NULL, "application/json"},
	{"GET", "/", NULL, NULL},
	{"PURGE", "/a/b/c/d/e/f/g/h", NULL, NULL},
};

/* Of each request and of each answer. */
static const struct vg_http_field fields[] = {
	{{"X-Session", 9}, {"0190a7c5-0000-7000-8000-000000000001", 36}, 0},
	{{"X-Operator", 10}, {"meyer", 5}, 0},
	{{"Accept", 6}, {"text/html", 9}, 0},
	{{"X-Ids", 5}, {"1, 2,3", 6}, 0},
	{{"X-Title", 7}, {"caf\xc3\xa9", 5}, 0},
	{{"x-note", 6}, {"", 0}, 0},
};

static struct fixture fixture;
static struct vg_arena arena;
static struct vg_path paths[VG_COUNT(requests)];
static struct vg_query queries[VG_COUNT(requests)];
static struct vg_image image;
static uint64_t sum; /* of every byte that was read: none is passed over */

static void begin(void)
{
	const char *fault;
	fixture_world(&fixture);
	fixture_finish(&fixture);
	vg_arena_init(&arena, (size_t)1 << 20);
	for (size_t i = 0; i < VG_COUNT(requests); i++) {
		VG_ASSERT(vg_path_parse(&paths[i], vg_slice_str(requests[i].path), &arena, &fault));
		if (requests[i].query != NULL)
			VG_ASSERT(vg_query_parse(&queries[i], vg_slice_str(requests[i].query),
						 &arena, &fault));
	}
}

static void touch(const void *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		sum += ((const uint8_t *)bytes)[i];
}

#define VG_SECTION(NAME, name, row)                                                                \
	static const void *rows_of_##name(void)                                                    \
	{                                                                                          \
		return vg_img_##name##s(&image);                                                   \
	}
#include "policy/image.def"
#undef VG_SECTION

static const struct {
	const void *(*rows)(void);
	size_t size;
} sections[VG_SECTION_COUNT] = {
#define VG_SECTION(NAME, name, row) {rows_of_##name, sizeof(row)},
#include "policy/image.def"
#undef VG_SECTION
};

static const char *row_of(enum vg_section section, uint64_t at)
{
	return (const char *)sections[section].rows() + at * sections[section].size;
}

static void walk(void)
{
	for (size_t i = 0; i < VG_SECTION_COUNT; i++)
		touch(sections[i].rows(), image.header->section[i].count * sections[i].size);
	for (size_t i = 0; i < VG_COUNT(references); i++) {
		uint64_t rows = image.header->section[references[i].in].count;
		for (uint64_t at = 0; at < rows * references[i].count; at++) {
			struct vg_span span;
			memcpy(&span,
			       row_of(references[i].in, at / references[i].count) +
				       references[i].offset +
				       at % references[i].count * sizeof(span),
			       sizeof(span));
			touch(row_of(references[i].to, span.first),
			      span.count * sections[references[i].to].size);
		}
	}
}

static void judge_reply(const struct vg_img_rule *rule)
{
	struct vg_reply_facts facts = {.status = 200,
				       .has_body = true,
				       .length = 65,
				       .content_type = VG_SLICE("text/csv; header=present"),
				       .fields = {fields, VG_COUNT(fields)}};
	struct vg_reply reply = vg_reply_judge(&image, rule, &facts);
	touch(reply.constraint.ptr, reply.constraint.len);
}

/* What is decided of a request, and what is told of it. */
static void decide(struct vg_facts *facts, size_t request)
{
	uint8_t marks[VG_MARKS_MAX];
	facts->method = vg_slice_str(requests[request].method);
	facts->path = &paths[request];
	facts->query = requests[request].query == NULL ? NULL : &queries[request];
	facts->has_body = requests[request].type != NULL;
	facts->content_type = vg_slice_str(facts->has_body ? requests[request].type : "");
	struct vg_verdict verdict = vg_decide(&image, facts);
	VG_ASSERT(verdict.rule == VG_NO_ROW || verdict.rule < vg_img_rule_count(&image));
	VG_ASSERT(verdict.service == VG_NO_ROW || verdict.service < vg_img_service_count(&image));
	touch(verdict.constraint.ptr, verdict.constraint.len);
	for (size_t i = 0; i < verdict.route.capture_count; i++)
		touch(verdict.route.captures[i].value.ptr, verdict.route.captures[i].value.len);
	uint32_t matched = verdict.reason == VG_REASON_ACCESS_ALLOWED ? verdict.rule : VG_NO_ROW;
	size_t len = vg_capture_marks(marks, &image, verdict.service, matched, facts->path);
	VG_ASSERT(len <= sizeof(marks));
	touch(marks, len);
	if (matched != VG_NO_ROW)
		judge_reply(&vg_img_rules(&image)[matched]);
}

static void ask(uint32_t ident, uint32_t service)
{
	struct vg_slice host = vg_img_str(&image, vg_img_services(&image)[service].host);
	struct vg_facts facts = {.now = 1,
				 .vendor = vg_img_idents(&image)[ident].vendor,
				 .ident = ident,
				 .sni = host,
				 .host = host,
				 .fields = {fields, VG_COUNT(fields)}};
	VG_ASSERT(vg_addr_parse(VG_SLICE("203.0.113.9"), &facts.src));
	for (size_t i = 0; i < VG_COUNT(requests); i++)
		decide(&facts, i);
}

static void select_names(void)
{
	struct vg_who who;
	for (uint32_t i = 0; i < vg_img_name_count(&image); i++) {
		const struct vg_img_name *row = &vg_img_names(&image)[i];
		struct vg_who_name name = {(enum vg_name_kind)row->kind,
					   vg_img_str(&image, row->value)};
		vg_who_select(&who, &image, &name, 1);
		for (size_t at = 0; at < who.count; at++)
			VG_ASSERT(who.idents[at] < vg_img_ident_count(&image));
	}
}

static void use(void)
{
	walk();
	select_names();
	for (uint32_t i = 0; i < vg_img_vendor_count(&image); i++) {
		struct vg_slice id = vg_img_str(&image, vg_img_vendors(&image)[i].id);
		VG_ASSERT(vg_img_find_vendor(&image, id) == i);
	}
	for (uint32_t i = 0; i < vg_img_ident_count(&image); i++)
		for (uint32_t at = 0; at < vg_img_service_count(&image); at++)
			ask(i, at);
}

/* The next four bytes: `at` in steps of 4 (of 1 for BYTE), from the block's begin. */
struct edit {
	uint16_t at;
	uint8_t how, value;
};
enum how { BYTE, ADD, SUBTRACT, TOP, CUT, HOWS };

/* What it makes of the block's size. */
static size_t edit(char *block, size_t size, const struct edit *edit)
{
	size_t at = edit->how % HOWS == BYTE ? edit->at % size : edit->at * 4 % size;
	struct vg_image_header *header = (void *)block;
	uint32_t word;
	memcpy(&word, block + at / 4 * 4, sizeof(word));
	switch ((enum how)(edit->how % HOWS)) {
	case BYTE:
		block[at] = (char)edit->value;
		return size;
	case ADD:
		word += edit->value;
		break;
	case SUBTRACT:
		word -= edit->value;
		break;
	case TOP:
		word = UINT32_MAX - edit->value;
		break;
	case CUT:
		size -= size - sizeof(*header) > edit->value ? edit->value : 0;
		header->size = size;
		return size;
	case HOWS:
	default:
		return size;
	}
	memcpy(block + at / 4 * 4, &word, sizeof(word));
	return size;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *fault;
	if (fixture.build == NULL)
		begin();
	if (size == 0)
		return 0;
	bool edited = (data[0] & 1) != 0;
	size_t block_size = edited ? fixture.size : size - 1;
	struct vg_slice rest = vg_slice((const char *)data + 1, size - 1);
	char *block = malloc(block_size > 0 ? block_size : 1);
	VG_ASSERT(block != NULL && fixture.size % 4 == 0);
	memcpy(block, edited ? fixture.block : rest.ptr, block_size);
	struct edit one;
	while (edited && rest.len >= sizeof(one)) {
		memcpy(&one, rest.ptr, sizeof(one));
		block_size = edit(block, block_size, &one);
		rest = vg_slice_from(rest, sizeof(one));
	}
	/* Of its exact size, so that a sanitizer sees a byte too far. */
	char *exact = realloc(block, block_size > 0 ? block_size : 1);
	VG_ASSERT(exact != NULL);
	if (vg_image_open(&image, exact, block_size, &fault))
		use();
	else
		VG_ASSERT(fault != NULL);
	free(exact);
	return 0;
}
