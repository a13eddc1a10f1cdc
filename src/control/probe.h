/*
 * What a load balancer asks (health.h): whether the gateway lives, and whether it takes requests.
 * Both are told by the status pages alone, so that no process is asked, and none is waited for.
 */
#ifndef VG_CONTROL_PROBE_H
#define VG_CONTROL_PROBE_H

#include "base/attr.h"

struct vg_controller;

/* Every worker that runs has turned its loop within the last 5 s. NULL, or what is wrong: a line
   for people, who may be strangers. */
const char *vg_probe_live(struct vg_controller *controller) VG_MUST_CHECK;

/* A request that comes now is judged: some worker serves and turns, none would refuse it for want
   of its record, and the gateway doesn't end. NULL, or what is wrong. */
const char *vg_probe_ready(struct vg_controller *controller) VG_MUST_CHECK;

#endif
