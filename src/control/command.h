/*
 * What a command of the control socket is: a row of command.def and a function here. client.c
 * finds it by its name.
 */
#ifndef VG_CONTROL_COMMAND_H
#define VG_CONTROL_COMMAND_H

#include "base/attr.h"
#include "control/controller.h"
#include "control/request.h"

/*
 * Writes the answer, or leaves the client waiting for one that comes later: then it sets
 * client->waits to the number by which it will be known.
 */
#define VG_CONTROL_COMMAND(NAME, word, arguments)                                                  \
	void vg_control_##word(struct vg_controller *controller, struct vg_client *client,         \
			       const struct vg_request *request, struct vg_answer *answer);
#include "control/command.def"
#undef VG_CONTROL_COMMAND

/* The supervisor's answer to a reload: to who waits for it. Takes nothing. */
void vg_control_reloaded(struct vg_controller *controller, const struct vg_msg *msg);

#endif
