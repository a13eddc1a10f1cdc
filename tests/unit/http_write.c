#include "http.h"

#include "http/body.h"
#include "http/problem.h"
#include "http/write.h"

#define END "\r\n\r\n"

static struct vg_http_head head, again;
static struct vg_buf out;

static void start(void)
{
	vg_buf_init(&out, 65536);
}

static void stop(void)
{
	vg_buf_fini(&out);
}

TestSuite(http_write, .init = start, .fini = stop);

static void parse_request(struct vg_slice text)
{
	cr_assert(vg_http_parse_request(&head, text) == VG_REASON_NONE, "%s", head.fault);
}

static void parse_response(struct vg_slice text)
{
	cr_assert(vg_http_parse_response(&head, text, false), "%s", head.fault);
}

/* The writer's maximum is one byte short: nothing is written. Then exactly enough. */
#define EXPECT_ALL_OR_NOTHING(write, text)                                                         \
	do {                                                                                       \
		vg_buf_fini(&out);                                                                 \
		vg_buf_init(&out, strlen(text) + 2);                                               \
		cr_assert(vg_buf_append(&out, VG_SLICE("abc")));                                   \
		cr_expect(!(write));                                                               \
		cr_expect(vg_slice_eq(vg_buf_slice(&out), VG_SLICE("abc")));                       \
		vg_buf_consume(&out, 1);                                                           \
		cr_expect(write);                                                                  \
		cr_expect(vg_slice_eq(vg_slice_from(vg_buf_slice(&out), 2), vg_slice_str(text)),   \
			  "%s", shown(vg_buf_slice(&out)));                                        \
	} while (0)

Test(http_write, a_request_is_made_anew)
{
	static const struct vg_http_extra extras[] = {
		{"X-Request-Id", {"01J", 3}},
		{"traceparent", {"00-1", 4}},
	};
	unsigned dropped = 99;
	const char *text = "POST /v1/a?b=c HTTP/1.1\r\nHost: up.internal:8080\r\n"
			   "Accept: a/b\r\nAccept: c/d\r\nContent-Type: a/b\r\n"
			   "User-Agent: \xc3\xa9\r\nContent-Length: 5\r\n"
			   "X-Request-Id: 01J\r\ntraceparent: 00-1\r\n\r\n";
	parse_request(VG_SLICE("POST https://api.example/svc/v1/%61?b=%63 HTTP/1.1\r\n"
			       "hOST: api.example\r\naCCEPT:a/b\r\ncookie: x\r\n"
			       "Content-length: 5\r\nAuthorization: Basic x\r\n"
			       "accept: \t c/d \r\nX_Forwarded_For: y\r\n"
			       "traceparent: 00-2\r\nconnection: keep-alive\r\nX-Request-Id: z\r\n"
			       "ConTent-tyPe: a/b\r\nexpect: 100-continue\r\nTE: trailers\r\n"
			       "Set-Cookie: z\r\nEtag: q\r\nuser-agent: \xc3\xa9" END));
	struct vg_http_request_out request = {
		.head = &head,
		.path = VG_SLICE("/v1/a"),
		.query = VG_SLICE("b=c"),
		.host = VG_SLICE("up.internal:8080"),
		.extras = extras,
		.extra_count = VG_COUNT(extras),
	};
	cr_assert(vg_http_write_request(&out, &request, &dropped));
	cr_expect(vg_slice_eq(vg_buf_slice(&out), vg_slice_str(text)), "%s",
		  shown(vg_buf_slice(&out)));
	/* cookie, authorization, X_Forwarded_For, x-request-id, te, set-cookie, etag */
	cr_expect(dropped == 7, "%u", dropped);
	EXPECT_ALL_OR_NOTHING(vg_http_write_request(&out, &request, &dropped), text);
}

