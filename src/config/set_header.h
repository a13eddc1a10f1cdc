/*
 * A field that a service's requests have upstream, as it is written: NAME: VALUE. What stands
 * behind an `@` that begins the value, or follows a blank, is the file that holds the rest of it.
 * Used by check.c, which says what is none, and by emit_header.c.
 */
#ifndef VG_CONFIG_SET_HEADER_H
#define VG_CONFIG_SET_HEADER_H

#include <stdbool.h>

#include "base/attr.h"
#include "base/slice.h"

struct vg_set_header {
	struct vg_slice name;
	struct vg_slice value; /* before the file */
	struct vg_slice file;  /* empty: there is none */
};

/*
 * `s` lives as long as *header. False too for a name that nobody may set: what no rule may list
 * (http/barred.h: Host, what is of framing or of one connection, what tells who asks), what
 * describes the vendor's body, and the trace.
 */
bool vg_set_header(struct vg_slice s, struct vg_set_header *header) VG_MUST_CHECK;

#endif
