/*
 * Names of upstreams: hosts(5) and resolv.conf(5) as tables, and the resolver against name servers
 * of this test, which count what they are asked.
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
#include "broker/resolv.h"
#include "config/build.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "sys/shm.h"

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

static const struct {
	const char *text, *servers[4], *search[3];
	uint32_t options[VG_RESOLV_OPTIONS];
} resolvs[] = {
	{"", {NULL}, {NULL}, {1, 1, 3}},
	{"nameserver 10.0.0.1\nnameserver\t2001:db8::1 \n",
	 {"10.0.0.1", "2001:db8::1"},
	 {NULL},
	 {1, 1, 3}},
	{"# nameserver 1\n;nameserver 2\nnameservers 3\nnameserver\nnameserver 10.0.0.1\r\n",
	 {"10.0.0.1"},
	 {NULL},
	 {1, 1, 3}},
	{"nameserver 1\nnameserver 2\nnameserver 3\nnameserver 4",
	 {"1", "2", "3"},
	 {NULL},
	 {1, 1, 3}},
	{"domain a.test b.test\n", {NULL}, {"a.test"}, {1, 1, 3}},
	{"domain a.test\nsearch b.test  c.test\n", {NULL}, {"b.test", "c.test"}, {1, 1, 3}},
	{"search a.test b.test\nsearch .\n", {NULL}, {NULL}, {1, 1, 3}},
	{"options ndots:2 timeout:5 attempts:1 rotate edns0\n", {NULL}, {NULL}, {2, 5, 1}},
	{"options ndots:99 timeout:0 attempts:4294967297\noptions ndots: timeout:x bind-to:1\n",
	 {NULL},
	 {NULL},
	 {15, 1, 5}},
};

static void expect_words(const struct vg_slice *found, uint32_t count, const char *const *words,
			 size_t row)
{
	for (uint32_t i = 0; i < count; i++)
		cr_expect(words[i] != NULL && vg_slice_eq(found[i], vg_slice_str(words[i])),
			  "row %zu", row);
	cr_expect_null(words[count], "row %zu", row);
}

Test(broker_names, resolv)
{
	for (size_t i = 0; i < VG_COUNT(resolvs); i++) {
		struct vg_resolv found;
		vg_resolv_parse(vg_slice_str(resolvs[i].text), &found);
		expect_words(found.servers, found.server_count, resolvs[i].servers, i);
		expect_words(found.search, found.search_count, resolvs[i].search, i);
		cr_expect_arr_eq(found.options, resolvs[i].options, sizeof(found.options),
				 "row %zu", i);
	}
}

enum { PLAIN, LITERAL, V4_ONLY, V6_ONLY, NONE, MANY, IN_HOSTS, PLAIN_AGAIN, UPSTREAMS };

static const char *const upstream_hosts[UPSTREAMS] = {"plain.test", "",          "v4.test",
						      "v6.test",    "none.test", "many.test",
						      "fixed.test", "plain.test"};

static struct event_base *base;
static struct vg_arena arena;
static struct vg_image image;
static struct vg_names *names;
static int ttl = 60;

/* Name servers, on ports of their own. */
static struct server {
	struct evdns_server_port *port;
	char resolv[64]; /* a resolv.conf that names it */
	unsigned asked;  /* questions that it got */
	uint8_t last;    /* byte of the addresses that it gives; 0: it says nothing */
} servers[2] = {{.last = 7}, {.last = 8}};

static const char fixed[] = "192.0.2.1 fixed.test\n";

static bool asks(const struct evdns_server_question *question, const char *name, int type)
{
	return question->type == type && evutil_ascii_strcasecmp(question->name, name) == 0;
}

/* v4.test has an answer for A, and for AAAA none ever comes. */
static void serve(struct evdns_server_request *request, void *arg)
{
	struct server *server = arg;
	const struct evdns_server_question *question = request->questions[0];
	uint8_t v4[16][4], v6[16] = {0x20, 0x01, 0x0d, 0xb8, [15] = server->last};
	int count = strcasecmp(question->name, "many.test") == 0 ? 16 : 1;
	bool v4_only = strcasecmp(question->name, "v4.test") == 0;
	bool v6_only = strcasecmp(question->name, "v6.test") == 0;
	server->asked++;
	for (int i = 0; i < 16; i++)
		memcpy(v4[i], (uint8_t[]){10, 0, (uint8_t)i, server->last}, 4);
	if (server->last == 0 || (v4_only && question->type == EVDNS_TYPE_AAAA)) {
		evdns_server_request_drop(request);
		return;
	}
	if (asks(question, "none.test", question->type) || strchr(question->name, '.') == NULL) {
		evdns_server_request_respond(request, DNS_ERR_NOTEXIST);
		return;
	}
	if (question->type == EVDNS_TYPE_A && !v6_only)
		evdns_server_request_add_a_reply(request, question->name, count, v4, ttl);
	if (question->type == EVDNS_TYPE_AAAA && !v4_only)
		evdns_server_request_add_aaaa_reply(request, question->name, 1, v6, ttl);
	evdns_server_request_respond(request, DNS_ERR_NONE);
}

