#include "http.h"

#include "http/header.h"

#define MALFORMED VG_REASON_HTTP_MALFORMED
#define END "\r\n\r\n"
#define GET "GET / HTTP/1.1\r\nHost: api.example"
#define POST "POST / HTTP/1.1\r\nHost: api.example"

/* As the worker does it: skip, scan, parse. */
static enum vg_reason judge(struct vg_http_head *head, struct vg_slice text)
{
	struct vg_http_scan scan = {0};
	size_t len = 0;
	memset(head, 0xa5, sizeof(*head));
	text = vg_slice_from(text, vg_http_skip(text));
	switch (vg_http_scan(&scan, text, &len)) {
	case VG_SCAN_MORE:
		head->fault = "more";
		return VG_REASON_COUNT;
	case VG_SCAN_BAD:
		head->fault = scan.fault;
		return MALFORMED;
	case VG_SCAN_WHOLE:
		break;
	}
	return vg_http_parse_request(head, vg_slice_first(text, len));
}

static const struct bad_case {
	struct vg_slice bad;
	enum vg_reason reason;
	const char *fault;
	struct vg_slice twin; /* the honest one next to it */
} bad_cases[] = {
	/* Line ends */
	{TEXT("GET / HTTP/1.1\nHost: a" END), MALFORMED, "bare LF", TEXT(GET END)},
	{TEXT("GET / HTTP/1.1\r\nHost: a\n\r\n"), MALFORMED, "bare LF", TEXT(GET END)},
	{TEXT("GET / HTTP/1.1\r\nHost: a\r\n\n"), MALFORMED, "bare LF", TEXT(GET END)},
	{TEXT("GET / HTTP/1.1\r\nHost: a\r\nX: y\nZ: y" END), MALFORMED, "bare LF",
	 TEXT(GET "\r\nX: y\r\nZ: y" END)},
	{TEXT("\nGET / HTTP/1.1\r\nHost: a" END), MALFORMED, "bare LF", TEXT("\r\n" GET END)},
	{TEXT("GET / HTTP/1.1\rHost: a" END), MALFORMED, "bare CR", TEXT(GET END)},
	{TEXT("GET / HTTP/1.1\r\nHost: a\r\nX: y\rZ: y" END), MALFORMED, "bare CR",
	 TEXT(GET "\r\nX: y" END)},
	{TEXT("GET / HTTP/1.1\r\nHost: a\r\r\n\r\n"), MALFORMED, "bare CR", TEXT(GET END)},
	{TEXT("GET / HTTP/1.1\r\nHost: a\0b" END), MALFORMED, "NUL", TEXT(GET END)},
	{TEXT("GET /\0 HTTP/1.1\r\nHost: a" END), MALFORMED, "NUL", TEXT(GET END)},
	{TEXT("\r\n\r\n" GET END), MALFORMED, "bad method", TEXT("\r\n" GET END)},
	/* The request line */
	{TEXT(" GET / HTTP/1.1\r\nHost: a" END), MALFORMED, "bad method", TEXT(GET END)},
	{TEXT("GET\t/ HTTP/1.1\r\nHost: a" END), MALFORMED, "bad method", TEXT(GET END)},
	{TEXT("G(T / HTTP/1.1\r\nHost: a" END), MALFORMED, "bad method",
	 TEXT("G!T / HTTP/1.1\r\nHost: a" END)},
	{TEXT("G\xc3\x89T / HTTP/1.1\r\nHost: a" END), MALFORMED, "bad method", TEXT(GET END)},
	{TEXT("GET" END), MALFORMED, "bad method", TEXT(GET END)},
	{TEXT("GET  / HTTP/1.1\r\nHost: a" END), MALFORMED, "no target", TEXT(GET END)},
	{TEXT("GET " END), MALFORMED, "no target", TEXT(GET END)},
	{TEXT("GET /" END), MALFORMED, "no HTTP version", TEXT(GET END)},
	{TEXT("GET /\r\nHost: a" END), MALFORMED, "no HTTP version", TEXT(GET END)},
	{TEXT("GET /\tHTTP/1.1\r\nHost: a" END), MALFORMED, "bad byte in the target",
	 TEXT(GET END)},
	{TEXT("GET /\x7f HTTP/1.1\r\nHost: a" END), MALFORMED, "bad byte in the target",
	 TEXT("GET /~ HTTP/1.1\r\nHost: a" END)},
	{TEXT("GET /\xc3\xa9 HTTP/1.1\r\nHost: a" END), MALFORMED, "bad byte in the target",
	 TEXT("GET /%C3%A9 HTTP/1.1\r\nHost: a" END)},
	{TEXT("GET /  HTTP/1.1\r\nHost: a" END), MALFORMED, "bad HTTP version", TEXT(GET END)},
	{TEXT("GET / HTTP/1.1 \r\nHost: a" END), MALFORMED, "bad HTTP version", TEXT(GET END)},
	{TEXT("GET /a b HTTP/1.1\r\nHost: a" END), MALFORMED, "bad HTTP version",
	 TEXT("GET /a%20b HTTP/1.1\r\nHost: a" END)},
	{TEXT("GET / HTTP/0.9\r\nHost: a" END), MALFORMED, "bad HTTP version", TEXT(GET END)},
	{TEXT("GET / HTTP/1.2\r\nHost: a" END), MALFORMED, "bad HTTP version", TEXT(GET END)},
	{TEXT("GET / HTTP/1.10\r\nHost: a" END), MALFORMED, "bad HTTP version", TEXT(GET END)},
	{TEXT("GET / HTTP/1.\r\nHost: a" END), MALFORMED, "bad HTTP version", TEXT(GET END)},
	{TEXT("GET / HTTP/2.0\r\nHost: a" END), MALFORMED, "bad HTTP version", TEXT(GET END)},
	{TEXT("GET / HTTP/2\r\nHost: a" END), MALFORMED, "bad HTTP version", TEXT(GET END)},
	{TEXT("GET / http/1.1\r\nHost: a" END), MALFORMED, "bad HTTP version", TEXT(GET END)},
	{TEXT("GET / HTTP/01.1\r\nHost: a" END), MALFORMED, "bad HTTP version", TEXT(GET END)},
	{TEXT("GET / HTTPS/1.1\r\nHost: a" END), MALFORMED, "bad HTTP version", TEXT(GET END)},
	{TEXT("GET / " END), MALFORMED, "bad HTTP version", TEXT(GET END)},
	{TEXT("PRI * HTTP/2.0" END), MALFORMED, "bad HTTP version",
	 TEXT("OPTIONS * HTTP/1.1\r\nHost: a" END)},
	/* Methods and the forms of targets */
	{TEXT("CONNECT a:443 HTTP/1.1\r\nHost: a:443" END), MALFORMED,
	 "method that is never accepted", TEXT("connect / HTTP/1.1\r\nHost: a" END)},
	{TEXT("CONNECT / HTTP/1.1\r\nHost: a" END), MALFORMED, "method that is never accepted",
	 TEXT("CONNECTS / HTTP/1.1\r\nHost: a" END)},
	{TEXT("TRACE / HTTP/1.1\r\nHost: a" END), MALFORMED, "method that is never accepted",
	 TEXT("TRAC / HTTP/1.1\r\nHost: a" END)},
	{TEXT("GET * HTTP/1.1\r\nHost: a" END), MALFORMED, "target * without OPTIONS",
	 TEXT("OPTIONS * HTTP/1.1\r\nHost: a" END)},
	{TEXT("OPTIONS *? HTTP/1.1\r\nHost: a" END), MALFORMED, "target of an unknown form",
	 TEXT("OPTIONS * HTTP/1.1\r\nHost: a" END)},
	{TEXT("GET a:443 HTTP/1.1\r\nHost: a:443" END), MALFORMED, "target of an unknown form",
	 TEXT("GET http://a:443 HTTP/1.1\r\nHost: a:443" END)},
	{TEXT("GET api HTTP/1.1\r\nHost: a" END), MALFORMED, "target of an unknown form",
	 TEXT("GET /api HTTP/1.1\r\nHost: a" END)},
	{TEXT("GET ?x=1 HTTP/1.1\r\nHost: a" END), MALFORMED, "target of an unknown form",
	 TEXT("GET /?x=1 HTTP/1.1\r\nHost: a" END)},
	{TEXT("GET ftp://a/ HTTP/1.1\r\nHost: a" END), MALFORMED, "target of an unknown form",
	 TEXT("GET HTTP://a/ HTTP/1.1\r\nHost: a" END)},
	{TEXT("GET http:/a/ HTTP/1.1\r\nHost: a" END), MALFORMED, "target of an unknown form",
	 TEXT("GET http://a/ HTTP/1.1\r\nHost: a" END)},
	{TEXT("GET http:///x HTTP/1.1\r\nHost: a" END), MALFORMED, "target without a host",
	 TEXT("GET http://a/x HTTP/1.1\r\nHost: a" END)},
	{TEXT("GET http://b/ HTTP/1.1\r\nHost: a" END), MALFORMED, "target and Host differ",
	 TEXT("GET http://A/ HTTP/1.1\r\nHost: a" END)},
	{TEXT("GET http://a:80/ HTTP/1.1\r\nHost: a" END), MALFORMED, "target and Host differ",
	 TEXT("GET http://a:80/ HTTP/1.1\r\nHost: a:80" END)},
	{TEXT("GET http://a./ HTTP/1.1\r\nHost: a" END), MALFORMED, "target and Host differ",
	 TEXT("GET http://a./ HTTP/1.1\r\nHost: a." END)},
	{TEXT("GET http://u@a/ HTTP/1.1\r\nHost: a" END), MALFORMED, "target and Host differ",
	 TEXT("GET http://a/u@ HTTP/1.1\r\nHost: a" END)},
	{TEXT("GET http://u:p@a/ HTTP/1.1\r\nHost: u:p@a" END), MALFORMED, "bad port of the host",
	 TEXT("GET http://u:1/ HTTP/1.1\r\nHost: u:1" END)},
	{TEXT("GET http://u@a/ HTTP/1.1\r\nHost: u@a" END), MALFORMED, "bad host",
	 TEXT("GET http://u.a/ HTTP/1.1\r\nHost: u.a" END)},
	{TEXT("GET http://a#b HTTP/1.1\r\nHost: a" END), MALFORMED, "target and Host differ",
	 TEXT("GET http://a?b HTTP/1.1\r\nHost: a" END)},
	{TEXT("GET http://a\\b/ HTTP/1.1\r\nHost: a" END), MALFORMED, "target and Host differ",
	 TEXT("GET http://a HTTP/1.1\r\nHost: a" END)},
	/* Host */
	{TEXT("GET / HTTP/1.1" END), MALFORMED, "no Host", TEXT(GET END)},
	{TEXT("GET / HTTP/1.0" END), MALFORMED, "no Host", TEXT("GET / HTTP/1.0\r\nHost: a" END)},
	{TEXT("GET http://a/ HTTP/1.1" END), MALFORMED, "no Host",
	 TEXT("GET http://a/ HTTP/1.1\r\nHost: a" END)},
	{TEXT(GET "\r\nHost: api.example" END), MALFORMED, "field given twice", TEXT(GET END)},
	{TEXT(GET "\r\nhOST: b" END), MALFORMED, "field given twice", TEXT(GET "\r\nHosts: b" END)},
	{TEXT("GET / HTTP/1.1\r\nHost:" END), MALFORMED, "bad host", TEXT(GET END)},
	{TEXT("GET / HTTP/1.1\r\nHost: \t " END), MALFORMED, "bad host", TEXT(GET END)},
	{TEXT("GET / HTTP/1.1\r\nHost: ." END), MALFORMED, "bad host",
	 TEXT("GET / HTTP/1.1\r\nHost: a." END)},
	{TEXT("GET / HTTP/1.1\r\nHost: a.." END), MALFORMED, "bad host",
	 TEXT("GET / HTTP/1.1\r\nHost: a.b." END)},
	{TEXT("GET / HTTP/1.1\r\nHost: a..b" END), MALFORMED, "bad host",
	 TEXT("GET / HTTP/1.1\r\nHost: a.b" END)},
	{TEXT("GET / HTTP/1.1\r\nHost: .a" END), MALFORMED, "bad host",
	 TEXT("GET / HTTP/1.1\r\nHost: _a" END)},
	{TEXT("GET / HTTP/1.1\r\nHost: a b" END), MALFORMED, "bad host",
	 TEXT("GET / HTTP/1.1\r\nHost: a-b" END)},
	{TEXT("GET / HTTP/1.1\r\nHost: a,b" END), MALFORMED, "bad host", TEXT(GET END)},
	{TEXT("GET / HTTP/1.1\r\nHost: a/b" END), MALFORMED, "bad host", TEXT(GET END)},
	{TEXT("GET / HTTP/1.1\r\nHost: a%62" END), MALFORMED, "bad host", TEXT(GET END)},
	{TEXT("GET / HTTP/1.1\r\nHost: http://a" END), MALFORMED, "bad port of the host",
	 TEXT(GET END)},
	{TEXT("GET / HTTP/1.1\r\nHost: a@b" END), MALFORMED, "bad host", TEXT(GET END)},
	{TEXT("GET / HTTP/1.1\r\nHost: \xc3\xa9" END), MALFORMED,
	 "bytes outside ASCII in a field that is read",
	 TEXT("GET / HTTP/1.1\r\nHost: xn--9ca" END)},
	{TEXT("GET / HTTP/1.1\r\nHost: a:" END), MALFORMED, "bad port of the host",
	 TEXT("GET / HTTP/1.1\r\nHost: a:1" END)},
	{TEXT("GET / HTTP/1.1\r\nHost: a:0" END), MALFORMED, "bad port of the host",
	 TEXT("GET / HTTP/1.1\r\nHost: a:10" END)},
	{TEXT("GET / HTTP/1.1\r\nHost: a:65536" END), MALFORMED, "bad port of the host",
	 TEXT("GET / HTTP/1.1\r\nHost: a:65535" END)},
	{TEXT("GET / HTTP/1.1\r\nHost: a:0443" END), MALFORMED, "bad port of the host",
	 TEXT("GET / HTTP/1.1\r\nHost: a:443" END)},
	{TEXT("GET / HTTP/1.1\r\nHost: a:+443" END), MALFORMED, "bad port of the host",
	 TEXT("GET / HTTP/1.1\r\nHost: a:443" END)},
	{TEXT("GET / HTTP/1.1\r\nHost: a:80:80" END), MALFORMED, "bad port of the host",
	 TEXT("GET / HTTP/1.1\r\nHost: a:80" END)},
	{TEXT("GET / HTTP/1.1\r\nHost: 127.1" END), MALFORMED, "bad host",
	 TEXT("GET / HTTP/1.1\r\nHost: 127.0.0.1" END)},
	{TEXT("GET / HTTP/1.1\r\nHost: 0177.0.0.1" END), MALFORMED, "bad host",
	 TEXT("GET / HTTP/1.1\r\nHost: 127.0.0.1:80" END)},
	{TEXT("GET / HTTP/1.1\r\nHost: 127.0.0.1." END), MALFORMED, "bad host",
	 TEXT("GET / HTTP/1.1\r\nHost: 127.0.0.a." END)},
	{TEXT("GET / HTTP/1.1\r\nHost: 2130706433" END), MALFORMED, "bad host",
	 TEXT("GET / HTTP/1.1\r\nHost: 2130706433a" END)},
	{TEXT("GET / HTTP/1.1\r\nHost: ::1" END), MALFORMED, "bad host",
	 TEXT("GET / HTTP/1.1\r\nHost: [::1]" END)},
	{TEXT("GET / HTTP/1.1\r\nHost: [::1" END), MALFORMED, "bad host",
	 TEXT("GET / HTTP/1.1\r\nHost: [::1]:443" END)},
	{TEXT("GET / HTTP/1.1\r\nHost: [" END), MALFORMED, "bad host",
	 TEXT("GET / HTTP/1.1\r\nHost: [::]" END)},
	{TEXT("GET / HTTP/1.1\r\nHost: []" END), MALFORMED, "bad host",
	 TEXT("GET / HTTP/1.1\r\nHost: [::]" END)},
	{TEXT("GET / HTTP/1.1\r\nHost: [127.0.0.1]" END), MALFORMED, "bad host",
	 TEXT("GET / HTTP/1.1\r\nHost: [::ffff:127.0.0.1]" END)},
	{TEXT("GET / HTTP/1.1\r\nHost: [fe80::1%25eth0]" END), MALFORMED, "bad host",
	 TEXT("GET / HTTP/1.1\r\nHost: [fe80::1]" END)},
	{TEXT("GET / HTTP/1.1\r\nHost: [::1]a" END), MALFORMED, "bad port of the host",
	 TEXT("GET / HTTP/1.1\r\nHost: [::1]:1" END)},
	/* Field lines */
	{TEXT(GET "\r\nX : y" END), MALFORMED, "white space in a field name",
	 TEXT(GET "\r\nX: y" END)},
	{TEXT(GET "\r\nX\t: y" END), MALFORMED, "white space in a field name",
	 TEXT(GET "\r\nX:\ty" END)},
	{TEXT(GET "\r\nX Y: y" END), MALFORMED, "white space in a field name",
	 TEXT(GET "\r\nX-Y: y" END)},
	{TEXT(GET "\r\n .internal" END), MALFORMED, "folded line", TEXT(GET ".internal" END)},
	{TEXT(GET "\r\nX: y\r\n\tz" END), MALFORMED, "folded line", TEXT(GET "\r\nX: y\tz" END)},
	{TEXT(GET "\r\nX: y\r\n Content-Length: 5" END), MALFORMED, "folded line",
	 TEXT(POST "\r\nX: y\r\nContent-Length: 5" END)},
	{TEXT("GET / HTTP/1.1\r\n Host: a" END), MALFORMED, "folded line", TEXT(GET END)},
	{TEXT(GET "\r\nX" END), MALFORMED, "field without a colon", TEXT(GET "\r\nX:" END)},
	{TEXT(GET "\r\n: y" END), MALFORMED, "field without a name", TEXT(GET "\r\nx: y" END)},
	{TEXT(GET "\r\n\"Content-Length\": 5" END), MALFORMED, "bad byte in a field name",
	 TEXT(POST "\r\nContent-Length: 5" END)},
	{TEXT(GET "\r\n\"Content-Length:\" 5" END), MALFORMED, "bad byte in a field name",
	 TEXT(POST "\r\nContent-Length: 5" END)},
	{TEXT(GET "\r\nX[0]: y" END), MALFORMED, "bad byte in a field name",
	 TEXT(GET "\r\nX.0: y" END)},
	{TEXT(GET "\r\nX\x01Y: y" END), MALFORMED, "bad byte in a field name",
	 TEXT(GET "\r\nXY: y" END)},
	{TEXT(GET "\r\nX\xc3\xa9: y" END), MALFORMED, "bad byte in a field name",
	 TEXT(GET "\r\nXe: y" END)},
	{TEXT(GET "\r\nX\x0b: y" END), MALFORMED, "bad byte in a field name",
	 TEXT(GET "\r\nX: y" END)},
	{TEXT(GET "\r\nX: a\x01z" END), MALFORMED, "bad byte in a field value",
	 TEXT(GET "\r\nX: a\tz" END)},
	{TEXT(GET "\r\nX: a\x0bz" END), MALFORMED, "bad byte in a field value",
	 TEXT(GET "\r\nX: a\tz" END)},
	{TEXT(GET "\r\nX: a long value with DEL behind\x7f" END), MALFORMED,
	 "bad byte in a field value", TEXT(GET "\r\nX: a long value with DEL behind" END)},
	{TEXT(GET "\r\nX: a\x1b[2J" END), MALFORMED, "bad byte in a field value",
	 TEXT(GET "\r\nX: a[2J" END)},
	{TEXT(GET "\r\nAccept: \xc3\xa9" END), MALFORMED,
	 "bytes outside ASCII in a field that is read", TEXT(GET "\r\nUser-Agent: \xc3\xa9" END)},
	{TEXT(POST "\r\nContent-Type: text/\xe9" END), MALFORMED,
	 "bytes outside ASCII in a field that is read", TEXT(GET "\r\nX-Name: text/\xe9" END)},
	{TEXT(GET "\r\nConnection: \xff" END), MALFORMED,
	 "bytes outside ASCII in a field that is read", TEXT(GET "\r\nCookie: \xff" END)},
	{TEXT(GET "\r\nContent-Type: a/b\r\nContent-Type: a/b" END), MALFORMED, "field given twice",
	 TEXT(GET "\r\nAccept: a/b\r\nAccept: a/b" END)},
	{TEXT(GET "\r\nIdempotency-Key: a\r\nidempotency-key: b" END), MALFORMED,
	 "field given twice", TEXT(GET "\r\nIdempotency-Key: a" END)},
	/* Look-alikes */
	{TEXT(GET "\r\nContent_Length: 5" END), MALFORMED, "look-alike of a field that matters",
	 TEXT(GET "\r\nContent_Size: 5" END)},
	{TEXT(GET "\r\ntransfer_encoding: chunked" END), MALFORMED,
	 "look-alike of a field that matters", TEXT(GET "\r\ntransfer_coding: chunked" END)},
	{TEXT(GET "\r\nTransfer.Encoding: chunked" END), MALFORMED,
	 "look-alike of a field that matters", TEXT(GET "\r\nTransfer.Coding: chunked" END)},
	{TEXT(GET "\r\nContent-Length~: 5" END), MALFORMED, "look-alike of a field that matters",
	 TEXT(GET "\r\nContent-Length-X: 5" END)},
	{TEXT(GET "\r\n'Content-Length': 5" END), MALFORMED, "look-alike of a field that matters",
	 TEXT(GET "\r\n'Content-Size': 5" END)},
	{TEXT(GET "\r\n_Host: b" END), MALFORMED, "look-alike of a field that matters",
	 TEXT(GET "\r\nX_Host: b" END)},
	{TEXT(GET "\r\nHost_: b" END), MALFORMED, "look-alike of a field that matters",
	 TEXT(GET "\r\nHost_X: b" END)},
	{TEXT(GET "\r\nConnection_: close" END), MALFORMED, "look-alike of a field that matters",
	 TEXT(GET "\r\nX_Connection: close" END)},
	{TEXT(GET "\r\nX_HTTP_Method_Override: PUT" END), MALFORMED,
	 "look-alike of a field that matters", TEXT(GET "\r\nX_HTTP_Version: 1" END)},
	{TEXT(GET "\r\nX-HTTP_Method: PUT" END), MALFORMED, "look-alike of a field that matters",
	 TEXT(GET "\r\nX_Method: PUT" END)},
	{TEXT(GET "\r\nX_Method_Override: PUT" END), MALFORMED,
	 "look-alike of a field that matters", TEXT(GET "\r\nX_Forwarded_For: 10.0.0.1" END)},
	/* Never accepted */
	{TEXT(GET "\r\nX-HTTP-Method-Override: PUT" END), MALFORMED, "field that is never accepted",
	 TEXT(GET "\r\nX-Method: PUT" END)},
	{TEXT(GET "\r\nx-http-method: PUT" END), MALFORMED, "field that is never accepted",
	 TEXT(GET "\r\nx-http-methods: PUT" END)},
	{TEXT(GET "\r\nX-METHOD-OVERRIDE: GET" END), MALFORMED, "field that is never accepted",
	 TEXT(GET "\r\nX-METHODOVERRIDE: GET" END)},
	{TEXT(GET "\r\nHTTP2-Settings: AAMAAABk" END), MALFORMED, "field that is never accepted",
	 TEXT(GET "\r\nHTTP3-Settings: AAMAAABk" END)},
	/* Framing */
	{TEXT(POST "\r\nContent-Length: 5\r\nContent-Length: 5" END), MALFORMED,
	 "field given twice", TEXT(POST "\r\nContent-Length: 5" END)},
	{TEXT(POST "\r\nContent-Length: 5, 5" END), MALFORMED, "bad Content-Length",
	 TEXT(POST "\r\nContent-Length: 5" END)},
	{TEXT(POST "\r\nContent-Length:" END), MALFORMED, "bad Content-Length",
	 TEXT(POST "\r\nContent-Length:5" END)},
	{TEXT(POST "\r\nContent-Length: +5" END), MALFORMED, "bad Content-Length",
	 TEXT(POST "\r\nContent-Length: 5" END)},
	{TEXT(POST "\r\nContent-Length: -1" END), MALFORMED, "bad Content-Length",
	 TEXT(POST "\r\nContent-Length: 1" END)},
	{TEXT(POST "\r\nContent-Length: 0x5" END), MALFORMED, "bad Content-Length",
	 TEXT(POST "\r\nContent-Length: 5 " END)},
	{TEXT(POST "\r\nContent-Length: 5a" END), MALFORMED, "bad Content-Length",
	 TEXT(POST "\r\nContent-Length: \t5" END)},
	{TEXT(POST "\r\nContent-Length: 5 5" END), MALFORMED, "bad Content-Length",
	 TEXT(POST "\r\nContent-Length: 55" END)},
	{TEXT(POST "\r\nContent-Length: 18446744073709551616" END), MALFORMED, "bad Content-Length",
	 TEXT(POST "\r\nContent-Length: 18446744073709551615" END)},
	{TEXT(POST "\r\nContent-Length: 99999999999999999999999" END), MALFORMED,
	 "bad Content-Length", TEXT(POST "\r\nContent-Length: 9999999999999999999" END)},
	{TEXT(POST "\r\nContent-Length: 005" END), MALFORMED, "Content-Length with leading zeros",
	 TEXT(POST "\r\nContent-Length: 0" END)},
	{TEXT(POST "\r\nContent-Length: 5 \t" END), MALFORMED, "tab behind Content-Length",
	 TEXT(POST "\r\nContent-Length: 5  " END)},
	{TEXT(POST "\r\nTransfer-Encoding: chunked\t " END), MALFORMED,
	 "tab behind Transfer-Encoding", TEXT(POST "\r\nTransfer-Encoding: chunked  " END)},
	{TEXT(POST "\r\nContent-Length: 5\r\nTransfer-Encoding: chunked" END), MALFORMED,
	 "both Content-Length and Transfer-Encoding",
	 TEXT(POST "\r\nTransfer-Encoding: chunked" END)},
	{TEXT(POST "\r\nTransfer-Encoding: chunked\r\nContent-Length: 0" END), MALFORMED,
	 "both Content-Length and Transfer-Encoding", TEXT(POST "\r\nContent-Length: 0" END)},
	{TEXT(POST "\r\nTransfer-Encoding: gzip, chunked" END), MALFORMED,
	 "Transfer-Encoding other than chunked", TEXT(POST "\r\nTransfer-Encoding: CHUNKED" END)},
	{TEXT(POST "\r\nTransfer-Encoding: chunked, chunked" END), MALFORMED,
	 "Transfer-Encoding other than chunked", TEXT(POST "\r\nTransfer-Encoding:\tchunked" END)},
	{TEXT(POST "\r\nTransfer-Encoding: chunked;a=b" END), MALFORMED,
	 "Transfer-Encoding other than chunked", TEXT(POST "\r\nTransfer-Encoding: chunked" END)},
	{TEXT(POST "\r\nTransfer-Encoding: chunked," END), MALFORMED,
	 "Transfer-Encoding other than chunked", TEXT(POST "\r\nTransfer-Encoding:chunked " END)},
	{TEXT(POST "\r\nTransfer-Encoding: xchunked" END), MALFORMED,
	 "Transfer-Encoding other than chunked", TEXT(POST "\r\nTransfer-Encoding: chunked" END)},
	{TEXT(POST "\r\nTransfer-Encoding: \"chunked\"" END), MALFORMED,
	 "Transfer-Encoding other than chunked", TEXT(POST "\r\nTransfer-Encoding: chunked" END)},
	{TEXT(POST "\r\nTransfer-Encoding: identity" END), MALFORMED,
	 "Transfer-Encoding other than chunked", TEXT(POST "\r\nContent-Encoding: identity" END)},
	{TEXT(POST "\r\nTransfer-Encoding:" END), MALFORMED, "Transfer-Encoding other than chunked",
	 TEXT(POST "\r\nX-Encoding:" END)},
	{TEXT(POST "\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: identity" END), MALFORMED,
	 "Transfer-Encoding other than chunked", TEXT(POST "\r\nTransfer-Encoding: chunked" END)},
	{TEXT(POST "\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked" END), MALFORMED,
	 "several Transfer-Encodings", TEXT(POST "\r\nTransfer-Encoding: chunked" END)},
	{TEXT("POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked" END), MALFORMED,
	 "Transfer-Encoding on HTTP/1.0",
	 TEXT("POST / HTTP/1.0\r\nHost: a\r\nContent-Length: 3" END)},
	/* Connection */
	{TEXT(GET "\r\nConnection: a b" END), MALFORMED, "bad Connection option",
	 TEXT(GET "\r\nConnection: a, b" END)},
	{TEXT(GET "\r\nConnection: \"close\"" END), MALFORMED, "bad Connection option",
	 TEXT(GET "\r\nConnection: ,close,," END)},
	{TEXT(GET "\r\nConnection: Content-Length" END), MALFORMED,
	 "Connection names a field that matters", TEXT(GET "\r\nConnection: Upgrade" END)},
	{TEXT(GET "\r\nConnection: close, host" END), MALFORMED,
	 "Connection names a field that matters", TEXT(GET "\r\nConnection: close, hosts" END)},
	{TEXT(GET "\r\nConnection: close\r\nConnection: transfer-encoding" END), MALFORMED,
	 "Connection names a field that matters",
	 TEXT(GET "\r\nConnection: close\r\nConnection: TE" END)},
	/* What the first of them names stands before it, and is gone. */
	{TEXT(GET "\r\nX-Hop: 1\r\nConnection: x-hop\r\nConnection: host" END), MALFORMED,
	 "Connection names a field that matters",
	 TEXT(GET "\r\nX-Hop: 1\r\nConnection: x-hop\r\nConnection: hosts" END)},
	{TEXT(GET "\r\nConnection: Authorization" END), MALFORMED,
	 "Connection names a field that matters", TEXT(GET "\r\nConnection: Authorisation" END)},
	{TEXT(GET "\r\nConnection: x-request-id" END), MALFORMED,
	 "Connection names a field that matters", TEXT(GET "\r\nX-Request-Id: 7" END)},
	{TEXT(GET "\r\nConnection: X-Forwarded-For" END), MALFORMED,
	 "Connection names a field that matters", TEXT(GET "\r\nX-Forwarded-For: b" END)},
	{TEXT(GET "\r\nConnection: Expect" END), MALFORMED, "Connection names a field that matters",
	 TEXT(GET "\r\nConnection: Accept" END)},
	{TEXT(GET "\r\nConnection: Keep-Alive, Cookie" END), MALFORMED,
	 "Connection names a field that matters", TEXT(GET "\r\nConnection: Keep-Alive" END)},
	{TEXT(GET "\r\nConnection: Upgrade, HTTP2-Settings" END), MALFORMED,
	 "Connection names a field that matters", TEXT(GET "\r\nConnection: Upgrade" END)},
	{TEXT(GET "\r\nConnection: a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q" END), MALFORMED,
	 "too many Connection options", TEXT(GET "\r\nConnection: a,b,c,d,e,f,g,h,i,j" END)},
	/* Upgrade and Expect */
	{TEXT(GET "\r\nUpgrade: h2c" END), MALFORMED, "upgrade to h2c",
	 TEXT(GET "\r\nConnection: Upgrade" END)},
	{TEXT(GET "\r\nUpgrade: websocket, H2C" END), MALFORMED, "upgrade to h2c",
	 TEXT(GET "\r\nX-Upgrade: h2c" END)},
	{TEXT(GET "\r\nUpgrade: websocket\r\nUpgrade: h2c/1" END), MALFORMED, "upgrade to h2c",
	 TEXT(GET "\r\nX-Upgrade: h2c" END)},
	{TEXT(GET "\r\nUpgrade: websocket" END), VG_REASON_HTTP_UPGRADE, "upgrade",
	 TEXT(GET "\r\nUpgrade-Insecure-Requests: 1" END)},
	{TEXT(GET "\r\nConnection: upgrade\r\nUpgrade: TLS/1.0" END), VG_REASON_HTTP_UPGRADE,
	 "upgrade", TEXT(GET "\r\nConnection: upgrade" END)},
	{TEXT("GET / HTTP/1.0\r\nHost: a\r\nUpgrade:" END), VG_REASON_HTTP_UPGRADE, "upgrade",
	 TEXT("GET / HTTP/1.0\r\nHost: a" END)},
	{TEXT(POST "\r\nExpect: 200-ok\r\nContent-Length: 5" END), VG_REASON_HTTP_EXPECT,
	 "expectation other than 100-continue",
	 TEXT(POST "\r\nExpect: 100-continue\r\nContent-Length: 5" END)},
	{TEXT(POST "\r\nExpect: 100-continue, x\r\nContent-Length: 5" END), VG_REASON_HTTP_EXPECT,
	 "expectation other than 100-continue",
	 TEXT(POST "\r\nExpect: 100-Continue\r\nContent-Length: 5" END)},
	{TEXT(POST "\r\nExpect:\r\nContent-Length: 5" END), VG_REASON_HTTP_EXPECT,
	 "expectation other than 100-continue", TEXT(POST "\r\nContent-Length: 5" END)},
	{TEXT(POST "\r\nExpect: 100-continue\r\nExpect: 100-continue" END), MALFORMED,
	 "field given twice", TEXT(POST "\r\nExpect: 100-continue" END)},
	{TEXT(POST "\r\nExpect: 200-ok\r\nContent-Length: 5,5" END), MALFORMED,
	 "bad Content-Length", TEXT(POST "\r\nExpect: 100-continue" END)},
};

