/*
 * Watches the files of the gateway's own certificates. A certificate that is another than the one
 * that serves is a wish for a reload; one that was refused is a wish again when any of the files
 * changes, its key for one, and once an hour. Looks at times and sizes, and opens nothing.
 */
#ifndef VG_DAEMON_WATCH_H
#define VG_DAEMON_WATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "policy/image.h"

struct vg_watch {
	uint64_t seen;  /* all the files, when they were looked at last */
	uint64_t tried; /* and when a reload was wished for last */
	int64_t again;  /* times: monotonic microseconds */
	int64_t due;    /* 0: nobody has looked yet */
};

/*
 * When it is due: true where a certificate of the image has changed, and all files are as they
 * were the last time: whoever renews writes more than one.
 */
bool vg_watch_turn(struct vg_watch *watch, const struct vg_image *image, int64_t now) VG_MUST_CHECK;

#endif
