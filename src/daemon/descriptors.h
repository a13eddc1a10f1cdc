/*
 * Whether there are as many descriptors as `connections` needs: a worker that found out later would
 * leave vendors in the queue, and nobody would know why.
 */
#ifndef VG_DAEMON_DESCRIPTORS_H
#define VG_DAEMON_DESCRIPTORS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/attr.h"
#include "policy/image.h"

#define VG_DESCRIPTORS_TEXT 256

/* Ours are raised as far as they may be; what we start inherits that. */
bool vg_descriptors_raise(void) VG_MUST_CHECK;

/* False where a worker's share of the connections needs more than it may have; `fault` says how
   many, and what to do. */
bool vg_descriptors_suffice(const struct vg_image *image, uint32_t workers,
			    char fault[VG_DESCRIPTORS_TEXT]) VG_MUST_CHECK;

#endif
