/*
 * The names of the images' upstreams, and their addresses: from /etc/hosts, else from the name
 * servers of /etc/resolv.conf. The supervisor hands both files over with each image, so that the
 * broker opens none. What a server said is kept as long as it said, within bounds, then asked anew.
 * Only the broker has this, and it asks for no name but the images': a worker that was taken over
 * can't send words to a name server.
 */
#ifndef VG_BROKER_NAMES_H
#define VG_BROKER_NAMES_H

#include <event2/event.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/attr.h"
#include "policy/image.h"
#include "vocab/msg.h"

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

/* No name yet. NULL, and told in the log. */
struct vg_names *vg_names_new(struct event_base *base) VG_MUST_CHECK;
void vg_names_free(struct vg_names **names);

/*
 * One more image: its names may be asked for. `files` are as they are now (vocab/msg.h; -1: there
 * is none) and count for all names: what was known is asked anew. False, and told in the log: none
 * of its names may.
 */
bool vg_names_use(struct vg_names *names, const struct vg_image *image,
		  const int files[VG_NAMES_FILES]) VG_MUST_CHECK;

/* An image of before is gone: so are the names that no other has. Nobody waits for those. */
void vg_names_drop(struct vg_names *names, const struct vg_image *image);

/*
 * The addresses of a host that one of the images has; count 0: it doesn't resolve. NULL: nobody knows
 * yet, and wait->done (done and owner are set by the caller) is called once, in another turn.
 */
const struct vg_addrs *vg_names_find(struct vg_names *names, struct vg_slice host,
				     struct vg_name_wait *wait) VG_MUST_CHECK;

/* Waits no longer; also where it did not wait. */
void vg_names_forget(struct vg_name_wait *wait);

/* That address could be reached: it is tried first from now on. */
void vg_names_worked(struct vg_names *names, struct vg_slice host, const struct vg_addr *addr);

#endif
