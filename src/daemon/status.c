#include "daemon/status.h"

#include <string.h>

_Static_assert(VG_STATUS_PROCESSES_MAX > VG_PROCESSES_MAX, "all rows and the supervisor");

static void add(struct vg_status *status, const struct vg_process *process)
{
	status->processes[status->count++] = (struct vg_status_process){
		.role = process->role,
		.index = process->index,
		.state = process->state,
		.pid = process->pid,
		.restarts = process->restarts,
		.since = process->since,
	};
}

void vg_status_show(struct vg_gateway *gateway, bool reloading, bool draining,
		    struct vg_status *shown)
{
	static struct vg_status status; /* too large for a stack */
	memset(&status, 0, sizeof(status));
	status.generation = gateway->generation.number;
	status.since = gateway->generation_since;
	memcpy(status.gen, gateway->generation.image.header->gen, sizeof(status.gen));
	status.reloading = reloading;
	status.draining = draining;
	for (uint32_t i = 0; i < gateway->table.count; i++) {
		const struct vg_process *process = &gateway->table.rows[i];
		if (vg_process_lives(process) || !vg_child_table_is_spare(&gateway->table, process))
			add(&status, process);
	}
	if (memcmp(&status, shown, sizeof(status)) == 0)
		return;
	memcpy(shown, &status, sizeof(status));
	vg_status_page_write(gateway->status_map.mem, VG_STATUS_GATEWAY, &status);
}
