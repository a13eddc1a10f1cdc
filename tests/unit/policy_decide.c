/* Decisions: every reason of the policy, each beside a request that differs in one thing. */
#include <criterion/criterion.h>
#include <signal.h>

#include "policy/decide.h"
#include "policy_fixture.h"

static struct fixture fixture;

static void setup(void)
{
	fixture_world(&fixture);
	fixture_open(&fixture);
}

static void teardown(void)
{
	fixture_end(&fixture);
}

#define API "api.agency.example"
#define COURSES "courses.agency.example"
#define ATTENDEES "/v1/courses/0b1c2d3e-4f50-6172-8394-a5b6c7d8e9f0/attendees"
#define REPORT "/v1/report-q1.pdf"

struct request {
	const char *what;
	/* Who asks, where nothing is set: acme's gateway, at home, for COURSES. */
	uint32_t ident;
	const char *src, *sni, *host;
	const char *method, *path, *query;
	const char *type; /* of its body */
	bool body;
	uint64_t length;
	const char *fields; /* "Name: value", one a line */
	enum vg_reason malformed;
	/* What comes of it. */
	enum vg_reason reason;
	enum vg_step step;
	const char *constraint;
	uint32_t rule;
};

#define ALLOWED VG_REASON_ACCESS_ALLOWED, VG_STEP_COUNT, ""

#define ASK(verb, way) .method = verb, .path = way
#define GIVES(name, at, constraint, rule) VG_REASON_##name, VG_STEP_##at, constraint, rule

