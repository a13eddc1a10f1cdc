/* status: which generation serves, how each process is, and how far the sinks are. */
#include "config.h"

#include "control/command.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "policy/image.h"
#include "vocab/process.h"

struct shown {
	struct vg_slice node;
	char boot[VG_TIME_TEXT], since[VG_TIME_TEXT];
	char gen[65];
	uint64_t restarts;
	bool all; /* every process serves */
	struct vg_status status;
	bool worker_told[VG_CHILD_PEERS_MAX];
	struct vg_status_worker workers[VG_CHILD_PEERS_MAX];
	struct vg_status_sinks sinks;
};

static const char *const format_words[VG_FORMATS] = {
#define VG_FORMAT(NAME, word, max, nil, write) [VG_FORMAT_##NAME] = (word),
#include "record/format.def"
#undef VG_FORMAT
};

static bool is_known(const struct vg_status_process *process)
{
	return process->role < VG_ROLE_COUNT && process->state < VG_PROCESS_STATES;
}

/* What it says of itself, which is printed and nothing else; NULL where it says nothing. */
static const struct vg_status_worker *worker_of(const struct shown *shown,
						const struct vg_status_process *process)
{
	bool runs = process->state == VG_PROCESS_SERVING || process->state == VG_PROCESS_ENDING;
	if (process->role != VG_ROLE_WORKER || process->index >= VG_CHILD_PEERS_MAX || !runs ||
	    !shown->worker_told[process->index])
		return NULL;
	return &shown->workers[process->index];
}

static void put_process_json(struct vg_answer *answer, const struct shown *shown,
			     const struct vg_status_process *process)
{
	const struct vg_status_worker *worker = worker_of(shown, process);
	char since[VG_TIME_TEXT];
	vg_time_text(since, process->since);
	vg_answer_put(answer,
		      "{\"role\":\"%s\",\"index\":%" PRIu32 ",\"pid\":%" PRId32
		      ",\"state\":\"%s\",\"restarts\":%" PRIu64 ",\"since\":\"%s\"",
		      vg_role_row((enum vg_role)process->role)->word, process->index, process->pid,
		      vg_process_word((enum vg_process_state)process->state), process->restarts,
		      since);
	if (worker != NULL)
		vg_answer_put(answer,
			      ",\"generation\":%" PRIu64 ",\"connections\":%" PRIu32
			      ",\"handshakes\":%" PRIu32 ",\"waiting\":%" PRIu32
			      ",\"parked\":%" PRIu32 ",\"probes\":%" PRIu64
			      ",\"upstream_dialled\":%" PRIu64 ",\"upstream_reused\":%" PRIu64
			      ",\"upstreams_down\":%" PRIu64,
			      worker->generation, worker->connections, worker->handshakes,
			      worker->waiting, worker->parked, worker->probes, worker->dialled,
			      worker->reused, worker->down);
	vg_answer_put(answer, "}");
}

static struct vg_slice sink_name(const struct vg_status_sink *sink)
{
	return vg_slice(sink->name, strnlen(sink->name, sizeof(sink->name)));
}

static const char *format_word(const struct vg_status_sink *sink)
{
	return sink->format < VG_FORMATS ? format_words[sink->format] : "?";
}

