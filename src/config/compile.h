/*
 * What people write → the policy image, or every error at once. Run by `vendgatectl compile` for
 * the gateway and by `vendgatectl check` for people: the same code.
 */
#ifndef VG_CONFIG_COMPILE_H
#define VG_CONFIG_COMPILE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/diag.h"
#include "policy/image.h"

struct vg_compiled {
	void *block; /* a policy image, aligned to 8, in the arena */
	size_t size;
	uint32_t parsed, recalled; /* certificates that had to be parsed, and that were known */
};

/*
 * Reads vendgate.ini at `path` and all that it names. False where there is one error; `diags` then
 * has all of them, and warnings and notes in either case. Never opens private keys.
 *
 * `serving` is the image of an earlier compilation, or NULL: certificates that lie in it, byte for
 * byte, are not parsed again. It is believed, and so comes from where only a compiler writes; what
 * is compiled is the same with and without it.
 */
bool vg_config_compile(struct vg_compiled *compiled, const char *path,
		       const struct vg_image *serving, struct vg_arena *arena,
		       struct vg_diags *diags) VG_MUST_CHECK;

#endif
