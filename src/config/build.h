/*
 * Writes a policy image: texts are interned, rows are appended section by section, and finish lays
 * them out as policy/image.h says. Who appends rows knows what they mean, and sorts them. Used by
 * the compiler, and by the tests of everything that reads an image.
 */
#ifndef VG_CONFIG_BUILD_H
#define VG_CONFIG_BUILD_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/attr.h"
#include "policy/image.h"

struct vg_build;

/*
 * NULL where memory is short. It and the finished block lie in the arena; rows lie in malloc'd
 * arrays until vg_build_free.
 */
struct vg_build *vg_build_new(struct vg_arena *arena) VG_MUST_CHECK;
void vg_build_free(struct vg_build **build);

/*
 * Failures (memory, a section over 2^32 - 1 rows, VG_IMAGE_MAX) are remembered, and reported once
 * by vg_build_finish: the calls between need no checks.
 */
struct vg_str vg_build_text(struct vg_build *build, struct vg_slice text);

/* Appends one row of that section's type; its index. */
uint32_t vg_build_row(struct vg_build *build, enum vg_section section, const void *row);

/* How many rows it has: where the next one goes. */
uint32_t vg_build_count(const struct vg_build *build, enum vg_section section) VG_MUST_CHECK;

/* Rows already appended, to be changed in place or sorted until the next append. */
void *vg_build_rows(struct vg_build *build, enum vg_section section) VG_MUST_CHECK;

/* Appends the LITERAL section: part of vg_build_finish. False: memory. */
bool vg_build_literals(struct vg_build *build) VG_MUST_CHECK;

/*
 * The block, in the arena; `gen` is 32 bytes. Writes the LEAD and LITERAL sections, which nobody
 * else appends to. Called once. False where something failed on the way.
 */
bool vg_build_finish(struct vg_build *build, const uint8_t gen[32], void **block, size_t *size)
	VG_MUST_CHECK;

#endif
