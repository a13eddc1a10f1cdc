/*
 * What a decision costs where 10,000 vendors have 20 rules each, and each request is another
 * vendor's, at random, so that its rows are in no cache; and beside that one vendor's, again and
 * again. Prints nanoseconds of CPU for each, the best round and the median one: other work on the
 * machine takes the cache away and only ever adds.
 *
 *   bench_decide [IMAGE | VENDORS RULES]
 *
 * IMAGE is what mkvendors' configuration is compiled to: there, as the compiler does it, equal
 * patterns and parameters are the same rows. Without it the rows are made here, for as many vendors
 * (10000) with as many rules each (20), and no rule shares one with another: the worst that can be.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "policy/decide.h"
#include "policy_fixture.h"

#define VENDORS_MAX 10000U
#define RULES_MAX 1000U
#define DECISIONS 20000U /* in a round: 20 ms */
#define ROUNDS 60
#define HOST VG_SLICE("api.agency.example")

static void add_rules(struct fixture *fixture, unsigned rules)
{
	char path[64];
	for (unsigned i = 0; i < rules; i++) {
		(void)snprintf(path, sizeof(path), "/v1/kind-%02u/{id:int}/part/{name:slug<=32}",
			       i);
		fixture_rule(fixture, (struct fixture_rule){0, "GET", path,
							    "page:int:1..50, sort:name|date"});
	}
}

static void build(struct fixture *fixture, unsigned vendors, unsigned rules)
{
	fixture_begin(fixture);
	fixture_service(fixture, "api.agency.example", "");
	for (unsigned i = 0; i < vendors; i++) {
		char id[32], name[64];
		(void)snprintf(id, sizeof(id), "vendor-%05u", i);
		(void)snprintf(name, sizeof(name), "uri:spiffe://vendor-%05u/gw", i);
		fixture_vendor(fixture, id, VG_MODE_ENFORCE);
		fixture_ident(fixture, name, "203.0.113.0/24");
		add_rules(fixture, rules);
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
	static uint64_t random = 1;
	unsigned allowed = 0;
	double begin = now();
	for (unsigned i = 0; i < DECISIONS; i++) {
		random = random * UINT64_C(6364136223846793005) + 1442695040888963407;
		facts->vendor = facts->ident = (unsigned)((random >> 33) % vendors);
		struct vg_verdict verdict = vg_decide(image, facts);
		allowed += verdict.reason == VG_REASON_ACCESS_ALLOWED;
	}
	if (allowed != DECISIONS)
		abort();
	return (now() - begin) / DECISIONS;
}

static int compare(const void *a, const void *b)
{
	const double *x = a, *y = b;
	return (*x > *y) - (*x < *y);
}

/* `vendors`: over how many the requests are spread; `rule`: which of a vendor's they ask for. */
static void run(const struct vg_image *image, unsigned vendors, unsigned rule)
{
	char text[96];
	const char *fault;
	struct vg_arena arena;
	struct vg_path path;
	struct vg_query query;
	(void)snprintf(text, sizeof(text), "/v1/kind-%02u/1234567/part/alpha-beta", rule);
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
	double each[ROUNDS];
	for (int i = 0; i < ROUNDS; i++)
		each[i] = round_of(image, &facts, vendors);
	qsort(each, ROUNDS, sizeof(*each), compare);
	printf("vendors=%u rule=%u: %.0f ns a decision, median %.0f\n", vendors, rule + 1, each[0],
	       each[ROUNDS / 2]);
	vg_arena_fini(&arena);
}

static void *map(const char *path, size_t *size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	off_t end = fd < 0 ? -1 : lseek(fd, 0, SEEK_END);
	void *block = end <= 0 ? MAP_FAILED : mmap(NULL, (size_t)end, PROT_READ, MAP_SHARED, fd, 0);
	if (block == MAP_FAILED) {
		perror(path);
		exit(1);
	}
	*size = (size_t)end;
	return block;
}

static unsigned number(const char *text, unsigned max)
{
	unsigned long value = strtoul(text, NULL, 10);
	if (value == 0 || value > max) {
		fprintf(stderr, "%s is not from 1 to %u\n", text, max);
		exit(2);
	}
	return (unsigned)value;
}

int main(int argc, char **argv)
{
	struct fixture fixture = {.block = NULL};
	bool made = argc != 2;
	if (made)
		build(&fixture, argc > 2 ? number(argv[1], VENDORS_MAX) : VENDORS_MAX,
		      argc > 2 ? number(argv[2], RULES_MAX) : 20);
	else
		fixture.block = map(argv[1], &fixture.size);
	double begin = now();
	struct vg_image image;
	const char *fault;
	if (!vg_image_open(&image, fixture.block, fixture.size, &fault)) {
		fprintf(stderr, "%s\n", fault);
		return 1;
	}
	printf("image: %zu bytes, opened in %.1f ms\n", fixture.size, (now() - begin) / 1e6);
	unsigned vendors = vg_img_vendor_count(&image);
	unsigned rule_count = vg_img_vendors(&image)->rules.count;
	run(&image, 1, 0);
	run(&image, 1, rule_count - 1);
	run(&image, vendors, 0);
	run(&image, vendors, rule_count - 1);
	if (made)
		fixture_end(&fixture);
	return 0;
}
