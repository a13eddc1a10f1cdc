/*
 * Configurations for tests: a directory of their own, with a server's certificate and two vendors'
 * CAs that are made once, files that the test writes, and the compiler's word on it. Anything else
 * that fails ends the program.
 */
#ifndef VG_TESTS_UNIT_CONFIG_TREE_H
#define VG_TESTS_UNIT_CONFIG_TREE_H

#include "config/compile.h"
#include "policy/decide.h"

struct tree {
	char directory[64];
	struct vg_arena arena;
	struct vg_diags diags;
	struct vg_compiled compiled;
	struct vg_image image; /* where it compiled */
	bool good;
};

/* server.pem, and ca/: acme.pem, zeta.pem, old.pem (expired), soon.pem, leaf.pem (no CA), both.pem
   (acme's and zeta's), key.pem (a private key). */
void tree_begin(struct tree *tree);
void tree_end(struct tree *tree);

/* Makes directories as needed; NULL removes it. */
void tree_write(const struct tree *tree, const char *path, const char *text);

/* One of these certificates anew, with another key. */
void tree_renew(const struct tree *tree, const char *path);

/* Compiles vendgate.ini, opens the image; again and again if need be. `serving`: compile.h. */
bool tree_compile(struct tree *tree);
bool tree_recompile(struct tree *tree, const struct vg_image *serving);

/* What the vendor acme's first identity, from `src`, may do on api.agency.example at that time. */
struct vg_verdict tree_decide(struct tree *tree, const char *method, const char *raw,
			      const char *src, int64_t now);

/* All of the last time, as they would be printed: "FILE:LINE: error: TEXT\n…", FILE below the
   directory. Notes only where asked for. In the tree's arena. */
const char *tree_said(struct tree *tree, bool notes);

#endif
