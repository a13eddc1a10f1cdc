#include "http.h"

#define END "\r\n\r\n"
#define OK "HTTP/1.1 200 OK"
#define CL5 "\r\nContent-Length: 5"

static bool judge(struct vg_http_head *head, struct vg_slice text, bool to_head)
{
	struct vg_http_scan scan = {0};
	size_t len = 0;
	memset(head, 0xa5, sizeof(*head));
	switch (vg_http_scan(&scan, text, &len)) {
	case VG_SCAN_MORE:
		head->fault = "more";
		return false;
	case VG_SCAN_BAD:
		head->fault = scan.fault;
		return false;
	case VG_SCAN_WHOLE:
		break;
	}
	return vg_http_parse_response(head, vg_slice_first(text, len), to_head);
}

static const struct bad_case {
	struct vg_slice bad;
	const char *fault;
	struct vg_slice twin;
} bad_cases[] = {
	/* What isn't HTTP never reaches a vendor (nginx hands it on). */
	{TEXT("ICY 200 OK" END), "bad HTTP version", TEXT(OK END)},
	{TEXT("hello" END), "bad HTTP version", TEXT(OK END)},
	{TEXT("\r\n" OK END), "bad HTTP version", TEXT(OK END)},
	{TEXT("HTTP/0.9 200 OK" END), "bad HTTP version", TEXT("HTTP/1.0 200 OK" END)},
	{TEXT("HTTP/2.0 200 OK" END), "bad HTTP version", TEXT(OK END)},
	{TEXT("HTTP/1.2 200 OK" END), "bad HTTP version", TEXT(OK END)},
	{TEXT("HTTP/1.11 200 OK" END), "bad HTTP version", TEXT(OK END)},
	{TEXT("http/1.1 200 OK" END), "bad HTTP version", TEXT(OK END)},
	{TEXT("HTTP/1.1\t200 OK" END), "bad HTTP version", TEXT(OK END)},
	{TEXT("HTTP/1.1" END), "bad HTTP version", TEXT(OK END)},
	{TEXT("HTTP/1.1  200 OK" END), "bad status", TEXT(OK END)},
	{TEXT("HTTP/1.1 2000 OK" END), "no space behind the status", TEXT(OK END)},
	{TEXT("HTTP/1.1 20 OK" END), "bad status", TEXT(OK END)},
	{TEXT("HTTP/1.1 +20 OK" END), "bad status", TEXT(OK END)},
	{TEXT("HTTP/1.1 099 OK" END), "bad status", TEXT("HTTP/1.1 199 OK" END)},
	{TEXT("HTTP/1.1 600 OK" END), "bad status", TEXT("HTTP/1.1 599 OK" END)},
	{TEXT("HTTP/1.1 999 OK" END), "bad status", TEXT("HTTP/1.1 299 OK" END)},
	{TEXT("HTTP/1.1 OK" END), "bad status", TEXT(OK END)},
	{TEXT("HTTP/1.1 " END), "bad status", TEXT(OK END)},
	{TEXT("HTTP/1.1 200" END), "no space behind the status", TEXT("HTTP/1.1 200 " END)},
	{TEXT("HTTP/1.1 200\tOK" END), "no space behind the status", TEXT(OK END)},
	{TEXT("HTTP/1.1 200 O\x01K" END), "bad byte in the reason phrase",
	 TEXT("HTTP/1.1 200 O\tK \xe9" END)},
	{TEXT("HTTP/1.1 200 O\0K" END), "NUL", TEXT(OK END)},
	{TEXT("HTTP/1.1 200 OK\nX: y" END), "bare LF", TEXT(OK "\r\nX: y" END)},
	{TEXT(OK "\r\nX: y\n\n"), "bare LF", TEXT(OK "\r\nX: y" END)},
	{TEXT(OK "\r\nX: y\rSet-Cookie: z" END), "bare CR",
	 TEXT(OK "\r\nX: y\r\nSet-Cookie: z" END)},
	/* Field lines are those of requests. */
	{TEXT(OK "\r\nX : y" END), "white space in a field name", TEXT(OK "\r\nX: y" END)},
	{TEXT(OK "\r\nX: y\r\n z" END), "folded line", TEXT(OK "\r\nX: y z" END)},
	{TEXT(OK "\r\nX: y\x7f" END), "bad byte in a field value", TEXT(OK "\r\nX: y\xff" END)},
	{TEXT(OK "\r\nContent_Length: 5" END), "look-alike of a field that matters",
	 TEXT(OK "\r\nContent_Type: a/b" END)},
	{TEXT(OK "\r\nTransfer.Encoding: chunked" END), "look-alike of a field that matters",
	 TEXT(OK "\r\nX_HTTP_Method: GET\r\n_Host: b" END)},
	{TEXT(OK "\r\nLocation_: /" END), "look-alike of a field that matters",
	 TEXT(OK "\r\nLocation: /" END)},
	{TEXT(OK "\r\nContent-Type: a/b\r\nContent-Type: a/c" END), "field given twice",
	 TEXT(OK "\r\nVary: a\r\nVary: b" END)},
	{TEXT(OK "\r\nLocation: /a\r\nLocation: /b" END), "field given twice",
	 TEXT(OK "\r\nSet-Cookie: a\r\nSet-Cookie: b" END)},
	{TEXT(OK "\r\nLocation: /\xe9" END), "bytes outside ASCII in a field that is read",
	 TEXT(OK "\r\nContent-Disposition: attachment; filename=\"\xe9\"" END)},
	/* Framing */
	{TEXT(OK CL5 CL5 END), "field given twice", TEXT(OK CL5 END)},
	{TEXT(OK "\r\nContent-Length: 5,5" END), "bad Content-Length", TEXT(OK CL5 END)},
	{TEXT(OK "\r\nContent-Length: +5" END), "bad Content-Length", TEXT(OK CL5 END)},
	{TEXT(OK "\r\nContent-Length: 18446744073709551616" END), "bad Content-Length",
	 TEXT(OK CL5 END)},
	{TEXT(OK "\r\nContent-Length: 05" END), "Content-Length with leading zeros",
	 TEXT(OK CL5 END)},
	{TEXT(OK CL5 "\r\nTransfer-Encoding: chunked" END),
	 "both Content-Length and Transfer-Encoding",
	 TEXT(OK "\r\nTransfer-Encoding: chunked" END)},
	{TEXT(OK "\r\nTransfer-Encoding: gzip, chunked" END),
	 "Transfer-Encoding other than chunked", TEXT(OK "\r\nTransfer-Encoding: Chunked" END)},
	{TEXT(OK "\r\nTransfer-Encoding: identity" END), "Transfer-Encoding other than chunked",
	 TEXT(OK END)},
	{TEXT("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked" END), "Transfer-Encoding on HTTP/1.0",
	 TEXT("HTTP/1.0 200 OK" CL5 END)},
	{TEXT(OK "\r\nConnection: content-length" CL5 END), "Connection names a field that matters",
	 TEXT(OK "\r\nUpgrade: h2,h2c\r\nConnection: Upgrade, Keep-Alive" CL5 END)},
	{TEXT("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket" END),
	 "101 that nobody asked for", TEXT("HTTP/1.1 103 Early Hints\r\nLink: </a>" END)},
	{TEXT("HTTP/1.1 100 Continue\r\nContent-Length: 0" END), "1xx with a body",
	 TEXT("HTTP/1.1 100 Continue" END)},
	{TEXT("HTTP/1.1 103 Early Hints\r\nTransfer-Encoding: chunked" END), "1xx with a body",
	 TEXT("HTTP/1.1 103 Early Hints" END)},
	{TEXT("HTTP/1.1 204 No Content" CL5 END), "204 with a body",
	 TEXT("HTTP/1.1 204 No Content\r\nContent-Length: 0" END)},
	{TEXT("HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked" END), "204 with a body",
	 TEXT("HTTP/1.1 204 No Content" END)},
	{TEXT("HTTP/1.1 205 Reset Content" CL5 END), "205 with a body",
	 TEXT("HTTP/1.1 205 Reset Content\r\nContent-Length: 0" END)},
	{TEXT("HTTP/1.1 205 Reset Content\r\nTransfer-Encoding: chunked" END), "205 with a body",
	 TEXT("HTTP/1.1 205 Reset Content" END)},
};