Test(http_parse_request, each_bad_one_is_refused_for_its_reason_and_its_twin_is_not)
{
	static struct vg_http_head head;
	for (size_t i = 0; i < VG_COUNT(bad_cases); i++) {
		const struct bad_case *c = &bad_cases[i];
		char *bad = exact(c->bad), *twin = exact(c->twin);
		enum vg_reason reason = judge(&head, vg_slice(bad, c->bad.len));
		cr_expect(reason == c->reason && head.fault != NULL &&
				  strcmp(head.fault, c->fault) == 0,
			  "%s: got %s, %s", shown(c->bad), vg_reason_row(reason)->word, head.fault);
		/* The parser doesn't lean on the scan before it. */
		cr_expect(vg_http_parse_request(&head, vg_slice(bad, c->bad.len)) != VG_REASON_NONE,
			  "%s: parsed", shown(c->bad));
		cr_expect(!head.keep_alive, "%s: kept", shown(c->bad));
		reason = judge(&head, vg_slice(twin, c->twin.len));
		cr_expect(reason == VG_REASON_NONE && head.fault == NULL, "%s: refused: %s",
			  shown(c->twin), head.fault);
		free(bad);
		free(twin);
	}
}

static const struct good_case {
	struct vg_slice text;
	const char *method, *path, *query, *host; /* query NULL: none */
	unsigned minor;
	enum vg_framing framing;
	uint64_t length;
	bool keep_alive, expect_continue;
	size_t fields;
} good_cases[] = {
	{TEXT(GET END), "GET", "/", NULL, "api.example", 1, VG_FRAMING_NONE, 0, true, false, 1},
	{TEXT("\r\n" GET END), "GET", "/", NULL, "api.example", 1, VG_FRAMING_NONE, 0, true, false,
	 1},
	{TEXT("GET /a/b?c=d&e HTTP/1.1\r\nHost:\ta" END), "GET", "/a/b", "c=d&e", "a", 1,
	 VG_FRAMING_NONE, 0, true, false, 1},
	{TEXT("GET /a? HTTP/1.1\r\nHost:a\t " END), "GET", "/a", "", "a", 1, VG_FRAMING_NONE, 0,
	 true, false, 1},
	{TEXT("GET /a??b HTTP/1.1\r\nHost: A.Example:8443" END), "GET", "/a", "?b", "A.Example", 1,
	 VG_FRAMING_NONE, 0, true, false, 1},
	{TEXT("GET //a/../b;c#d HTTP/1.1\r\nHost: a" END), "GET", "//a/../b;c#d", NULL, "a", 1,
	 VG_FRAMING_NONE, 0, true, false, 1},
	{TEXT("GET hTTps://[2001:DB8::1]:443/a?b HTTP/1.1\r\nHost: [2001:db8::1]:443" END), "GET",
	 "/a", "b", "[2001:db8::1]", 1, VG_FRAMING_NONE, 0, true, false, 1},
	{TEXT("GET http://a HTTP/1.1\r\nHost: a" END), "GET", "/", NULL, "a", 1, VG_FRAMING_NONE, 0,
	 true, false, 1},
	{TEXT("GET http://a?b HTTP/1.1\r\nHost: a" END), "GET", "/", "b", "a", 1, VG_FRAMING_NONE,
	 0, true, false, 1},
	{TEXT("OPTIONS http://a HTTP/1.1\r\nHost: a" END), "OPTIONS", "*", NULL, "a", 1,
	 VG_FRAMING_NONE, 0, true, false, 1},
	{TEXT("OPTIONS http://a?b HTTP/1.1\r\nHost: a" END), "OPTIONS", "/", "b", "a", 1,
	 VG_FRAMING_NONE, 0, true, false, 1},
	{TEXT("OPTIONS * HTTP/1.1\r\nHost: a" END), "OPTIONS", "*", NULL, "a", 1, VG_FRAMING_NONE,
	 0, true, false, 1},
	{TEXT("OPTIONS / HTTP/1.1\r\nHost: a" END), "OPTIONS", "/", NULL, "a", 1, VG_FRAMING_NONE,
	 0, true, false, 1},
	{TEXT("M-SEARCH! / HTTP/1.1\r\nHost: 10.0.0.1:1" END), "M-SEARCH!", "/", NULL, "10.0.0.1",
	 1, VG_FRAMING_NONE, 0, true, false, 1},
	{TEXT("GET / HTTP/1.0\r\nHost: a" END), "GET", "/", NULL, "a", 0, VG_FRAMING_NONE, 0, false,
	 false, 1},
	{TEXT("GET / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive" END), "GET", "/", NULL, "a", 0,
	 VG_FRAMING_NONE, 0, false, false, 2},
	{TEXT(GET "\r\nConnection: Close" END), "GET", "/", NULL, "api.example", 1, VG_FRAMING_NONE,
	 0, false, false, 2},
	{TEXT(GET "\r\nConnection: keep-alive, close" END), "GET", "/", NULL, "api.example", 1,
	 VG_FRAMING_NONE, 0, false, false, 2},
	{TEXT(GET "\r\nConnection: keep-alive\r\nConnection: , close" END), "GET", "/", NULL,
	 "api.example", 1, VG_FRAMING_NONE, 0, false, false, 3},
	{TEXT(GET "\r\nConnection:\r\nX-Empty:" END), "GET", "/", NULL, "api.example", 1,
	 VG_FRAMING_NONE, 0, true, false, 3},
	/* A field that Connection names is for this hop. */
	{TEXT(GET "\r\nX-Hop: 1\r\nConnection: x-hop\r\nX-End: 2\r\nx-hop: 3" END), "GET", "/",
	 NULL, "api.example", 1, VG_FRAMING_NONE, 0, true, false, 3},
	{TEXT(GET "\r\nTE: trailers\r\nConnection: TE" END), "GET", "/", NULL, "api.example", 1,
	 VG_FRAMING_NONE, 0, true, false, 2},
	{TEXT(POST "\r\nContent-Length: 18446744073709551615" END), "POST", "/", NULL,
	 "api.example", 1, VG_FRAMING_LENGTH, UINT64_MAX, true, false, 2},
	{TEXT(POST "\r\nContent-Length: 0\r\nExpect: 100-continue" END), "POST", "/", NULL,
	 "api.example", 1, VG_FRAMING_LENGTH, 0, true, false, 3},
	{TEXT(POST "\r\nContent-Length: 7\r\nExpect: 100-CONTINUE" END), "POST", "/", NULL,
	 "api.example", 1, VG_FRAMING_LENGTH, 7, true, true, 3},
	{TEXT(POST "\r\nTransfer-Encoding: Chunked\r\nExpect: 100-continue" END), "POST", "/", NULL,
	 "api.example", 1, VG_FRAMING_CHUNKED, 0, true, true, 3},
	{TEXT("POST / HTTP/1.0\r\nHost: a\r\nContent-Length: 7\r\nExpect: 100-continue" END),
	 "POST", "/", NULL, "a", 0, VG_FRAMING_LENGTH, 7, false, false, 3},
	{TEXT("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 7" END), "GET", "/", NULL, "a", 1,
	 VG_FRAMING_LENGTH, 7, true, false, 2},
};