static const struct request requests[] = {
	{"honest", ASK("GET", REPORT), .reason = VG_REASON_ACCESS_ALLOWED, .step = VG_STEP_COUNT,
	 .constraint = "", .rule = 5},
	{"head", ASK("HEAD", REPORT), .reason = ALLOWED, 5},
	/* MESSAGE */
	{"malformed", ASK("GET", REPORT), .malformed = VG_REASON_HTTP_MALFORMED,
	 .reason = GIVES(HTTP_MALFORMED, MESSAGE, "bad things", VG_NO_ROW)},
	{"bad path", ASK("GET", NULL), .malformed = VG_REASON_HTTP_PATH,
	 .reason = GIVES(HTTP_PATH, MESSAGE, "bad things", VG_NO_ROW)},
	{"malformed and suspended", .ident = 3, ASK("GET", "/"),
	 .malformed = VG_REASON_HTTP_HEAD_TOO_LARGE,
	 .reason = GIVES(HTTP_HEAD_TOO_LARGE, MESSAGE, "bad things", VG_NO_ROW)},
	/* HOST */
	{"no sni", ASK("GET", REPORT), .sni = "",
	 .reason = GIVES(HOST_MISMATCH, HOST, "no SNI", VG_NO_ROW)},
	{"another sni", ASK("GET", REPORT), .sni = API,
	 .reason = GIVES(HOST_MISMATCH, HOST, "SNI and Host differ", VG_NO_ROW)},
	{"sni alike but for its end", ASK("GET", REPORT), .sni = COURSES "x",
	 .reason = GIVES(HOST_MISMATCH, HOST, "SNI and Host differ", VG_NO_ROW)},
	{"host of nobody", ASK("GET", REPORT), .sni = "x.example", .host = "x.example",
	 .reason = GIVES(HOST_MISMATCH, HOST, "host not served", VG_NO_ROW)},
	{"421 before suspension", .ident = 3, ASK("GET", "/"), .sni = "",
	 .reason = GIVES(HOST_MISMATCH, HOST, "no SNI", VG_NO_ROW)},
	/* STATE */
	{"suspended", .ident = 3, .src = "192.0.2.1", ASK("GET", "/"),
	 .reason = GIVES(VENDOR_SUSPENDED, STATE, "", VG_NO_ROW)},
	{"suspended, from elsewhere", .ident = 3, ASK("GET", "/"),
	 .reason = GIVES(VENDOR_SUSPENDED, STATE, "", VG_NO_ROW)},
	/* NETWORK */
	{"from elsewhere", ASK("GET", REPORT), .src = "203.0.114.1",
	 .reason = GIVES(NETWORK_NOT_LISTED, NETWORK, "", VG_NO_ROW)},
	{"from home by IPv6", ASK("GET", REPORT), .src = "2001:db8:7::5", .reason = ALLOWED, 5},
	{"from elsewhere by IPv6", ASK("GET", REPORT), .src = "2001:db8:8::5",
	 .reason = GIVES(NETWORK_NOT_LISTED, NETWORK, "", VG_NO_ROW)},
	{"no networks are all", .ident = 1, ASK("GET", REPORT), .src = "198.51.100.9",
	 .reason = ALLOWED, 5},
	{"network before access", ASK("GET", "/none"), .src = "203.0.114.1",
	 .reason = GIVES(NETWORK_NOT_LISTED, NETWORK, "", VG_NO_ROW)},
	/* ACCESS */
	{"no rule", ASK("GET", "/v2/courses"),
	 .reason = GIVES(ACCESS_NO_RULE, ACCESS, "", VG_NO_ROW)},
	{"no final slash", ASK("GET", "/v1/courses/"),
	 .reason = GIVES(ACCESS_NO_RULE, ACCESS, "", VG_NO_ROW)},
	{"wrong type of capture", ASK("GET", "/v1/courses/7/attendees"),
	 .reason = GIVES(ACCESS_NO_RULE, ACCESS, "", VG_NO_ROW)},
	{"wrong method", ASK("DELETE", REPORT), .reason = GIVES(ACCESS_METHOD, ACCESS, "", 5)},
	{"unknown method", ASK("BREW", REPORT), .reason = GIVES(ACCESS_METHOD, ACCESS, "", 5)},
	{"method of a less specific rule", ASK("PUT", REPORT), .reason = ALLOWED, 6},
	{"another vendor's rule", ASK("GET", "/bolt"),
	 .reason = GIVES(ACCESS_NO_RULE, ACCESS, "", VG_NO_ROW)},
	{"that vendor's rule", .ident = 2, ASK("GET", "/bolt"), .reason = ALLOWED, 8},
	{"the other way round", .ident = 2, ASK("GET", REPORT),
	 .reason = GIVES(ACCESS_NO_RULE, ACCESS, "", VG_NO_ROW)},
	{"below a prefix", .sni = API, .host = API, ASK("GET", "/residents/v1/residents/7"),
	 .reason = ALLOWED, 0},
	{"not below it", .sni = API, .host = API, ASK("GET", "/v1/residents/7"),
	 .reason = GIVES(ACCESS_NO_RULE, ACCESS, "", VG_NO_ROW)},
	{"the other service's path", ASK("GET", "/residents/v1/residents/7"),
	 .reason = GIVES(ACCESS_NO_RULE, ACCESS, "", VG_NO_ROW)},
	/* QUERY */
	{"whole query", ASK("GET", ATTENDEES),
	 .query = "sort=name&since=2026-06-01&page=50&ids=1,2,3", .reason = ALLOWED, 2},
	{"required alone", ASK("GET", ATTENDEES), .query = "since=2026-06-01", .reason = ALLOWED,
	 2},
	{"required missing", ASK("GET", ATTENDEES), .query = "page=1",
	 .reason = GIVES(ACCESS_QUERY, QUERY, "since", 2)},
	{"no query at all", ASK("GET", ATTENDEES),
	 .reason = GIVES(ACCESS_QUERY, QUERY, "since", 2)},
	{"required empty", ASK("GET", ATTENDEES),
	 .query = "since=", .reason = GIVES(ACCESS_QUERY, QUERY, "since", 2)},
	{"required bare", ASK("GET", ATTENDEES), .query = "since",
	 .reason = GIVES(ACCESS_QUERY, QUERY, "since", 2)},
	{"unlisted", ASK("GET", ATTENDEES), .query = "since=2026-06-01&debug=1",
	 .reason = GIVES(ACCESS_QUERY, QUERY, "debug", 2)},
	{"unlisted by case", ASK("GET", ATTENDEES), .query = "Since=2026-06-01",
	 .reason = GIVES(ACCESS_QUERY, QUERY, "Since", 2)},
	{"unlisted, long", ASK("GET", ATTENDEES),
	 .query = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa=1",
	 .reason = GIVES(ACCESS_QUERY, QUERY,
			 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 2)},
	{"out of range", ASK("GET", ATTENDEES), .query = "since=2026-06-01&page=51",
	 .reason = GIVES(ACCESS_QUERY, QUERY, "page", 2)},
	{"none of the words", ASK("GET", ATTENDEES), .query = "since=2026-06-01&sort=age",
	 .reason = GIVES(ACCESS_QUERY, QUERY, "sort", 2)},
	{"list too long", ASK("GET", ATTENDEES), .query = "since=2026-06-01&ids=1,2,3,4",
	 .reason = GIVES(ACCESS_QUERY, QUERY, "ids", 2)},
	{"rule without parameters", ASK("GET", REPORT), .query = "a=1",
	 .reason = GIVES(ACCESS_QUERY, QUERY, "a", 5)},
	{"text", ASK("GET", "/files/a/b"), .query = "q=caf%C3%A9", .reason = ALLOWED, 7},
	{"text too long", ASK("GET", "/files/a/b"), .query = "q=123456789",
	 .reason = GIVES(ACCESS_QUERY, QUERY, "q", 7)},
/* HEADERS */
#define FIELDS .ident = 2, ASK("GET", "/bolt/fields")
#define GOOD "X-Operator: j.doe\nX-Session: a-1\n"
	{"no field is listed", ASK("GET", REPORT), .fields = "X-Session: <>\nX-Session: b",
	 .reason = ALLOWED, 5},
	{"required alone", FIELDS, .fields = GOOD, .reason = ALLOWED, 9},
	{"in any case", FIELDS, .fields = "x-oPERATOR: \xc2\xa0\nx-session: A_1",
	 .reason = GIVES(ACCESS_HEADER, HEADERS, "x-operator", 9)},
	{"any case, in ASCII", FIELDS, .fields = "x-oPERATOR: %a0, ;\nX-SESSION: A_1",
	 .reason = ALLOWED, 9},
	{"none at all", FIELDS, .reason = GIVES(ACCESS_HEADER, HEADERS, "x-operator", 9)},
	{"typed one missing", FIELDS, .fields = "X-Operator: a",
	 .reason = GIVES(ACCESS_HEADER, HEADERS, "x-session", 9)},
	{"empty", FIELDS, .fields = "X-Operator: \nX-Session: a",
	 .reason = GIVES(ACCESS_HEADER, HEADERS, "x-operator", 9)},
	{"typed one empty", FIELDS, .fields = "X-Operator: a\nX-Session: ",
	 .reason = GIVES(ACCESS_HEADER, HEADERS, "x-session", 9)},
	{"look-alikes are none", FIELDS, .fields = "X_Operator: a\nX-Session: a\nXOperator: a",
	 .reason = GIVES(ACCESS_HEADER, HEADERS, "x-operator", 9)},
	{"untyped twice", FIELDS, .fields = GOOD "X-Note: a\nX-Note: b\nx-operator: c",
	 .reason = ALLOWED, 9},
	{"typed twice, alike", FIELDS, .fields = GOOD "x-session: a-1",
	 .reason = GIVES(ACCESS_HEADER, HEADERS, "x-session", 9)},
	{"typed, not required, twice", FIELDS, .fields = GOOD "X-Ids: 1\nX-Ids: 2",
	 .reason = GIVES(ACCESS_HEADER, HEADERS, "x-ids", 9)},
	{"too long", FIELDS, .fields = "X-Operator: a\nX-Session: 123456789",
	 .reason = GIVES(ACCESS_HEADER, HEADERS, "x-session", 9)},
	{"no percent-encoding", FIELDS, .fields = "X-Operator: a\nX-Session: %61",
	 .reason = GIVES(ACCESS_HEADER, HEADERS, "x-session", 9)},
	{"list", FIELDS, .fields = GOOD "X-Ids: 1, 2 ,9", .reason = ALLOWED, 9},
	{"list too long", FIELDS, .fields = GOOD "X-Ids: 1,2,3,4",
	 .reason = GIVES(ACCESS_HEADER, HEADERS, "x-ids", 9)},
	{"list with a hole", FIELDS, .fields = GOOD "X-Ids: 1,,2",
	 .reason = GIVES(ACCESS_HEADER, HEADERS, "x-ids", 9)},
	{"list of nothing", FIELDS,
	 .fields = GOOD "X-Ids: ", .reason = GIVES(ACCESS_HEADER, HEADERS, "x-ids", 9)},
	{"encoded comma", FIELDS, .fields = GOOD "X-Ids: 1%2C2",
	 .reason = GIVES(ACCESS_HEADER, HEADERS, "x-ids", 9)},
	{"text", FIELDS, .fields = GOOD "X-Title: caf\xc3\xa9 1", .reason = ALLOWED, 9},
	{"text of 8 with blanks", FIELDS, .fields = GOOD "X-Title: %41 \"; x", .reason = ALLOWED,
	 9},
	{"text too long", FIELDS, .fields = GOOD "X-Title: 123456789",
	 .reason = GIVES(ACCESS_HEADER, HEADERS, "x-title", 9)},
	{"text that is no UTF-8", FIELDS, .fields = GOOD "X-Title: caf\xe9",
	 .reason = GIVES(ACCESS_HEADER, HEADERS, "x-title", 9)},
	{"text with a tab", FIELDS, .fields = GOOD "X-Title: a\tb",
	 .reason = GIVES(ACCESS_HEADER, HEADERS, "x-title", 9)},
	{"text with a C1 control", FIELDS, .fields = GOOD "X-Title: a\xc2\x85",
	 .reason = GIVES(ACCESS_HEADER, HEADERS, "x-title", 9)},
	{"a standard one with a type", FIELDS, .fields = GOOD "Accept: text", .reason = ALLOWED, 9},
	{"and not of it", FIELDS, .fields = GOOD "Accept: */*",
	 .reason = GIVES(ACCESS_HEADER, HEADERS, "accept", 9)},
	{"query before headers", FIELDS, .query = "page=x",
	 .reason = GIVES(ACCESS_QUERY, QUERY, "page", 9)},
	{"headers before type", .ident = 2, ASK("POST", "/bolt/1"), .body = true,
	 .type = "text/csv", .reason = GIVES(ACCESS_HEADER, HEADERS, "x-session", 10)},
	{"and then the type", .ident = 2, ASK("POST", "/bolt/1"), .body = true, .type = "text/csv",
	 .fields = "X-Session: 0b1c2d3e-4f50-6172-8394-a5b6c7d8e9f0",
	 .reason = GIVES(ACCESS_TYPE, TYPE, "text/csv", 10)},
	/* TYPE */
	{"typed body", ASK("POST", "/v1/courses"), .body = true, .length = 64,
	 .type = "application/json", .reason = ALLOWED, 3},
	{"with parameter", ASK("POST", "/v1/courses"), .body = true, .length = 1,
	 .type = "Application/JSON ; charset=utf-8", .reason = ALLOWED, 3},
	{"second type", ASK("POST", "/v1/courses"), .body = true, .type = "text/csv",
	 .reason = ALLOWED, 3},
	{"no body", ASK("POST", "/v1/courses"), .reason = ALLOWED, 3},
	{"wrong type", ASK("POST", "/v1/courses"), .body = true, .type = "application/xml",
	 .reason = GIVES(ACCESS_TYPE, TYPE, "application/xml", 3)},
	{"type alike", ASK("POST", "/v1/courses"), .body = true, .type = "application/jsonp",
	 .reason = GIVES(ACCESS_TYPE, TYPE, "application/jsonp", 3)},
	{"two types", ASK("POST", "/v1/courses"), .body = true,
	 .type = "application/json, text/html",
	 .reason = GIVES(ACCESS_TYPE, TYPE, "application/json, text/html", 3)},
	{"body without type", ASK("POST", "/v1/courses"), .body = true,
	 .reason = GIVES(ACCESS_TYPE, TYPE, "", 3)},
	{"too large", ASK("POST", "/v1/courses"), .body = true, .length = 65,
	 .type = "application/json", .reason = GIVES(HTTP_TOO_LARGE, TYPE, "", 3)},
	{"any type where none is named", ASK("PUT", "/v1/x"), .body = true, .length = 64,
	 .type = "image/png", .reason = ALLOWED, 6},
	{"and its size", ASK("PUT", "/v1/x"), .body = true, .length = UINT64_MAX,
	 .type = "image/png", .reason = GIVES(HTTP_TOO_LARGE, TYPE, "", 6)},
	{"body on GET", ASK("GET", "/v1/courses"), .body = true, .length = 1,
	 .reason = GIVES(HTTP_MALFORMED, TYPE, "body with this method", 4)},
	{"body on HEAD", ASK("HEAD", "/v1/courses"), .body = true,
	 .reason = GIVES(HTTP_MALFORMED, TYPE, "body with this method", 4)},
	{"body on DELETE", ASK("DELETE", "/v1/courses"), .body = true,
	 .reason = GIVES(HTTP_MALFORMED, TYPE, "body with this method", 4)},
	{"DELETE without", ASK("DELETE", "/v1/courses"), .reason = ALLOWED, 4},
};