Test(http_write, requests_of_each_framing_come_back_as_they_went)
{
	static const struct {
		struct vg_slice in;
		const char *path, *query, *host, *out;
	} cases[] = {
		{TEXT("GET / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive" END), "/", NULL, "up",
		 "GET / HTTP/1.1\r\nHost: up\r\n\r\n"},
		{TEXT("OPTIONS * HTTP/1.1\r\nHost: a" END), "*", NULL, "[::1]:80",
		 "OPTIONS * HTTP/1.1\r\nHost: [::1]:80\r\n\r\n"},
		{TEXT("GET /a? HTTP/1.1\r\nHost: a\r\nContent-Length: 0" END), "/a", "", "up",
		 "GET /a? HTTP/1.1\r\nHost: up\r\nContent-Length: 0\r\n\r\n"},
		{TEXT("PUT /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: CHUNKED\r\nRange: x\r\n"
		      "If-None-Match: \"a\"\r\nidempotency-key: k" END),
		 "/a", NULL, "up",
		 "PUT /a HTTP/1.1\r\nHost: up\r\nRange: x\r\nIf-None-Match: \"a\"\r\n"
		 "Idempotency-Key: k\r\nTransfer-Encoding: chunked\r\n\r\n"},
		{TEXT("PUT /a HTTP/1.1\r\nHost: a\r\nContent-Length: 18446744073709551615" END),
		 "/a", NULL, "up",
		 "PUT /a HTTP/1.1\r\nHost: up\r\nContent-Length: 18446744073709551615\r\n\r\n"},
	};
	for (size_t i = 0; i < VG_COUNT(cases); i++) {
		unsigned dropped;
		parse_request(cases[i].in);
		struct vg_http_request_out request = {
			.head = &head,
			.path = vg_slice_str(cases[i].path),
			.query = {cases[i].query,
				  cases[i].query == NULL ? 0 : strlen(cases[i].query)},
			.host = vg_slice_str(cases[i].host),
		};
		vg_buf_consume(&out, out.len);
		cr_assert(vg_http_write_request(&out, &request, &dropped));
		cr_expect(vg_slice_eq(vg_buf_slice(&out), vg_slice_str(cases[i].out)), "%s",
			  shown(vg_buf_slice(&out)));
		cr_assert(vg_http_parse_request(&again, vg_buf_slice(&out)) == VG_REASON_NONE,
			  "%s: %s", cases[i].out, again.fault);
		cr_expect(vg_slice_eq(again.method, head.method));
		cr_expect(vg_slice_eq(again.path, request.path));
		cr_expect(again.has_query == (cases[i].query != NULL));
		cr_expect(again.framing == head.framing && again.length == head.length);
	}
}

/* Marks the fields of that name, as a rule that lists it would. */
static struct vg_listed listed_by_name(const char *name)
{
	struct vg_listed listed = {{0}};
	for (size_t i = 0; i < head.field_count; i++)
		if (name == NULL || vg_slice_eq_case(head.fields[i].name, vg_slice_str(name)))
			listed.bits[i / 64] |= UINT64_C(1) << i % 64;
	return listed;
}