Test(http_parse_request, good_ones_say_what_they_say)
{
	static struct vg_http_head head;
	for (size_t i = 0; i < VG_COUNT(good_cases); i++) {
		const struct good_case *c = &good_cases[i];
		char *text = exact(c->text);
		enum vg_reason reason = judge(&head, vg_slice(text, c->text.len));
		cr_expect(reason == VG_REASON_NONE, "%s: %s", shown(c->text), head.fault);
		cr_expect(vg_slice_eq(head.method, vg_slice_str(c->method)), "%s", shown(c->text));
		cr_expect(vg_slice_eq(head.path, vg_slice_str(c->path)), "%s", shown(c->text));
		cr_expect(head.has_query == (c->query != NULL), "%s", shown(c->text));
		cr_expect(vg_slice_eq(head.query, vg_slice_str(c->query == NULL ? "" : c->query)),
			  "%s", shown(c->text));
		cr_expect(vg_slice_eq(head.host, vg_slice_str(c->host)), "%s", shown(c->text));
		cr_expect(head.minor == c->minor && head.status == 0, "%s", shown(c->text));
		cr_expect(head.framing == c->framing && head.length == c->length, "%s",
			  shown(c->text));
		cr_expect(head.keep_alive == c->keep_alive, "%s", shown(c->text));
		cr_expect(head.expect_continue == c->expect_continue, "%s", shown(c->text));
		cr_expect(head.field_count == c->fields, "%s: %zu fields", shown(c->text),
			  head.field_count);
		free(text);
	}
}

