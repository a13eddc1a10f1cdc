/*
 * How a service's upstreams are checked, as it is written: GET /PATH every DURATION. Used by
 * check.c, which says what is none, and by emit_gateway.c.
 */
#ifndef VG_CONFIG_HEALTH_H
#define VG_CONFIG_HEALTH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/slice.h"

struct vg_health_check {
	struct vg_slice path; /* with its query */
	uint32_t every_ms;    /* from a second to an hour */
};

/* `s` lives as long as *check. */
bool vg_health_check(struct vg_slice s, struct vg_health_check *check) VG_MUST_CHECK;

#endif
