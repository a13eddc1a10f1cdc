/*
 * reload [--ref R]: a new generation from the files as they are now. A refused one leaves the old
 * in use, says what is wrong, and ends with VG_EXIT_GATEWAY.
 */
#include "ctl/command.h"

#include <string.h>

#include "ctl/gateway.h"

enum vg_exit vg_command_reload(const struct vg_call *call)
{
	bool has_ref = call->argc == 3 && strcmp(call->argv[1], "--ref") == 0;
	if (call->argc != 1 && !has_ref)
		return VG_SHOW_USAGE;
	if (has_ref && call->argv[2][0] == '\0')
		return vg_usage_error("--ref is empty");
	return vg_gateway_ask(call, "reload", has_ref ? call->argv[2] : NULL);
}