/* The head of a request with `count` fields beside its Host. */
static struct vg_slice many_fields(char *out, size_t size, unsigned count)
{
	size_t len = (size_t)snprintf(out, size, "%s", GET "\r\n");
	for (unsigned i = 0; i < count; i++)
		len += (size_t)snprintf(out + len, size - len, "X-%u: %u\r\n", i, i);
	len += (size_t)snprintf(out + len, size - len, "\r\n");
	return vg_slice(out, len);
}

Test(http_parse_request, fields_are_counted)
{
	static struct vg_http_head head;
	static char text[8192];
	cr_expect(judge(&head, many_fields(text, sizeof(text), 99)) == VG_REASON_NONE);
	cr_expect(head.field_count == 100);
	cr_expect(judge(&head, many_fields(text, sizeof(text), VG_HTTP_FIELDS_MAX - 1)) ==
		  VG_REASON_NONE);
	cr_expect(head.field_count == VG_HTTP_FIELDS_MAX);
	cr_expect(vg_slice_eq(head.fields[127].value, VG_SLICE("126")));
	cr_expect(judge(&head, many_fields(text, sizeof(text), VG_HTTP_FIELDS_MAX)) ==
		  VG_REASON_HTTP_HEAD_TOO_LARGE);
	cr_expect_str_eq(head.fault, "too many fields");
}

