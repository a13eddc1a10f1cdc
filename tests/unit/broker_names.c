/*
 * Names of upstreams: hosts(5) as a table, and the resolver against a name server of this test,
 * which counts what it is asked.
 */
#include "config.h"

#include "broker/names.h"

#include <criterion/criterion.h>
#include <event2/dns.h>
#include <event2/dns_struct.h>
#include <event2/event_struct.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "broker/hosts.h"
#include "config/build.h"
#include "sys/clock.h"

static const struct {
	const char *text, *name, *addrs[3];
} hosts[] = {
	{"127.0.0.1 localhost\n::1 localhost\n", "localhost", {"127.0.0.1", "::1"}},
	{"10.0.0.7\tapi.internal  api # x\n", "api", {"10.0.0.7"}},
	{"10.0.0.7 API.internal", "api.internal", {"10.0.0.7"}},
	{"10.0.0.7 api.internal\r\n", "api.internal", {"10.0.0.7"}},
	{"  10.0.0.7 a\n\n10.0.0.8 b a\n", "a", {"10.0.0.7", "10.0.0.8"}},
	{"10.0.0.7 a # api\n#10.0.0.8 api\n", "api", {NULL}},
	{"10.0.0.7 api2\nnonsense api\n10.0.0.7\n", "api", {NULL}},
	{"", "localhost", {"127.0.0.1", "::1"}},
	{"", "x.localhost", {"127.0.0.1", "::1"}},
	{"10.0.0.7 localhost\n", "localhost", {"10.0.0.7"}},
	{"", "notlocalhost", {NULL}},
};

static bool is_addr(const struct vg_addr *addr, const char *text)
{
	struct vg_addr want;
	return text != NULL && vg_addr_parse(vg_slice_str(text), &want) && vg_addr_eq(addr, &want);
}

Test(broker_names, hosts)
{
	for (size_t i = 0; i < VG_COUNT(hosts); i++) {
		struct vg_addr found[3];
		size_t want = 0;
		while (want < 3 && hosts[i].addrs[want] != NULL)
			want++;
		size_t count = vg_hosts_find(vg_slice_str(hosts[i].text),
					     vg_slice_str(hosts[i].name), found, 3);
		cr_assert_eq(count, want, "row %zu", i);
		for (size_t at = 0; at < count; at++)
			cr_expect(is_addr(&found[at], hosts[i].addrs[at]), "row %zu", i);
	}
}

enum { PLAIN, LITERAL, V4_ONLY, V6_ONLY, NONE, MANY, IN_HOSTS, PLAIN_AGAIN, UPSTREAMS };

static const char *const upstream_hosts[UPSTREAMS] = {
	"plain.test", "", "v4.test", "v6.test", "none.test", "many.test", "fixed.test", "plain.test"};

static struct event_base *base;
static struct evdns_server_port *server;
static struct vg_arena arena;
static struct vg_image image;
static struct vg_names *names;
static unsigned asked;   /* questions that the server got */
static uint8_t last = 7; /* byte of the addresses that it gives */
static int ttl = 60;
static char resolv[32], hosts_file[32];

static bool asks(const struct evdns_server_question *question, const char *name, int type)
{
	return question->type == type && evutil_ascii_strcasecmp(question->name, name) == 0;
}

/* v4.test has an answer for A, and for AAAA none ever comes. */
static void serve(struct evdns_server_request *request, void *arg)
{
	(void)arg;
	const struct evdns_server_question *question = request->questions[0];
	uint8_t v4[16][4], v6[16] = {0x20, 0x01, 0x0d, 0xb8, [15] = last};
	int count = strcasecmp(question->name, "many.test") == 0 ? 16 : 1;
	bool v4_only = strcasecmp(question->name, "v4.test") == 0;
	bool v6_only = strcasecmp(question->name, "v6.test") == 0;
	asked++;
	for (int i = 0; i < 16; i++)
		memcpy(v4[i], (uint8_t[]){10, 0, (uint8_t)i, last}, 4);
	if (v4_only && question->type == EVDNS_TYPE_AAAA) {
		evdns_server_request_drop(request);
		return;
	}
	if (asks(question, "none.test", question->type)) {
		evdns_server_request_respond(request, DNS_ERR_NOTEXIST);
		return;
	}
	if (question->type == EVDNS_TYPE_A && !v6_only)
		evdns_server_request_add_a_reply(request, question->name, count, v4, ttl);
	if (question->type == EVDNS_TYPE_AAAA && !v4_only)
		evdns_server_request_add_aaaa_reply(request, question->name, 1, v6, ttl);
	evdns_server_request_respond(request, DNS_ERR_NONE);
}

