#include "config.h"

#include "config_tree.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/pem.h>

#include "pki.h"

#define ARENA_MAX ((size_t)1 << 30)
#define YEAR (365 * 86400)

#define MUST(cond)                                                                                 \
	do {                                                                                       \
		if (!(cond)) {                                                                     \
			perror(#cond);                                                             \
			abort();                                                                   \
		}                                                                                  \
	} while (0)

static FILE *create(const struct tree *tree, const char *path)
{
	char full[256];
	MUST(snprintf(full, sizeof(full), "%s/%s", tree->directory, path) < (int)sizeof(full));
	for (char *at = full + strlen(tree->directory) + 1; (at = strchr(at, '/')) != NULL; at++) {
		*at = '\0';
		(void)mkdir(full, 0700);
		*at = '/';
	}
	FILE *file = fopen(full, "w");
	MUST(file != NULL);
	return file;
}

void tree_write(const struct tree *tree, const char *path, const char *text)
{
	if (text == NULL) {
		char full[256];
		(void)snprintf(full, sizeof(full), "%s/%s", tree->directory, path);
		MUST(unlink(full) == 0);
		return;
	}
	FILE *file = create(tree, path);
	MUST(fputs(text, file) >= 0 && fclose(file) == 0);
}

static void write_certs(const struct tree *tree, const char *path, X509 *first, X509 *second)
{
	FILE *file = create(tree, path);
	MUST(PEM_write_X509(file, first) == 1);
	MUST(second == NULL || PEM_write_X509(file, second) == 1);
	MUST(fclose(file) == 0);
}

static const struct {
	const char *path;
	struct pki_spec spec;
} certs[] = {
	{"server.pem", {.subject = "CN=gateway", .san = "DNS:api.agency.example,DNS:api.example"}},
	{"ca/acme.pem", {.subject = "CN=Acme CA", .ca = true}},
	{"ca/zeta.pem", {.subject = "CN=Zeta CA", .ca = true}},
	{"ca/old.pem", {.subject = "CN=Old CA", .ca = true, .from = -YEAR, .until = -60}},
	{"ca/soon.pem", {.subject = "CN=Soon CA", .ca = true, .from = -60, .until = 86400}},
	{"ca/leaf.pem", {.subject = "CN=Leaf", .san = "DNS:leaf.example"}},
};

static struct pki_cert write_one(const struct tree *tree, size_t i)
{
	struct pki_cert made = pki_make(&certs[i].spec, NULL);
	write_certs(tree, certs[i].path, made.cert, NULL);
	return made;
}

void tree_renew(const struct tree *tree, const char *path)
{
	size_t i = 0;
	while (i < VG_COUNT(certs) && strcmp(certs[i].path, path) != 0)
		i++;
	MUST(i < VG_COUNT(certs));
	struct pki_cert made = write_one(tree, i);
	pki_free(&made);
}

static void write_pki(const struct tree *tree)
{
	struct pki_cert made[VG_COUNT(certs)];
	for (size_t i = 0; i < VG_COUNT(certs); i++)
		made[i] = write_one(tree, i);
	write_certs(tree, "ca/both.pem", made[1].cert, made[2].cert);
	FILE *file = create(tree, "ca/key.pem");
	struct vg_slice key = pki_pem_key(made[0].key);
	MUST(fwrite(key.ptr, 1, key.len, file) == key.len && fclose(file) == 0);
	free((void *)(uintptr_t)key.ptr);
	for (size_t i = 0; i < VG_COUNT(certs); i++)
		pki_free(&made[i]);
}

void tree_begin(struct tree *tree)
{
	memset(tree, 0, sizeof(*tree));
	(void)snprintf(tree->directory, sizeof(tree->directory), "/tmp/vg-config-XXXXXX");
	MUST(mkdtemp(tree->directory) != NULL);
	vg_arena_init(&tree->arena, ARENA_MAX);
	write_pki(tree);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	return remove(path);
}

void tree_end(struct tree *tree)
{
	MUST(nftw(tree->directory, remove_one, 8, FTW_DEPTH | FTW_PHYS) == 0);
	vg_arena_fini(&tree->arena);
}

bool tree_compile(struct tree *tree)
{
	return tree_recompile(tree, NULL);
}

bool tree_recompile(struct tree *tree, const struct vg_image *serving)
{
	char path[256];
	const char *fault = NULL;
	(void)snprintf(path, sizeof(path), "%s/vendgate.ini", tree->directory);
	vg_diags_init(&tree->diags, &tree->arena);
	tree->good = vg_config_compile(&tree->compiled, path, serving, &tree->arena, &tree->diags);
	if (tree->good &&
	    !vg_image_open(&tree->image, tree->compiled.block, tree->compiled.size, &fault)) {
		(void)fprintf(stderr, "vg_image_open: %s\n", fault);
		abort();
	}
	return tree->good;
}

/* Takes the directory's name out wherever it stands. */
static void cut_directory(const struct tree *tree, char *text)
{
	size_t skip = strlen(tree->directory) + 1;
	for (char *at; (at = strstr(text, tree->directory)) != NULL;)
		memmove(at, at + skip, strlen(at + skip) + 1);
}

const char *tree_said(struct tree *tree, bool notes)
{
	size_t room = (size_t)64 << 10, len = 0;
	char *text = vg_arena_alloc(&tree->arena, room);
	MUST(text != NULL);
	for (const struct vg_diag *d = tree->diags.first; d != NULL; d = d->next) {
		char line[16] = "";
		if (d->severity == VG_SEVERITY_NOTE && !notes)
			continue;
		if (d->line != 0)
			(void)snprintf(line, sizeof(line), ":%u", d->line);
		int n = snprintf(text + len, room - len, "%s%s: %s: %s\n", d->file, line,
				 vg_severity_word(d->severity), d->text);
		MUST(n > 0 && (size_t)n < room - len);
		len += (size_t)n;
	}
	cut_directory(tree, text);
	return text;
}

struct vg_verdict tree_decide(struct tree *tree, const char *method, const char *raw,
			      const char *src, int64_t now)
{
	struct vg_path path;
	const char *fault;
	struct vg_facts facts = {
		.now = now,
		.vendor = vg_img_find_vendor(&tree->image, VG_SLICE("acme")),
		.sni = VG_SLICE("api.agency.example"),
		.host = VG_SLICE("api.agency.example"),
		.method = vg_slice_str(method),
		.path = &path,
	};
	VG_ASSERT(vg_path_parse(&path, vg_slice_str(raw), &tree->arena, &fault));
	VG_ASSERT(vg_addr_parse(vg_slice_str(src), &facts.src) && facts.vendor != VG_NO_ROW);
	facts.ident = vg_img_vendors(&tree->image)[facts.vendor].idents.first;
	return vg_decide(&tree->image, &facts);
}