/* A field that is listed passes, known or not; but never for one that the gateway writes. */
Test(http_write, a_request_has_what_its_rule_lists)
{
	static const struct vg_http_extra extras[] = {
		{"X-Request-Id", {"01J", 3}},
		{"Authorization", {"Bearer ours", 11}},
	};
	static const struct {
		const char *listed; /* NULL: every one */
		const char *fields;
		unsigned dropped;
	} cases[] = {
		{"", "Accept: a/b\r\n", 8},
		{"x-session", "Accept: a/b\r\nX-Session: 1\r\nX-Session: 2\r\n", 6},
		{"accept", "Accept: a/b\r\n", 8},
		{"etag", "Accept: a/b\r\nEtag: q\r\n", 7},
		{"cookie", "Accept: a/b\r\nCookie: c=d\r\n", 7},
		{"authorization", "Accept: a/b\r\n", 8},
		{"x-request-id", "Accept: a/b\r\n", 8},
		{"connection", "Accept: a/b\r\n", 8},
		{"host", "Accept: a/b\r\n", 8},
		{NULL,
		 "Accept: a/b\r\nX-Session: 1\r\nX_session: 3\r\nX-Session: 2\r\nCookie: c=d\r\n"
		 "Etag: q\r\nX-Host-Of-\x7e: x\r\n",
		 2},
	};
	parse_request(VG_SLICE("GET /a HTTP/1.1\r\nHost: a\r\naccept: a/b\r\nx-SESSION: 1\r\n"
			       "X_Session: 3\r\nX-Session: 2\r\nX-Request-ID: theirs\r\n"
			       "cookie: c=d\r\nAUTHORIZATION: theirs\r\nETag: q\r\n"
			       "X-Host-Of-~: x\r\nConnection: keep-alive" END));
	for (size_t i = 0; i < VG_COUNT(cases); i++) {
		unsigned dropped = 99;
		char text[512];
		struct vg_listed listed = listed_by_name(cases[i].listed);
		struct vg_http_request_out request = {
			.head = &head,
			.path = VG_SLICE("/a"),
			.host = VG_SLICE("up"),
			.listed = &listed,
			.extras = extras,
			.extra_count = VG_COUNT(extras),
		};
		int len = snprintf(text, sizeof(text),
				   "GET /a HTTP/1.1\r\nHost: up\r\n%sX-Request-Id: 01J\r\n"
				   "Authorization: Bearer ours\r\n\r\n",
				   cases[i].fields);
		vg_buf_consume(&out, out.len);
		cr_assert(vg_http_write_request(&out, &request, &dropped));
		cr_expect(vg_slice_eq(vg_buf_slice(&out), vg_slice(text, (size_t)len)),
			  "case %zu: %s", i, shown(vg_buf_slice(&out)));
		cr_expect(dropped == cases[i].dropped, "case %zu: %u", i, dropped);
	}
}

/* What may be listed is the compiler's matter (barred.def); what the rows own, nobody's. */
Test(http_write, a_response_has_what_its_rule_lists)
{
	static const struct {
		const char *listed; /* NULL: every one */
		const char *fields;
		unsigned dropped;
	} cases[] = {
		{"", "Vary: a\r\n", 3},
		{"X-Total-Count", "X-Total-Count: 7\r\nVary: a\r\n", 2},
		{"location", "Vary: a\r\n", 3},
		{"cache-control", "Vary: a\r\n", 3},
		{"transfer-encoding", "Vary: a\r\n", 3},
		{NULL, "Server: x\r\nX-Total-Count: 7\r\nVary: a\r\nContent-Location: /b\r\n", 0},
	};
	parse_response(VG_SLICE("HTTP/1.1 200 OK\r\nserver: x\r\nX-TOTAL-count: 7\r\nvary: a\r\n"
				"Location: http://10.0.0.1/\r\nLink: <http://10.0.0.1/>\r\n"
				"Content-Location: /b\r\nCache-Control: public\r\n"
				"Transfer-Encoding: chunked" END));
	for (size_t i = 0; i < VG_COUNT(cases); i++) {
		unsigned dropped = 99;
		char text[512];
		struct vg_listed listed = listed_by_name(cases[i].listed);
		struct vg_http_response_out response = {.head = &head,
							.framing = VG_FRAMING_LENGTH,
							.length = 1,
							.no_store = true,
							.listed = &listed};
		int len = snprintf(text, sizeof(text),
				   "HTTP/1.1 200 OK\r\n%sContent-Length: 1\r\n"
				   "Cache-Control: no-store\r\n\r\n",
				   cases[i].fields);
		vg_buf_consume(&out, out.len);
		cr_assert(vg_http_write_response(&out, &response, &dropped));
		cr_expect(vg_slice_eq(vg_buf_slice(&out), vg_slice(text, (size_t)len)),
			  "case %zu: %s", i, shown(vg_buf_slice(&out)));
		cr_expect(dropped == cases[i].dropped, "case %zu: %u", i, dropped);
	}
}

