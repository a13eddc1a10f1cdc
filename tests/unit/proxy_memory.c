/*
 * Memory that runs out in the middle of an exchange, at each allocation in turn: no crash, nothing
 * for the upstream or the vendor that an honest run would not have brought, and one event for each
 * request whose head was read, or a refusal that is counted. malloc and calloc are wrapped by the
 * linker (proxy.inc).
 */
#include <criterion/criterion.h>
#include <string.h>

#include "http/trace.h"
#include "proxy/exchange.h"
#include "proxy_stage.h"

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);

/* 0: none; 1: the next one fails; and so on. */
static uint64_t fails_at;
static bool all_fail; /* from there on, not that one alone */
static bool failed;

static bool is_to_fail(void)
{
	if (failed && all_fail)
		return true;
	if (fails_at == 0 || --fails_at > 0)
		return false;
	failed = true;
	return true;
}

void *__wrap_malloc(size_t size)
{
	return is_to_fail() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
	return is_to_fail() ? NULL : __real_calloc(count, size);
}

#define HOST "Host: " STAGE_HOST "\r\n"
#define GET "GET /v1/x HTTP/1.1\r\n" HOST "\r\n"
#define OK "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
#define CHUNKED "Transfer-Encoding: chunked\r\n"

struct play {
	const char *what;
	const char *says[3], *answers[3]; /* in turns */
	bool hangs_up;
	uint32_t exchanges;
};

static const struct play plays[] = {
	{"get", {GET}, {OK}, .exchanges = 1},
	{"get twice", {GET, GET}, {OK, OK}, .exchanges = 2},
	{"query and fields",
	 {"GET /v1/%C3%A4/x?page=7 HTTP/1.1\r\n" HOST "User-Agent: u\r\nAccept: */*\r\n\r\n"},
	 {OK},
	 .exchanges = 1},
	{"post",
	 {"POST /v1/x HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nhe", "llo"},
	 {NULL, OK},
	 .exchanges = 1},
	{"post chunked, with 100-continue",
	 {"POST /v1/x HTTP/1.1\r\n" HOST CHUNKED "Expect: 100-continue\r\n\r\n",
	  "3\r\nabc\r\n0\r\n\r\n"},
	 {NULL, OK},
	 .exchanges = 1},
	{"chunked answer",
	 {GET},
	 {"HTTP/1.1 200 OK\r\n" CHUNKED "\r\n3\r\nabc\r\n0\r\n\r\n"},
	 .exchanges = 1},
	{"answer until the end, to HTTP/1.0",
	 {"GET /v1/x HTTP/1.0\r\n" HOST "\r\n"},
	 {"HTTP/1.1 200 OK\r\n\r\nabc"},
	 .hangs_up = true,
	 .exchanges = 1},
	{"redirect",
	 {GET},
	 {"HTTP/1.1 302 Found\r\nLocation: /y\r\nContent-Length: 0\r\n\r\n"},
	 .exchanges = 1},
	{"refused", {"GET /no HTTP/1.1\r\n" HOST "\r\n"}, {NULL}, .exchanges = 1},
	{"malformed", {"GET /v1/x HTTP/1.1\n\r\n"}, {NULL}, .exchanges = 1},
};

static struct stage stage;

static void mask(char *text, const char *field, size_t len)
{
	for (char *at = text; (at = strstr(at, field)) != NULL;) {
		at += strlen(field);
		memset(at, '#', len);
	}
}

/* Ids differ from run to run. */
static void mask_ids(char *text)
{
	mask(text, "X-Request-Id: ", VG_ULID_TEXT - 1);
	mask(text, "traceparent: ", VG_TRACEPARENT_LEN);
}

static void copy(struct vg_slice s, char *out, size_t size)
{
	VG_ASSERT(s.len < size);
	memcpy(out, s.ptr, s.len);
	out[s.len] = '\0';
	mask_ids(out);
}

struct result {
	char vendor[4096], upstream[4096];
	uint32_t events, untold;
	uint32_t heads; /* that the gateway has read */
};

static void take_turn(const struct play *play, size_t i)
{
	/* What the world says has room: only the gateway's memory runs out. */
	uint64_t armed = fails_at;
	bool was = failed;
	fails_at = 0;
	failed = false;
	if (play->says[i] != NULL && !stage.loop.vendor.out_ended)
		stage_say(&stage, vg_slice_str(play->says[i]));
	fails_at = armed;
	failed = was;
	stage_run(&stage);
	if (play->answers[i] == NULL || stage_upstream(&stage) == NULL)
		return;
	armed = fails_at;
	was = failed;
	fails_at = 0;
	failed = false;
	stage_answer(&stage, vg_slice_str(play->answers[i]));
	fails_at = armed;
	failed = was;
	stage_upstream(&stage)->in_ended = play->hangs_up;
	stage_run(&stage);
}

