/* status: how the gateway is, as its controller tells it. */
#include "ctl/command.h"

#include "ctl/gateway.h"

enum vg_exit vg_command_status(const struct vg_call *call)
{
	if (call->argc != 1)
		return VG_SHOW_USAGE;
	return vg_gateway_ask(call, "status", NULL);
}
