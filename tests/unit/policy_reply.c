/* Answers: what of each may pass, by the rule of its request. */
#include <criterion/criterion.h>

#include "policy/reply.h"
#include "policy_fixture.h"

static struct fixture fixture;

enum rule { PLAIN, TYPED, TYPED_PASS, PROBLEM, SMALL, LISTED };

static void setup(void)
{
	static const struct fixture_rule rules[] = {
		[PLAIN] = {0, "GET", "/a"},
		[TYPED] = {0, "GET", "/b", .answer_types = "application/json, text/csv",
			   .max_response = 100, .errors = VG_ERRORS_PROBLEM},
		[TYPED_PASS] = {0, "GET", "/c", .answer_types = "application/json"},
		[PROBLEM] = {0, "GET", "/d", .errors = VG_ERRORS_PROBLEM},
		[SMALL] = {0, "GET", "/e", .max_response = 100},
		[LISTED] = {0, "GET", "/f", .answer_headers = "x-page, x-total-count"},
	};
	fixture_begin(&fixture);
	fixture_service(&fixture, "api.agency.example", "");
	fixture_vendor(&fixture, "acme", VG_MODE_ENFORCE);
	fixture_ident(&fixture, "uri:spiffe://acme.example/gateway", "");
	for (size_t i = 0; i < VG_COUNT(rules); i++)
		fixture_rule(&fixture, rules[i]);
	fixture_open(&fixture);
}

static void teardown(void)
{
	fixture_end(&fixture);
}

TestSuite(policy_reply, .init = setup, .fini = teardown);

#define PASSES(form) VG_REASON_ACCESS_ALLOWED, "", VG_REPLY_##form
#define JSON "application/json"

static const struct {
	enum rule rule;
	unsigned status;
	const char *type;
	bool body;
	uint64_t length;
	enum vg_reason reason;
	const char *constraint;
	enum vg_reply_form form;
} rows[] = {
	/* A rule that says nothing lets everything pass. */
	{PLAIN, 200, "", true, UINT64_MAX, PASSES(WHOLE)},
	{PLAIN, 302, "text/html", true, 9, PASSES(WHOLE)},
	{PLAIN, 500, "text/html", true, 9, PASSES(WHOLE)},
	/* Types of what is promised. */
	{TYPED, 200, JSON, true, 100, PASSES(WHOLE)},
	{TYPED, 200, "Text/CSV ; header=present", true, 0, PASSES(WHOLE)},
	{TYPED, 201, JSON, true, 0, PASSES(WHOLE)},
	{TYPED, 200, "text/html", true, 9, VG_REASON_FILTER_TYPE, "text/html", VG_REPLY_WHOLE},
	{TYPED, 200, "", true, 9, VG_REASON_FILTER_TYPE, "", VG_REPLY_WHOLE},
	{TYPED, 200, ";", true, 9, VG_REASON_FILTER_TYPE, "", VG_REPLY_WHOLE},
	{TYPED, 200, JSON "p", true, 9, VG_REASON_FILTER_TYPE, JSON "p", VG_REPLY_WHOLE},
	{TYPED, 200, JSON ", text/html", true, 9, VG_REASON_FILTER_TYPE, JSON ", text/html",
	 VG_REPLY_WHOLE},
	{TYPED, 206, "multipart/byteranges; boundary=x", true, 9, VG_REASON_FILTER_TYPE,
	 "multipart/byteranges", VG_REPLY_WHOLE},
	{TYPED, 299, "text/html", true, 9, VG_REASON_FILTER_TYPE, "text/html", VG_REPLY_WHOLE},
	/* Without a body, as to HEAD, only a wrong type is wrong. */
	{TYPED, 200, "", false, 0, PASSES(WHOLE)},
	{TYPED, 200, JSON, false, 0, PASSES(WHOLE)},
	{TYPED, 200, "text/html", false, 0, VG_REASON_FILTER_TYPE, "text/html", VG_REPLY_WHOLE},
	{TYPED, 204, "", false, 0, PASSES(WHOLE)},
	{TYPED, 204, "text/html", false, 0, PASSES(WHOLE)},
	{TYPED, 304, "text/html", false, 0, PASSES(WHOLE)},
	/* Other statuses keep it, and nothing else; a redirection its head. */
	{TYPED, 301, "text/html", true, 9, PASSES(HEAD)},
	{TYPED, 302, "text/html", true, 999, PASSES(HEAD)},
	{TYPED, 307, "", false, 0, PASSES(WHOLE)},
	{TYPED, 400, JSON, true, 9, PASSES(PROBLEM)},
	{TYPED, 404, "", false, 0, PASSES(PROBLEM)},
	{TYPED, 500, "text/html", true, 999, PASSES(PROBLEM)},
	{TYPED, 599, "text/html", true, 999, PASSES(PROBLEM)},
	{TYPED_PASS, 200, "text/html", true, 9, VG_REASON_FILTER_TYPE, "text/html", VG_REPLY_WHOLE},
	{TYPED_PASS, 302, "text/html", true, 9, PASSES(WHOLE)},
	{TYPED_PASS, 500, "text/html", true, 9, PASSES(WHOLE)},
	{PROBLEM, 200, "text/html", true, 9, PASSES(WHOLE)},
	{PROBLEM, 302, "", true, 9, PASSES(HEAD)},
	{PROBLEM, 304, "", false, 0, PASSES(WHOLE)},
	{PROBLEM, 401, "", true, 9, PASSES(PROBLEM)},
	/* Sizes, whatever the status. */
	{SMALL, 200, "", true, 100, PASSES(WHOLE)},
	{SMALL, 200, "", true, 101, VG_REASON_FILTER_TOO_LARGE, "Content-Length", VG_REPLY_WHOLE},
	{SMALL, 200, "", true, 0, PASSES(WHOLE)},
	{SMALL, 500, "", true, UINT64_MAX, VG_REASON_FILTER_TOO_LARGE, "Content-Length",
	 VG_REPLY_WHOLE},
	{TYPED, 200, JSON, true, 101, VG_REASON_FILTER_TOO_LARGE, "Content-Length", VG_REPLY_WHOLE},
	{TYPED, 200, "a/b", true, 101, VG_REASON_FILTER_TYPE, "a/b", VG_REPLY_WHOLE},
};

