/*
 * Policy images for tests, written down as a policy would be: services, then vendors, each with
 * its identities and rules. Who writes one keeps the order of image.def. Anything that fails ends
 * the program: a fixture is no subject of a test.
 */
#ifndef VG_TESTS_POLICY_FIXTURE_H
#define VG_TESTS_POLICY_FIXTURE_H

#include "config/build.h"
#include "policy/image.h"

struct fixture {
	struct vg_arena arena;
	struct vg_build *build;
	struct vg_image image; /* once finished */
	void *block;
	size_t size;
};

void fixture_begin(struct fixture *fixture);
void fixture_service(struct fixture *fixture, const char *host, const char *prefix);
void fixture_vendor(struct fixture *fixture, const char *id, enum vg_mode mode);

/* Of the last vendor. names: "uri:…, dns:…"; networks: "192.0.2.0/24, …" or "". */
void fixture_ident(struct fixture *fixture, const char *names, const char *networks);

struct fixture_rule {
	uint32_t service;
	const char *methods; /* "GET, POST" */
	const char *path;    /* as in a policy; types as in fixture_value */
	const char *query;   /* "page:int:1..50, since!:date", by name; NULL: none */
	const char *types;   /* "application/json, …"; NULL: none */
	uint64_t max_body;
	const char *headers; /* of a request, as query */
	const char *answer_headers, *answer_types;
	uint64_t max_response; /* 0: any */
	enum vg_errors errors;
};

/* Of the last vendor, by service and specificity. */
void fixture_rule(struct fixture *fixture, struct fixture_rule rule);

/* int, int:1..9, uuid, date, hex<=N, slug<=N, text<=N, a|b; with *N a list; "" is any. */
struct vg_img_value fixture_value(struct fixture *fixture, const char *text);

/* The image before it is opened, in fixture->block. */
void fixture_finish(struct fixture *fixture);
/* Finishes and opens it. */
const struct vg_image *fixture_open(struct fixture *fixture);
void fixture_end(struct fixture *fixture);

/* Two services, three vendors (one suspended), and a rule of each shape. */
void fixture_world(struct fixture *fixture);

#endif
