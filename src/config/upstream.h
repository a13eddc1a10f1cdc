/*
 * Where a service runs, as it is written: http://HOST:PORT or https://HOST:PORT, HOST an address
 * or a DNS name. Used by check.c, which says what is no such URL, and by emit_gateway.c.
 */
#ifndef VG_CONFIG_UPSTREAM_H
#define VG_CONFIG_UPSTREAM_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/attr.h"
#include "base/slice.h"

struct vg_upstream_url {
	bool tls;
	bool literal; /* the host is an address: addr */
	struct vg_addr addr;
	struct vg_slice host; /* as written, without brackets */
	uint16_t port;
};

/* `s` lives as long as *url. A port must be there; a path must not. */
bool vg_upstream_url(struct vg_slice s, struct vg_upstream_url *url) VG_MUST_CHECK;

/* HOST or HOST:PORT, as Host has it: for `upstream_host`. */
bool vg_upstream_host(struct vg_slice s) VG_MUST_CHECK;

#endif