Test(http_parse_response, each_bad_one_is_refused_for_its_reason_and_its_twin_is_not)
{
	static struct vg_http_head head;
	for (size_t i = 0; i < VG_COUNT(bad_cases); i++) {
		const struct bad_case *c = &bad_cases[i];
		for (int to_head = 0; to_head < 2; to_head++) {
			char *bad = exact(c->bad), *twin = exact(c->twin);
			bool good = judge(&head, vg_slice(bad, c->bad.len), to_head != 0);
			cr_expect(!good && head.fault != NULL && strcmp(head.fault, c->fault) == 0,
				  "%s: %s", shown(c->bad), head.fault);
			cr_expect(!vg_http_parse_response(&head, vg_slice(bad, c->bad.len),
							  to_head != 0),
				  "%s: parsed", shown(c->bad));
			cr_expect(!head.keep_alive, "%s: kept", shown(c->bad));
			good = judge(&head, vg_slice(twin, c->twin.len), to_head != 0);
			cr_expect(good && head.fault == NULL, "%s: refused: %s", shown(c->twin),
				  head.fault);
			free(bad);
			free(twin);
		}
	}
}

static const struct good_case {
	struct vg_slice text;
	bool to_head;
	unsigned status, minor;
	enum vg_framing framing;
	uint64_t length;
	bool keep_alive;
} good_cases[] = {
	{TEXT(OK CL5 END), false, 200, 1, VG_FRAMING_LENGTH, 5, true},
	{TEXT(OK CL5 END), true, 200, 1, VG_FRAMING_NONE, 5, true},
	{TEXT(OK CL5 "\r\nConnection: close" END), false, 200, 1, VG_FRAMING_LENGTH, 5, false},
	{TEXT(OK "\r\nContent-Length: 0" END), false, 200, 1, VG_FRAMING_LENGTH, 0, true},
	{TEXT(OK "\r\nTransfer-Encoding: chunked" END), false, 200, 1, VG_FRAMING_CHUNKED, 0, true},
	{TEXT(OK "\r\nTransfer-Encoding: chunked" END), true, 200, 1, VG_FRAMING_NONE, 0, true},
	{TEXT(OK END), false, 200, 1, VG_FRAMING_CLOSE, 0, false},
	{TEXT(OK END), true, 200, 1, VG_FRAMING_NONE, 0, true},
	{TEXT("HTTP/1.0 200 OK" CL5 END), false, 200, 0, VG_FRAMING_LENGTH, 5, false},
	{TEXT("HTTP/1.0 200 OK" CL5 "\r\nConnection: Keep-Alive" END), false, 200, 0,
	 VG_FRAMING_LENGTH, 5, true},
	{TEXT("HTTP/1.0 200 OK\r\nConnection: Keep-Alive" END), false, 200, 0, VG_FRAMING_CLOSE, 0,
	 false},
	{TEXT("HTTP/1.1 404 " END), false, 404, 1, VG_FRAMING_CLOSE, 0, false},
	{TEXT("HTTP/1.1 100 Continue" END), false, 100, 1, VG_FRAMING_NONE, 0, true},
	{TEXT("HTTP/1.1 103 Early Hints\r\nLink: </a>" END), false, 103, 1, VG_FRAMING_NONE, 0,
	 true},
	{TEXT("HTTP/1.1 204 " END), false, 204, 1, VG_FRAMING_NONE, 0, true},
	{TEXT("HTTP/1.1 204 \r\nContent-Length: 0" END), false, 204, 1, VG_FRAMING_NONE, 0, true},
	{TEXT("HTTP/1.1 304 " END), false, 304, 1, VG_FRAMING_NONE, 0, true},
	{TEXT("HTTP/1.1 304 \r\nContent-Length: 70" END), false, 304, 1, VG_FRAMING_NONE, 70, true},
	{TEXT("HTTP/1.1 304 \r\nTransfer-Encoding: chunked" END), false, 304, 1, VG_FRAMING_NONE, 0,
	 true},
	{TEXT("HTTP/1.1 205 \r\nContent-Length: 0" END), false, 205, 1, VG_FRAMING_NONE, 0, true},
	{TEXT("HTTP/1.1 205 " END), false, 205, 1, VG_FRAMING_NONE, 0, false},
	{TEXT("HTTP/1.1 599 Odd \xff" CL5 END), false, 599, 1, VG_FRAMING_LENGTH, 5, true},
};