/* Each byte in each kind of place: which are let through is written down here once more. */
Test(http_parse_request, every_byte_in_names_values_methods_and_targets)
{
	static struct vg_http_head head;
	char text[128];
	for (unsigned c = 1; c < 256; c++) {
		bool alnum = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
			     (c >= 'a' && c <= 'z');
		bool token = alnum || (c < 128 && strchr("!#$%&'*+-.^_`|~", (int)c) != NULL);
		bool visible = c > 0x20 && c < 0x7f;
		int len = snprintf(text, sizeof(text), GET "\r\nX%cY: 1" END, (int)c);
		/* A colon ends the name: what follows is the value. */
		cr_expect((judge(&head, vg_slice(text, (size_t)len)) == VG_REASON_NONE) ==
				  (token || c == ':'),
			  "name %02x", c);
		len = snprintf(text, sizeof(text), GET "\r\nX: seven.%c.after" END, (int)c);
		cr_expect((judge(&head, vg_slice(text, (size_t)len)) == VG_REASON_NONE) ==
				  (visible || c == ' ' || c == '\t' || c >= 0x80),
			  "value %02x", c);
		len = snprintf(text, sizeof(text), "M%cM / HTTP/1.1\r\nHost: a" END, (int)c);
		cr_expect((judge(&head, vg_slice(text, (size_t)len)) == VG_REASON_NONE) == token,
			  "method %02x", c);
		len = snprintf(text, sizeof(text), "GET /%c HTTP/1.1\r\nHost: a" END, (int)c);
		cr_expect((judge(&head, vg_slice(text, (size_t)len)) == VG_REASON_NONE) == visible,
			  "target %02x", c);
		len = snprintf(text, sizeof(text), "GET / HTTP/1.1\r\nHost: a%cb" END, (int)c);
		cr_expect((judge(&head, vg_slice(text, (size_t)len)) == VG_REASON_NONE) ==
				  (alnum || c == '-' || c == '.' || c == '_'),
			  "host %02x", c);
	}
}