#define FIELDS_MAX 8

struct asked {
	struct vg_arena arena;
	struct vg_http_field fields[FIELDS_MAX];
	struct vg_path path;
	struct vg_query query;
	struct vg_facts facts;
};

static struct vg_slice or_default(const char *text, const char *otherwise)
{
	return vg_slice_str(text == NULL ? otherwise : text);
}

static struct vg_fields split(struct vg_http_field fields[FIELDS_MAX], const char *lines)
{
	struct vg_slice rest = vg_slice_str(lines == NULL ? "" : lines), line;
	struct vg_fields all = {fields, 0};
	while (rest.len > 0 && vg_slice_cut(&rest, '\n', &line)) {
		size_t colon = vg_slice_find(line, ':');
		cr_assert_lt(all.count, FIELDS_MAX);
		fields[all.count++] = (struct vg_http_field){
			vg_slice_first(line, colon), vg_slice_trim(vg_slice_from(line, colon + 1)),
			0};
	}
	return all;
}

static void ask(struct asked *asked, const struct request *request)
{
	const char *fault;
	vg_arena_init(&asked->arena, 4096);
	asked->facts = (struct vg_facts){
		.vendor = vg_img_idents(&fixture.image)[request->ident].vendor,
		.ident = request->ident,
		.sni = or_default(request->sni, COURSES),
		.malformed = request->malformed,
		.fault = request->malformed == VG_REASON_NONE ? NULL : "bad things",
		.host = or_default(request->host, COURSES),
		.method = vg_slice_str(request->method),
		.fields = split(asked->fields, request->fields),
		.has_body = request->body,
		.body_length = request->length,
		.content_type = or_default(request->type, "")};
	cr_assert(vg_addr_parse(or_default(request->src, "203.0.113.9"), &asked->facts.src));
	if (request->path != NULL) {
		cr_assert(vg_path_parse(&asked->path, vg_slice_str(request->path), &asked->arena,
					&fault),
			  "%s: %s", request->what, fault);
		asked->facts.path = &asked->path;
	}
	if (request->query != NULL) {
		cr_assert(vg_query_parse(&asked->query, vg_slice_str(request->query), &asked->arena,
					 &fault),
			  "%s: %s", request->what, fault);
		asked->facts.query = &asked->query;
	}
}

