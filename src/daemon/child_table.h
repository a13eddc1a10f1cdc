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
#include "vocab/process.h"
#include "vocab/role.h"

/*
 * Keys open their files once, before they drop their rights: a new generation needs new ones. So a
 * worker has places for those of the generation that serves (its own), for those of the one that
 * is on offer, and for those that still sign what began before.
 */
#define VG_KEYS_SLOTS 3
#define VG_PROCESSES_MAX (3 + (1 + VG_KEYS_SLOTS) * VG_CHILD_PEERS_MAX)
#define VG_PROCESS_NEVER INT64_MAX

struct vg_process {
	enum vg_role role;
	uint32_t index;
	uint32_t slot; /* of keys: which of their worker's; of a worker: which are its own */
	enum vg_process_state state; /* DOWN: none is started before `start_at` */
	pid_t pid;
	struct vg_chan chan;     /* to it */
	int partner_fd;          /* of keys: the worker's end of their pair, until it is told; -1 */
	bool swept;              /* of a worker that is down: nothing is open in its ring */
	bool ahead;              /* of keys: those of the generation that is on offer */
	bool renew;              /* it serves the generation on offer only when it starts anew */
	uint64_t offered, acked; /* the last generation, since it started; 0: none */
	uint32_t restarts;       /* it died, and that was a surprise */
	int64_t since;           /* its start: wall clock, microseconds */
	int64_t start_at;        /* times: monotonic microseconds */
	int64_t started;
	int64_t deadline; /* killed then; VG_PROCESS_NEVER */
	int64_t backoff;  /* of the next failure */
};

struct vg_child_table {
	struct vg_process rows[VG_PROCESSES_MAX];
	uint32_t count;
	uint32_t workers;
};

/*
 * Rows for recorder, broker, controller, and so many workers (1 to VG_CHILD_PEERS_MAX) with their
 * keys.
 */
void vg_child_table_init(struct vg_child_table *table, uint32_t workers);

/* Of keys: vg_child_table_keys. */
struct vg_process *vg_child_table_get(struct vg_child_table *table, enum vg_role role,
				      uint32_t index) VG_MUST_CHECK;

/* The keys of that worker: its own. */
struct vg_process *vg_child_table_keys(struct vg_child_table *table, uint32_t index) VG_MUST_CHECK;

/* True for keys that are not their worker's own: they come and go with generations. */
bool vg_child_table_is_spare(const struct vg_child_table *table, const struct vg_process *process)
	VG_MUST_CHECK;

/* NULL where no child has that pid. */
struct vg_process *vg_child_table_find(struct vg_child_table *table, pid_t pid) VG_MUST_CHECK;

/* True where every row but those of spare keys is in that state. */
bool vg_child_table_all(const struct vg_child_table *table, enum vg_process_state state)
	VG_MUST_CHECK;

static inline bool vg_process_lives(const struct vg_process *process)
{
	return process->state != VG_PROCESS_DOWN;
}

/*
 * Its process is gone: closes what was its, and sets when the next may start: at once where its
 * end was no surprise, else after 50 ms, doubled up to 1 s; one that lived for 5 s begins anew.
 */
void vg_process_died(struct vg_process *process, bool surprise, int64_t now);

#define VG_PROCESS_TEXT 32
void vg_process_text(char out[VG_PROCESS_TEXT], const struct vg_process *process);

#endif
