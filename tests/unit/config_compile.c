/* Whole configurations: a good one decides requests, a bad one is refused with all its faults. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "config_tree.h"
#include "policy/decide.h"

static struct tree tree;

static void teardown(void)
{
	tree_end(&tree);
}

#define GATEWAY                                                                                    \
	"[gateway]\n"                                                                              \
	"node = dmz-1\n"                                                                           \
	"listen = 127.0.0.1:8443\n"                                                                \
	"workers = 2\n"                                                                            \
	"[tls]\n"                                                                                  \
	"certificate = server.pem\n"                                                               \
	"private_key = server.key\n"                                                               \
	"[telemetry siem]\n"                                                                       \
	"to = udp://127.0.0.1:5140\n"                                                              \
	"[service courses]\n"                                                                      \
	"host = api.agency.example\n"                                                              \
	"upstream = http://127.0.0.1:8080\n"

#define ACME                                                                                       \
	"[vendor]\n"                                                                               \
	"id = acme\n"                                                                              \
	"[identity]\n"                                                                             \
	"ca = ../ca/acme.pem\n"                                                                    \
	"uri = spiffe://acme.example/gateway\n"                                                    \
	"[access schedule]\n"                                                                      \
	"service = courses\n"                                                                      \
	"methods = GET\n"                                                                          \
	"path = /v1/courses/{id:int}\n"

static void setup(void)
{
	tree_begin(&tree);
	tree_write(&tree, "vendgate.ini", GATEWAY);
	tree_write(&tree, "policies/acme.ini", ACME);
}

static struct vg_verdict decide(const char *method, const char *raw)
{
	struct vg_path path;
	const char *fault;
	cr_assert(vg_path_parse(&path, vg_slice_str(raw), &tree.arena, &fault));
	struct vg_facts facts = {
		.vendor = vg_img_find_vendor(&tree.image, VG_SLICE("acme")),
		.sni = VG_SLICE("api.agency.example"),
		.host = VG_SLICE("api.agency.example"),
		.method = vg_slice_str(method),
		.path = &path,
	};
	cr_assert(vg_addr_parse(VG_SLICE("192.0.2.1"), &facts.src));
	cr_assert_neq(facts.vendor, VG_NO_ROW);
	facts.ident = vg_img_vendors(&tree.image)[facts.vendor].idents.first;
	return vg_decide(&tree.image, &facts);
}

Test(config_compile, thin, .init = setup, .fini = teardown)
{
	bool good = tree_compile(&tree);
	cr_assert_str_eq(tree_said(&tree, false), "");
	cr_assert(good);
	cr_assert_eq(decide("GET", "/v1/courses/7").reason, VG_REASON_ACCESS_ALLOWED);
	cr_assert_eq(decide("HEAD", "/v1/courses/7").reason, VG_REASON_ACCESS_ALLOWED);
	cr_assert_eq(decide("POST", "/v1/courses/7").reason, VG_REASON_ACCESS_METHOD);
	cr_assert_eq(decide("GET", "/v1/courses/x").reason, VG_REASON_ACCESS_NO_RULE);
}
