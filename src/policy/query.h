/*
 * The query of a request target as pairs, each name at most once: split at `&`, unreserved
 * characters decoded, `%xx` upper-cased, `+` kept. An empty or nameless pair (so a `?` with nothing
 * behind it), a name given twice in whatever encoding, `;`, at which some servers split as well,
 * and every byte outside RFC 3986 query refuse it. It is sent on rebuilt, in the order received.
 */
#ifndef VG_POLICY_QUERY_H
#define VG_POLICY_QUERY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/slice.h"

#define VG_QUERY_PAIRS_MAX 64
#define VG_QUERY_BYTES_MAX 65536

struct vg_query_pair {
	struct vg_slice name;
	struct vg_slice value; /* still percent-encoded where it must be */
	bool has_value;        /* there was a `=` */
};

struct vg_query {
	struct vg_query_pair pairs[VG_QUERY_PAIRS_MAX];
	size_t count;
	struct vg_slice text; /* rebuilt, without `?`; what goes upstream */
};

/* `raw` is what stands behind the `?`; texts lie in the arena. *fault as in vg_path_parse. */
bool vg_query_parse(struct vg_query *query, struct vg_slice raw, struct vg_arena *arena,
		    const char **fault) VG_MUST_CHECK;

#endif
