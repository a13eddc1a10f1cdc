/*
 * Whole exchanges over the loop codec: what a vendor and an upstream say, step by step; what each
 * of them gets, how the connection ends, and the one event that each exchange leaves.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "proxy/exchange.h"
#include "proxy/generation.h"
#include "proxy_stage.h"

/* One thing that happens. In texts "@N@" stands for N times the letter a. */
enum step_kind {
	NOTHING,
	SAY,       /* the vendor: bytes */
	LEAVE,     /* it ends its half */
	VANISH,    /* it resets */
	ROOM,      /* it takes only so many bytes for now */
	ANSWER,    /* the upstream that was dialled last: bytes */
	HANG_UP,   /* it ends */
	BREAK,     /* it resets */
	CHOKE,     /* it takes only so many bytes for now */
	REFUSE,    /* dials fail from here on, with that errno */
	HALF_TIME, /* half of the time until that goes by */
	TIME,      /* the deadline that runs passes */
	FULL,      /* the ring has no room any more */
	CONNECT,   /* the vendor comes again */
	SHUT,      /* the gateway closes all connections: its time to drain is up */
	EXPECT,    /* a check in between: what the upstream has got so far, as a pattern */
	STATE      /* a check in between: the state of the exchange */
};

struct step {
	enum step_kind kind;
	const char *text;
	size_t number;
	bool at_once; /* with the next step: in the same turn of the loop */
};

struct scenario {
	const char *what;
	struct step steps[12];
	const char *upstream; /* pattern of what all upstreams got; NULL: none dialled */
	const char *vendor;   /* pattern of what the vendor got */
	const char *fate;     /* of its connection: open, ended, reset */
	const char *events;   /* "reason status request>answer constraint", one line each */
};

#define HOST "Host: " STAGE_HOST "\r\n"
#define GET "GET /v1/x HTTP/1.1\r\n" HOST "\r\n"
#define UP_GET "GET /v1/x HTTP/1.1\r\n" HOST "X-Request-Id: *\r\n\r\n"
#define POST(length) "POST /v1/x HTTP/1.1\r\n" HOST "Content-Length: " length "\r\n\r\n"
#define UP_POST(length)                                                                            \
	"POST /v1/x HTTP/1.1\r\n" HOST "Content-Length: " length "\r\nX-Request-Id: *\r\n\r\n"
#define CHUNKED "Transfer-Encoding: chunked\r\n"
#define POST_CHUNKED "POST /v1/x HTTP/1.1\r\n" HOST CHUNKED "\r\n"
#define UP_POST_CHUNKED "POST /v1/x HTTP/1.1\r\n" HOST CHUNKED "X-Request-Id: *\r\n\r\n"
#define OK "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
#define CLOSE "Connection: close\r\n"
#define INTERIM "HTTP/1.1 100 Continue\r\n\r\n"
#define INTERIMS INTERIM INTERIM INTERIM INTERIM
#define PROBLEM(status) "HTTP/1.1 " status "\r\n*\"request_id\":\"*\"}*"
#define ALLOWED(counts) "access.allowed 200 " counts "\n"

