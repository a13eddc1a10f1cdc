/*
 * Talking to the gateway that runs: one request over its control socket, one answer, as
 * control/request.h says. Used by the commands that need one.
 */
#ifndef VG_CTL_GATEWAY_H
#define VG_CTL_GATEWAY_H

#include "base/attr.h"
#include "ctl/command.h"

/*
 * Sends the command with its argument (NULL: none), and prints the answer: to stdout where it was
 * done, else to stderr (with --json, which scripts read, always to stdout).
 */
enum vg_exit vg_gateway_ask(const struct vg_call *call, const char *command, const char *argument)
	VG_MUST_CHECK;

#endif
