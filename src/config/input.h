/*
 * The files that a configuration is made of: found, read, and digested for its generation. Names
 * are relative to the directory of vendgate.ini, so that a configuration that is moved as a whole
 * keeps its digest. Called by load.c and the emitters.
 */
#ifndef VG_CONFIG_INPUT_H
#define VG_CONFIG_INPUT_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/attr.h"
#include "config/map.h"
#include "config/model.h"

struct vg_inputs {
	struct vg_arena *arena;
	struct vg_slice given;    /* vendgate.ini's directory as it was given: "" or "DIR/" */
	struct vg_slice absolute; /* and from the root: "/DIR/" */
	struct vg_map files;      /* name → struct vg_input */
	void *digest;             /* EVP_MD_CTX of all of them */
	void *rest;               /* and of all but the gateway's own certificates */
};

/* `path` is vendgate.ini's. False, with errno, where its directory is not there. */
bool vg_inputs_init(struct vg_inputs *inputs, const char *path, struct vg_arena *arena)
	VG_MUST_CHECK;
void vg_inputs_fini(struct vg_inputs *inputs);

enum vg_input_kind { VG_INPUT_POLICY, VG_INPUT_OWN /* a certificate of the gateway's own */ };

/*
 * Reads a file of up to `max` bytes, and digests name and bytes, once: asked again, it gives the
 * same. NULL, with errno, where it can't be read.
 */
const struct vg_input *vg_input_read(struct vg_inputs *inputs, struct vg_slice name, size_t max,
				     enum vg_input_kind kind) VG_MUST_CHECK;

/* The name of what stands as `written` in the file `from`: relative to that file's directory. */
struct vg_slice vg_input_name(struct vg_inputs *inputs, const struct vg_input *from,
			      struct vg_slice written) VG_MUST_CHECK;

/* The name of a file in the directory of that name. */
struct vg_slice vg_input_below(struct vg_inputs *inputs, struct vg_slice directory,
			       struct vg_slice file) VG_MUST_CHECK;

/* A name as a person finds the file, and as every process finds it. NUL-terminated; "" where
   memory is short. */
const char *vg_input_shown(const struct vg_inputs *inputs, struct vg_slice name) VG_MUST_CHECK;
const char *vg_input_absolute(const struct vg_inputs *inputs, struct vg_slice name) VG_MUST_CHECK;

/* The digests of all that was read, and of that without the gateway's own certificates. */
bool vg_inputs_gen(struct vg_inputs *inputs, uint8_t gen[32], uint8_t rest[32]) VG_MUST_CHECK;

#endif
