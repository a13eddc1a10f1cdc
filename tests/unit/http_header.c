#include "http.h"

#include <ctype.h>

#include "http/barred.h"
#include "http/header.h"
#include "http/host.h"

Test(http_header, each_name_is_found_in_any_case_and_no_other)
{
	for (unsigned i = 0; i < VG_HEADER_COUNT; i++) {
		const struct vg_header_row *row = vg_header_row((enum vg_header)i);
		char name[64];
		size_t len = strlen(row->name);
		cr_assert(len == row->len && len + 2 < sizeof(name));
		for (size_t at = 0; at < len; at++)
			cr_expect(islower(row->name[at]) || isdigit(row->name[at]) ||
				  row->name[at] == '-');
		cr_expect(vg_header_of(vg_header_name(row)) == i, "%s", row->name);
		for (size_t at = 0; at < len; at++)
			name[at] = (char)toupper(row->name[at]);
		cr_expect(vg_header_of(vg_slice(name, len)) == i, "%s", row->name);
		for (size_t at = 0; at < len; at++) {
			memcpy(name, row->name, len);
			name[at] ^= 0x40;
			cr_expect(vg_header_of(vg_slice(name, len)) == VG_HEADER_COUNT);
			name[at] ^= 0x40;
			name[at] = name[at] == '-' ? '\r' : (char)(name[at] ^ 1);
			cr_expect(vg_header_of(vg_slice(name, len)) != i);
		}
		memcpy(name, row->name, len);
		name[len] = 's';
		cr_expect(vg_header_of(vg_slice(name, len + 1)) == VG_HEADER_COUNT);
		cr_expect(vg_header_of(vg_slice(name, len - 1)) != i);
	}
	cr_expect(vg_header_of(VG_SLICE_EMPTY) == VG_HEADER_COUNT);
	cr_expect(vg_header_of(VG_SLICE("x")) == VG_HEADER_COUNT);
	cr_expect(vg_header_of(VG_SLICE("authorization")) == VG_HEADER_COUNT);
	cr_expect(vg_header_of(VG_SLICE("set-cookie")) == VG_HEADER_COUNT);
}

/* What must never pass by a slip in the table. */
Test(http_header, rows_hold_the_line)
{
	static const enum vg_header framing[] = {VG_HEADER_CONNECTION, VG_HEADER_CONTENT_LENGTH,
						 VG_HEADER_TRANSFER_ENCODING};
	for (size_t i = 0; i < VG_COUNT(framing); i++) {
		cr_expect(vg_header_row(framing[i])->request == VG_HEADER_OWN);
		cr_expect(vg_header_row(framing[i])->response == VG_HEADER_OWN);
	}
	cr_expect(vg_header_row(VG_HEADER_HOST)->request == VG_HEADER_OWN);
	cr_expect(vg_header_row(VG_HEADER_HOST)->one);
	cr_expect(vg_header_row(VG_HEADER_CONTENT_LENGTH)->one);
	cr_expect(vg_header_row(VG_HEADER_UPGRADE)->request == VG_HEADER_OWN);
	cr_expect(vg_header_row(VG_HEADER_LOCATION)->response == VG_HEADER_OWN);
	cr_expect(vg_header_row(VG_HEADER_METHOD_OVERRIDE)->request == VG_HEADER_REFUSE);
	cr_expect(vg_header_row(VG_HEADER_LINK)->response == VG_HEADER_OWN);
	cr_expect(vg_header_row(VG_HEADER_LOCATION)->one);
}

/* Places that an answer may name, beside Location and Link: none of them passes. */
Test(http_header, no_other_place_passes)
{
	static const char *const names[] = {
		"content-location", "refresh",    "alt-svc",     "x-accel-redirect",
		"x-sendfile",       "set-cookie", "sourcemap",   "host",
		"forwarded",        "via",        "destination", "uri"};
	for (size_t i = 0; i < VG_COUNT(names); i++) {
		enum vg_header id = vg_header_of(vg_slice_str(names[i]));
		cr_expect(id == VG_HEADER_COUNT || vg_header_row(id)->response == VG_HEADER_DROP,
			  "%s", names[i]);
	}
}