static uint32_t heads_read(const struct play *play)
{
	size_t end = 0, read = stage.said - stage.loop.vendor.in.len;
	uint32_t heads = 0;
	for (size_t i = 0; i < VG_COUNT(play->says) && play->says[i] != NULL; i++) {
		end += strlen(play->says[i]);
		heads += end <= read && strstr(play->says[i], " HTTP/1.") != NULL;
	}
	return heads;
}

static void collect(const struct play *play, struct result *result)
{
	struct vg_record record;
	const struct vg_memory *vendor = &stage.loop.vendor;
	copy(vg_buf_slice(&vendor->out), result->vendor, sizeof(result->vendor));
	size_t len = 0;
	for (uint32_t i = 0; i < stage.loop.origin_count; i++) {
		copy(vg_buf_slice(&stage.loop.origins[i].memory.out), result->upstream + len,
		     sizeof(result->upstream) - len);
		len += strlen(result->upstream + len);
	}
	result->heads = heads_read(play);
	result->untold = (uint32_t)stage.loop.worker.untold;
	while (vg_loopback_event(&stage.loop, &record))
		result->events++;
}

/* False where no allocation was left to fail. */
static bool run(const struct play *play, uint64_t at, struct result *result)
{
	*result = (struct result){0};
	stage_open(&stage, 16);
	/* The vendor's and the upstream's ends have their memory. */
	VG_ASSERT(vg_buf_append(&stage.loop.vendor.out, vg_slice("x", 1)));
	vg_buf_consume(&stage.loop.vendor.out, 1);
	failed = false;
	fails_at = at;
	for (size_t i = 0; i < VG_COUNT(play->says); i++)
		take_turn(play, i);
	fails_at = 0;
	bool hit = failed;
	failed = false;
	if (stage.loop.vendor.stream != NULL && vg_loopback_exchange(&stage.loop) != NULL) {
		stage.loop.vendor.broken = true;
		stage_run(&stage);
	}
	cr_assert_eq(stage.loop.worker.ring.open, 0, "%s, %d: a slot is open", play->what, (int)at);
	collect(play, result);
	stage_close(&stage);
	return hit;
}

static bool is_prefix(const char *part, const char *whole)
{
	return strncmp(part, whole, strlen(part)) == 0;
}

static void check(const struct play *play, const struct result *honest, const struct result *result,
		  int at)
{
	cr_assert_eq(result->events + result->untold, result->heads,
		     "%s, %d: %u heads, %u events, %u untold", play->what, at, result->heads,
		     result->events, result->untold);
	cr_assert(is_prefix(result->upstream, honest->upstream), "%s, %d: upstream got %s",
		  play->what, at, result->upstream);
	const char *problem = strstr(result->vendor, "application/problem+json");
	cr_assert(is_prefix(result->vendor, honest->vendor) || problem != NULL,
		  "%s, %d: vendor got %s", play->what, at, result->vendor);
}

static void exhaust(const struct play *play, bool all)
{
	static struct result honest, result;
	all_fail = all;
	cr_assert(!run(play, 0, &honest));
	cr_assert_eq(honest.events, play->exchanges, "%s: %u events", play->what, honest.events);
	cr_assert_eq(honest.heads, play->exchanges, "%s: %u heads", play->what, honest.heads);
	uint64_t at = 1;
	while (run(play, at, &result)) {
		check(play, &honest, &result, (int)at);
		cr_assert_lt(at++, 1000);
	}
	cr_assert_gt(at, 3, "%s: nothing was wrapped", play->what);
}

static void setup(void)
{
	stage_begin(&stage);
}

static void teardown(void)
{
	stage_end(&stage);
}

TestSuite(proxy_memory, .init = setup, .fini = teardown);

Test(proxy_memory, one_allocation_fails)
{
	for (size_t i = 0; i < VG_COUNT(plays); i++)
		exhaust(&plays[i], false);
}

Test(proxy_memory, all_fail_from_one_on)
{
	for (size_t i = 0; i < VG_COUNT(plays); i++)
		exhaust(&plays[i], true);
}