static void start_server(struct server *server)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(at);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	cr_assert_eq(bind(fd, (struct sockaddr *)&at, len), 0);
	cr_assert_eq(getsockname(fd, (struct sockaddr *)&at, &len), 0);
	server->port = evdns_add_server_port_with_base(base, fd, 0, serve, server);
	snprintf(server->resolv, sizeof(server->resolv), "nameserver 127.0.0.1:%u\n",
		 ntohs(at.sin_port));
}

static struct vg_image make_image(const char *const *upstreams, int count)
{
	static const uint8_t gen[32] = {0};
	struct vg_build *build = vg_build_new(&arena);
	struct vg_img_gateway gateway = {.workers = 1, .tls_min = 0x0303};
	struct vg_image made;
	const char *fault;
	void *block;
	size_t size;
	(void)vg_build_row(build, VG_SECTION_GATEWAY, &gateway);
	for (int i = 0; i < count; i++) {
		struct vg_img_upstream upstream = {.port = 80};
		upstream.host = vg_build_text(build, vg_slice_str(upstreams[i]));
		(void)vg_build_row(build, VG_SECTION_UPSTREAM, &upstream);
	}
	cr_assert(vg_build_finish(build, gen, &block, &size));
	vg_build_free(&build);
	cr_assert(vg_image_open(&made, block, size, &fault));
	return made;
}

/* NULL: there is no such file. */
static bool use(const struct vg_image *used, const char *hosts_text, const char *resolv_text)
{
	const char *const texts[VG_NAMES_FILES] = {hosts_text, resolv_text};
	int files[VG_NAMES_FILES] = {-1, -1};
	for (int i = 0; i < VG_NAMES_FILES; i++) {
		files[i] = texts[i] == NULL ? -1 : vg_shm_memfd("test");
		cr_assert(texts[i] == NULL ||
			  vg_file_write_all(files[i], texts[i], strlen(texts[i])));
	}
	bool ok = vg_names_use(names, used, files);
	for (int i = 0; i < VG_NAMES_FILES; i++)
		vg_fd_close(&files[i]);
	return ok;
}

static void setup(void)
{
	vg_arena_init(&arena, 1 << 20);
	base = event_base_new();
	start_server(&servers[0]);
	start_server(&servers[1]);
	image = make_image(upstream_hosts, UPSTREAMS);
	names = vg_names_new(base);
	cr_assert(names != NULL && use(&image, fixed, servers[0].resolv));
}