Test(policy_reply, table)
{
	for (size_t i = 0; i < VG_COUNT(rows); i++) {
		struct vg_reply_facts facts = {.status = rows[i].status,
					       .has_body = rows[i].body,
					       .length = rows[i].length,
					       .content_type = vg_slice_str(rows[i].type)};
		struct vg_reply reply = vg_reply_judge(
			&fixture.image, &vg_img_rules(&fixture.image)[rows[i].rule], &facts);
		cr_expect_eq(reply.reason, rows[i].reason, "row %zu: %s", i,
			     vg_reason_row(reply.reason)->word);
		cr_expect(vg_slice_eq(reply.constraint, vg_slice_str(rows[i].constraint)),
			  "row %zu: %.*s", i, VG_SLICE_FMT(reply.constraint));
		cr_expect_eq(reply.form, rows[i].form, "row %zu", i);
	}
}

Test(policy_reply, listed_fields_are_marked)
{
	static const struct vg_http_field fields[] = {
		{VG_SLICE("X-Total-Count"), VG_SLICE("7"), 0},
		{VG_SLICE("Server"), VG_SLICE("x"), 0},
		{VG_SLICE("X_Page"), VG_SLICE("1"), 0},
		{VG_SLICE("x-page"), VG_SLICE("1"), 0},
		{VG_SLICE("X-PAGE"), VG_SLICE("2"), 0},
		{VG_SLICE("X-Pages"), VG_SLICE("2"), 0},
	};
	static const bool marked[] = {true, false, false, true, true, false};
	struct vg_reply_facts facts = {.status = 200, .fields = {fields, VG_COUNT(fields)}};
	const struct vg_img_rule *rules = vg_img_rules(&fixture.image);
	struct vg_reply listed = vg_reply_judge(&fixture.image, &rules[LISTED], &facts);
	struct vg_reply plain = vg_reply_judge(&fixture.image, &rules[PLAIN], &facts);
	for (size_t i = 0; i < VG_HTTP_FIELDS_MAX; i++) {
		cr_expect_eq(vg_listed_has(&listed.listed, i), i < VG_COUNT(marked) && marked[i],
			     "field %zu", i);
		cr_expect(!vg_listed_has(&plain.listed, i), "field %zu", i);
	}
}
