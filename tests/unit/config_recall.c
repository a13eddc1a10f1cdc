/* A configuration that is compiled again, knowing what an earlier image knows of certificates. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "config_tree.h"
#include "sys/file.h"

#define VENDORS 4
#define ROUNDS 80

#define GATEWAY                                                                                    \
	"[gateway]\nnode = dmz-1\nlisten = 127.0.0.1:8443\n"                                       \
	"[tls]\ncertificate = server.pem\nprivate_key = server.key\n"                              \
	"[telemetry siem]\nto = udp://127.0.0.1:5140\n"                                            \
	"[service courses]\nhost = api.agency.example\nupstream = http://127.0.0.1:8080\n"

static struct tree tree;

static void setup(void)
{
	tree_begin(&tree);
	tree_write(&tree, "vendgate.ini", GATEWAY);
}

static void teardown(void)
{
	tree_end(&tree);
}

TestSuite(config_recall, .init = setup, .fini = teardown);

/* A vendor with these CAs ("acme.pem, both.pem"); NULL: without any such vendor. */
static void vendor(unsigned number, const char *cas)
{
	static bool there[VENDORS];
	char path[32], text[512] = "";
	int len = 0;
	snprintf(path, sizeof(path), "policies/v%u.ini", number);
	if (cas == NULL) {
		if (there[number])
			tree_write(&tree, path, NULL);
		there[number] = false;
		return;
	}
	len += snprintf(text, sizeof(text), "[vendor]\nid = v%u\n[identity]\n", number);
	struct vg_slice rest = vg_slice_str(cas), name;
	for (const char *word = "ca = ../ca/"; vg_slice_cut(&rest, ' ', &name); word = ", ../ca/")
		len += snprintf(text + len, sizeof(text) - (size_t)len, "%s%.*s", word,
				VG_SLICE_FMT(name));
	snprintf(text + len, sizeof(text) - (size_t)len,
		 "\nuri = spiffe://v%u.example/gw\n[access all]\nservice = courses\n"
		 "methods = GET\npath = /**\n",
		 number);
	tree_write(&tree, path, text);
	there[number] = true;
}

/* ca/TO gets the bytes of ca/FROM. */
static void copy(const char *from, const char *to)
{
	char path[256];
	struct vg_slice bytes;
	snprintf(path, sizeof(path), "%s/ca/%s", tree.directory, from);
	cr_assert(vg_file_read(&tree.arena, path, 1 << 20, &bytes));
	snprintf(path, sizeof(path), "ca/%s", to);
	tree_write(&tree, path, vg_arena_dup(&tree.arena, bytes).ptr);
}

/*
 * From nothing and knowing `serving`: the same words and the same image, byte for byte, which is
 * left in the tree. How many certificates had to be parsed the second time.
 */
static unsigned expect_same(const struct vg_image *serving, const char *what)
{
	bool good = tree_compile(&tree);
	struct vg_compiled fresh = tree.compiled;
	const char *said = tree_said(&tree, true);
	cr_expect_eq(fresh.recalled, 0, "%s", what);
	cr_assert_eq(tree_recompile(&tree, serving), good, "%s", what);
	cr_expect_str_eq(tree_said(&tree, true), said, "%s", what);
	cr_expect_eq(tree.compiled.parsed + tree.compiled.recalled, fresh.parsed, "%s", what);
	cr_assert_eq(tree.compiled.size, fresh.size, "%s", what);
	cr_expect(!good || memcmp(tree.compiled.block, fresh.block, fresh.size) == 0, "%s", what);
	return tree.compiled.parsed;
}

Test(config_recall, what_changed_is_parsed)
{
	copy("acme.pem", "own.pem");
	vendor(0, "own.pem");
	vendor(1, "zeta.pem");
	cr_assert(tree_compile(&tree));
	cr_expect_eq(tree.compiled.parsed, 3);
	struct vg_image serving = tree.image;

	cr_expect_eq(expect_same(NULL, "no image that serves"), 3);
	cr_expect_eq(expect_same(&serving, "nothing changed"), 0);
	copy("soon.pem", "own.pem");
	cr_expect_eq(expect_same(&serving, "one file"), 1);
	copy("acme.pem", "own.pem");
	vendor(2, "own.pem zeta.pem");
	cr_expect_eq(expect_same(&serving, "the same files at another vendor's"), 0);
	vendor(2, "both.pem");
	cr_expect_eq(expect_same(&serving, "known ones in a new file"), 0);
	vendor(2, "old.pem");
	cr_expect_eq(expect_same(&serving, "a new vendor"), 1);
	vendor(1, NULL);
	cr_expect_eq(expect_same(&serving, "and one less"), 1);
}

/* What an image knows are facts: what comes of them is judged anew, with its words. */
Test(config_recall, judged_again)
{
	vendor(0, "old.pem");
	vendor(1, "soon.pem");
	cr_assert(tree_compile(&tree));
	struct vg_image serving = tree.image;
	cr_expect_eq(expect_same(&serving, "expired"), 0);
	cr_expect_not_null(strstr(tree_said(&tree, false), "\"../ca/old.pem\" has expired"));
	cr_expect_not_null(strstr(tree_said(&tree, false), "expires within 30 days"));

	/* The server's own, known as no CA's, is taken for one. */
	copy("../server.pem", "own.pem");
	vendor(2, "own.pem");
	cr_expect_not(tree_recompile(&tree, &serving));
	cr_expect_not_null(strstr(tree_said(&tree, false), "holds a certificate that is no CA's"));
}

/* Any configuration behind any other. */
Test(config_recall, any)
{
	static const char *const cas[] = {NULL,       "acme.pem",        "zeta.pem",
					  "soon.pem", "both.pem",        "acme.pem old.pem",
					  "own.pem",  "own.pem zeta.pem"};
	static const char *const own[] = {"acme.pem", "old.pem", "both.pem"};
	uint32_t random = 11;
	struct vg_image serving = {NULL, 0};
	for (unsigned round = 0; round < ROUNDS; round++) {
		char what[32];
		snprintf(what, sizeof(what), "round %u", round);
		random = random * 1664525 + 1013904223;
		copy(own[(random >> 28) % VG_COUNT(own)], "own.pem");
		for (unsigned i = 0; i < VENDORS; i++)
			vendor(i, cas[random >> (8 + 3 * i) & 7]);
		(void)expect_same(round == 0 ? NULL : &serving, what);
		if (tree.good)
			serving = tree.image;
	}
	cr_expect_not_null(serving.header);
}
