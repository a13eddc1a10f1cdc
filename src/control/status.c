/* status: which generation serves, and how each process is. */
#include "config.h"

#include "control/command.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/text.h"
#include "vocab/process.h"

struct shown {
	struct vg_slice node;
	char boot[VG_TIME_TEXT], since[VG_TIME_TEXT];
	char gen[65];
	uint64_t restarts;
	bool all; /* every process serves */
	struct vg_status status;
};

static bool is_known(const struct vg_status_process *process)
{
	return process->role < VG_ROLE_COUNT && process->state < VG_PROCESS_STATES;
}

static void put_process_json(struct vg_answer *answer, const struct vg_status_process *process)
{
	char since[VG_TIME_TEXT];
	vg_time_text(since, process->since);
	vg_answer_put(answer,
		      "{\"role\":\"%s\",\"index\":%" PRIu32 ",\"pid\":%" PRId32
		      ",\"state\":\"%s\",\"restarts\":%" PRIu64 ",\"since\":\"%s\"}",
		      vg_role_row((enum vg_role)process->role)->word, process->index, process->pid,
		      vg_process_word((enum vg_process_state)process->state), process->restarts,
		      since);
}

static void put_json(struct vg_answer *answer, const struct shown *shown)
{
	const struct vg_status *status = &shown->status;
	vg_answer_put(answer, "{\"node\":");
	vg_answer_put_json(answer, shown->node);
	vg_answer_put(answer,
		      ",\"version\":\"%s\",\"boot\":\"%s\",\"generation\":%" PRIu64
		      ",\"gen\":\"%s\",\"since\":\"%s\",\"reloading\":%s,\"serving\":%s,"
		      "\"processes\":[",
		      PACKAGE_VERSION, shown->boot, status->generation, shown->gen, shown->since,
		      status->reloading != 0 ? "true" : "false", shown->all ? "true" : "false");
	const char *comma = "";
	for (uint32_t i = 0; i < status->count; i++) {
		if (!is_known(&status->processes[i]))
			continue;
		vg_answer_put(answer, "%s", comma);
		put_process_json(answer, &status->processes[i]);
		comma = ",";
	}
	vg_answer_put(answer, "]}\n");
}

static void put_process_text(struct vg_answer *answer, const struct vg_status_process *process)
{
	const struct vg_role_row *row = vg_role_row((enum vg_role)process->role);
	char since[VG_TIME_TEXT], name[32];
	vg_time_text(since, process->since);
	snprintf(name, sizeof(name), row->each ? "%s %" PRIu32 : "%s", row->word, process->index);
	vg_answer_put(answer, "%-14s %8" PRId32 " %-9s %8" PRIu64 " %.19sZ\n", name, process->pid,
		      vg_process_word((enum vg_process_state)process->state), process->restarts,
		      since);
}

static void put_text(struct vg_answer *answer, const struct shown *shown)
{
	const struct vg_status *status = &shown->status;
	vg_answer_put(answer, "vendgate %s, node ", PACKAGE_VERSION);
	vg_answer_put_text(answer, shown->node);
	vg_answer_put(answer,
		      ", since %.19sZ: %s\ngeneration %" PRIu64 " (%.16s) since %.19sZ%s\n\n",
		      shown->boot, shown->all ? "all roles serve" : "not all roles serve",
		      status->generation, shown->gen, shown->since,
		      status->reloading != 0 ? ", a reload is under way" : "");
	vg_answer_put(answer, "%-14s %8s %-9s %8s %s\n", "ROLE", "PID", "STATE", "RESTARTS",
		      "SINCE");
	for (uint32_t i = 0; i < status->count; i++)
		if (is_known(&status->processes[i]))
			put_process_text(answer, &status->processes[i]);
}

void vg_control_status(struct vg_controller *controller, struct vg_client *client,
		       const struct vg_request *request, struct vg_answer *answer)
{
	(void)client;
	static struct shown shown; /* too large for a stack */
	const struct vg_map *map = &controller->status_map;
	const struct vg_image *image = &controller->child.image;
	if (!vg_status_page_read(map->mem, map->size, &shown.status)) {
		answer->status = VG_ANSWER_REFUSED;
		vg_answer_put(answer, "the supervisor's status can't be read\n");
		return;
	}
	shown.node = vg_img_str(image, vg_img_gateway(image)->node);
	vg_time_text(shown.boot, (int64_t)controller->child.hello.boot);
	vg_time_text(shown.since, shown.status.since);
	vg_hex(shown.gen, shown.status.gen, sizeof(shown.status.gen));
	shown.all = true;
	for (uint32_t i = 0; i < shown.status.count; i++)
		shown.all &= shown.status.processes[i].state == VG_PROCESS_SERVING;
	if (request->json)
		put_json(answer, &shown);
	else
		put_text(answer, &shown);
}