static void put_sink_json(struct vg_answer *answer, const struct vg_status_sink *sink)
{
	vg_answer_put(answer, "{\"name\":");
	vg_answer_put_json(answer, sink_name(sink));
	vg_answer_put(answer,
		      ",\"format\":\"%s\",\"events_behind\":%" PRIu64 ",\"bytes_behind\":%" PRIu64
		      ",\"failing\":%s,\"error\":",
		      format_word(sink), sink->events, sink->bytes,
		      sink->failing != 0 ? "true" : "false");
	vg_answer_put_json(answer,
			   sink->error == 0 ? VG_SLICE_EMPTY : vg_slice_str(strerror(sink->error)));
	vg_answer_put(answer, "}");
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
		put_process_json(answer, shown, &status->processes[i]);
		comma = ",";
	}
	vg_answer_put(answer, "],\"sinks\":[");
	for (uint64_t i = 0; i < shown->sinks.count; i++) {
		vg_answer_put(answer, "%s", i == 0 ? "" : ",");
		put_sink_json(answer, &shown->sinks.sinks[i]);
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

/* Of the exchanges that had a connection to an upstream, how many did without a new one. */
static unsigned reuse_percent(const struct vg_status_worker *worker)
{
	double all = (double)worker->dialled + (double)worker->reused;
	return all > 0 ? (unsigned)((double)worker->reused * 100 / all) : 0;
}

static void put_workers_text(struct vg_answer *answer, const struct shown *shown)
{
	vg_answer_put(answer, "\n%-14s %8s %10s %11s %10s %7s %6s %6s %10s %10s %5s %4s\n",
		      "WORKER", "PID", "GENERATION", "CONNECTIONS", "HANDSHAKES", "WAITING",
		      "PARKED", "PROBES", "DIALLED", "REUSED", "REUSE", "DOWN");
	for (uint32_t i = 0; i < shown->status.count; i++) {
		const struct vg_status_process *process = &shown->status.processes[i];
		const struct vg_status_worker *worker = worker_of(shown, process);
		if (worker != NULL)
			vg_answer_put(answer,
				      "%-14" PRIu32 " %8" PRId32 " %10" PRIu64 " %11" PRIu32
				      " %10" PRIu32 " %7" PRIu32 " %6" PRIu32 " %6" PRIu64
				      " %10" PRIu64 " %10" PRIu64 " %4u%% %4" PRIu64 "\n",
				      process->index, process->pid, worker->generation,
				      worker->connections, worker->handshakes, worker->waiting,
				      worker->parked, worker->probes, worker->dialled,
				      worker->reused, reuse_percent(worker), worker->down);
	}
}

static void put_sinks_text(struct vg_answer *answer, const struct shown *shown)
{
	if (shown->sinks.count == 0)
		return;
	vg_answer_put(answer, "\n%-40s %-6s %11s %11s %s\n", "SINK", "FORMAT", "EVENTS LEFT",
		      "BYTES LEFT", "STATE");
	for (uint64_t i = 0; i < shown->sinks.count; i++) {
		const struct vg_status_sink *sink = &shown->sinks.sinks[i];
		char name[sizeof(sink->name)];
		(void)snprintf(name, sizeof(name), "%-40.*s", VG_SLICE_FMT(sink_name(sink)));
		vg_answer_put_text(answer, vg_slice_str(name));
		vg_answer_put(answer, " %-6s %11" PRIu64 " %11" PRIu64 " %s%s\n", format_word(sink),
			      sink->events, sink->bytes,
			      sink->failing != 0 ? "fails: "
			      : sink->error != 0 ? "works again after: "
						 : "works",
			      sink->error != 0 ? strerror(sink->error) : "");
	}
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
	put_workers_text(answer, shown);
	put_sinks_text(answer, shown);
}

static void read_others(const struct vg_controller *controller, struct shown *shown)
{
	for (size_t i = 0; i < VG_CHILD_PEERS_MAX; i++)
		shown->worker_told[i] = vg_controller_page(controller, VG_PAGE_WORKERS + i,
							   VG_STATUS_WORKER, &shown->workers[i]);
	if (!vg_controller_page(controller, VG_PAGE_SINKS, VG_STATUS_SINKS, &shown->sinks))
		shown->sinks.count = 0;
}

void vg_control_status(struct vg_controller *controller, struct vg_client *client,
		       const struct vg_request *request, struct vg_answer *answer)
{
	(void)client;
	static struct shown shown; /* too large for a stack */
	const struct vg_image *image = &controller->child.image;
	if (!vg_controller_page(controller, VG_PAGE_GATEWAY, VG_STATUS_GATEWAY, &shown.status)) {
		answer->status = VG_ANSWER_REFUSED;
		vg_answer_put(answer, "the supervisor's status can't be read\n");
		return;
	}
	read_others(controller, &shown);
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
