/*
 * Where an upstream sends a vendor: mapped back below this host and prefix, or refused. What can't
 * be mapped would show the vendor an internal address, or take it past the gateway.
 */
#ifndef VG_PROXY_REDIRECT_H
#define VG_PROXY_REDIRECT_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/buf.h"
#include "base/slice.h"

struct vg_redirect {
	struct vg_slice host;     /* what it is told that it is: Host, maybe with a port */
	struct vg_slice upstream; /* "10.0.0.7:8080": what an upstream calls itself */
	struct vg_slice prefix;
};

/*
 * A Location (RFC 9110 10.2.2) as the vendor may see it, in the arena: a path below the prefix,
 * or a relative reference as it came. False where it leads elsewhere.
 */
bool vg_redirect_map(const struct vg_redirect *redirect, struct vg_slice location,
		     struct vg_arena *arena, struct vg_slice *mapped) VG_MUST_CHECK;

/*
 * One Link field's value (RFC 8288 3) as the vendor may see it, appended to the list in `out`: each
 * target, and each `anchor`, mapped as above. A parameter that nobody knows is left out where it
 * could hold a path. False where a target leads elsewhere, the value can't be read, or `out` is
 * full; what was appended is then worth nothing.
 */
bool vg_redirect_links(const struct vg_redirect *redirect, struct vg_slice value,
		       struct vg_arena *arena, struct vg_buf *out) VG_MUST_CHECK;

#endif
