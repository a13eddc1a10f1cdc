/*
 * The names of an image's upstreams, and their addresses: from /etc/hosts, else from the name
 * servers of /etc/resolv.conf, both read before the sandbox closes. What a server said is kept as
 * long as it said, within bounds, then asked anew. Only the broker has this, and it asks for no
 * name but the image's: a worker that was taken over can't send words to a name server.
 */
#ifndef VG_BROKER_NAMES_H
#define VG_BROKER_NAMES_H

#include <event2/event.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/attr.h"
#include "policy/image.h"

#define VG_ADDRS_MAX 8

struct vg_addrs {
	uint32_t count;
	struct vg_addr addrs[VG_ADDRS_MAX]; /* the one that worked last first */
};

/* Whoever waits for an answer; embedded. */
struct vg_name_wait {
	struct vg_name_wait *next, **link; /* link NULL: waits for nothing */
	void (*done)(void *owner, const struct vg_addrs *addrs);
	void *owner;
};

struct vg_names;

#define VG_HOSTS_PATH "/etc/hosts"
#define VG_RESOLV_PATH "/etc/resolv.conf"

/* Reads the files, where the image has names at all. NULL, and told in the log. */
struct vg_names *vg_names_new(struct event_base *base, const struct vg_image *image,
			      const char *hosts, const char *resolv) VG_MUST_CHECK;
void vg_names_free(struct vg_names **names);

/*
 * The addresses of an upstream that has a host; count 0: it doesn't resolve. NULL: nobody knows
 * yet, and wait->done (done and owner are set by the caller) is called once, in another turn.
 */
const struct vg_addrs *vg_names_find(struct vg_names *names, uint32_t upstream,
				     struct vg_name_wait *wait) VG_MUST_CHECK;

/* Waits no longer; also where it did not wait. */
void vg_names_forget(struct vg_name_wait *wait);

/* That address could be reached: it is tried first from now on. */
void vg_names_worked(struct vg_names *names, uint32_t upstream, const struct vg_addr *addr);

#endif
