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
#include "sys/clock.h"

/* One thing that happens. In texts "@N@" stands for N times the letter a. */
enum step_kind {
	NOTHING,
	SAY,     /* the vendor: bytes */
	LEAVE,   /* it ends its half */
	VANISH,  /* it resets */
	ROOM,    /* it takes only so many bytes for now */
	ANSWER,  /* the upstream that was dialled last: bytes */
	HANG_UP, /* it ends */
	BREAK,   /* it resets */
	CHOKE,   /* it takes only so many bytes for now */
	REFUSE,  /* dials fail from here on, with that errno */
	TIME,    /* the deadline that runs passes */
	PASS,    /* so many milliseconds do, with the deadlines in them */
	FULL,    /* the ring has no room any more */
	CONNECT, /* the vendor comes again */
	SHUT,    /* the gateway closes all connections: its time to drain is up */
	EXPECT,  /* a check in between: what the upstream has got so far, as a pattern */
	DROPPED, /* a check in between: the connection to the upstream dialled last is closed */
	STATE    /* a check in between: the state of the exchange */
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
#define OK_CLOSE "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n" CLOSE "\r\nok"
#define HINTS "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"
#define HINTS_4 HINTS HINTS HINTS HINTS
#define EXPECTS(length)                                                                            \
	"POST /v1/x HTTP/1.1\r\n" HOST "Expect: 100-continue\r\nContent-Length: " length "\r\n\r"  \
	"\n"
#define CONTINUE "HTTP/1.1 100 Continue\r\n\r\n"
#define PROBLEM(status) "HTTP/1.1 " status "\r\n*\"request_id\":\"*\"}*"
#define ALLOWED(counts) "access.allowed 200 " counts "\n"
#define LISTED(fields) "GET /listed HTTP/1.1\r\n" HOST fields "\r\n"
#define ASK_LISTED LISTED("X-Session: a-1\r\n")
#define UP_LISTED "GET /listed HTTP/1.1\r\n" HOST "X-Session: a-1\r\nX-Request-Id: *\r\n\r\n"
#define JSON "Content-Type: application/json\r\n"
#define GET_MAX "GET /max HTTP/1.1\r\n" HOST "\r\n"
#define UP_MAX "GET /max HTTP/1.1\r\n" HOST "X-Request-Id: *\r\n\r\n"

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
	{"interim answers, as many as may be", {{SAY, GET}, {ANSWER, HINTS_4 HINTS_4 HINTS_4},
		{ANSWER, "HTTP/1.1 102 Processing\r\n\r\n" CONTINUE HINTS HINTS OK}},
	 UP_GET, OK, "open", ALLOWED("0>2")},
	{"interim answers without end", {{SAY, GET}, {ANSWER, HINTS_4 HINTS_4 HINTS_4 HINTS_4},
		{STATE, "wait_response"}, {ANSWER, HINTS OK}, {DROPPED}},
	 UP_GET, PROBLEM("502 Bad Gateway"), "open",
	 "upstream.malformed 502 0>0 too many interim answers\n"},
	{"interim answers, and then the end", {{SAY, GET}, {ANSWER, HINTS}, {HANG_UP}},
	 UP_GET, PROBLEM("502 Bad Gateway"), "open",
	 "upstream.closed 502 0>0 closed before its answer\n"},
	{"no interim answer for HTTP/1.0",
	 {{SAY, "GET /v1/x HTTP/1.0\r\n" HOST "\r\n"}, {ANSWER, HINTS CONTINUE OK}},
	 UP_GET, OK_CLOSE, "ended", ALLOWED("0>2")},
	{"a 101 that nobody asked for ends the connection, and what is behind it is for nobody",
	 {{SAY, GET}, {ANSWER, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: evil\r\n"
			       "Connection: upgrade\r\n\r\n" OK}, {DROPPED}, {SAY, GET}, {ANSWER, OK}},
	 UP_GET UP_GET, PROBLEM("502 Bad Gateway") OK, "open",
	 "upstream.malformed 502 0>0 101 that nobody asked for\n" ALLOWED("0>2")},
	{"a 101 behind a 100",
	 {{SAY, GET}, {ANSWER, CONTINUE "HTTP/1.1 101 Switching Protocols\r\n\r\nevil"}, {DROPPED}},
	 UP_GET, PROBLEM("502 Bad Gateway"), "open",
	 "upstream.malformed 502 0>0 101 that nobody asked for\n"},
	{"a body that answers a HEAD is for nobody",
	 {{SAY, "HEAD /v1/x HTTP/1.1\r\n" HOST "\r\n"},
	  {ANSWER, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"}, {DROPPED}},
	 "HEAD *", "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n", "open", ALLOWED("0>0")},
	{"a body behind a 204 is for nobody",
	 {{SAY, GET}, {ANSWER, "HTTP/1.1 204 No Content\r\n\r\n" OK}, {DROPPED}}, UP_GET,
	 "HTTP/1.1 204 No Content\r\n\r\n", "open", "access.allowed 204 0>0\n"},
	{"a body behind a 304 is for nobody",
	 {{SAY, GET}, {ANSWER, "HTTP/1.1 304 Not Modified\r\nContent-Length: 4\r\n\r\nevil"},
	  {DROPPED}},
	 UP_GET, "HTTP/1.1 304 Not Modified\r\n\r\n", "open", "access.allowed 304 0>0\n"},
	{"more than its length is for nobody",
	 {{SAY, GET}, {ANSWER, OK "evil"}, {DROPPED}}, UP_GET, OK, "open", ALLOWED("0>2")},
	{"what an upstream says of itself and of its connection stays here",
	 {{SAY, GET},
	  {ANSWER, "HTTP/1.1 200 Fine by me\r\nServer: x\r\nVia: y\r\nX-Powered-By: z\r\n"
		   "Keep-Alive: timeout=5\r\nProxy-Authenticate: Basic\r\nTrailer: T\r\n"
		   "Upgrade: h2c\r\nTE: trailers\r\nSet-Cookie: a=b\r\nX-Request-Id: 1\r\n"
		   "traceparent: 00\r\nContent_Type: a/b\r\nConnection: keep-alive\r\n"
		   "Content-Length: 2\r\n\r\nok"}},
	 UP_GET, OK, "open", ALLOWED("0>2")},
	/* Honest oddities. */
	{"empty lines before requests", {{SAY, "\r\n" GET "\r\n" GET}, {ANSWER, OK}, {ANSWER, OK}},
	 UP_GET UP_GET, OK OK, "open", ALLOWED("0>2") ALLOWED("0>2")},
	{"two empty lines are one too many", {{SAY, "\r\n\r\n" GET}}, NULL,
	 PROBLEM("400 Bad Request"), "ended", "http.malformed 400 0>0 *\n"},
	{"however they come", {{SAY, "\r"}, {SAY, "\n"}, {SAY, "\r\n"}, {SAY, GET}}, NULL,
	 PROBLEM("400 Bad Request"), "ended", "http.malformed 400 0>0 *\n"},
	{"tabs around a Host", {{SAY, "GET /v1/x HTTP/1.1\r\nHost:\t" STAGE_HOST "\t\r\n\r\n"},
		{ANSWER, OK}}, UP_GET, OK, "open", ALLOWED("0>2")},
	{"absolute form", {{SAY, "GET https://" STAGE_HOST "/v1/x HTTP/1.1\r\n" HOST "\r\n"},
		{ANSWER, OK}}, UP_GET, OK, "open", ALLOWED("0>2")},
	{"a refused one between others that were pipelined",
	 {{SAY, GET "GET /x HTTP/1.1\r\n" HOST "\r\n" GET}, {ANSWER, OK}, {ANSWER, OK}},
	 UP_GET UP_GET, OK PROBLEM("403 Forbidden") OK, "open",
	 ALLOWED("0>2") "access.no_rule 403 0>0\n" ALLOWED("0>2")},
	{"a malformed one behind another: the first is answered, nothing behind it is read",
	 {{SAY, GET "GET /v1/x HTTP/1.1\r\n" HOST "Content_Length: 4\r\n\r\n" GET}, {ANSWER, OK}},
	 UP_GET, OK PROBLEM("400 Bad Request"), "ended",
	 ALLOWED("0>2") "http.malformed 400 0>0 look-alike of a field that matters\n"},
	{"HTTP/0.9", {{SAY, "GET /v1/x\r\n\r\n"}}, NULL, PROBLEM("400 Bad Request"), "ended",
	 "http.malformed 400 0>0 no HTTP version\n"},
	{"the preface of HTTP/2", {{SAY, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"}}, NULL,
	 PROBLEM("400 Bad Request"), "ended", "http.malformed 400 0>0 bad HTTP version\n"},
	{"CONNECT", {{SAY, "CONNECT " STAGE_HOST ":443 HTTP/1.1\r\n" HOST "\r\n" GET}}, NULL,
	 PROBLEM("400 Bad Request"), "ended", "http.malformed 400 0>0 method that is never accepted\n"},
	{"h2c", {{SAY, "GET /v1/x HTTP/1.1\r\n" HOST "Connection: upgrade\r\nUpgrade: h2c\r\n\r\n" GET}},
	 NULL, PROBLEM("400 Bad Request"), "ended", "http.malformed 400 0>0 upgrade to h2c\n"},
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
	{"the upstream's own 100 isn't a second one",
	 {{SAY, EXPECTS("2")}, {ANSWER, CONTINUE}, {SAY, "hi"}, {ANSWER, CONTINUE OK}},
	 UP_POST("2") "hi", CONTINUE OK, "open", ALLOWED("2>2")},
	{"no 100-continue for HTTP/1.0",
	 {{SAY, "POST /v1/x HTTP/1.0\r\n" HOST "Expect: 100-continue\r\nContent-Length: 2\r\n\r\n"},
	  {SAY, "hi"}, {ANSWER, OK}},
	 UP_POST("2") "hi", OK_CLOSE, "ended", ALLOWED("2>2")},
	{"no 100-continue where the upstream isn't there",
	 {{REFUSE, .number = ECONNREFUSED}, {SAY, EXPECTS("2")}}, "", PROBLEM("502 Bad Gateway"),
	 "ended", "upstream.connect 502 0>0 refused\n"},
	{"the body of who didn't wait for the 100",
	 {{SAY, EXPECTS("2") "hi" GET}, {ANSWER, OK}, {ANSWER, OK}},
	 UP_POST("2") "hi" UP_GET, CONTINUE OK OK, "open", ALLOWED("2>2") ALLOWED("0>2")},
	{"Expect twice, and a masked one",
	 {{SAY, "POST /v1/x HTTP/1.1\r\n" HOST "Expect: 100-continue\r\nExpect: 100-continue\r\n"
		"Content-Length: 2\r\n\r\nhi"}},
	 NULL, PROBLEM("400 Bad Request"), "ended", "http.malformed 400 0>0 field given twice\n"},
	{"a masked Expect",
	 {{SAY, "POST /v1/x HTTP/1.1\r\n" HOST "Expect: y\r\n 100-continue\r\n"
		"Content-Length: 2\r\n\r\nhi"}},
	 NULL, PROBLEM("400 Bad Request"), "ended", "http.malformed 400 0>0 folded line\n"},
	{"answer before any of the body was read",
	 {{SAY, POST("9")}, {EXPECT, UP_POST("9")}, {ANSWER, OK}}, UP_POST("9"), OK_CLOSE, "ended",
	 ALLOWED("0>2")},
	{"answer before any chunk was read, and what comes of them is no request",
	 {{SAY, POST_CHUNKED}, {ANSWER, OK}, {SAY, "5\r\nhello\r\n0\r\n\r\n" GET}, {DROPPED}},
	 UP_POST_CHUNKED, OK_CLOSE, "ended", ALLOWED("0>2")},
	{"a refusal of the upstream's instead of a 100",
	 {{SAY, EXPECTS("9")},
	  {ANSWER, "HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n"}, {DROPPED}},
	 UP_POST("9"),
	 CONTINUE "HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n" CLOSE "\r\n", "ended",
	 "access.allowed 413 0>0\n"},
	{"answer before the request's end, of which the rest is a request to somebody else",
	 {{SAY, POST("999") "a"}, {ANSWER, OK}, {SAY, GET}}, UP_POST("999") "a", OK_CLOSE, "ended",
	 ALLOWED("1>2")},
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
	/* Fields that a rule lists. */
	{"listed fields pass, as they were judged",
	 {{SAY, LISTED("cookie: c\r\nX-Other: o\r\nx-SESSION:  a-1 \r\nX_Session: b\r\n"
		       "X-Note: \r\nx-note: n;%0d%0a\r\nAuthorization: x\r\naccept: text\r\n")},
	  {ANSWER, "HTTP/1.1 200 OK\r\n" JSON "X-PAGE: 1\r\nX-Pages: 2\r\nX_Page: 3\r\n"
		   "Set-Cookie: c\r\nContent-Length: 2\r\nx-page: 4\r\n\r\n{}"}},
	 "GET /listed HTTP/1.1\r\n" HOST "X-Session: a-1\r\nX-Note: \r\n"
	 "X-Note: n;%0d%0a\r\nAccept: text\r\nX-Request-Id: *\r\n\r\n",
	 "HTTP/1.1 200 OK\r\n" JSON "X-Page: 1\r\nX-Page: 4\r\nContent-Length: 2\r\n\r\n{}",
	 "open", ALLOWED("0>2")},
	{"required field missing", {{SAY, LISTED("X_Session: a\r\nXSession: a\r\n")}}, NULL,
	 PROBLEM("403 Forbidden"), "open", "access.header 403 0>0 x-session\n"},
	{"typed field twice", {{SAY, LISTED("X-Session: a\r\nx-session: a\r\n")}}, NULL,
	 PROBLEM("403 Forbidden"), "open", "access.header 403 0>0 x-session\n"},
	{"not of its type", {{SAY, LISTED("X-Session: a b\r\n")}}, NULL,
	 PROBLEM("403 Forbidden"), "open", "access.header 403 0>0 x-session\n"},
	{"standard field not of its type", {{SAY, LISTED("X-Session: a\r\nAccept: */*\r\n")}}, NULL,
	 PROBLEM("403 Forbidden"), "open", "access.header 403 0>0 accept\n"},
	{"Connection takes a listed field away before it is judged",
	 {{SAY, LISTED("X-Session: a\r\nConnection: x-session\r\n")}}, NULL,
	 PROBLEM("403 Forbidden"), "open", "access.header 403 0>0 x-session\n"},
	{"no field is listed elsewhere",
	 {{SAY, "GET /v1/x HTTP/1.1\r\n" HOST "X-Session: a\r\nX-Session: <>\r\n\r\n"},
	  {ANSWER, "HTTP/1.1 200 OK\r\nX-Page: 1\r\nContent-Length: 0\r\n\r\n"}},
	 UP_GET, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "open", ALLOWED("0>0")},
	/* Types that a rule promises. */
	{"another type", {{SAY, ASK_LISTED},
			  {ANSWER, "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"
				   "Content-Length: 4\r\n\r\nevil"}},
	 UP_LISTED, PROBLEM("502 Bad Gateway"), "open", "filter.type 502 0>0 text/html\n"},
	{"no type", {{SAY, ASK_LISTED}, {ANSWER, "HTTP/1.1 200 OK\r\n\r\nevil"}},
	 UP_LISTED, PROBLEM("502 Bad Gateway"), "open", "filter.type 502 0>0\n"},
	{"two types", {{SAY, ASK_LISTED}, {ANSWER, "HTTP/1.1 200 OK\r\n" JSON JSON "\r\nevil"}},
	 UP_LISTED, PROBLEM("502 Bad Gateway"), "open",
	 "upstream.malformed 502 0>0 field given twice\n"},
	{"type to a HEAD",
	 {{SAY, "HEAD /listed HTTP/1.1\r\n" HOST "X-Session: a\r\n\r\n"},
	  {ANSWER, "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 4\r\n\r\n"}},
	 "HEAD *", "HTTP/1.1 502 Bad Gateway\r\n*\r\n\r\n", "open",
	 "filter.type 502 0>0 text/html\n"},
	{"HEAD without a type, of more than may come",
	 {{SAY, "HEAD /listed HTTP/1.1\r\n" HOST "X-Session: a\r\n\r\n"},
	  {ANSWER, "HTTP/1.1 200 OK\r\nContent-Length: 400\r\n\r\n"}},
	 "HEAD *", "HTTP/1.1 200 OK\r\nContent-Length: 400\r\n\r\n", "open", ALLOWED("0>0")},
	{"204 promises nothing", {{SAY, ASK_LISTED}, {ANSWER, "HTTP/1.1 204 None\r\n\r\n"}},
	 UP_LISTED, "HTTP/1.1 204 No Content\r\n\r\n", "open", "access.allowed 204 0>0\n"},
	/* Errors of an upstream that are nobody's business. */
	{"a problem in place of an error",
	 {{SAY, ASK_LISTED}, {ANSWER, "HTTP/1.1 500 Oops\r\nX-Page: 1\r\nContent-Length: 5\r\n\r\n"
				      "stack"},
	  {SAY, ASK_LISTED}, {ANSWER, "HTTP/1.1 404 No\r\n" CHUNKED "\r\n5\r\nsta"},
	  {SAY, ASK_LISTED}, {ANSWER, "HTTP/1.1 400 No\r\nLocation: http://10.0.0.1/\r\n\r\n"}},
	 UP_LISTED UP_LISTED UP_LISTED,
	 "HTTP/1.1 500 Internal Server Error\r\nContent-Type: application/problem+json\r\n"
	 "Content-Length: *\r\nX-Request-Id: *\r\nCache-Control: no-store\r\n\r\n"
	 "{\"type\":\"about:blank\",\"title\":\"Internal Server Error\",\"status\":500,"
	 "\"request_id\":\"*\"}" PROBLEM("404 Not Found") PROBLEM("400 Bad Request"), "open",
	 "access.allowed 500 0>0\naccess.allowed 404 0>0\naccess.allowed 400 0>0\n"},
	{"an early error ends the request",
	 {{SAY, "POST /listed HTTP/1.1\r\n" HOST "X-Session: a\r\nContent-Length: 9\r\n\r\nabc"},
	  {ANSWER, "HTTP/1.1 503 No\r\nContent-Length: 5\r\n\r\nstack"}},
	 "POST *abc", PROBLEM("503 Service Unavailable"), "ended", "access.allowed 503 3>0\n"},
	{"a redirection keeps its head",
	 {{SAY, ASK_LISTED}, {ANSWER, "HTTP/1.1 302 Moved\r\nLocation: /listed\r\n" CHUNKED
				      "\r\n4\r\nevil\r\n0\r\n\r\n"}},
	 UP_LISTED, "HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: /listed\r\n\r\n", "open",
	 "access.allowed 302 0>0\n"},
	{"which must lead back here",
	 {{SAY, ASK_LISTED}, {ANSWER, "HTTP/1.1 302 Moved\r\nLocation: http://10.0.0.1/\r\n\r\n"}},
	 UP_LISTED, PROBLEM("502 Bad Gateway"), "open", "upstream.redirect 502 0>0 location\n"},
	{"so must that of a 201",
	 {{SAY, POST("0")}, {ANSWER, "HTTP/1.1 201 Created\r\nLocation: //evil.example/\r\n\r\n"}},
	 UP_POST("0"), PROBLEM("502 Bad Gateway"), "open", "upstream.redirect 502 0>0 location\n"},
	{"there is one Location",
	 {{SAY, GET}, {ANSWER, "HTTP/1.1 302 Moved\r\nLocation: /a\r\nLocation: //evil/\r\n\r\n"}},
	 UP_GET, PROBLEM("502 Bad Gateway"), "open",
	 "upstream.malformed 502 0>0 field given twice\n"},
	{"no other field leads elsewhere",
	 {{SAY, GET}, {ANSWER, "HTTP/1.1 200 OK\r\nContent-Location: http://10.0.0.1/\r\n"
			       "Refresh: 0;url=http://10.0.0.1/\r\nAlt-Svc: h2=\"10.0.0.1:1\"\r\n"
			       "Content-Length: 0\r\n\r\n"}},
	 UP_GET, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "open", ALLOWED("0>0")},
	/* What may come back, in bytes. */
	{"exactly max_response", {{SAY, GET_MAX}, {ANSWER, "HTTP/1.1 200 OK\r\n\r\n@10@"}, {HANG_UP}},
	 UP_MAX, "HTTP/1.1 200 OK\r\n" CHUNKED "\r\na\r\n*\r\n0\r\n\r\n", "open",
	 ALLOWED("0>10")},
	{"too long, and said so",
	 {{SAY, GET_MAX}, {ANSWER, "HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n@11@"}},
	 UP_MAX, PROBLEM("502 Bad Gateway"), "open", "filter.too_large 502 0>0 Content-Length\n"},
	{"too long, be it an error",
	 {{SAY, GET_MAX}, {ANSWER, "HTTP/1.1 500 No\r\nContent-Length: 11\r\n\r\n"}},
	 UP_MAX, PROBLEM("502 Bad Gateway"), "open", "filter.too_large 502 0>0 Content-Length\n"},
	{"too long, in chunks",
	 {{SAY, GET_MAX}, {ANSWER, "HTTP/1.1 200 OK\r\n" CHUNKED "\r\na\r\n@10@\r\n"},
	  {ANSWER, "1\r\nb\r\n0\r\n\r\n"}},
	 UP_MAX, "HTTP/1.1 200 OK\r\n" CHUNKED "\r\na\r\n*", "reset",
	 "filter.too_large 200 0>10 max_response\n"},
	{"too long, until the end, to HTTP/1.0",
	 {{SAY, "GET /max HTTP/1.0\r\n" HOST "\r\n"}, {ANSWER, "HTTP/1.1 200 OK\r\n\r\n@10@"},
	  {ANSWER, "b"}, {HANG_UP}},
	 UP_MAX, "HTTP/1.1 200 OK\r\n" CLOSE "\r\naaaaaaaaaa", "reset",
	 "filter.too_large 200 0>10 max_response\n"},
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
	 UP_GET, "HTTP/1.1 2", "reset", "http.too_slow 200 0>2 answer not taken\n"},
	{"takes nothing of a refusal",
	 {{ROOM, .number = 10}, {SAY, "GET /x HTTP/1.1\r\n" HOST "\r\n"}, {STATE, "drain"}, {TIME}},
	 NULL, "HTTP/1.1 4", "reset", "access.no_rule 403 0>0\n"},
	{"slow reader: the upstream waits",
	 {{ROOM, .number = 5000}, {SAY, GET},
	  {ANSWER, "HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\n@200000@"},
	  {STATE, "respond"}, {TIME}},
	 UP_GET, "HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\na*", "reset",
	 "http.too_slow 200 0>* answer not taken\n"},
	{"body in drops: one byte in time buys no time",
	 {{SAY, POST("9") "h"}, {PASS, .number = 5000}, {SAY, "e"}, {PASS, .number = 4000},
	  {SAY, "l"}, {STATE, "body"}, {PASS, .number = 1300}},
	 UP_POST("9") "hel", PROBLEM("408 Request Timeout"), "ended",
	 "http.too_slow 408 3>0 request body\n"},
	{"body at a pace",
	 {{SAY, POST("30000")}, {PASS, .number = 9000}, {SAY, "@10240@"}, {PASS, .number = 10000},
	  {SAY, "@10240@"}, {PASS, .number = 10000}, {SAY, "@9520@"}, {ANSWER, OK}},
	 UP_POST("30000") "*", OK, "open", ALLOWED("30000>2")},
	{"reader in drops",
	 {{ROOM, .number = 5000}, {SAY, GET},
	  {ANSWER, "HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\n@200000@"},
	  {PASS, .number = 5000}, {ROOM, .number = 15000}, {PASS, .number = 5300}},
	 UP_GET, "HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\na*", "reset",
	 "http.too_slow 200 0>* answer not taken\n"},
	{"reader at a pace",
	 {{ROOM, .number = 5000}, {SAY, GET},
	  {ANSWER, "HTTP/1.1 200 OK\r\nContent-Length: 30000\r\n\r\n@30000@"},
	  {PASS, .number = 5000}, {ROOM, .number = 16000}, {PASS, .number = 9000},
	  {ROOM, .number = 100000}},
	 UP_GET, "HTTP/1.1 200 OK\r\nContent-Length: 30000\r\n\r\na*", "open",
	 ALLOWED("0>30000")},
	{"a body just below the pace",
	 {{SAY, POST("30000")}, {SAY, "@10239@"}, {PASS, .number = 9950}, {STATE, "body"},
	  {PASS, .number = 300}},
	 UP_POST("30000") "*", PROBLEM("408 Request Timeout"), "ended",
	 "http.too_slow 408 10239>0 request body\n"},
	{"a burst earns the span that it is in, and no other",
	 {{SAY, POST("99000")}, {SAY, "@90000@"}, {PASS, .number = 10300}, {STATE, "body"},
	  {SAY, "@5000@"}, {PASS, .number = 10300}},
	 UP_POST("99000") "*", PROBLEM("408 Request Timeout"), "ended",
	 "http.too_slow 408 95000>0 request body\n"},
	{"what the upstream doesn't take, nobody is too slow to send",
	 {{SAY, POST("90000") "aa"}, {CHOKE, .number = 0}, {SAY, "@60000@"},
	  {PASS, .number = 59000}, {STATE, "body"}, {CHOKE, .number = 100000},
	  {PASS, .number = 19950}, {STATE, "body"}, {PASS, .number = 300}},
	 "*", PROBLEM("408 Request Timeout"), "ended", "http.too_slow 408 60002>0 request body\n"},
	{"a turn of the upstream begins no span anew",
	 {{SAY, POST("90000") "aa"}, {PASS, .number = 6000}, {CHOKE, .number = 0}, {SAY, "bb"},
	  {PASS, .number = 50000}, {CHOKE, .number = 100000}, {STATE, "body"},
	  {PASS, .number = 3950}, {STATE, "body"}, {PASS, .number = 300}},
	 "*", PROBLEM("408 Request Timeout"), "ended", "http.too_slow 408 4>0 request body\n"},
	{"a reader who takes bursts, below the pace",
	 {{ROOM, .number = 5000}, {SAY, GET},
	  {ANSWER, "HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\n@200000@"},
	  {PASS, .number = 3000}, {ROOM, .number = 9500}, {PASS, .number = 3000},
	  {ROOM, .number = 14000}, {PASS, .number = 3950}, {STATE, "respond"}, {PASS, .number = 300}},
	 UP_GET, "HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\na*", "reset",
	 "http.too_slow 200 0>* answer not taken\n"},
	{"an upstream in drops is not the reader's fault",
	 {{SAY, GET}, {ANSWER, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\na"},
	  {PASS, .number = 50000}, {ANSWER, "b"}, {PASS, .number = 50000}, {ANSWER, "c"}},
	 UP_GET, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", "open", ALLOWED("0>3")},
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
	{"ends in its body, to HTTP/1.0",
	 {{SAY, "GET /v1/x HTTP/1.0\r\n" HOST "\r\n"},
	  {ANSWER, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc"}, {HANG_UP}},
	 UP_GET, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n" CLOSE "\r\nabc", "reset",
	 "upstream.closed 200 0>3 closed in its answer\n"},
	{"bad chunk, to HTTP/1.0",
	 {{SAY, "GET /v1/x HTTP/1.0\r\n" HOST "\r\n"},
	  {ANSWER, "HTTP/1.1 200 OK\r\n" CHUNKED "\r\n3\r\nabc\n0\r\n\r\n"}},
	 UP_GET, "HTTP/1.1 200 OK\r\n" CLOSE "\r\nabc", "reset",
	 "upstream.malformed 200 0>3 chunk longer than its size\n"},
	{"a chunk extension without end",
	 {{SAY, GET}, {ANSWER, "HTTP/1.1 200 OK\r\n" CHUNKED "\r\n3\r\nabc\r\n3;@300@\r\nabc\r\n"}},
	 UP_GET, "HTTP/1.1 200 OK\r\n" CHUNKED "\r\n3\r\nabc\r\n", "reset",
	 "upstream.malformed 200 0>3 chunk extension too long\n"},
	{"trailers without end",
	 {{SAY, GET}, {ANSWER, "HTTP/1.1 200 OK\r\n" CHUNKED "\r\n3\r\nabc\r\n0\r\nT: @9000@\r\n\r\n"}},
	 UP_GET, "HTTP/1.1 200 OK\r\n" CHUNKED "\r\n3\r\nabc\r\n", "reset",
	 "upstream.malformed 200 0>3 trailers too long\n"},
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
/* With a request_timeout of 20 seconds. */
static const struct scenario overdue[] = {
	{"the answer comes in time",
	 {{SAY, GET}, {PASS, .number = 19950}, {STATE, "wait_response"}, {ANSWER, OK}}, UP_GET, OK,
	 "open", ALLOWED("0>2")},
	{"each request has its own time",
	 {{SAY, GET}, {PASS, .number = 15000}, {ANSWER, OK}, {SAY, GET}, {PASS, .number = 15000},
	  {ANSWER, OK}},
	 UP_GET UP_GET, OK OK, "open", ALLOWED("0>2") ALLOWED("0>2")},
	{"no answer", {{SAY, GET}, {PASS, .number = 20050}}, UP_GET, PROBLEM("504 Gateway Timeout"),
	 "open", "upstream.timeout 504 0>0 request_timeout\n"},
	{"an answer that never ends",
	 {{SAY, GET}, {ANSWER, "HTTP/1.1 200 OK\r\n\r\na"}, {PASS, .number = 12000},
	  {ANSWER, "b"}, {PASS, .number = 7000}, {STATE, "respond"}, {PASS, .number = 1300}},
	 UP_GET, "HTTP/1.1 200 OK\r\n" CHUNKED "\r\n1\r\na\r\n1\r\nb\r\n", "reset",
	 "upstream.timeout 200 0>2 request_timeout\n"},
	{"a body that is fast enough, and never ends",
	 {{SAY, POST("99000")}, {SAY, "@11000@"}, {PASS, .number = 10300}, {SAY, "@22000@"},
	  {PASS, .number = 9000}, {STATE, "body"}, {PASS, .number = 1300}},
	 UP_POST("99000") "*", PROBLEM("408 Request Timeout"), "ended",
	 "http.too_slow 408 33000>0 request_timeout\n"},
	{"a body that the upstream doesn't take",
	 {{SAY, POST("99000")}, {CHOKE, .number = 0}, {SAY, "@11000@"}, {PASS, .number = 20050}},
	 "*", PROBLEM("504 Gateway Timeout"), "ended",
	 "upstream.timeout 504 11000>0 request_timeout\n"},
	{"a reader who is fast enough, and never through",
	 {{ROOM, .number = 5000}, {SAY, GET},
	  {ANSWER, "HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\n@200000@"},
	  {ROOM, .number = 16000}, {PASS, .number = 10300}, {ROOM, .number = 30000},
	  {PASS, .number = 9000}, {STATE, "respond"}, {PASS, .number = 1300}},
	 UP_GET, "HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\na*", "reset",
	 "http.too_slow 200 0>* request_timeout\n"},
	{"the refusal then has its own time",
	 {{ROOM, .number = 10}, {SAY, GET}, {PASS, .number = 20050}, {STATE, "drain"},
	  {PASS, .number = 9000}, {STATE, "drain"}, {ROOM, .number = 9999}},
	 UP_GET, PROBLEM("504 Gateway Timeout"), "open",
	 "upstream.timeout 504 0>0 request_timeout\n"},
};

/* With a contract that ends in 20 seconds. */
static const struct scenario terms[] = {
	{"answered in time", {{SAY, GET}, {PASS, .number = 19900}, {ANSWER, OK}}, UP_GET, OK, "open",
	 ALLOWED("0>2")},
	{"no answer yet", {{SAY, GET}, {PASS, .number = 20100}}, UP_GET, PROBLEM("403 Forbidden"),
	 "open", "contract.ended 403 0>0 while it ran\n"},
	{"in the middle of an answer",
	 {{SAY, GET}, {ANSWER, "HTTP/1.1 200 OK\r\n\r\na"}, {PASS, .number = 19900}, {STATE, "respond"},
	  {ANSWER, "b"}, {PASS, .number = 200}},
	 UP_GET, "HTTP/1.1 200 OK\r\n" CHUNKED "\r\n1\r\na\r\n1\r\nb\r\n", "reset",
	 "contract.ended 200 0>2 while it ran\n"},
	{"in the middle of a body",
	 {{SAY, POST("99000")}, {SAY, "@22000@"}, {PASS, .number = 11000}, {SAY, "@22000@"},
	  {PASS, .number = 9100}},
	 UP_POST("99000") "*", PROBLEM("403 Forbidden"), "ended",
	 "contract.ended 403 44000>0 while it ran\n"},
};

/* Without a body_rate. */
static const struct scenario paceless[] = {
	{"a body in drops",
	 {{SAY, POST("3")}, {SAY, "a"}, {PASS, .number = 59000}, {SAY, "b"}, {PASS, .number = 59000},
	  {SAY, "c"}, {ANSWER, OK}},
	 UP_POST("3") "abc", OK, "open", ALLOWED("3>2")},
	{"a body that stops",
	 {{SAY, POST("3")}, {SAY, "a"}, {PASS, .number = 59950}, {STATE, "body"},
	  {PASS, .number = 60100}},
	 UP_POST("3") "a", PROBLEM("408 Request Timeout"), "ended",
	 "http.too_slow 408 1>0 request body\n"},
	{"a reader who stops",
	 {{ROOM, .number = 10}, {SAY, GET}, {ANSWER, OK}, {PASS, .number = 59950}, {STATE, "drain"},
	  {PASS, .number = 300}},
	 UP_GET, "HTTP/1.1 2", "reset", "http.too_slow 200 0>2 answer not taken\n"},
};
/* clang-format on */

/* Answers' heads that are no good: 502, and not a byte of them for the vendor. */
static const char *const bad_heads[] = {
	"\x01\x02\x03\r\n\r\n",
	"HTTP/1.1 200 OK\nContent-Length: 4\n\n",
	"HTTP/2.0 200 OK\r\nContent-Length: 4\r\n\r\nevil",
	"HTTP/1.1 99 Low\r\nContent-Length: 4\r\n\r\nevil",
	"HTTP/1.1 600 High\r\nContent-Length: 4\r\n\r\nevil",
	"HTTP/1.1 2000 Long\r\nContent-Length: 4\r\n\r\nevil",
	"HTTP/1.1 200\r\nContent-Length: 4\r\n\r\nevil",
	"HTTP/0.9 200 OK\r\nContent-Length: 4\r\n\r\nevil",
	"<html>evil</html>\r\n\r\n",
	"\r\nHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil",
	"HTTP/1.1 204 No Content\r\nContent-Length: 4\r\n\r\nevil",
	"HTTP/1.1 100 Continue\r\nContent-Length: 4\r\n\r\nevil",
	"HTTP/1.1 200 OK\r\nContent_Length: 4\r\n\r\nevil",
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
	case PASS:
		vg_loopback_pass(loop, step->number);
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
	case DROPPED:
		cr_assert(upstream->closed, "%s: the upstream's connection goes on", what);
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

/* The stage's image is built anew for each test. */
static struct vg_img_gateway *gateway_row(void)
{
	return (struct vg_img_gateway *)vg_img_gateway(stage.image);
}

Test(proxy_exchange, all_of_it_in_request_timeout)
{
	gateway_row()->request_timeout_ms = 20000;
	for (size_t i = 0; i < VG_COUNT(overdue); i++)
		play(&overdue[i]);
}

static struct vg_img_vendor *vendor_row(void)
{
	return (struct vg_img_vendor *)&vg_img_vendors(stage.image)[stage.client.vendor];
}

Test(proxy_exchange, an_exchange_ends_with_the_contract)
{
	for (size_t i = 0; i < VG_COUNT(terms); i++) {
		vendor_row()->contract_until = vg_clock_wall() + 20000000;
		play(&terms[i]);
	}
}

/* What was an end when it was allowed is none any more: its state's deadline goes on as it was. */
Test(proxy_exchange, an_end_that_is_put_off)
{
	vendor_row()->contract_until = vg_clock_wall() + 20000000;
	stage_open(&stage, 16);
	stage_say(&stage, VG_SLICE(GET));
	stage_run(&stage);
	vendor_row()->contract_until = INT64_MAX;
	vg_loopback_pass(&stage.loop, 29900);
	const struct vg_exchange *x = vg_loopback_exchange(&stage.loop);
	cr_assert_not_null(x);
	cr_expect_str_eq(vg_state_word(x->state), "wait_response");
	cr_expect_eq(x->until, INT64_MAX);
	vg_loopback_pass(&stage.loop, 200);
	static char events[4096];
	cr_expect_str_eq(told_events(events, sizeof(events)),
			 "upstream.timeout 504 0>0 no answer in time\n");
	stage_close(&stage);
}

Test(proxy_exchange, no_pace_is_asked_for)
{
	gateway_row()->body_rate = 0;
	for (size_t i = 0; i < VG_COUNT(paceless); i++)
		play(&paceless[i]);
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

/* An answer that ends early, at any byte of it: nobody can take what the vendor got for whole. */
static void play_cut(const char *get, const char *answer, size_t len)
{
	char cut[256];
	struct vg_slice got;
	snprintf(cut, sizeof(cut), "%.*s", (int)len, answer);
	stage_open(&stage, 16);
	take_step(&(struct step){SAY, get}, cut);
	take_step(&(struct step){ANSWER, cut}, cut);
	take_step(&(struct step){HANG_UP}, cut);
	got = vg_buf_slice(&stage.loop.vendor.out);
	bool refused = vg_slice_starts(got, VG_SLICE("HTTP/1.1 502 "));
	bool whole = len == strlen(answer);
	cr_expect((refused || stage.loop.vendor.out_reset) == !whole, "%s: %.*s", cut,
		  VG_SLICE_FMT(got));
	stage_close(&stage);
}

Test(proxy_exchange, a_cut_answer_never_looks_whole)
{
	static const char *const gets[] = {GET, "GET /v1/x HTTP/1.0\r\n" HOST "\r\n"};
	static const char *const answers[] = {
		"HTTP/1.1 200 OK\r\n" CHUNKED "\r\n3;a=b\r\nabc\r\n2\r\nde\r\n0\r\nT: v\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabcde",
		"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nabcde",
		HINTS "HTTP/1.1 200 OK\r\n" CHUNKED "\r\n0\r\n\r\n",
	};
	for (size_t i = 0; i < VG_COUNT(gets) * VG_COUNT(answers); i++) {
		const char *answer = answers[i / VG_COUNT(gets)];
		for (size_t len = 0; len <= strlen(answer); len++)
			play_cut(gets[i % VG_COUNT(gets)], answer, len);
	}
}

static void say_each(struct vg_memory *to, const char *bytes)
{
	for (; *bytes != '\0'; bytes++) {
		VG_ASSERT(vg_buf_append(&to->in, vg_slice(bytes, 1)));
		stage_run(&stage);
	}
}

/* What is said byte by byte is heard as if it had been said at once. */
Test(proxy_exchange, one_byte_at_a_time)
{
	static const struct {
		const char *vendor, *answer, *up, *got;
	} rows[] = {
		{GET, OK, UP_GET, OK},
		{"\r\n" GET, HINTS OK, UP_GET, OK},
		{POST_CHUNKED "3;a=b\r\nabc\r\n02\r\nde\r\n0\r\nT: v\r\n\r\n",
		 "HTTP/1.1 200 OK\r\n" CHUNKED "\r\n2;x\r\nok\r\n0\r\nT: v\r\n\r\n",
		 UP_POST_CHUNKED "1\r\na\r\n1\r\nb\r\n1\r\nc\r\n1\r\nd\r\n1\r\ne\r\n0\r\n\r\n",
		 "HTTP/1.1 200 OK\r\n" CHUNKED "\r\n1\r\no\r\n1\r\nk\r\n0\r\n\r\n"},
		{EXPECTS("2") "hi", OK, UP_POST("2") "hi", CONTINUE OK},
		{"GET /v1/x HTTP/1.1\r\n" HOST "A: b\n\r\n", NULL, NULL,
		 PROBLEM("400 Bad Request")},
	};
	for (size_t i = 0; i < VG_COUNT(rows); i++) {
		stage_open(&stage, 16);
		say_each(&stage.loop.vendor, rows[i].vendor);
		if (rows[i].answer != NULL)
			say_each(stage_upstream(&stage), rows[i].answer);
		if (rows[i].up != NULL)
			cr_expect(matches(rows[i].up, seen_upstream()), "%zu: %s", i, text);
		cr_expect_eq(stage.loop.origin_count, rows[i].up != NULL, "%zu", i);
		all_of(vg_buf_slice(&stage.loop.vendor.out), text, sizeof(text));
		cr_expect(matches(rows[i].got, text), "%zu: %s", i, text);
		stage_close(&stage);
	}
}

/* A head of 100 fields that are nobody's, and one of as many that pass. */
Test(proxy_exchange, a_hundred_fields)
{
	static const char *const fields[] = {"X-Nothing: 1\r\n", "Accept: a/b\r\n"};
	for (size_t i = 0; i < VG_COUNT(fields); i++) {
		stage_open(&stage, 16);
		say(&stage.loop.vendor.in, "GET /v1/x HTTP/1.1\r\n" HOST);
		for (unsigned n = 0; n < 99; n++)
			say(&stage.loop.vendor.in, fields[i]);
		say(&stage.loop.vendor.in, "\r\n");
		stage_run(&stage);
		take_step(&(struct step){ANSWER, OK}, fields[i]);
		size_t passed = 0;
		for (const char *at = seen_upstream(); (at = strstr(at, fields[i])) != NULL; at++)
			passed++;
		cr_expect_eq(passed, i == 0 ? 0 : 99);
		cr_expect(vg_slice_eq(vg_buf_slice(&stage.loop.vendor.out), VG_SLICE(OK)));
		stage_close(&stage);
	}
}