static void check_trace(const struct vg_trace *trace, const struct request *request)
{
	for (unsigned i = 0; i < VG_STEP_COUNT; i++) {
		enum vg_reason expected = i < request->step ? VG_REASON_ACCESS_ALLOWED
							    : VG_REASON_NONE;
		if (i == request->step)
			expected = request->reason;
		cr_expect_eq(trace->step[i], expected, "%s: step %u", request->what, i);
	}
}

Test(policy_decide, table, .init = setup, .fini = teardown)
{
	for (size_t i = 0; i < VG_COUNT(requests); i++) {
		struct asked asked;
		struct vg_trace trace;
		const struct request *request = &requests[i];
		ask(&asked, request);
		struct vg_verdict verdict = vg_decide_traced(&fixture.image, &asked.facts, &trace);
		cr_expect_eq(verdict.reason, request->reason, "%s: %s", request->what,
			     vg_reason_row(verdict.reason)->word);
		cr_expect_eq(verdict.step, request->step, "%s: %s", request->what,
			     vg_step_word(verdict.step));
		cr_expect(vg_slice_eq(verdict.constraint, vg_slice_str(request->constraint)),
			  "%s: %.*s", request->what, VG_SLICE_FMT(verdict.constraint));
		cr_expect_eq(verdict.rule, request->rule, "%s: rule %u", request->what,
			     verdict.rule);
		check_trace(&trace, request);
		struct vg_verdict again = vg_decide(&fixture.image, &asked.facts);
		cr_expect_eq(again.reason, verdict.reason, "%s", request->what);
		vg_arena_fini(&asked.arena);
	}
}