Test(http_parse_request, fields_are_slices_with_ids_and_no_white_space)
{
	static struct vg_http_head head;
	struct vg_slice text = VG_SLICE(GET "\r\nuser-AGENT: \t a \t b\t \r\nX-Y:z\r\nAccept:" END);
	cr_assert(judge(&head, text) == VG_REASON_NONE);
	cr_assert(head.field_count == 4);
	cr_expect(head.fields[0].id == VG_HEADER_HOST && head.fields[1].id == VG_HEADER_USER_AGENT);
	cr_expect(head.fields[2].id == VG_HEADER_COUNT && head.fields[3].id == VG_HEADER_ACCEPT);
	cr_expect(vg_slice_eq(head.fields[1].name, VG_SLICE("user-AGENT")));
	cr_expect(vg_slice_eq(head.fields[1].value, VG_SLICE("a \t b")));
	cr_expect(vg_slice_eq(head.fields[2].value, VG_SLICE("z")));
	cr_expect(head.fields[3].value.len == 0);
	cr_expect(vg_http_find(&head, VG_HEADER_ACCEPT) == &head.fields[3]);
	cr_expect(vg_http_find(&head, VG_HEADER_RANGE) == NULL);
}

/* A text that is no whole head is refused, wherever it stops: nothing is read past its end. */
Test(http_parse_request, every_cut_is_refused)
{
	static struct vg_http_head head;
	struct vg_slice text = VG_SLICE("POST http://a:1/b?c HTTP/1.1\r\nHost: a:1\r\n"
					"Accept: */*\r\nContent-Length: 5\r\nConnection: x\r\n"
					"X_Y: \xff" END);
	cr_assert(judge(&head, text) == VG_REASON_NONE);
	for (size_t len = 0; len < text.len; len++) {
		char *cut = exact(vg_slice_first(text, len));
		cr_expect(vg_http_parse_request(&head, vg_slice(cut, len)) == MALFORMED, "%zu",
			  len);
		cr_expect(head.fault != NULL);
		free(cut);
	}
	char longer[256];
	memcpy(longer, text.ptr, text.len);
	memcpy(longer + text.len, "GET / HTTP/1.1\r\n\r\n", 18);
	cr_expect(vg_http_parse_request(&head, vg_slice(longer, text.len + 18)) == MALFORMED);
	cr_expect_str_eq(head.fault, "text behind the empty line");
}

Test(http_parse_request, a_refused_one_keeps_what_was_read)
{
	static struct vg_http_head head;
	cr_expect(judge(&head, (struct vg_slice)TEXT("PUT /x?y HTTP/1.1\r\nHost: h\r\n"
						     "Content-Length: z" END)) == MALFORMED);
	cr_expect(vg_slice_eq(head.method, VG_SLICE("PUT")));
	cr_expect(vg_slice_eq(head.target, VG_SLICE("/x?y")));
	cr_expect(vg_slice_eq(head.host, VG_SLICE("h")));
	cr_expect(!head.keep_alive && head.framing == VG_FRAMING_NONE);
}