/* What ends a line, or says a length twice, never gets out. */
Test(http_write, a_request_of_bad_parts_is_not_written)
{
	static const struct {
		const char *path, *query, *host;
		struct vg_http_extra extra;
	} cases[] = {
		{"/a\r\nX: y", NULL, "up", {"X", {"y", 1}}},
		{"/a b", NULL, "up", {"X", {"y", 1}}},
		{"/a\x7f", NULL, "up", {"X", {"y", 1}}},
		{"/\xc3\xa9", NULL, "up", {"X", {"y", 1}}},
		{"a", NULL, "up", {"X", {"y", 1}}},
		{"", NULL, "up", {"X", {"y", 1}}},
		{"**", NULL, "up", {"X", {"y", 1}}},
		{"/", "a b", "up", {"X", {"y", 1}}},
		{"/", "a\nb", "up", {"X", {"y", 1}}},
		{"/", NULL, "", {"X", {"y", 1}}},
		{"/", NULL, "u p", {"X", {"y", 1}}},
		{"/", NULL, "up\r\nX: y", {"X", {"y", 1}}},
		{"/", NULL, "up", {"X", {"y\r\nZ: 1", 7}}},
		{"/", NULL, "up", {"X", {"y\n", 2}}},
		{"/", NULL, "up", {"X", {"y\r", 2}}},
		{"/", NULL, "up", {"X", {"\0", 1}}},
		{"/", NULL, "up", {"X", {"\x7f", 1}}},
		{"/", NULL, "up", {"", {"y", 1}}},
		{"/", NULL, "up", {"X:", {"y", 1}}},
		{"/", NULL, "up", {"X Y", {"y", 1}}},
		{"/", NULL, "up", {"X\r\nY", {"y", 1}}},
		{"/", NULL, "up", {"Content-Length", {"5", 1}}},
		{"/", NULL, "up", {"transfer-encoding", {"chunked", 7}}},
		{"/", NULL, "up", {"HOST", {"b", 1}}},
		{"/", NULL, "up", {"Connection", {"close", 5}}},
		{"/", NULL, "up", {"X", {"y", 1}}}, /* the honest one */
	};
	parse_request(VG_SLICE("GET / HTTP/1.1\r\nHost: a" END));
	for (size_t i = 0; i < VG_COUNT(cases); i++) {
		unsigned dropped;
		struct vg_http_request_out request = {
			.head = &head,
			.path = vg_slice_str(cases[i].path),
			.query = {cases[i].query,
				  cases[i].query == NULL ? 0 : strlen(cases[i].query)},
			.host = vg_slice_str(cases[i].host),
			.extras = &cases[i].extra,
			.extra_count = 1,
		};
		bool last = i + 1 == VG_COUNT(cases);
		cr_expect(vg_http_write_request(&out, &request, &dropped) == last, "case %zu", i);
		cr_expect((out.len > 0) == last, "case %zu", i);
	}
	head.framing = VG_FRAMING_CLOSE;
	vg_buf_consume(&out, out.len);
	struct vg_http_request_out request = {
		.head = &head, .path = VG_SLICE("/"), .host = VG_SLICE("up")};
	unsigned dropped;
	cr_expect(!vg_http_write_request(&out, &request, &dropped) && out.len == 0);
}

Test(http_write, a_response_is_made_anew)
{
	static const struct vg_http_extra extras[] = {{"X-Request-Id", {"01J", 3}}};
	unsigned dropped = 99;
	const char *text = "HTTP/1.1 201 Created\r\nContent-Type: a/b\r\nEtag: \"\xff\"\r\n"
			   "Vary: a\r\nVary: b\r\nContent-Length: 5\r\n"
			   "Location: https://api.example/svc/1\r\nCache-Control: no-store\r\n"
			   "Connection: close\r\nX-Request-Id: 01J\r\n\r\n";
	parse_response(VG_SLICE("HTTP/1.1 201 I made it\xff\r\nserver: x\r\ncontent-TYPE: a/b\r\n"
				"Set-Cookie: a\r\nCache-Control: public\r\nETAG: \"\xff\"\r\n"
				"X-Powered-By: y\r\nLocation: http://up/1\r\nContent-Length: 5\r\n"
				"Vary: a\r\nConnection: keep-alive\r\nvary: b\r\nLink: </x>\r\n"
				"Keep-Alive: timeout=5\r\nHost: z" END));
	struct vg_http_response_out response = {
		.head = &head,
		.framing = VG_FRAMING_LENGTH,
		.length = 5,
		.close = true,
		.no_store = true,
		.location = VG_SLICE("https://api.example/svc/1"),
		.extras = extras,
		.extra_count = 1,
	};
	cr_assert(vg_http_write_response(&out, &response, &dropped));
	cr_expect(vg_slice_eq(vg_buf_slice(&out), vg_slice_str(text)), "%s",
		  shown(vg_buf_slice(&out)));
	/* server, set-cookie, x-powered-by, keep-alive, host */
	cr_expect(dropped == 5, "%u", dropped);
	EXPECT_ALL_OR_NOTHING(vg_http_write_response(&out, &response, &dropped), text);
}