static void write_file(char path[32], const char *text)
{
	strcpy(path, "/tmp/vg-names-XXXXXX");
	int fd = mkstemp(path);
	cr_assert(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	close(fd);
}

static void start_server(void)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(at);
	char text[64];
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	cr_assert_eq(bind(fd, (struct sockaddr *)&at, len), 0);
	cr_assert_eq(getsockname(fd, (struct sockaddr *)&at, &len), 0);
	server = evdns_add_server_port_with_base(base, fd, 0, serve, NULL);
	snprintf(text, sizeof(text), "nameserver 127.0.0.1:%u\n", ntohs(at.sin_port));
	write_file(resolv, text);
	write_file(hosts_file, "192.0.2.1 fixed.test\n");
}

static void make_image(void)
{
	static const uint8_t gen[32] = {0};
	struct vg_build *build = vg_build_new(&arena);
	struct vg_img_gateway gateway = {.workers = 1, .tls_min = 0x0303};
	const char *fault;
	void *block;
	size_t size;
	(void)vg_build_row(build, VG_SECTION_GATEWAY, &gateway);
	for (int i = 0; i < UPSTREAMS; i++) {
		struct vg_img_upstream upstream = {.port = 80};
		upstream.host = vg_build_text(build, vg_slice_str(upstream_hosts[i]));
		(void)vg_build_row(build, VG_SECTION_UPSTREAM, &upstream);
	}
	cr_assert(vg_build_finish(build, gen, &block, &size));
	vg_build_free(&build);
	cr_assert(vg_image_open(&image, block, size, &fault));
}

static void setup(void)
{
	vg_arena_init(&arena, 1 << 20);
	base = event_base_new();
	start_server();
	make_image();
	names = vg_names_new(base, &image, hosts_file, resolv);
	cr_assert_not_null(names);
}

static void teardown(void)
{
	vg_names_free(&names);
	cr_expect_null(names);
	evdns_close_server_port(server);
	event_base_free(base);
	vg_arena_fini(&arena);
	unlink(resolv);
	unlink(hosts_file);
}

TestSuite(broker_names_asked, .init = setup, .fini = teardown);

struct waiter {
	struct vg_name_wait wait;
	struct vg_addrs addrs;
	unsigned calls;
};

static void on_done(void *owner, const struct vg_addrs *addrs)
{
	struct waiter *waiter = owner;
	waiter->addrs = *addrs;
	waiter->calls++;
}

static bool find(uint32_t upstream, struct waiter *waiter)
{
	*waiter = (struct waiter){.wait = {.done = on_done, .owner = waiter}};
	const struct vg_addrs *addrs = vg_names_find(names, upstream, &waiter->wait);
	if (addrs != NULL)
		waiter->addrs = *addrs;
	return addrs != NULL;
}

static void turn(int64_t us)
{
	struct timeval time = {.tv_sec = us / 1000000, .tv_usec = us % 1000000};
	event_base_loopexit(base, &time);
	event_base_dispatch(base);
}

/* Until it was called, for up to two seconds; then as long again as the answer to it may take. */
static void await(struct waiter *waiter)
{
	int64_t end = vg_clock_monotonic() + 2000000;
	while (waiter->calls == 0 && vg_clock_monotonic() < end)
		turn(10000);
	cr_assert_eq(waiter->calls, 1);
}