/* Each reason that a step may give, from its row. */
Test(policy_decide, every_reason_is_reached)
{
	static const enum vg_reason reasons[] = {
		VG_REASON_ACCESS_ALLOWED, VG_REASON_ACCESS_NO_RULE,   VG_REASON_ACCESS_METHOD,
		VG_REASON_ACCESS_QUERY,   VG_REASON_ACCESS_HEADER,    VG_REASON_ACCESS_TYPE,
		VG_REASON_HOST_MISMATCH,  VG_REASON_VENDOR_SUSPENDED, VG_REASON_NETWORK_NOT_LISTED,
		VG_REASON_HTTP_MALFORMED, VG_REASON_HTTP_PATH,        VG_REASON_HTTP_TOO_LARGE,
	};
	/* Those of time stand in config_terms.c. */
	bool steps[VG_STEP_COUNT + 1] = {
		[VG_STEP_CONTRACT] = true, [VG_STEP_HOURS] = true, [VG_STEP_RULE_HOURS] = true};
	for (size_t i = 0; i < VG_COUNT(reasons); i++) {
		size_t hits = 0;
		for (size_t k = 0; k < VG_COUNT(requests); k++) {
			hits += requests[k].reason == reasons[i];
			steps[requests[k].step] = true;
		}
		cr_expect_gt(hits, 0, "%s", vg_reason_row(reasons[i])->word);
	}
	for (unsigned i = 0; i <= VG_STEP_COUNT; i++)
		cr_expect(steps[i], "%s", vg_step_word((enum vg_step)i));
}

