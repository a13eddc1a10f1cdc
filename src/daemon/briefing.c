#include "daemon/briefing.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "sys/clock.h"
#include "sys/file.h"
#include "sys/log.h"
#include "sys/spawn.h"

#define KILL_AGAIN_US 1000000

bool vg_briefing_tell(const struct vg_process *process, enum vg_msg_type type, const void *payload,
		      const int *fds)
{
	/* Not even "no room" is waited for: a child that doesn't read must not hold the others. */
	return vg_chan_send(&process->chan, type, payload, fds) == VG_CHAN_OK;
}

static bool tell_hello(struct vg_gateway *gateway, struct vg_process *process)
{
	struct vg_msg_hello hello = {.role = process->role,
				     .index = process->index,
				     .boot = gateway->boot,
				     .workers = gateway->table.workers};
	memcpy(hello.user, gateway->user, sizeof(hello.user));
	return vg_briefing_tell(process, VG_MSG_HELLO, &hello, NULL);
}

/* Opened here, since the broker can't open: what stands in them it reads by itself. */
static bool tell_names(struct vg_gateway *gateway, struct vg_process *process)
{
	static const char *const paths[VG_NAMES_FILES] = {
		[VG_NAMES_HOSTS] = "/etc/hosts",
		[VG_NAMES_RESOLV] = "/etc/resolv.conf",
	};
	(void)gateway;
	bool ok = true;
	for (uint32_t i = 0; ok && i < VG_NAMES_FILES; i++) {
		struct vg_msg_index index = {.index = i};
		/* O_NONBLOCK: a FIFO in place of the file must not hold us. */
		int fd = open(paths[i], O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
		if (fd < 0)
			vg_log(VG_LOG_WARNING, "%s can't be opened: %m", paths[i]);
		else
			ok = vg_briefing_tell(process, VG_MSG_NAMES, &index, &fd);
		vg_fd_close(&fd);
	}
	return ok;
}

static bool tell_image(struct vg_gateway *gateway, struct vg_process *process)
{
	const struct vg_generation *generation = process->ahead ? &gateway->offered
								: &gateway->generation;
	struct vg_msg_image image = {.generation = generation->number,
				     .size = generation->map.size};
	return vg_briefing_tell(process, VG_MSG_IMAGE, &image, &generation->fd);
}

static bool tell_control(struct vg_gateway *gateway, struct vg_process *process)
{
	const struct vg_rundir_block *block = &gateway->rundir.control;
	struct vg_msg_index index = {0};
	bool writes = process->role == VG_ROLE_CONTROLLER;
	return vg_briefing_tell(process, VG_MSG_CONTROL, &index,
				writes ? &block->fd : &block->ro_fd);
}

static bool tell_page(const struct vg_process *process, uint32_t which, int fd)
{
	struct vg_msg_index index = {.index = which};
	return vg_briefing_tell(process, VG_MSG_STATUS, &index, &fd);
}

static bool tell_own_page(struct vg_gateway *gateway, struct vg_process *process)
{
	uint32_t which = process->role == VG_ROLE_WORKER ? VG_PAGE_WORKERS + process->index
							 : VG_PAGE_SINKS;
	return tell_page(process, which, gateway->rundir.pages[which].fd);
}

static bool tell_all_pages(struct vg_gateway *gateway, struct vg_process *process)
{
	for (uint32_t i = 0; i < VG_PAGE_WORKERS + gateway->table.workers; i++)
		if (!tell_page(process, i, gateway->rundir.pages[i].ro_fd))
			return false;
	return true;
}

static bool tell_control_socket(struct vg_gateway *gateway, struct vg_process *process)
{
	struct vg_msg_index index = {.index = VG_LISTENER_CONTROL};
	return vg_briefing_tell(process, VG_MSG_LISTENER, &index, &gateway->control_fd);
}

static bool tell_health(struct vg_gateway *gateway, struct vg_process *process)
{
	struct vg_msg_index index = {.index = VG_LISTENER_HEALTH};
	return gateway->health_fd < 0 ||
	       vg_briefing_tell(process, VG_MSG_LISTENER, &index, &gateway->health_fd);
}

static bool tell_state(struct vg_gateway *gateway, struct vg_process *process)
{
	struct vg_msg_index index = {0};
	return vg_briefing_tell(process, VG_MSG_STATE, &index, &gateway->rundir.state_fd);
}

static bool tell_listeners(struct vg_gateway *gateway, struct vg_process *process)
{
	for (uint32_t i = 0; i < gateway->listeners.count; i++) {
		struct vg_msg_index index = {.index = i};
		if (!vg_briefing_tell(process, VG_MSG_LISTENER, &index, &gateway->listeners.fds[i]))
			return false;
	}
	return true;
}

static bool tell_own_ring(struct vg_gateway *gateway, struct vg_process *process)
{
	const struct vg_rundir_ring *ring = &gateway->rundir.rings[process->index];
	struct vg_msg_ring message = {.index = process->index};
	const int fds[2] = {ring->file_fd, ring->tail_ro_fd};
	return vg_briefing_tell(process, VG_MSG_RING, &message, fds);
}

static bool tell_ring(struct vg_gateway *gateway, struct vg_process *recorder, uint32_t index,
		      bool dead)
{
	const struct vg_rundir_ring *ring = &gateway->rundir.rings[index];
	struct vg_msg_ring message = {.index = index, .writer_dead = dead};
	const int fds[2] = {ring->file_fd, ring->tail_fd};
	return vg_briefing_tell(recorder, VG_MSG_RING, &message, fds);
}

static bool tell_all_rings(struct vg_gateway *gateway, struct vg_process *process)
{
	for (uint32_t i = 0; i < gateway->rundir.ring_count; i++) {
		if (gateway->rundir.rings[i].file_fd < 0)
			continue;
		bool dead = true;
		if (i < gateway->table.workers) {
			struct vg_process *worker = vg_child_table_get(&gateway->table,
								       VG_ROLE_WORKER, i);
			dead = !vg_process_lives(worker);
			/* An earlier recorder's word doesn't count: this one sweeps again. */
			worker->swept = false;
		}
		if (!tell_ring(gateway, process, i, dead))
			return false;
	}
	return true;
}

static bool tell_peer(const struct vg_process *process, const struct vg_process *peer, int fd)
{
	struct vg_msg_peer message = {.role = peer->role, .index = peer->index};
	return vg_briefing_tell(process, VG_MSG_PEER, &message, &fd);
}

/* The keys hold their end before there is a worker: its end waits in the row. */
static bool pair_with_own_worker(struct vg_gateway *gateway, struct vg_process *process)
{
	int ends[2];
	if (!vg_chan_pair(ends))
		return false;
	struct vg_process *worker = vg_child_table_get(&gateway->table, VG_ROLE_WORKER,
						       process->index);
	bool ok = tell_peer(process, worker, ends[0]);
	vg_fd_close(&ends[0]);
	process->partner_fd = ends[1];
	return ok;
}

static bool give_keys(struct vg_process *worker, struct vg_process *keys)
{
	bool ok = tell_peer(worker, keys, keys->partner_fd);
	/* Ours too must go: each is to see when the other is gone. */
	vg_fd_close(&keys->partner_fd);
	return ok;
}

static bool pair_with_own_keys(struct vg_gateway *gateway, struct vg_process *process)
{
	return give_keys(process, vg_child_table_keys(&gateway->table, process->index));
}

static bool introduce(const struct vg_process *worker, const struct vg_process *broker)
{
	int ends[2];
	if (!vg_chan_pair(ends))
		return false;
	bool ok = tell_peer(broker, worker, ends[0]) && tell_peer(worker, broker, ends[1]);
	vg_fd_close(&ends[0]);
	vg_fd_close(&ends[1]);
	return ok;
}

static bool pair_with_broker(struct vg_gateway *gateway, struct vg_process *process)
{
	return introduce(process, vg_child_table_get(&gateway->table, VG_ROLE_BROKER, 0));
}

/* A worker that can't be told is stuck, and found so by its own channel; the rest go on. */
static bool pair_with_live_workers(struct vg_gateway *gateway, struct vg_process *process)
{
	for (uint32_t i = 0; i < gateway->table.workers; i++) {
		struct vg_process *worker = vg_child_table_get(&gateway->table, VG_ROLE_WORKER, i);
		if (vg_process_lives(worker) && worker->chan.fd >= 0 && !introduce(worker, process))
			vg_log(VG_LOG_WARNING, "worker %u has no broker", i);
	}
	return true;
}

static bool tell_go(struct vg_gateway *gateway, struct vg_process *process)
{
	(void)gateway;
	struct vg_msg_index index = {0};
	return vg_briefing_tell(process, VG_MSG_GO, &index, NULL);
}

#define W VG_ROLE_BIT(VG_ROLE_WORKER)
#define K VG_ROLE_BIT(VG_ROLE_KEYS)
#define B VG_ROLE_BIT(VG_ROLE_BROKER)
#define R VG_ROLE_BIT(VG_ROLE_RECORDER)
#define C VG_ROLE_BIT(VG_ROLE_CONTROLLER)
#define ALL (W | K | B | R | C)

static const struct {
	uint32_t roles;
	bool (*tell)(struct vg_gateway *gateway, struct vg_process *process);
} steps[] = {
	{ALL, tell_hello},           {B, tell_names},         {ALL, tell_image},
	{W | C, tell_control},       {W | R, tell_own_page},  {C, tell_all_pages},
	{C, tell_control_socket},    {C, tell_health},        {R, tell_state},
	{W, tell_listeners},         {W, tell_own_ring},      {R, tell_all_rings},
	{K, pair_with_own_worker},   {W, pair_with_own_keys}, {W, pair_with_broker},
	{B, pair_with_live_workers}, {ALL, tell_go},
};

static bool brief(struct vg_gateway *gateway, struct vg_process *process)
{
	for (size_t i = 0; i < VG_COUNT(steps); i++)
		if ((steps[i].roles & VG_ROLE_BIT(process->role)) != 0 &&
		    !steps[i].tell(gateway, process))
			return false;
	return true;
}

static bool spawn(struct vg_gateway *gateway, struct vg_process *process)
{
	int ends[2];
	if (!vg_chan_pair(ends))
		return false;
	process->chan.fd = ends[0];
	const char *const argv[] = {vg_role_row(process->role)->binary, NULL};
	struct vg_spawn child = {.role = process->role,
				 .program_fd = gateway->programs[process->role],
				 .channel_fd = ends[1],
				 .image_fd = -1,
				 .errors_fd = -1,
				 .user = gateway->user,
				 .argv = argv};
	pid_t pid = vg_fd_nonblocking(ends[0]) ? vg_spawn(&child) : -1;
	vg_fd_close(&ends[1]);
	if (pid < 0) {
		vg_chan_close(&process->chan);
		return false;
	}
	process->pid = pid;
	return true;
}

bool vg_briefing_start(struct vg_gateway *gateway, struct vg_process *process, int64_t now)
{
	char text[VG_PROCESS_TEXT];
	vg_process_text(text, process);
	process->started = now;
	process->since = vg_clock_wall();
	if (!spawn(gateway, process)) {
		vg_log(VG_LOG_ERROR, "%s can't be started: %m", text);
		return false;
	}
	process->state = VG_PROCESS_STARTING;
	if (!brief(gateway, process)) {
		vg_log(VG_LOG_ERROR, "%s can't be told what it needs: %m", text);
		return false;
	}
	return true;
}

bool vg_briefing_offer(struct vg_gateway *gateway, struct vg_process *process,
		       struct vg_process *keys)
{
	struct vg_msg_image image = {.generation = gateway->offered.number,
				     .size = gateway->offered.map.size};
	process->offered = gateway->offered.number;
	if (process->role == VG_ROLE_WORKER && !give_keys(process, keys))
		return false;
	if (process->role == VG_ROLE_BROKER && !tell_names(gateway, process))
		return false;
	return vg_briefing_tell(process, VG_MSG_IMAGE, &image, &gateway->offered.fd);
}

void vg_briefing_event(struct vg_gateway *gateway, const struct vg_msg_tell *tell)
{
	const struct vg_process *recorder = vg_child_table_get(&gateway->table, VG_ROLE_RECORDER,
							       0);
	if (recorder->chan.fd < 0 || !vg_briefing_tell(recorder, VG_MSG_TELL, tell, NULL))
		vg_log(VG_LOG_WARNING, "the recorder isn't there to tell VG%u", tell->code);
}

void vg_briefing_kill(struct vg_process *process, int64_t now)
{
	if (vg_process_lives(process) && kill(process->pid, SIGKILL) != 0)
		vg_log(VG_LOG_ERROR, "pid %d can't be killed: %m", (int)process->pid);
	/* Again, should the kernel need longer than that to let go of it. */
	process->deadline = now + KILL_AGAIN_US;
}

bool vg_briefing_sweep(struct vg_gateway *gateway, uint32_t index)
{
	struct vg_process *recorder = vg_child_table_get(&gateway->table, VG_ROLE_RECORDER, 0);
	return tell_ring(gateway, recorder, index, true);
}
