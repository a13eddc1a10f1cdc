#include "daemon/held.h"

/* A request dials when its head has come: at most three times a connect_timeout, of a minute. */
#define HELD_US INT64_C(600000000)

static void withdraw(struct vg_held *held, struct vg_gateway *gateway, size_t row, int64_t now)
{
	struct vg_process *broker = vg_child_table_get(&gateway->table, VG_ROLE_BROKER, 0);
	struct vg_msg_index number = {.index = held->rows[row].number};
	held->rows[row].number = 0;
	/* One that starts later never had it. */
	if (vg_process_lives(broker) && broker->chan.fd >= 0 &&
	    !vg_briefing_tell(broker, VG_MSG_WITHDRAW, &number, NULL))
		vg_briefing_kill(broker, now);
}

static bool is_held(const struct vg_held *held, size_t row)
{
	for (size_t i = 0; i < VG_CHILD_PEERS_MAX; i++)
		if (held->rows[row].by[i])
			return true;
	return false;
}

/* Free, or made so. */
static size_t find_place(struct vg_held *held, struct vg_gateway *gateway, int64_t now)
{
	size_t oldest = 0;
	for (size_t i = 0; i < VG_HELD_MAX; i++)
		if (held->rows[i].number < held->rows[oldest].number)
			oldest = i;
	if (held->rows[oldest].number != 0)
		withdraw(held, gateway, oldest, now);
	return oldest;
}

void vg_held_add(struct vg_held *held, struct vg_gateway *gateway, uint64_t number, int64_t now)
{
	size_t row = find_place(held, gateway, now);
	held->rows[row].number = number;
	held->rows[row].until = now + HELD_US;
	for (uint32_t i = 0; i < VG_CHILD_PEERS_MAX; i++)
		held->rows[row].by[i] = i < gateway->table.workers &&
					vg_process_lives(vg_child_table_get(&gateway->table,
									    VG_ROLE_WORKER, i));
	if (!is_held(held, row))
		withdraw(held, gateway, row, now);
}

void vg_held_let_go(struct vg_held *held, struct vg_gateway *gateway, uint32_t worker,
		    uint64_t number, int64_t now)
{
	for (size_t i = 0; i < VG_HELD_MAX; i++) {
		if (held->rows[i].number == 0 || (number != 0 && held->rows[i].number != number))
			continue;
		held->rows[i].by[worker] = false;
		if (!is_held(held, i))
			withdraw(held, gateway, i, now);
	}
}

void vg_held_turn(struct vg_held *held, struct vg_gateway *gateway, int64_t now)
{
	for (size_t i = 0; i < VG_HELD_MAX; i++)
		if (held->rows[i].number != 0 && held->rows[i].until <= now)
			withdraw(held, gateway, i, now);
}

int64_t vg_held_due(const struct vg_held *held)
{
	int64_t due = VG_PROCESS_NEVER;
	for (size_t i = 0; i < VG_HELD_MAX; i++)
		if (held->rows[i].number != 0 && held->rows[i].until < due)
			due = held->rows[i].until;
	return due;
}
