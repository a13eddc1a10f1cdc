/*
 * The controller: what changes while the gateway runs. It alone writes the control block, and it
 * serves the control socket, on which people ask how the gateway is and for a new generation. It
 * starts nothing itself: the supervisor does, and says how it went.
 */
#ifndef VG_CONTROL_CONTROLLER_H
#define VG_CONTROL_CONTROLLER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "control/client.h"
#include "control/health.h"
#include "control/users.h"
#include "net/child.h"
#include "net/loop.h"
#include "sys/control_block.h"
#include "sys/status_page.h"

struct vg_controller {
	struct vg_child child; /* its image is that of the generation that serves */
	struct vg_loop loop;
	struct event from_supervisor;
	struct vg_map block_map;
	struct vg_map page_maps[VG_CHILD_PAGES_MAX]; /* status pages, by VG_PAGE_… */
	struct vg_control_block *block;
	uint64_t next; /* generation that may be published; 0: none */
	struct vg_map next_map;
	struct vg_image next_image;
	struct vg_clients clients;
	struct vg_health health;
	struct vg_users users;
	uid_t own, supervisor; /* whose processes they are */
	uint64_t last_id;      /* of what the supervisor was asked */
};

/* A status page as it is now, by VG_PAGE_…; false where it can't be read. */
bool vg_controller_page(const struct vg_controller *controller, size_t which,
			enum vg_status_kind kind, void *value) VG_MUST_CHECK;

/* vendgate-controller's main. */
int vg_controller_run(void) VG_MUST_CHECK;

#endif
