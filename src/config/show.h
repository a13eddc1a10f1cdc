/*
 * What a configuration comes to: every key with its value and where that was written, and, for who
 * only wants to talk to a gateway, its control socket. Called by vendgatectl.
 */
#ifndef VG_CONFIG_SHOW_H
#define VG_CONFIG_SHOW_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/diag.h"
#include "base/slice.h"

/* A key of a section. Texts last as long as the arena. */
struct vg_shown {
	const char *title; /* "[service NAME]" */
	const char *key;
	struct vg_slice value; /* as it would be written; ptr is NULL where it is not set */
	const char *file;
	unsigned line; /* 0: the default */
};

/*
 * Calls `show` for each key of each section, file by file, in the order of the tables. False where
 * there are errors in what was read (not in what it means: see vg_config_compile).
 */
bool vg_config_show(const char *path, struct vg_arena *arena, struct vg_diags *diags,
		    void (*show)(void *arg, const struct vg_shown *shown), void *arg) VG_MUST_CHECK;

/*
 * The control socket of the gateway that runs by vendgate.ini at `path`: other errors in it don't
 * matter, nor do the policies. NULL, with errno, where it can't be read.
 */
const char *vg_config_socket(const char *path, struct vg_arena *arena) VG_MUST_CHECK;

#endif
