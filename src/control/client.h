/*
 * The clients of the control socket: who is on the other end, one request, one answer. There are
 * few of them, each with a deadline; one that says what is no request is cut off.
 */
#ifndef VG_CONTROL_CLIENT_H
#define VG_CONTROL_CLIENT_H

#include <event2/event.h>
#include <event2/event_struct.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/attr.h"
#include "base/buf.h"
#include "control/answer.h"
#include "control/request.h"

#define VG_CLIENTS_MAX 32

struct vg_controller;

struct vg_client {
	struct vg_controller *controller;
	int fd; /* -1: a free place */
	uid_t uid;
	bool json;
	uint64_t waits; /* for an answer of the supervisor, by this number; 0: not */
	char line[VG_REQUEST_MAX];
	size_t len;
	struct vg_buf out;
	struct event event;
};

struct vg_clients {
	struct vg_client rows[VG_CLIENTS_MAX];
	struct event accept;
	uint32_t count;
};

/* Serves the listening socket. */
bool vg_clients_open(struct vg_controller *controller, int listener) VG_MUST_CHECK;
void vg_clients_close(struct vg_controller *controller);

/* Sends it, and ends the connection behind it. The answer is let go of. */
void vg_client_answer(struct vg_client *client, struct vg_answer *answer);

#endif
