/* What the status page tells of the children: written by the supervisor when it changes. */
#ifndef VG_DAEMON_STATUS_H
#define VG_DAEMON_STATUS_H

#include <stdbool.h>

#include "daemon/briefing.h"
#include "sys/status_page.h"

/* `shown` is what was told last; zero at first. */
void vg_status_show(struct vg_gateway *gateway, bool reloading, bool draining,
		    struct vg_status *shown);

#endif