/* What a rule may list, and what nobody may. */
Test(http_header, some_can_not_be_listed)
{
	static const struct {
		const char *name;
		bool request, answer;
	} rows[] = {
		{"X-Session", true, true},
		{"Accept", true, true},
		{"Authorization", true, true},
		{"Cookie", true, true},
		{"Accept-Encoding", true, true},
		{"WWW-Authenticate", true, false},
		{"Server", true, true},
		{"X-Forwarded", false, false},
		{"X-Forwarder", true, true},
		{"X-Remote-User", false, false},
		{"X-Vendor", true, true},
		{"X-Vendors", true, true},
		{"X-Requests-Id", true, true},
		{"Date", true, true},
		/* Framing, and what is about the connection. */
		{"Host", false, true},
		{"content-LENGTH", false, false},
		{"Transfer-Encoding", false, false},
		{"Connection", false, false},
		{"Upgrade", false, false},
		{"Keep-Alive", false, false},
		{"TE", false, false},
		{"Trailer", false, false},
		{"Proxy-Authorization", false, false},
		{"Proxy-Connection", false, false},
		{"HTTP2-Settings", false, false},
		{"Expect", false, true},
		/* Methods and places that were not judged. */
		{"X-HTTP-Method-Override", false, true},
		{"X-HTTP-Method", false, true},
		{"x-method-override", false, true},
		{"X-Original-URL", false, true},
		{"X-Rewrite-URL", false, true},
		{"X-Host", false, true},
		/* Who asks. */
		{"X-Vendor-Id", false, false},
		{"x-vendor-anything", false, false},
		{"X-Forwarded-For", false, false},
		{"X-Forwarded-Client-Cert", false, false},
		{"Forwarded", false, false},
		{"Client-Cert", false, false},
		{"Client-Cert-Chain", false, false},
		{"X-Client-Cert", false, false},
		{"X-SSL-Client-DN", false, false},
		{"X-Real-IP", false, false},
		{"Via", false, false},
		{"X-Request-Id", false, false},
		{"Traceparent", false, true},
		{"tracestate", false, true},
		/* Answers. */
		{"Set-Cookie", true, false},
		{"Set-Cookie2", true, false},
		{"Location", true, false},
		{"Link", true, false},
		{"Content-Location", true, false},
		{"Refresh", true, false},
		{"Alt-Svc", true, false},
		{"X-Accel-Redirect", true, false},
		{"X-Sendfile", true, false},
		{"Surrogate-Control", true, false},
	};
	for (size_t i = 0; i < VG_COUNT(rows); i++) {
		struct vg_slice name = vg_slice_str(rows[i].name);
		cr_expect((vg_http_barred(name, true) == NULL) == rows[i].request, "%s",
			  rows[i].name);
		cr_expect((vg_http_barred(name, false) == NULL) == rows[i].answer, "%s",
			  rows[i].name);
	}
}

Test(http_host, is_compared_in_lower_case_without_final_dot)
{
	char out[VG_HOST_MAX + 1], text[VG_HOST_MAX + 2];
	size_t len = 99;
	cr_assert(vg_http_host(out, VG_SLICE("API.Example."), &len));
	cr_expect_str_eq(out, "api.example");
	cr_expect(len == 11);
	cr_assert(vg_http_host(out, VG_SLICE("[2001:DB8::1]"), NULL));
	cr_expect_str_eq(out, "[2001:db8::1]");
	cr_assert(vg_http_host(out, VG_SLICE("a.."), NULL));
	cr_expect_str_eq(out, "a.");
	cr_assert(vg_http_host(out, VG_SLICE_EMPTY, &len));
	cr_expect(out[0] == '\0' && len == 0);
	memset(text, 'a', sizeof(text));
	cr_expect(vg_http_host(out, vg_slice(text, VG_HOST_MAX), &len) && len == VG_HOST_MAX);
	cr_expect(!vg_http_host(out, vg_slice(text, VG_HOST_MAX + 1), NULL));
	text[VG_HOST_MAX] = '.';
	cr_expect(vg_http_host(out, vg_slice(text, VG_HOST_MAX + 1), &len) && len == VG_HOST_MAX);
}

Test(http_host, an_authority_is_as_long_as_a_host_may_be)
{
	char text[VG_HOST_MAX + 2];
	const char *fault;
	struct vg_slice host;
	memset(text, 'a', sizeof(text));
	cr_expect(vg_http_authority(vg_slice(text, VG_HOST_MAX), &host, &fault));
	cr_expect(fault == NULL && host.len == VG_HOST_MAX);
	cr_expect(!vg_http_authority(vg_slice(text, VG_HOST_MAX + 1), &host, &fault));
	cr_expect_str_eq(fault, "bad host");
	cr_expect(vg_http_authority(VG_SLICE("[::1]:65535"), &host, &fault));
	cr_expect(vg_slice_eq(host, VG_SLICE("[::1]")));
	cr_expect(!vg_http_authority(VG_SLICE_EMPTY, &host, &fault));
}