/* A scenario a paragraph. */
/* clang-format off */
static const struct scenario scenarios[] = {
	/* What is allowed. */
	{"get", {{SAY, GET}, {ANSWER, OK}}, UP_GET, OK, "open", ALLOWED("0>2")},
	{"byte by byte is the same",
	 {{SAY, "GET /v1/x HT"}, {SAY, "TP/1.1\r\n" HOST}, {SAY, "\r"}, {SAY, "\n"},
	  {ANSWER, "HTTP/1.1 200 OK\r"}, {ANSWER, "\nContent-Length: 2\r\n\r"}, {ANSWER, "\n"},
	  {ANSWER, "o"}, {ANSWER, "k"}},
	 UP_GET, OK, "open", ALLOWED("0>2")},
	{"head", {{SAY, "HEAD /v1/x HTTP/1.1\r\n" HOST "\r\n"},
		  {ANSWER, "HTTP/1.1 200 OK\r\nContent-Length: 700\r\n\r\n"}},
	 "HEAD *", "HTTP/1.1 200 OK\r\nContent-Length: 700\r\n\r\n", "open", ALLOWED("0>0")},
	{"204", {{SAY, GET}, {ANSWER, "HTTP/1.1 204 No Content\r\n\r\n"}}, UP_GET,
	 "HTTP/1.1 204 No Content\r\n\r\n", "open", "access.allowed 204 0>0\n"},
	{"two on one connection, both ways",
	 {{SAY, GET}, {ANSWER, OK}, {SAY, GET}, {ANSWER, OK}},
	 UP_GET UP_GET, OK OK, "open", ALLOWED("0>2") ALLOWED("0>2")},
	{"pipelined", {{SAY, GET GET GET}, {ANSWER, OK}, {ANSWER, OK}, {ANSWER, OK}},
	 UP_GET UP_GET UP_GET, OK OK OK, "open", ALLOWED("0>2") ALLOWED("0>2") ALLOWED("0>2")},
	{"close is kept to", {{SAY, "GET /v1/x HTTP/1.1\r\n" CLOSE HOST "\r\n"}, {ANSWER, OK}},
	 UP_GET, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n" CLOSE "\r\nok", "ended",
	 ALLOWED("0>2")},
	{"a vendor that has ended its half is answered", {{SAY, GET}, {LEAVE}, {ANSWER, OK}},
	 UP_GET, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n" CLOSE "\r\nok", "ended",
	 ALLOWED("0>2")},
	{"chunked answer",
	 {{SAY, GET}, {ANSWER, "HTTP/1.1 200 OK\r\n" CHUNKED "\r\n3;x=y\r\nabc\r\n"},
	  {ANSWER, "2\r\nde\r\n0\r\nT: v\r\n\r\n"}},
	 UP_GET, "HTTP/1.1 200 OK\r\n" CHUNKED "\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", "open",
	 ALLOWED("0>5")},
	{"answer until the end", {{SAY, GET}, {ANSWER, "HTTP/1.1 200 OK\r\n\r\nabc"}, {HANG_UP}},
	 UP_GET, "HTTP/1.1 200 OK\r\n" CHUNKED "\r\n3\r\nabc\r\n0\r\n\r\n", "open",
	 ALLOWED("0>3")},
	{"chunked answer for HTTP/1.0",
	 {{SAY, "GET /v1/x HTTP/1.0\r\n" HOST "\r\n"},
	  {ANSWER, "HTTP/1.1 200 OK\r\n" CHUNKED "\r\n3\r\nabc\r\n0\r\n\r\n"}},
	 UP_GET, "HTTP/1.1 200 OK\r\n" CLOSE "\r\nabc", "ended", ALLOWED("0>3")},
	{"interim answers are passed over",
	 {{SAY, GET}, {ANSWER, "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"},
	  {ANSWER, "HTTP/1.1 100 Continue\r\n\r\n" OK}},
	 UP_GET, OK, "open", ALLOWED("0>2")},
	{"but not without end",
	 {{SAY, GET}, {ANSWER, INTERIMS INTERIMS}, {ANSWER, INTERIMS INTERIMS}, {ANSWER, INTERIMS}},
	 UP_GET, PROBLEM("502 Bad Gateway"), "open",
	 "upstream.malformed 502 0>0 too many interim answers\n"},
	{"the upstream's status passes",
	 {{SAY, GET}, {ANSWER, "HTTP/1.1 404 Nope\r\nContent-Length: 0\r\nServer: x\r\n\r\n"}},
	 UP_GET, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", "open",
	 "access.allowed 404 0>0\n"},
	/* Bodies. */
	{"post", {{SAY, POST("5") "he"}, {EXPECT, UP_POST("5") "he"}, {SAY, "llo"}, {ANSWER, OK}},
	 UP_POST("5") "hello", OK, "open", ALLOWED("5>2")},
	{"post of nothing", {{SAY, POST("0")}, {ANSWER, OK}}, UP_POST("0"), OK, "open",
	 ALLOWED("0>2")},
	{"post and pipelined get", {{SAY, POST("5") "hello" GET}, {ANSWER, OK}, {ANSWER, OK}},
	 UP_POST("5") "hello" UP_GET, OK OK, "open", ALLOWED("5>2") ALLOWED("0>2")},
	{"post chunked",
	 {{SAY, POST_CHUNKED "3;a=b\r\nabc\r\n"}, {SAY, "2\r\nde\r\n0\r\nT: v\r\n\r\n"},
	  {ANSWER, OK}},
	 UP_POST_CHUNKED "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", OK, "open", ALLOWED("5>2")},
	{"100-continue comes when the upstream is there",
	 {{SAY, "POST /v1/x HTTP/1.1\r\n" HOST "Expect: 100-continue\r\n"
		"Content-Length: 2\r\n\r\n"},
	  {SAY, "hi"}, {ANSWER, OK}},
	 UP_POST("2") "hi", "HTTP/1.1 100 Continue\r\n\r\n" OK, "open", ALLOWED("2>2")},
	{"no 100-continue for what is refused",
	 {{SAY, "POST /none HTTP/1.1\r\n" HOST "Expect: 100-continue\r\n"
		"Content-Length: 2\r\n\r\n"}},
	 NULL, PROBLEM("403 Forbidden"), "ended", "access.no_rule 403 0>0\n"},
	{"early answer: the rest isn't read",
	 {{SAY, POST("9") "abc"}, {ANSWER, OK}},
	 UP_POST("9") "abc", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n" CLOSE "\r\nok", "ended",
	 ALLOWED("3>2")},
	{"early answer, then the upstream takes what waited for it",
	 {{SAY, POST("9") "a"}, {CHOKE, .number = 0}, {SAY, "bc"},
	  {ANSWER, "HTTP/1.1 200 OK\r\n\r\nx"}, {STATE, "respond"}, {CHOKE, .number = 9999},
	  {ANSWER, "y"}, {HANG_UP}},
	 UP_POST("9") "abc",
	 "HTTP/1.1 200 OK\r\n" CHUNKED CLOSE "\r\n1\r\nx\r\n1\r\ny\r\n0\r\n\r\n", "ended",
	 ALLOWED("3>2")},
	{"early answer, then the upstream breaks",
	 {{SAY, POST("9") "abc"}, {ANSWER, OK}, {BREAK}, {SAY, "def"}},
	 UP_POST("9") "abc", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n" CLOSE "\r\nok", "ended",
	 ALLOWED("3>2")},
	{"at most max_body", {{SAY, POST("100001")}}, NULL, PROBLEM("413 Content Too Large"),
	 "ended", "http.too_large 413 0>0\n"},
	{"exactly max_body of the rule",
	 {{SAY, "POST /small HTTP/1.1\r\n" HOST CHUNKED "\r\n8\r\n12345678\r\n0\r\n\r\n"},
	  {ANSWER, OK}},
	 "POST /small *8\r\n12345678\r\n0\r\n\r\n", OK, "open", ALLOWED("8>2")},
	{"chunked over max_body",
	 {{SAY, "POST /small HTTP/1.1\r\n" HOST CHUNKED "\r\n4\r\nabcd\r\n"},
	  {SAY, "5\r\nefghi\r\n0\r\n\r\n"}},
	 "POST /small *4\r\nabcd\r\n", PROBLEM("413 Content Too Large"), "ended",
	 "http.too_large 413 9>0 max_body\n"},
	{"broken chunk", {{SAY, POST_CHUNKED "3\r\nabc\r\n"}, {SAY, "zz\r\n"}},
	 UP_POST_CHUNKED "3\r\nabc\r\n", PROBLEM("400 Bad Request"), "ended",
	 "http.malformed 400 3>0 bad chunk size\n"},
	/* Refusals. */
	{"no rule", {{SAY, "GET /x HTTP/1.1\r\n" HOST "\r\n" GET}, {ANSWER, OK}}, UP_GET,
	 PROBLEM("403 Forbidden") OK, "open", "access.no_rule 403 0>0\n" ALLOWED("0>2")},
	{"refused to a HEAD", {{SAY, "HEAD /x HTTP/1.1\r\n" HOST "\r\n"}}, NULL,
	 "HTTP/1.1 403 Forbidden\r\n*\r\n\r\n", "open", "access.no_rule 403 0>0\n"},
	{"method", {{SAY, "DELETE /v1/x HTTP/1.1\r\n" HOST "\r\n"}}, NULL,
	 PROBLEM("403 Forbidden"), "open", "access.method 403 0>0\n"},
	{"query", {{SAY, "GET /v1/x?page=z HTTP/1.1\r\n" HOST "\r\n"}}, NULL,
	 PROBLEM("403 Forbidden"), "open", "access.query 403 0>0 page\n"},
	{"host", {{SAY, "GET /v1/x HTTP/1.1\r\nHost: x.example\r\n\r\n"}}, NULL,
	 PROBLEM("421 Misdirected Request"), "ended",
	 "host.mismatch 421 0>0 SNI and Host differ\n"},
	{"path", {{SAY, "GET /v1/..%2fx HTTP/1.1\r\n" HOST "\r\n"}}, NULL,
	 PROBLEM("400 Bad Request"), "ended", "http.path 400 0>0 encoded slash\n"},
	{"bare LF", {{SAY, "GET /v1/x HTTP/1.1\n" HOST "\r\n"}}, NULL,
	 PROBLEM("400 Bad Request"), "ended", "http.malformed 400 0>0 *\n"},
	{"malformed HEAD", {{SAY, "HEAD /v1/x HTTP/1.1\n" HOST "\r\n"}}, NULL,
	 "HTTP/1.1 400 Bad Request\r\n*\r\n\r\n", "ended", "http.malformed 400 0>0 *\n"},
	{"both framings: nothing behind it is read",
	 {{SAY, "POST /v1/x HTTP/1.1\r\n" HOST CHUNKED "Content-Length: 4\r\n\r\n0\r\n\r\n" GET}},
	 NULL, PROBLEM("400 Bad Request"), "ended", "http.malformed 400 0>0 *\n"},
	{"a body for nobody is not taken for a request",
	 {{SAY, "POST /none HTTP/1.1\r\n" HOST "Content-Length: 63\r\n\r\n" GET}},
	 NULL, PROBLEM("403 Forbidden"), "ended", "access.no_rule 403 0>0\n"},
	{"expect", {{SAY, "GET /v1/x HTTP/1.1\r\n" HOST "Expect: tea\r\n\r\n"}}, NULL,
	 PROBLEM("417 Expectation Failed"), "ended", "http.expect 417 0>0 *\n"},
	{"upgrade", {{SAY, "GET /v1/x HTTP/1.1\r\n" HOST
			   "Upgrade: websocket\r\nConnection: upgrade\r\n\r\n"}},
	 NULL, PROBLEM("501 Not Implemented"), "ended", "http.upgrade 501 0>0 *\n"},
	{"head too large", {{SAY, "GET /v1/x HTTP/1.1\r\nA: @20000@"}}, NULL,
	 PROBLEM("431 Request Header Fields Too Large"), "ended",
	 "http.head_too_large 431 0>0 header_bytes\n"},
	{"head too slow", {{SAY, "GET /v1/x HTTP/1.1\r\nA"}, {TIME}}, NULL,
	 PROBLEM("408 Request Timeout"), "ended", "http.too_slow 408 0>0 request head\n"},
	{"nothing said, nothing told", {{TIME}}, NULL, "", "ended", ""},
	{"idle after a request", {{SAY, GET}, {ANSWER, OK}, {TIME}}, UP_GET, OK, "ended",
	 ALLOWED("0>2")},
	{"no room for its event", {{FULL}, {SAY, GET}}, NULL,
	 PROBLEM("503 Service Unavailable"), "ended", ""},
	{"no room for the event of a malformed one", {{FULL}, {SAY, "G\n\r\n"}}, NULL,
	 PROBLEM("503 Service Unavailable"), "ended", ""},
	/* The vendor goes. */
	{"gone in its head", {{SAY, "GET /v1/"}, {VANISH}}, NULL, "", "gone", ""},
	{"ended in its head", {{SAY, "GET /v1/"}, {LEAVE}}, NULL, "", "ended", ""},
	{"gone in its body", {{SAY, POST("5") "he"}, {VANISH}}, UP_POST("5") "he", "", "gone",
	 "access.allowed - 2>0 client closed\n"},
	{"ended in its body", {{SAY, POST("5") "he"}, {LEAVE}}, UP_POST("5") "he", "", "ended",
	 "access.allowed - 2>0 closed in its request\n"},
	{"gone while waiting", {{SAY, GET}, {STATE, "wait_response"}, {VANISH}}, UP_GET, "", "gone",
	 "access.allowed - 0>0 client closed\n"},
	{"gone in the answer",
	 {{SAY, GET}, {ANSWER, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc"},
	  {STATE, "respond"}, {VANISH}},
	 UP_GET, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", "gone",
	 "access.allowed 200 0>3 client closed\n"},
	{"gone while it is drained",
	 {{ROOM, .number = 10}, {SAY, GET}, {ANSWER, OK}, {STATE, "drain"}, {VANISH}},
	 UP_GET, "HTTP/1.1 2", "gone", "access.allowed 200 0>2 client closed\n"},
	{"takes nothing any more",
	 {{ROOM, .number = 10}, {SAY, GET}, {ANSWER, OK}, {STATE, "drain"}, {TIME}},
	 UP_GET, "HTTP/1.1 2", "reset", "access.allowed 200 0>2 client stalled\n"},
	{"takes nothing of a refusal",
	 {{ROOM, .number = 10}, {SAY, "GET /x HTTP/1.1\r\n" HOST "\r\n"}, {STATE, "drain"}, {TIME}},
	 NULL, "HTTP/1.1 4", "reset", "access.no_rule 403 0>0\n"},
	{"slow reader: the upstream waits",
	 {{ROOM, .number = 5000}, {SAY, GET},
	  {ANSWER, "HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\n@200000@"},
	  {STATE, "respond"}, {TIME}},
	 UP_GET, "HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\na*", "reset",
	 "access.allowed 200 0>* client stalled\n"},
	{"body in drops: one byte in time buys no time",
	 {{SAY, POST("9") "h"}, {HALF_TIME}, {SAY, "e"}, {HALF_TIME}, {SAY, "l"}, {TIME}},
	 UP_POST("9") "hel", PROBLEM("408 Request Timeout"), "ended",
	 "http.too_slow 408 3>0 request body\n"},
	{"body at a pace",
	 {{SAY, POST("30000") "@10240@"}, {TIME}, {SAY, "@10240@"}, {TIME}, {SAY, "@9520@"},
	  {ANSWER, OK}},
	 UP_POST("30000") "*", OK, "open", ALLOWED("30000>2")},
	{"reader in drops",
	 {{ROOM, .number = 5000}, {SAY, GET},
	  {ANSWER, "HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\n@200000@"}, {HALF_TIME},
	  {ROOM, .number = 15000}, {TIME}},
	 UP_GET, "HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\na*", "reset",
	 "access.allowed 200 0>* client stalled\n"},
	{"reader at a pace",
	 {{ROOM, .number = 5000}, {SAY, GET},
	  {ANSWER, "HTTP/1.1 200 OK\r\nContent-Length: 30000\r\n\r\n@30000@"}, {HALF_TIME},
	  {ROOM, .number = 16000}, {TIME}, {ROOM, .number = 100000}},
	 UP_GET, "HTTP/1.1 200 OK\r\nContent-Length: 30000\r\n\r\na*", "open",
	 ALLOWED("0>30000")},
	{"the last bytes of an answer take all room",
	 {{ROOM, .number = 10}, {SAY, GET},
	  {ANSWER, "HTTP/1.1 200 OK\r\nContent-Length: 32700\r\n\r\n@32700@"},
	  {ROOM, .number = 100000}},
	 UP_GET, "HTTP/1.1 200 OK\r\nContent-Length: 32700\r\n\r\na*", "open",
	 ALLOWED("0>32700")},
	{"a head takes all room, and no body follows",
	 {{SAY, GET}, {ANSWER, "HTTP/1.1 204 No Content\r\nCache-Control: @30000@\r\n\r\n"}},
	 UP_GET, "HTTP/1.1 204 No Content\r\nCache-Control: a*", "open",
	 "access.allowed 204 0>0\n"},
	{"body that stops", {{SAY, POST("5") "he"}, {TIME}}, UP_POST("5") "he",
	 PROBLEM("408 Request Timeout"), "ended", "http.too_slow 408 2>0 request body\n"},
	{"shut in an answer without a length: no end in order",
	 {{SAY, "GET /v1/x HTTP/1.0\r\n" HOST "\r\n"}, {ANSWER, "HTTP/1.1 200 OK\r\n\r\nabc"},
	  {SHUT}},
	 UP_GET, "HTTP/1.1 200 OK\r\n" CLOSE "\r\nabc", "reset",
	 "access.allowed 200 0>3 gateway closed\n"},
	{"the end waits for room",
	 {{ROOM, .number = 38}, {SAY, GET}, {LEAVE}, {ANSWER, "HTTP/1.1 204 No Content\r\n\r\n"},
	  {STATE, "drain"}, {ROOM, .number = 46}, {ROOM, .number = 100}},
	 UP_GET, "HTTP/1.1 204 No Content\r\n" CLOSE "\r\n", "ended",
	 "access.allowed 204 0>0\n"},
	{"shut while it waits", {{SAY, GET}, {SHUT}}, UP_GET, "", "cut off",
	 "access.allowed - 0>0 gateway closed\n"},
	/* The upstream fails. */
	{"refused", {{REFUSE, .number = ECONNREFUSED}, {SAY, GET}}, "",
	 PROBLEM("502 Bad Gateway"), "open", "upstream.connect 502 0>0 refused\n"},
	{"not in time", {{REFUSE, .number = ETIMEDOUT}, {SAY, GET}}, "",
	 PROBLEM("502 Bad Gateway"), "open", "upstream.connect 502 0>0 timed out\n"},
	{"no broker", {{REFUSE, .number = EPIPE}, {SAY, GET}}, "",
	 PROBLEM("503 Service Unavailable"), "ended", "gateway.error 503 0>0 broker\n"},
	{"a body that waits for nobody", {{REFUSE, .number = ECONNREFUSED}, {SAY, POST("5") "he"}},
	 "", PROBLEM("502 Bad Gateway"), "ended", "upstream.connect 502 0>0 refused\n"},
	{"silent", {{SAY, GET}, {HANG_UP}}, UP_GET, PROBLEM("502 Bad Gateway"), "open",
	 "upstream.closed 502 0>0 closed before its answer\n"},
	{"breaks", {{SAY, GET}, {BREAK}}, UP_GET, PROBLEM("502 Bad Gateway"), "open",
	 "upstream.closed 502 0>0 closed before its answer\n"},
	{"ends in its head", {{SAY, GET}, {ANSWER, "HTTP/1.1 200 OK\r\nSecret: s"}, {HANG_UP}},
	 UP_GET, PROBLEM("502 Bad Gateway"), "open",
	 "upstream.closed 502 0>0 closed in its answer's head\n"},
	{"ends in its body",
	 {{SAY, GET}, {ANSWER, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc"}, {HANG_UP}},
	 UP_GET, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n*", "reset",
	 "upstream.closed 200 0>3 closed in its answer\n"},
	{"ends in a chunk",
	 {{SAY, GET}, {ANSWER, "HTTP/1.1 200 OK\r\n" CHUNKED "\r\n9\r\nabc"}, {HANG_UP}},
	 UP_GET, "HTTP/1.1 200 OK\r\n" CHUNKED "\r\n*", "reset",
	 "upstream.closed 200 0>3 closed in its answer\n"},
	{"ends before its last chunk, to HTTP/1.0",
	 {{SAY, "GET /v1/x HTTP/1.0\r\n" HOST "\r\n"},
	  {ANSWER, "HTTP/1.1 200 OK\r\n" CHUNKED "\r\n3\r\nabc\r\n"}, {HANG_UP}},
	 UP_GET, "HTTP/1.1 200 OK\r\n" CLOSE "\r\nabc", "reset",
	 "upstream.closed 200 0>3 closed in its answer\n"},
	{"breaks in an answer until the end",
	 {{SAY, GET}, {ANSWER, "HTTP/1.1 200 OK\r\n\r\nabc"}, {BREAK}},
	 UP_GET, "HTTP/1.1 200 OK\r\n" CHUNKED "\r\n3\r\nabc\r\n", "reset",
	 "upstream.closed 200 0>3 broken off in its answer\n"},
	{"bad chunk",
	 {{SAY, GET}, {ANSWER, "HTTP/1.1 200 OK\r\n" CHUNKED "\r\n3\r\nabc\r\nzz\r\n"}},
	 UP_GET, "HTTP/1.1 200 OK\r\n" CHUNKED "\r\n*", "reset",
	 "upstream.malformed 200 0>3 bad chunk size\n"},
	{"no answer in time", {{SAY, GET}, {STATE, "wait_response"}, {TIME}}, UP_GET,
	 PROBLEM("504 Gateway Timeout"), "open", "upstream.timeout 504 0>0 no answer in time\n"},
	{"stalls in its answer",
	 {{SAY, GET}, {ANSWER, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc"}, {TIME}},
	 UP_GET, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", "reset",
	 "upstream.timeout 200 0>3 stalled in its answer\n"},
	{"takes no body",
	 {{SAY, POST("90000") "aa"}, {CHOKE, .number = 0}, {SAY, "@60000@"}, {STATE, "body"},
	  {TIME}},
	 "*", PROBLEM("504 Gateway Timeout"), "ended",
	 "upstream.timeout 504 *>0 stalled in its answer\n"},
	{"redirects elsewhere",
	 {{SAY, GET}, {ANSWER, "HTTP/1.1 302 Found\r\nLocation: http://10.0.0.9/\r\n"
			       "Content-Length: 0\r\n\r\n"}},
	 UP_GET, PROBLEM("502 Bad Gateway"), "open", "upstream.redirect 502 0>0 location\n"},
	{"unasked bytes behind an answer are nobody's",
	 {{SAY, GET}, {ANSWER, OK "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"}, {SAY, GET},
	  {ANSWER, OK}},
	 UP_GET UP_GET, OK OK, "open", ALLOWED("0>2") ALLOWED("0>2")},
	{"unasked bytes on a connection that rests",
	 {{SAY, GET}, {ANSWER, OK}, {ANSWER, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"},
	  {SAY, GET}, {ANSWER, OK}},
	 UP_GET UP_GET, OK OK, "open", ALLOWED("0>2") ALLOWED("0>2")},
	{"a connection that rested and closed is not used",
	 {{SAY, GET}, {ANSWER, OK}, {HANG_UP}, {SAY, GET}, {ANSWER, OK}},
	 UP_GET UP_GET, OK OK, "open", ALLOWED("0>2") ALLOWED("0>2")},
	{"unasked bytes, in the turn in which it is taken",
	 {{SAY, GET}, {ANSWER, OK},
	  {ANSWER, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil", .at_once = true},
	  {SAY, GET}, {ANSWER, OK}},
	 UP_GET UP_GET, OK OK, "open", ALLOWED("0>2") ALLOWED("0>2")},
	{"a body for one that has just closed",
	 {{SAY, GET}, {ANSWER, OK}, {HANG_UP, .at_once = true}, {SAY, POST("2") "hi"},
	  {ANSWER, OK}},
	 UP_GET UP_POST("2") "hi", OK OK, "open", ALLOWED("0>2") ALLOWED("2>2")},
	{"one that has just been reset",
	 {{SAY, GET}, {ANSWER, OK}, {BREAK, .at_once = true}, {SAY, GET}, {ANSWER, OK}},
	 UP_GET UP_GET, OK OK, "open", ALLOWED("0>2") ALLOWED("0>2")},
	{"closed once it was asked: asking again might do it twice",
	 {{SAY, GET}, {ANSWER, OK}, {SAY, GET}, {HANG_UP}},
	 UP_GET UP_GET, OK PROBLEM("502 Bad Gateway"), "open",
	 ALLOWED("0>2") "upstream.closed 502 0>0 closed before its answer\n"},
};
/* clang-format on */

/* Answers' heads that are no good: 502, and not a byte of them for the vendor. */
static const char *const bad_heads[] = {
	"\x01\x02\x03\r\n\r\n",
	"HTTP/1.1 200 OK\nContent-Length: 4\n\n",
	"HTTP/2.0 200 OK\r\nContent-Length: 4\r\n\r\nevil",
	"HTTP/1.1 99 Low\r\nContent-Length: 4\r\n\r\nevil",
	"HTTP/1.1 600 High\r\nContent-Length: 4\r\n\r\nevil",
	"HTTP/1.1 20 Short\r\nContent-Length: 4\r\n\r\nevil",
	"HTTP/1.1 101 Switching Protocols\r\nUpgrade: evil\r\n\r\n",
	"ICY 200 OK\r\n\r\nevil",
	"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nevil",
	"HTTP/1.1 200 OK\r\nContent-Length: -4\r\n\r\nevil",
	"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\nevil",
	"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n" CHUNKED "\r\n4\r\nevil\r\n0\r\n\r\n",
	"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nevil",
	"HTTP/1.0 200 OK\r\n" CHUNKED "\r\n4\r\nevil\r\n0\r\n\r\n",
	"HTTP/1.1 200 OK\r\nEvil : x\r\n\r\n",
	"HTTP/1.1 200 OK\r\n Evil: x\r\n\r\n",
	"HTTP/1.1 200 OK\r\nA: b\r\n folded\r\n\r\n",
	"HTTP/1.1 200 OK\r\nA: b\rc\r\n\r\n",
	"HTTP/1.1 200 OK\r\nA: evil\x7f\r\n\r\n",
	"HTTP/1.1 200 OK\r\nA: @70000@",
};

/* Glob with `*` alone. */
static bool matches(const char *pattern, const char *text)
{
	const char *star = NULL, *again = NULL;
	while (*text != '\0') {
		if (*pattern == '*') {
			star = ++pattern;
			again = text;
		} else if (*pattern == *text) {
			pattern++;
			text++;
		} else if (star != NULL) {
			pattern = star;
			text = ++again;
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return *pattern == '\0';
}

static void expand(const char *text, struct vg_buf *out)
{
	struct vg_slice rest = vg_slice_str(text), part;
	bool number = false;
	vg_buf_init(out, 1 << 20);
	for (; rest.ptr != NULL && vg_slice_cut(&rest, '@', &part); number = !number) {
		uint64_t times;
		if (!number) {
			VG_ASSERT(vg_buf_append(out, part));
			continue;
		}
		VG_ASSERT(vg_slice_u64(part, &times));
		while (times-- > 0)
			VG_ASSERT(vg_buf_append(out, VG_SLICE("a")));
	}
}

static struct stage stage;

static void fill_ring(void)
{
	struct vg_record_writer writer;
	_Alignas(8) uint8_t mem[256];
	vg_record_begin(&writer, mem, sizeof(mem));
	size_t len = vg_record_end(&writer, VG_REASON_GATEWAY_ERROR, 0);
	while (vg_ring_begin(&stage.loop.worker.ring, mem, len) != VG_NO_SLOT)
		;
}

static void say(struct vg_buf *to, const char *text)
{
	struct vg_buf bytes;
	expand(text, &bytes);
	VG_ASSERT(vg_buf_append(to, vg_buf_slice(&bytes)));
	vg_buf_fini(&bytes);
}

static char *all_of(struct vg_slice s, char *out, size_t size)
{
	VG_ASSERT(s.len < size);
	memcpy(out, s.ptr, s.len);
	out[s.len] = '\0';
	return out;
}

static char text[1 << 21];

/* What all upstreams got. */
static char *seen_upstream(void)
{
	size_t len = 0;
	for (uint32_t i = 0; i < stage.loop.origin_count; i++) {
		struct vg_slice got = vg_buf_slice(&stage.loop.origins[i].memory.out);
		all_of(got, text + len, sizeof(text) - len);
		len += got.len;
	}
	text[len] = '\0';
	return text;
}

static void take_step(const struct step *step, const char *what)
{
	struct vg_loopback *loop = &stage.loop;
	struct vg_memory *upstream = stage_upstream(&stage);
	switch (step->kind) {
	case SAY:
		say(&loop->vendor.in, step->text);
		break;
	case LEAVE:
		loop->vendor.in_ended = true;
		break;
	case VANISH:
		loop->vendor.broken = true;
		break;
	case ROOM:
		loop->vendor.room = step->number;
		break;
	case ANSWER:
		VG_ASSERT(upstream != NULL);
		say(&upstream->in, step->text);
		break;
	case HANG_UP:
		upstream->in_ended = true;
		break;
	case BREAK:
		upstream->broken = true;
		break;
	case CHOKE:
		upstream->room = step->number;
		break;
	case REFUSE:
		stage.dial_error = (int)step->number;
		break;
	case TIME:
		cr_assert(vg_loopback_expire(loop), "%s: no deadline runs", what);
		break;
	case HALF_TIME:
		cr_assert(vg_loopback_wait(loop), "%s: no deadline runs", what);
		break;
	case FULL:
		fill_ring();
		break;
	case SHUT:
		if (loop->vendor.stream != NULL)
			vg_conn_close(loop->conn);
		break;
	case EXPECT:
		cr_assert(matches(step->text, seen_upstream()), "%s: upstream got %s", what, text);
		break;
	case STATE:
		cr_assert_not_null(vg_loopback_exchange(loop), "%s: no exchange", what);
		cr_assert_str_eq(vg_state_word(vg_loopback_exchange(loop)->state), step->text, "%s",
				 what);
		break;
	case CONNECT:
	case NOTHING:
	default:
		break;
	}
	if (!step->at_once)
		stage_run(&stage);
}

static const char *fate(void)
{
	const struct vg_memory *vendor = &stage.loop.vendor;
	if (vendor->broken)
		return vendor->closed ? "gone" : "left behind";
	if (vendor->out_reset)
		return "reset";
	if (vendor->out_ended)
		return "ended";
	return vendor->closed ? "cut off" : "open";
}

struct told {
	struct vg_slice constraint;
	uint64_t status, req, res;
};

static struct told read_event(const struct vg_record *record)
{
	struct told told = {0};
	struct vg_record_value value;
	size_t at = 0;
	while (vg_record_next(record, &at, &value)) {
		if (value.field == VG_FIELD_STATUS)
			told.status = value.number;
		else if (value.field == VG_FIELD_REQ_BYTES)
			told.req = value.number;
		else if (value.field == VG_FIELD_RES_BYTES)
			told.res = value.number;
		else if (value.field == VG_FIELD_CONSTRAINT)
			told.constraint = value.text;
	}
	return told;
}

static char *told_events(char *out, size_t size)
{
	struct vg_record record;
	size_t len = 0;
	out[0] = '\0';
	while (vg_loopback_event(&stage.loop, &record)) {
		struct told told = read_event(&record);
		char status[24] = "-";
		if (told.status > 0)
			snprintf(status, sizeof(status), "%llu", (unsigned long long)told.status);
		len += (size_t)snprintf(out + len, size - len, "%s %s %llu>%llu%s%.*s\n",
					vg_reason_row(vg_record_reason(&record))->word, status,
					(unsigned long long)told.req, (unsigned long long)told.res,
					told.constraint.len > 0 ? " " : "",
					VG_SLICE_FMT(told.constraint));
		VG_ASSERT(len < size);
	}
	return out;
}

/* What no exchange may leave behind. */
static void check_nothing_left(const char *what)
{
	struct vg_worker *worker = &stage.loop.worker;
	cr_assert_null(vg_loopback_exchange(&stage.loop), "%s: an exchange is left", what);
	const struct vg_pool *pool = &worker->current->pool;
	for (uint32_t i = 0; i < pool->row_count; i++)
		cr_assert_eq(pool->rows[i].busy, 0, "%s: an upstream is still busy", what);
	for (uint32_t i = 0; i < VG_DIALS; i++)
		cr_assert_eq(worker->dials.rows[i].id, 0, "%s: a dial is left", what);
	uint32_t spares = 0;
	for (const struct vg_exchange *x = worker->spare; x != NULL; x = x->next_spare)
		spares++;
	cr_assert_eq(spares, worker->spare_count, "%s: spares", what);
}

static void play(const struct scenario *scenario)
{
	static char events[4096];
	const char *what = scenario->what;
	stage.dial_error = 0;
	stage_open(&stage, 16);
	for (size_t i = 0; i < VG_COUNT(scenario->steps); i++)
		if (scenario->steps[i].kind != NOTHING)
			take_step(&scenario->steps[i], what);
	told_events(events, sizeof(events));
	cr_expect(matches(scenario->events, events), "%s: events:\n%swant\n%s", what, events,
		  scenario->events);
	check_nothing_left(what);
	cr_expect_eq(stage.loop.origin_count > 0, scenario->upstream != NULL, "%s: dialled", what);
	if (scenario->upstream != NULL)
		cr_expect(matches(scenario->upstream, seen_upstream()), "%s: upstream got %s", what,
			  text);
	all_of(vg_buf_slice(&stage.loop.vendor.out), text, sizeof(text));
	cr_expect(matches(scenario->vendor, text), "%s: vendor got %.2000s", what, text);
	cr_expect_str_eq(fate(), scenario->fate, "%s", what);
	stage_close(&stage);
}

static void setup(void)
{
	stage_begin(&stage);
}

static void teardown(void)
{
	stage_end(&stage);
}

TestSuite(proxy_exchange, .init = setup, .fini = teardown);

Test(proxy_exchange, scenarios)
{
	for (size_t i = 0; i < VG_COUNT(scenarios); i++)
		play(&scenarios[i]);
}

Test(proxy_exchange, malformed_answers_stay_here)
{
	for (size_t i = 0; i < VG_COUNT(bad_heads); i++) {
		struct scenario scenario = {bad_heads[i], {{SAY, GET}, {ANSWER, bad_heads[i]}},
					    UP_GET,       PROBLEM("502 Bad Gateway"),
					    "open",       "upstream.malformed 502 0>0 *\n"};
		play(&scenario);
	}
}

/* However much of it the vendor lets wait when its last bytes come. */
Test(proxy_exchange, answers_of_many_lengths_end)
{
	for (unsigned length = 12000; length < 80000; length += 499) {
		char answer[128], vendor[128], events[64];
		snprintf(answer, sizeof(answer),
			 "HTTP/1.1 200 OK\r\nContent-Length: %u\r\n\r\n@%u@", length, length);
		snprintf(vendor, sizeof(vendor), "HTTP/1.1 200 OK\r\nContent-Length: %u\r\n\r\na*",
			 length);
		snprintf(events, sizeof(events), ALLOWED("0>%u"), length);
		struct scenario scenario = {"length",
					    {{ROOM, .number = 10},
					     {SAY, GET},
					     {ANSWER, answer},
					     {ROOM, .number = 20000},
					     {ROOM, .number = 100000}},
					    UP_GET,
					    vendor,
					    "open",
					    events};
		play(&scenario);
	}
}