static void teardown(void)
{
	vg_names_free(&names);
	cr_expect_null(names);
	evdns_close_server_port(servers[0].port);
	evdns_close_server_port(servers[1].port);
	event_base_free(base);
	vg_arena_fini(&arena);
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

static bool find_name(const char *host, struct waiter *waiter)
{
	*waiter = (struct waiter){.wait = {.done = on_done, .owner = waiter}};
	const struct vg_addrs *addrs = vg_names_find(names, vg_slice_str(host), &waiter->wait);
	if (addrs != NULL)
		waiter->addrs = *addrs;
	return addrs != NULL;
}

static bool find(uint32_t upstream, struct waiter *waiter)
{
	return find_name(upstream_hosts[upstream], waiter);
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
	cr_expect_eq(servers[0].asked, 2, "A and AAAA, once");
	cr_assert(find(PLAIN, &first));
	cr_expect_eq(first.addrs.count, 2);
	cr_expect(is_addr(&first.addrs.addrs[0], "10.0.0.7") ||
		  is_addr(&first.addrs.addrs[1], "10.0.0.7"));
	servers[0].last = 9;
	turn(1100000);
	cr_assert_not(find(PLAIN, &first), "its time is over");
	await(&first);
	turn(50000);
	cr_expect_eq(servers[0].asked, 4);
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
	unsigned before = servers[0].asked;
	for (int i = 0; i < 1000; i++)
		cr_assert(find(NONE, &waiter));
	cr_expect_eq(waiter.addrs.count, 0);
	cr_expect_eq(servers[0].asked, before);
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
	vg_names_worked(names, vg_slice_str(upstream_hosts[MANY]), &good);
	cr_assert(find(MANY, &waiter));
	cr_expect_eq(waiter.addrs.count, VG_ADDRS_MAX);
	cr_expect(vg_addr_eq(&waiter.addrs.addrs[0], &good));
}

Test(broker_names_asked, the_file_of_hosts_comes_before_the_servers)
{
	struct waiter waiter;
	cr_assert(find(IN_HOSTS, &waiter));
	cr_expect(waiter.addrs.count == 1 && is_addr(&waiter.addrs.addrs[0], "192.0.2.1"));
	cr_expect_eq(servers[0].asked, 0);
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

static bool has(const struct waiter *waiter, const char *addr)
{
	for (uint32_t i = 0; i < waiter->addrs.count; i++)
		if (is_addr(&waiter->addrs.addrs[i], addr))
			return true;
	return false;
}

static void expect_found(const char *host, const char *addr)
{
	struct waiter waiter;
	if (!find_name(host, &waiter))
		await(&waiter);
	turn(50000);
	cr_assert(find_name(host, &waiter), "%s", host);
	cr_expect(has(&waiter, addr), "%s", host);
}

Test(broker_names_asked, names_come_and_go_with_images)
{
	static const char *const later[] = {"later.test", "plain.test"};
	struct vg_image next = make_image(later, 2);
	cr_assert(use(&next, fixed, servers[0].resolv));
	expect_found("later.test", "10.0.0.7");
	vg_names_drop(names, &image);
	expect_found("later.test", "10.0.0.7");
	expect_found("plain.test", "10.0.0.7");
	cr_assert(use(&image, fixed, servers[0].resolv));
	vg_names_drop(names, &next);
	expect_found("plain.test", "10.0.0.7");
	expect_found("v6.test", "2001:db8::7");
}

Test(broker_names_asked, an_image_may_go_before_the_answers_come)
{
	static const char *const later[] = {"later.test"};
	struct vg_image next = make_image(later, 1);
	struct waiter waiter;
	cr_assert(use(&next, fixed, servers[0].resolv));
	for (int i = 0; i < 2; i++) {
		cr_assert_not(find_name("later.test", &waiter));
		vg_names_forget(&waiter.wait);
		vg_names_drop(names, &next);
		if (i == 0)
			cr_assert(use(&next, fixed, servers[0].resolv), "it comes back");
	}
	turn(100000);
	cr_expect_eq(waiter.calls, 0);
	cr_assert(use(&next, fixed, servers[0].resolv));
	expect_found("later.test", "10.0.0.7");
}

Test(broker_names_asked, the_files_that_came_last_count_for_all)
{
	static const char *const none[] = {""};
	struct vg_image next = make_image(none, 1);
	struct waiter waiter;
	expect_found("plain.test", "10.0.0.7");
	cr_assert(use(&next, "192.0.2.9 plain.test\n", servers[1].resolv));
	cr_assert(find(PLAIN, &waiter));
	cr_expect(waiter.addrs.count == 1 && has(&waiter, "192.0.2.9"));
	expect_found("fixed.test", "10.0.0.8");
	cr_assert(use(&next, NULL, servers[1].resolv));
	expect_found("plain.test", "10.0.0.8");
	cr_assert(use(&next, NULL, servers[0].resolv));
	expect_found("plain.test", "10.0.0.7");
}

/* The first server says nothing, so that questions to it, and then its trials, are under way. */
Test(broker_names_asked, another_server_is_asked_again, .timeout = 30)
{
	static const char *const none[] = {""};
	struct vg_image next = make_image(none, 1);
	struct waiter waiter;
	servers[0].last = 0;
	for (int64_t us = 10000; us < 8000000; us *= 20) {
		cr_assert_not(find(PLAIN, &waiter));
		turn(us);
		cr_assert_gt(servers[0].asked, 0);
		if (waiter.calls > 0) {
			cr_assert_eq(waiter.addrs.count, 0, "nobody answers");
			turn(1100000);
			cr_assert_not(find(PLAIN, &waiter), "again");
		}
		cr_assert(use(&next, NULL, servers[1].resolv));
		await(&waiter);
		turn(50000);
		cr_assert(find(PLAIN, &waiter));
		cr_expect(has(&waiter, "10.0.0.8"));
		cr_assert(use(&next, NULL, servers[0].resolv));
	}
}

Test(broker_names_asked, a_single_label_is_searched_for)
{
	static const char *const single[] = {"api"};
	struct vg_image next = make_image(single, 1);
	struct waiter waiter;
	char text[128];
	cr_assert(use(&next, NULL, servers[0].resolv));
	cr_assert_not(find_name("api", &waiter));
	await(&waiter);
	cr_expect_eq(waiter.addrs.count, 0);
	snprintf(text, sizeof(text), "search none.test inner.test\n%s", servers[0].resolv);
	cr_assert(use(&next, NULL, text));
	expect_found("api", "10.0.0.7");
}

Test(broker_names_asked, without_a_server_that_can_be_asked_it_is_this_machine)
{
	static const char *const none[] = {""};
	struct vg_image next = make_image(none, 1);
	cr_expect(use(&next, NULL, NULL));
	cr_expect(use(&next, NULL, "nameserver fe80::1%eth0\nnameserver x\n"));
	cr_expect(use(&next, NULL, servers[0].resolv));
	expect_found("plain.test", "10.0.0.7");
}
