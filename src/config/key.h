/*
 * Sections and keys as rows (key.def), and the one setter of all of them: it checks type and
 * bounds, writes to the member of the model that the row names, and says what would be right.
 * Called by load.c; the manuals and their test read the rows.
 */
#ifndef VG_CONFIG_KEY_H
#define VG_CONFIG_KEY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/diag.h"
#include "config/check.h"
#include "config/ini.h"
#include "config/model.h"

enum vg_set_kind {
#define VG_SET(KIND, word, file, names) VG_SET_##KIND,
#include "config/key.def"
	VG_SET_KINDS /* also: no section that we know */
};

enum vg_set_file { VG_SET_FILE_GATEWAY, VG_SET_FILE_POLICY, VG_SET_FILE_CASES };
enum vg_set_names { VG_SET_NAMES_NONE, VG_SET_NAMES_MUST, VG_SET_NAMES_MAY, VG_SET_NAMES_WORDS };
enum vg_key_store { VG_KEY_TEXT, VG_KEY_NUMBER, VG_KEY_LIST, VG_KEY_LINES };

#define VG_KEY_REQUIRED 1U
#define VG_KEY_REPEATS 2U

struct vg_set_row {
	const char *word;
	enum vg_set_file file;
	enum vg_set_names names;
	size_t size; /* of its struct in the model */
};

struct vg_key {
	enum vg_set_kind kind;
	const char *name;
	enum vg_key_store store;
	enum vg_type type;
	unsigned flags;
	const char *low, *high;
	const char *value; /* the default, or NULL */
	const char *help;
	size_t offset; /* of its member */
};

const struct vg_set_row *vg_set_row(enum vg_set_kind kind) VG_MUST_CHECK;

/* By its word; VG_SET_KINDS where there is none. */
enum vg_set_kind vg_set_kind_of(struct vg_slice word) VG_MUST_CHECK;

/* All rows, those of a section in its order. */
const struct vg_key *vg_keys(size_t *count) VG_MUST_CHECK;

/* NULL where that section has no such key. */
const struct vg_key *vg_key_find(enum vg_set_kind kind, struct vg_slice name) VG_MUST_CHECK;

/* Where values are put and faults are told. */
struct vg_key_sink {
	struct vg_arena *arena;
	struct vg_diags *diags;
};

/* Gives all keys of a zeroed section their defaults. */
void vg_key_defaults(const struct vg_key_sink *sink, enum vg_set_kind kind, struct vg_set *set);

/* Puts one entry into its section, or says why not: unknown, given twice, not of its type. */
void vg_key_put(const struct vg_key_sink *sink, enum vg_set_kind kind, struct vg_set *set,
		const struct vg_ini_entry *entry);

/* Says which required keys the section has no entry for. */
void vg_key_missing(const struct vg_key_sink *sink, enum vg_set_kind kind, struct vg_set *set);

/* "[identity]" or "[access schedule]", for diagnostics; the text lies in the arena. */
const char *vg_set_title(struct vg_arena *arena, enum vg_set_kind kind, const struct vg_set *set)
	VG_MUST_CHECK;

#endif