Test(broker_names_asked, an_answer_is_kept_for_its_time)
{
	struct waiter first, second;
	ttl = 0; /* as short as it gets: one second */
	cr_assert_not(find(PLAIN, &first));
	cr_assert_not(find(PLAIN_AGAIN, &second), "the same question is under way");
	await(&first);
	await(&second);
	turn(50000);
	cr_expect_eq(asked, 2, "A and AAAA, once");
	cr_assert(find(PLAIN, &first));
	cr_expect_eq(first.addrs.count, 2);
	cr_expect(is_addr(&first.addrs.addrs[0], "10.0.0.7") ||
		  is_addr(&first.addrs.addrs[1], "10.0.0.7"));
	last = 9;
	turn(1100000);
	cr_assert_not(find(PLAIN, &first), "its time is over");
	await(&first);
	turn(50000);
	cr_expect_eq(asked, 4);
	cr_assert(find(PLAIN, &first));
	cr_expect(is_addr(&first.addrs.addrs[0], "10.0.0.9") ||
		  is_addr(&first.addrs.addrs[1], "10.0.0.9"));
}

Test(broker_names_asked, one_family_is_enough)
{
	struct waiter waiter;
	int64_t begin = vg_clock_monotonic();
	cr_assert_not(find(V4_ONLY, &waiter));
	await(&waiter);
	cr_expect_lt(vg_clock_monotonic() - begin, 500000, "AAAA is not waited for");
	cr_expect(waiter.addrs.count == 1 && is_addr(&waiter.addrs.addrs[0], "10.0.0.7"));
	cr_assert_not(find(V6_ONLY, &waiter));
	await(&waiter);
	cr_expect(waiter.addrs.count == 1 && is_addr(&waiter.addrs.addrs[0], "2001:db8::7"));
}

Test(broker_names_asked, what_is_not_there_is_asked_for_once_a_second)
{
	struct waiter waiter;
	cr_assert_not(find(NONE, &waiter));
	await(&waiter);
	cr_expect_eq(waiter.addrs.count, 0);
	unsigned before = asked;
	for (int i = 0; i < 1000; i++)
		cr_assert(find(NONE, &waiter));
	cr_expect_eq(waiter.addrs.count, 0);
	cr_expect_eq(asked, before);
	turn(1100000);
	cr_expect_not(find(NONE, &waiter));
	vg_names_forget(&waiter.wait);
}

Test(broker_names_asked, many_addresses_are_bounded_and_the_good_one_comes_first)
{
	struct waiter waiter;
	cr_assert_not(find(MANY, &waiter));
	await(&waiter);
	turn(50000);
	cr_assert(find(MANY, &waiter));
	cr_expect_eq(waiter.addrs.count, VG_ADDRS_MAX);
	struct vg_addr good = waiter.addrs.addrs[5];
	vg_names_worked(names, MANY, &good);
	cr_assert(find(MANY, &waiter));
	cr_expect_eq(waiter.addrs.count, VG_ADDRS_MAX);
	cr_expect(vg_addr_eq(&waiter.addrs.addrs[0], &good));
}

Test(broker_names_asked, the_file_of_hosts_comes_before_the_servers)
{
	struct waiter waiter;
	cr_assert(find(IN_HOSTS, &waiter));
	cr_expect(waiter.addrs.count == 1 && is_addr(&waiter.addrs.addrs[0], "192.0.2.1"));
	cr_expect_eq(asked, 0);
}

Test(broker_names_asked, who_forgets_is_not_called)
{
	struct waiter gone, middle, stays;
	cr_assert_not(find(PLAIN, &gone));
	cr_assert_not(find(PLAIN, &middle));
	cr_assert_not(find(PLAIN, &stays));
	vg_names_forget(&middle.wait);
	vg_names_forget(&gone.wait);
	vg_names_forget(&gone.wait);
	await(&stays);
	turn(50000);
	cr_expect_eq(gone.calls + middle.calls, 0);
}
