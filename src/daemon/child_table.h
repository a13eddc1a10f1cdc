/*
 * The supervisor's children as rows: one for each process that should be there, whether or not it
 * is, with its state and when it may be started again. No process is touched here.
 */
#ifndef VG_DAEMON_CHILD_TABLE_H
#define VG_DAEMON_CHILD_TABLE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/attr.h"
#include "net/child.h"
#include "sys/chan.h"
#include "vocab/role.h"

#define VG_PROCESSES_MAX (2 + 2 * VG_CHILD_PEERS_MAX) /* broker, recorder; worker and keys each */
#define VG_PROCESS_NEVER INT64_MAX

enum vg_process_state {
	VG_PROCESS_DOWN,     /* no process; none is started before `start_at` */
	VG_PROCESS_STARTING, /* told all that it needs; not yet READY */
	VG_PROCESS_SERVING,
	VG_PROCESS_ENDING    /* told to end, or killed: its death is no surprise */
};

struct vg_process {
	enum vg_role role;
	uint32_t index;
	enum vg_process_state state;
	pid_t pid;
	struct vg_chan chan;  /* to it */
	int partner_fd;       /* of keys: the worker's end of their pair, until it starts; -1 */
	bool swept;           /* of a worker that is down: nothing is open in its ring */
	int64_t start_at;     /* times: monotonic microseconds */
	int64_t started;
	int64_t deadline;     /* killed then; VG_PROCESS_NEVER */
	int64_t backoff;      /* of the next failure */
};

struct vg_child_table {
	struct vg_process rows[VG_PROCESSES_MAX];
	uint32_t count;
	uint32_t workers;
};

/* Rows for recorder, broker, and so many workers (1 to VG_CHILD_PEERS_MAX) with their keys. */
void vg_child_table_init(struct vg_child_table *table, uint32_t workers);

struct vg_process *vg_child_table_get(struct vg_child_table *table, enum vg_role role,
				      uint32_t index) VG_MUST_CHECK;

/* NULL where no child has that pid. */
struct vg_process *vg_child_table_find(struct vg_child_table *table, pid_t pid) VG_MUST_CHECK;

/* True where every row is in that state. */
bool vg_child_table_all(const struct vg_child_table *table, enum vg_process_state state)
	VG_MUST_CHECK;

static inline bool vg_process_lives(const struct vg_process *process)
{
	return process->state != VG_PROCESS_DOWN;
}

/*
 * Its process is gone: closes what was its, and sets when the next may start: at once where its
 * end was no surprise, else after 100 ms, doubled up to 5 s; one that lived for 10 s begins anew.
 */
void vg_process_died(struct vg_process *process, bool surprise, int64_t now);

#define VG_PROCESS_TEXT 32
void vg_process_text(char out[VG_PROCESS_TEXT], const struct vg_process *process);

#endif