Test(http_write, a_response_says_the_framing_that_its_status_has)
{
	static const struct {
		unsigned status;
		enum vg_framing framing;
		uint64_t length;
		const char *out; /* NULL: refused */
		bool to_head;
	} cases[] = {
		{200, VG_FRAMING_LENGTH, 0, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", false},
		{200, VG_FRAMING_LENGTH, 70, "HTTP/1.1 200 OK\r\nContent-Length: 70\r\n\r\n", true},
		{200, VG_FRAMING_CHUNKED, 0,
		 "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", false},
		{200, VG_FRAMING_CLOSE, 0, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", false},
		{200, VG_FRAMING_NONE, 0, "HTTP/1.1 200 OK\r\n\r\n", true},
		{299, VG_FRAMING_LENGTH, 1, "HTTP/1.1 299 \r\nContent-Length: 1\r\n\r\n", false},
		{103, VG_FRAMING_NONE, 0, "HTTP/1.1 103 Early Hints\r\n\r\n", false},
		{204, VG_FRAMING_NONE, 0, "HTTP/1.1 204 No Content\r\n\r\n", false},
		{204, VG_FRAMING_LENGTH, 0, "HTTP/1.1 204 No Content\r\n\r\n", false},
		{204, VG_FRAMING_CHUNKED, 0, NULL, false},
		{304, VG_FRAMING_LENGTH, 70, "HTTP/1.1 304 Not Modified\r\n\r\n", false},
		{304, VG_FRAMING_CLOSE, 0, NULL, false},
		{205, VG_FRAMING_NONE, 0, "HTTP/1.1 205 Reset Content\r\nContent-Length: 0\r\n\r\n",
		 false},
		{205, VG_FRAMING_LENGTH, 1, NULL, false},
		{205, VG_FRAMING_CHUNKED, 0, NULL, false},
		{101, VG_FRAMING_NONE, 0, NULL, false},
		{99, VG_FRAMING_LENGTH, 0, NULL, false},
		{600, VG_FRAMING_LENGTH, 0, NULL, false},
	};
	for (size_t i = 0; i < VG_COUNT(cases); i++) {
		unsigned dropped;
		struct vg_http_response_out response = {
			.head = &head, .framing = cases[i].framing, .length = cases[i].length};
		head = (struct vg_http_head){.status = cases[i].status};
		vg_buf_consume(&out, out.len);
		bool written = vg_http_write_response(&out, &response, &dropped);
		cr_expect(written == (cases[i].out != NULL), "case %zu", i);
		if (cases[i].out == NULL) {
			cr_expect(out.len == 0);
			continue;
		}
		cr_expect(vg_slice_eq(vg_buf_slice(&out), vg_slice_str(cases[i].out)), "%s",
			  shown(vg_buf_slice(&out)));
		cr_expect(vg_http_parse_response(&again, vg_buf_slice(&out), cases[i].to_head),
			  "%s", again.fault);
		cr_expect(again.status == cases[i].status);
		if (!cases[i].to_head && cases[i].status != 205)
			cr_expect(again.framing == (again.status == 204 || again.status == 304
							    ? VG_FRAMING_NONE
							    : cases[i].framing));
	}
}

Test(http_write, a_response_of_bad_parts_is_not_written)
{
	static const struct {
		struct vg_slice location;
		struct vg_http_extra extra;
		bool good;
	} cases[] = {
		{TEXT("/a\r\nX: y"), {"X", {"y", 1}}, false},
		{TEXT("/a b"), {"X", {"y", 1}}, false},
		{TEXT("/\xff"), {"X", {"y", 1}}, false},
		{TEXT("/a"), {"X", {"y\nz", 3}}, false},
		{TEXT("/a"), {"X\n", {"y", 1}}, false},
		{TEXT("/a"), {"content-length", {"1", 1}}, false},
		{TEXT("/a"), {"Link", {"</b>", 4}}, true},
		{TEXT(""), {"X", {"", 0}}, true},
	};
	parse_response(VG_SLICE("HTTP/1.1 200 OK\r\nContent-Length: 1" END));
	for (size_t i = 0; i < VG_COUNT(cases); i++) {
		unsigned dropped;
		struct vg_http_response_out response = {
			.head = &head,
			.framing = VG_FRAMING_LENGTH,
			.length = 1,
			.location = cases[i].location,
			.extras = &cases[i].extra,
			.extra_count = 1,
		};
		vg_buf_consume(&out, out.len);
		cr_expect(vg_http_write_response(&out, &response, &dropped) == cases[i].good,
			  "case %zu", i);
		cr_expect((out.len > 0) == cases[i].good, "case %zu", i);
		if (cases[i].good)
			cr_expect(vg_http_parse_response(&again, vg_buf_slice(&out), false));
	}
}

Test(http_write, chunks_come_back_as_they_went)
{
	static char payload[70000];
	static const size_t sizes[] = {1, 9, 10, 15, 16, 255, 4096, 65535};
	for (size_t i = 0; i < sizeof(payload); i++)
		payload[i] = (char)(i * 7);
	for (size_t i = 0; i < VG_COUNT(sizes); i++) {
		struct vg_http_body body;
		struct vg_slice got, in;
		size_t used;
		vg_buf_fini(&out);
		vg_buf_init(&out, sizes[i] + VG_HTTP_CHUNK_FRAME + 5);
		cr_assert(vg_http_write_chunk(&out, vg_slice(payload, sizes[i])));
		cr_expect(out.len <= sizes[i] + VG_HTTP_CHUNK_FRAME);
		cr_assert(vg_http_write_last_chunk(&out));
		in = vg_buf_slice(&out);
		vg_http_body_init(&body, VG_FRAMING_CHUNKED, 0);
		cr_assert(vg_http_body_next(&body, in, &used, &got) == VG_BODY_DATA);
		cr_expect(vg_slice_eq(got, vg_slice(payload, sizes[i])));
		in = vg_slice_from(in, used);
		cr_assert(vg_http_body_next(&body, in, &used, &got) == VG_BODY_END);
		cr_expect(used == in.len);
	}
	EXPECT_ALL_OR_NOTHING(vg_http_write_chunk(&out, VG_SLICE("hello, world")),
			      "c\r\nhello, world\r\n");
	EXPECT_ALL_OR_NOTHING(vg_http_write_last_chunk(&out), "0\r\n\r\n");
	EXPECT_ALL_OR_NOTHING(vg_http_write_continue(&out), "HTTP/1.1 100 Continue\r\n\r\n");
}

Test(http_write, phrases)
{
	cr_expect_str_eq(vg_http_phrase(100), "Continue");
	cr_expect_str_eq(vg_http_phrase(404), "Not Found");
	cr_expect_str_eq(vg_http_phrase(511), "Network Authentication Required");
	cr_expect_str_eq(vg_http_phrase(0), "");
	cr_expect_str_eq(vg_http_phrase(299), "");
	cr_expect_str_eq(vg_http_phrase(600), "");
	cr_expect_str_eq(vg_http_phrase(4294967295U), "");
}

Test(http_write, a_problem)
{
	struct vg_http_problem problem = {.status = 403, .request_id = "01J000"};
	const char *body = "{\"type\":\"about:blank\",\"title\":\"Forbidden\",\"status\":403,"
			   "\"request_id\":\"01J000\"}";
	const char *text = "HTTP/1.1 403 Forbidden\r\nContent-Type: application/problem+json\r\n"
			   "Content-Length: 77\r\nX-Request-Id: 01J000\r\n"
			   "Cache-Control: no-store\r\n\r\n"
			   "{\"type\":\"about:blank\",\"title\":\"Forbidden\",\"status\":403,"
			   "\"request_id\":\"01J000\"}";
	cr_assert(strlen(body) == 77);
	EXPECT_ALL_OR_NOTHING(vg_http_write_problem(&out, &problem), text);
	problem.close = true;
	problem.to_head = true;
	text = "HTTP/1.1 403 Forbidden\r\nContent-Type: application/problem+json\r\n"
	       "Content-Length: 77\r\nX-Request-Id: 01J000\r\n"
	       "Cache-Control: no-store\r\nConnection: close\r\n\r\n";
	EXPECT_ALL_OR_NOTHING(vg_http_write_problem(&out, &problem), text);
}

/* Each status that a reason can answer has its problem, and our own parser takes it. */
Test(http_write, a_problem_for_every_reason)
{
	for (unsigned i = 0; i < VG_REASON_COUNT; i++) {
		const struct vg_reason_row *row = vg_reason_row((enum vg_reason)i);
		struct vg_http_problem problem = {.status = row->status,
						  .request_id = "01ARZ3NDEKTSV4RRFFQ69G5FAV"};
		size_t len = 0;
		struct vg_http_scan scan = {0};
		if (row->status == 0)
			continue;
		vg_buf_consume(&out, out.len);
		cr_assert(vg_http_write_problem(&out, &problem), "%s", row->word);
		struct vg_slice text = vg_buf_slice(&out);
		cr_assert(vg_http_scan(&scan, text, &len) == VG_SCAN_WHOLE);
		cr_assert(vg_http_parse_response(&again, vg_slice_first(text, len), false));
		cr_expect(again.status == row->status && again.keep_alive);
		cr_expect(again.framing == VG_FRAMING_LENGTH && again.length == text.len - len);
	}
}

/* Nobody knows it; the client takes it for the first of its class, and so does the title. */
Test(http_write, a_problem_of_a_status_without_a_name)
{
	static const struct {
		unsigned status;
		const char *title;
	} cases[] = {{499, "Bad Request"}, {520, "Internal Server Error"}};
	for (size_t i = 0; i < VG_COUNT(cases); i++) {
		char line[64];
		struct vg_http_problem problem = {.status = cases[i].status, .request_id = "a"};
		int len = snprintf(line, sizeof(line), "HTTP/1.1 %u %s\r\n", cases[i].status,
				   cases[i].title);
		vg_buf_consume(&out, out.len);
		cr_assert(vg_http_write_problem(&out, &problem));
		cr_expect(vg_slice_starts(vg_buf_slice(&out), vg_slice(line, (size_t)len)), "%s",
			  shown(vg_buf_slice(&out)));
	}
}

Test(http_write, a_problem_that_can_not_be_said)
{
	static const struct {
		unsigned status;
		const char *id;
		bool good;
	} cases[] = {
		{400, "a-b_c.D", true}, {600, "a", false},      {200, "a", false},
		{0, "a", false},        {400, "", false},       {400, "a\"", false},
		{400, "a\\", false},    {400, "a\r\nb", false}, {400, "a b", false},
		{400, "\xff", false},
	};
	for (size_t i = 0; i < VG_COUNT(cases); i++) {
		struct vg_http_problem problem = {.status = cases[i].status,
						  .request_id = cases[i].id};
		vg_buf_consume(&out, out.len);
		cr_expect(vg_http_write_problem(&out, &problem) == cases[i].good, "case %zu", i);
		cr_expect((out.len > 0) == cases[i].good);
	}
}
