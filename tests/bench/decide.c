/*
 * What a decision costs: 10,000 vendors with 20 rules each, requests spread over all of them, so
 * that the image is not in the cache. Prints nanoseconds of CPU for each, the best of some rounds,
 * since other work on the machine only ever adds.
 */
#include <stdio.h>
#include <time.h>

#include "policy/decide.h"
#include "policy_fixture.h"

#define VENDORS 10000U
#define RULES 20U
#define ROUNDS 300000U
#define TRIES 7
#define HOST VG_SLICE("api.agency.example")

static void add_rules(struct fixture *fixture)
{
	char path[64];
	for (unsigned i = 0; i < RULES; i++) {
		(void)snprintf(path, sizeof(path),
			       "/v1/kind-%02u/{id:int}/part/{name:slug<=32}", i);
		fixture_rule(fixture, (struct fixture_rule){
					      0, "GET", path, "page:int:1..50, sort:name|date"});
	}
}

static void build(struct fixture *fixture)
{
	fixture_begin(fixture);
	fixture_service(fixture, "api.agency.example", "/residents");
	for (unsigned i = 0; i < VENDORS; i++) {
		char id[32], name[64];
		(void)snprintf(id, sizeof(id), "vendor-%05u", i);
		(void)snprintf(name, sizeof(name), "uri:spiffe://vendor-%05u/gw", i);
		fixture_vendor(fixture, id, VG_MODE_ENFORCE);
		fixture_ident(fixture, name, "203.0.113.0/24");
		add_rules(fixture);
	}
	fixture_open(fixture);
}

static double now(void)
{
	struct timespec ts;
	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (double)ts.tv_sec * 1e9 + (double)ts.tv_nsec;
}

static double round_of(const struct vg_image *image, struct vg_facts *facts, unsigned vendors)
{
	unsigned allowed = 0;
	double begin = now();
	for (unsigned i = 0; i < ROUNDS; i++) {
		facts->vendor = facts->ident = (unsigned)((uint64_t)i * 7919 % vendors);
		struct vg_verdict verdict = vg_decide(image, facts);
		allowed += verdict.reason == VG_REASON_ACCESS_ALLOWED;
	}
	if (allowed != ROUNDS)
		abort();
	return (now() - begin) / ROUNDS;
}

/* `vendors`: over how many the requests are spread; `rule`: which one they ask for. */
static void run(const struct vg_image *image, unsigned vendors, unsigned rule)
{
	char text[96];
	const char *fault;
	struct vg_arena arena;
	struct vg_path path;
	struct vg_query query;
	(void)snprintf(text, sizeof(text), "/residents/v1/kind-%02u/1234567/part/alpha-beta", rule);
	vg_arena_init(&arena, 4096);
	if (!vg_path_parse(&path, vg_slice_str(text), &arena, &fault) ||
	    !vg_query_parse(&query, VG_SLICE("page=7&sort=name"), &arena, &fault))
		abort();
	struct vg_facts facts = {.sni = HOST,
				 .host = HOST,
				 .method = VG_SLICE("GET"),
				 .path = &path,
				 .query = &query,
				 .src = vg_addr_v4((const uint8_t[]){203, 0, 113, 9})};
	double best = round_of(image, &facts, vendors);
	for (int i = 1; i < TRIES; i++) {
		double each = round_of(image, &facts, vendors);
		best = each < best ? each : best;
	}
	printf("vendors=%u rule=%u of %u: %.0f ns a decision\n", vendors, rule + 1, RULES, best);
	vg_arena_fini(&arena);
}

int main(void)
{
	struct fixture fixture;
	build(&fixture);
	double begin = now();
	struct vg_image image;
	const char *fault;
	if (!vg_image_open(&image, fixture.block, fixture.size, &fault))
		abort();
	printf("image: %zu bytes, opened in %.1f ms\n", fixture.size, (now() - begin) / 1e6);
	run(&image, 1, 0);
	run(&image, 1, RULES - 1);
	run(&image, VENDORS, 0);
	run(&image, VENDORS, RULES - 1);
	fixture_end(&fixture);
	return 0;
}
