/*
 * hosts(5): names that need no name server.
 */
#ifndef VG_BROKER_HOSTS_H
#define VG_BROKER_HOSTS_H

#include <stddef.h>

#include "base/addr.h"
#include "base/attr.h"
#include "base/slice.h"

/*
 * The addresses of a name in such a file, in its order, at most `max`; how many. `localhost`, and
 * what is below it, is this machine also where the file doesn't say so (RFC 6761 6.3).
 */
size_t vg_hosts_find(struct vg_slice text, struct vg_slice name, struct vg_addr *addrs, size_t max)
	VG_MUST_CHECK;

#endif