Test(http_parse_response, good_ones_say_what_they_say)
{
	static struct vg_http_head head;
	for (size_t i = 0; i < VG_COUNT(good_cases); i++) {
		const struct good_case *c = &good_cases[i];
		cr_expect(judge(&head, c->text, c->to_head), "%s: %s", shown(c->text), head.fault);
		cr_expect(head.status == c->status && head.minor == c->minor, "%s", shown(c->text));
		cr_expect(head.framing == c->framing, "%s", shown(c->text));
		cr_expect(head.length == c->length, "%s", shown(c->text));
		cr_expect(head.keep_alive == c->keep_alive, "%s", shown(c->text));
		cr_expect(head.method.len == 0 && head.target.len == 0 && head.host.len == 0);
	}
}

Test(http_parse_response, every_cut_is_refused)
{
	static struct vg_http_head head;
	struct vg_slice text = VG_SLICE("HTTP/1.1 404 Not Found\r\nContent-Type: a/b\r\n"
					"Content-Length: 5\r\nConnection: x" END);
	cr_assert(judge(&head, text, false));
	for (size_t len = 0; len < text.len; len++) {
		char *cut = exact(vg_slice_first(text, len));
		cr_expect(!vg_http_parse_response(&head, vg_slice(cut, len), false), "%zu", len);
		cr_expect(head.fault != NULL);
		free(cut);
	}
}

