/*
 * Where an upstream sends a vendor: mapped back below this host and prefix, or refused. What can't
 * be mapped would show the vendor an internal address, or take it past the gateway.
 */
#ifndef VG_PROXY_REDIRECT_H
#define VG_PROXY_REDIRECT_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/slice.h"

struct vg_redirect {
	struct vg_slice host;     /* the service's, as sent upstream */
	struct vg_slice upstream; /* "10.0.0.7:8080": what an upstream calls itself */
	struct vg_slice prefix;
};

/*
 * A Location (RFC 9110 10.2.2) as the vendor may see it, in the arena: a path below the prefix,
 * or a relative reference as it came. False where it leads elsewhere.
 */
bool vg_redirect_map(const struct vg_redirect *redirect, struct vg_slice location,
		     struct vg_arena *arena, struct vg_slice *mapped) VG_MUST_CHECK;

#endif
