#include "daemon/child_table.h"

#include <stdio.h>

#include "sys/file.h"

#define BACKOFF_FIRST 50000
#define BACKOFF_LAST 1000000
#define BACKOFF_FORGIVEN 5000000

static void add(struct vg_child_table *table, enum vg_role role, uint32_t index, uint32_t slot)
{
	VG_ASSERT(table->count < VG_PROCESSES_MAX);
	table->rows[table->count++] = (struct vg_process){
		.role = role,
		.index = index,
		.slot = slot,
		.chan = {-1, VG_ROLE_SUPERVISOR, role},
		.partner_fd = -1,
		.deadline = VG_PROCESS_NEVER,
		.backoff = BACKOFF_FIRST,
	};
}

void vg_child_table_init(struct vg_child_table *table, uint32_t workers)
{
	VG_ASSERT(workers > 0 && workers <= VG_CHILD_PEERS_MAX);
	*table = (struct vg_child_table){.workers = workers};
	for (int number = 0; number < VG_ROLE_COUNT; number++) {
		enum vg_role role = (enum vg_role)number;
		if (role == VG_ROLE_SUPERVISOR || role == VG_ROLE_COMPILE)
			continue;
		uint32_t count = vg_role_row(role)->each ? workers : 1;
		uint32_t slots = role == VG_ROLE_KEYS ? VG_KEYS_SLOTS : 1;
		for (uint32_t i = 0; i < count; i++)
			for (uint32_t slot = 0; slot < slots; slot++)
				add(table, role, i, slot);
	}
}

struct vg_process *vg_child_table_get(struct vg_child_table *table, enum vg_role role,
				      uint32_t index)
{
	for (uint32_t i = 0; i < table->count; i++)
		if (table->rows[i].role == role && table->rows[i].index == index)
			return &table->rows[i];
	abort();
}

struct vg_process *vg_child_table_keys(struct vg_child_table *table, uint32_t index)
{
	for (uint32_t i = 0; i < table->count; i++) {
		struct vg_process *process = &table->rows[i];
		if (process->role == VG_ROLE_KEYS && process->index == index &&
		    !vg_child_table_is_spare(table, process))
			return process;
	}
	abort();
}

bool vg_child_table_is_spare(const struct vg_child_table *table, const struct vg_process *process)
{
	if (process->role != VG_ROLE_KEYS)
		return false;
	for (uint32_t i = 0; i < table->count; i++)
		if (table->rows[i].role == VG_ROLE_WORKER && table->rows[i].index == process->index)
			return table->rows[i].slot != process->slot;
	abort();
}

struct vg_process *vg_child_table_find(struct vg_child_table *table, pid_t pid)
{
	for (uint32_t i = 0; i < table->count; i++)
		if (vg_process_lives(&table->rows[i]) && table->rows[i].pid == pid)
			return &table->rows[i];
	return NULL;
}

bool vg_child_table_all(const struct vg_child_table *table, enum vg_process_state state)
{
	for (uint32_t i = 0; i < table->count; i++)
		if (table->rows[i].state != state &&
		    !vg_child_table_is_spare(table, &table->rows[i]))
			return false;
	return true;
}

void vg_process_died(struct vg_process *process, bool surprise, int64_t now)
{
	vg_chan_close(&process->chan);
	vg_fd_close(&process->partner_fd);
	process->pid = 0;
	process->deadline = VG_PROCESS_NEVER;
	if (now - process->started >= BACKOFF_FORGIVEN)
		process->backoff = BACKOFF_FIRST;
	process->swept = false;
	process->ahead = process->renew = false;
	process->offered = process->acked = 0;
	process->restarts += surprise;
	if (!surprise) {
		process->start_at = now;
	} else {
		process->start_at = now + process->backoff;
		process->backoff *= 2;
		if (process->backoff > BACKOFF_LAST)
			process->backoff = BACKOFF_LAST;
	}
	process->state = VG_PROCESS_DOWN;
}

void vg_process_text(char out[VG_PROCESS_TEXT], const struct vg_process *process)
{
	const struct vg_role_row *row = vg_role_row(process->role);
	if (row->each)
		snprintf(out, VG_PROCESS_TEXT, "%s %u", row->word, process->index);
	else
		snprintf(out, VG_PROCESS_TEXT, "%s", row->word);
}