Test(http_parse_response, fields_are_counted)
{
	static struct vg_http_head head;
	static char text[8192];
	for (unsigned count = VG_HTTP_FIELDS_MAX; count <= VG_HTTP_FIELDS_MAX + 1; count++) {
		size_t len = (size_t)snprintf(text, sizeof(text), OK "\r\n");
		for (unsigned i = 0; i < count; i++)
			len += (size_t)snprintf(text + len, sizeof(text) - len, "X: %u\r\n", i);
		memcpy(text + len, "\r\n", 2);
		cr_expect(judge(&head, vg_slice(text, len + 2), false) ==
			  (count == VG_HTTP_FIELDS_MAX));
	}
	cr_expect_str_eq(head.fault, "too many fields");
}

/* The scan: fed whole, or in any two parts, or byte by byte, it says the same at the same place. */
static const struct scan_case {
	struct vg_slice text;
	enum vg_scan found;
	size_t len; /* of the head, or where the fault can be known at the earliest */
	const char *fault;
} scan_cases[] = {
	{TEXT(""), VG_SCAN_MORE, 0, NULL},
	{TEXT("\r\n"), VG_SCAN_WHOLE, 2, NULL},
	{TEXT("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), VG_SCAN_WHOLE, 27, NULL},
	{TEXT("GET / HTTP/1.1\r\nHost: a\r\n\r\nbody\n\0\r"), VG_SCAN_WHOLE, 27, NULL},
	{TEXT("GET / HTTP/1.1\r\nHost: a\r\n\r"), VG_SCAN_MORE, 0, NULL},
	{TEXT("GET / HTTP/1.1\r\nHost: a\r\n"), VG_SCAN_MORE, 0, NULL},
	{TEXT("GET / HTTP/1.1\r\nHost:\x01\ta\r\n\r\n"), VG_SCAN_WHOLE, 28, NULL},
	{TEXT("\n"), VG_SCAN_BAD, 1, "bare LF"},
	{TEXT("GET / HTTP/1.1\n"), VG_SCAN_BAD, 15, "bare LF"},
	{TEXT("GET / HTTP/1.1\r\nA: b\n\r\n"), VG_SCAN_BAD, 21, "bare LF"},
	{TEXT("GET / HTTP/1.1\r\nA: b\r\n\n"), VG_SCAN_BAD, 23, "bare LF"},
	{TEXT("GET / HTTP/1.1\r\nA: \0b\r\n\r\n"), VG_SCAN_BAD, 20, "NUL"},
	{TEXT("GET / HTTP/1.1\r\nA: \rb\r\n\r\n"), VG_SCAN_BAD, 21, "bare CR"},
	{TEXT("GET / HTTP/1.1\r\r\n\r\n"), VG_SCAN_BAD, 16, "bare CR"},
};

Test(http_scan, says_the_same_in_any_parts)
{
	for (size_t i = 0; i < VG_COUNT(scan_cases); i++) {
		const struct scan_case *c = &scan_cases[i];
		for (size_t step = 1; step <= c->text.len + 1; step++) {
			struct vg_http_scan scan = {0};
			enum vg_scan found = VG_SCAN_MORE;
			size_t fed = 0, len = 0;
			while (found == VG_SCAN_MORE && fed < c->text.len) {
				fed = fed + step < c->text.len ? fed + step : c->text.len;
				char *part = exact(vg_slice_first(c->text, fed));
				found = vg_http_scan(&scan, vg_slice(part, fed), &len);
				cr_expect(scan.at <= fed);
				free(part);
			}
			cr_expect(found == c->found, "%s by %zu", shown(c->text), step);
			if (found == VG_SCAN_WHOLE)
				cr_expect(len == c->len, "%s by %zu", shown(c->text), step);
			if (found == VG_SCAN_BAD)
				cr_expect_str_eq(scan.fault, c->fault);
			if (step == 1 && found != VG_SCAN_MORE)
				cr_expect(fed == c->len, "%s: known at %zu", shown(c->text), fed);
			if (found == VG_SCAN_BAD)
				cr_expect(vg_http_scan(&scan, c->text, &len) == VG_SCAN_BAD);
		}
	}
}

Test(http_scan, skips_one_empty_line)
{
	cr_expect(vg_http_skip(VG_SLICE("\r\nGET")) == 2);
	cr_expect(vg_http_skip(VG_SLICE("\r\n\r\nGET")) == 2);
	cr_expect(vg_http_skip(VG_SLICE("\r")) == 0);
	cr_expect(vg_http_skip(VG_SLICE("\n\n")) == 0);
	cr_expect(vg_http_skip(VG_SLICE("GET")) == 0);
	cr_expect(vg_http_skip(VG_SLICE_EMPTY) == 0);
}
