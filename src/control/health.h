/*
 * The health listener: GET and HEAD of /livez and /readyz over plain HTTP/1.1, and nothing else. It
 * is for strangers, so it is tiny: one request for each connection, which has 2 s in all. Who comes
 * when all places are taken gets that of whoever came first: silent ones keep nobody out.
 */
#ifndef VG_CONTROL_HEALTH_H
#define VG_CONTROL_HEALTH_H

#include <event2/event.h>
#include <event2/event_struct.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "http/parse.h"

#define VG_HEALTH_CALLERS_MAX 32
#define VG_HEALTH_HEAD_MAX 4096

struct vg_controller;

struct vg_health_caller {
	struct vg_controller *controller;
	int fd;         /* -1: a free place */
	uint64_t since; /* how many had come before */
	struct vg_http_scan scan;
	size_t len;
	struct event readable, deadline;
	char text[VG_HEALTH_HEAD_MAX];
};

struct vg_health {
	struct vg_health_caller rows[VG_HEALTH_CALLERS_MAX];
	uint64_t seen; /* how many have come */
	struct event accept;
	bool open;
};

/* Serves the listening socket; -1: there is none, and nothing to do. */
bool vg_health_open(struct vg_controller *controller, int listener) VG_MUST_CHECK;
void vg_health_close(struct vg_controller *controller);

#endif
