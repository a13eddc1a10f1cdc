#include "control/probe.h"

#include "control/controller.h"
#include "vocab/process.h"

#define STUCK_US 5000000

/* The supervisor's page; NULL. */
static const struct vg_status *read_status(const struct vg_controller *controller)
{
	static struct vg_status status; /* too large for a stack */
	return vg_controller_page(controller, VG_PAGE_GATEWAY, VG_STATUS_GATEWAY, &status) ? &status
											   : NULL;
}

static bool is_worker(const struct vg_status_process *process, enum vg_process_state state)
{
	return process->role == VG_ROLE_WORKER && process->index < VG_CHILD_PEERS_MAX &&
	       process->state == (uint32_t)state;
}

static bool turns(struct vg_controller *controller, const struct vg_status_process *process,
		  struct vg_status_worker *worker)
{
	/* The page is the worker's: it says what it likes, and a time to come is none. */
	int64_t now = vg_loop_monotonic(&controller->loop);
	return vg_controller_page(controller, VG_PAGE_WORKERS + process->index, VG_STATUS_WORKER,
				  worker) &&
	       worker->turned <= now && worker->turned > now - STUCK_US;
}

const char *vg_probe_live(struct vg_controller *controller)
{
	const struct vg_status *status = read_status(controller);
	struct vg_status_worker worker;
	if (status == NULL)
		return "no status";
	for (uint32_t i = 0; i < status->count; i++) {
		const struct vg_status_process *process = &status->processes[i];
		if ((is_worker(process, VG_PROCESS_SERVING) ||
		     is_worker(process, VG_PROCESS_ENDING)) &&
		    !turns(controller, process, &worker))
			return "a worker does not turn";
	}
	return NULL;
}

const char *vg_probe_ready(struct vg_controller *controller)
{
	const struct vg_status *status = read_status(controller);
	struct vg_status_worker worker;
	bool serves = false;
	if (status == NULL)
		return "no status";
	if (status->draining != 0)
		return "draining";
	if (vg_control_block_generation(controller->block) == 0)
		return "no policy";
	for (uint32_t i = 0; i < status->count; i++) {
		const struct vg_status_process *process = &status->processes[i];
		if (!is_worker(process, VG_PROCESS_SERVING) || !turns(controller, process, &worker))
			continue;
		if (worker.refusing != 0)
			return "no room for records";
		serves = true;
	}
	return serves ? NULL : "no worker serves";
}