Test(policy_decide, what_an_allow_says, .init = setup, .fini = teardown)
{
	struct asked asked;
	struct request request = {"resident", .sni = API, .host = API,
				  ASK("GET", "/residents/v1/residents/42")};
	ask(&asked, &request);
	struct vg_verdict verdict = vg_decide(&fixture.image, &asked.facts);
	cr_assert_eq(verdict.reason, VG_REASON_ACCESS_ALLOWED);
	cr_expect_eq(verdict.service, 0);
	cr_expect(vg_slice_eq(verdict.path.text, VG_SLICE("/v1/residents/42")));
	cr_assert_eq(verdict.route.capture_count, 1);
	cr_expect(vg_slice_eq(verdict.route.captures[0].name, VG_SLICE("id")));
	cr_expect(vg_slice_eq(verdict.route.captures[0].value, VG_SLICE("42")));
	vg_arena_fini(&asked.arena);

	request = (struct request){"body", ASK("PUT", "/v1/x"), .body = true};
	ask(&asked, &request);
	cr_expect_eq(vg_decide(&fixture.image, &asked.facts).max_body, 64);
	vg_arena_fini(&asked.arena);
}

/* What the writer lets pass: each field that the rule lists, by its place, and no other. */
Test(policy_decide, listed_fields_are_marked, .init = setup, .fini = teardown)
{
	static const struct {
		const char *fields;
		const char *marks; /* a letter for each field */
		bool listed;       /* the rule lists some */
	} cases[] = {
		{"X-Session: a\nX-Note: b\nX-Other: c\nx-note: d\nX-Operator: e", "yynyy", true},
		{"X-Operator: a\nX-Sessions: b\nX-Sessio: c\nX-Session: d", "ynny", true},
		{"X-Session: a\nX-Note: b", "nn", false},
		{NULL, "", false},
	};
	for (size_t i = 0; i < VG_COUNT(cases); i++) {
		struct asked asked;
		struct request request = {"marks", .ident = 2,
					  ASK("GET", cases[i].listed ? "/bolt/fields" : "/bolt"),
					  .fields = cases[i].fields};
		ask(&asked, &request);
		struct vg_verdict verdict = vg_decide(&fixture.image, &asked.facts);
		cr_expect_eq(verdict.reason, VG_REASON_ACCESS_ALLOWED, "case %zu", i);
		for (size_t at = 0; at < VG_HTTP_FIELDS_MAX; at++)
			cr_expect_eq(vg_listed_has(&verdict.listed, at),
				     at < strlen(cases[i].marks) && cases[i].marks[at] == 'y',
				     "case %zu, field %zu", i, at);
		vg_arena_fini(&asked.arena);
	}
}

/* Another vendor's identity is a fault of the caller, and no answer is right. */
Test(policy_decide, identity_of_another_vendor, .init = setup, .signal = SIGABRT)
{
	struct asked asked;
	struct request request = {"mixed", ASK("GET", REPORT)};
	ask(&asked, &request);
	asked.facts.vendor = 1;
	struct vg_verdict verdict = vg_decide(&fixture.image, &asked.facts);
	cr_expect_eq(verdict.reason, VG_REASON_NONE, "not reached");
}
