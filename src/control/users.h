/*
 * Names of users, as the machine had them when the controller started: behind its filter no file
 * can be read any more. For `actor` in events; who is new since then has a number.
 */
#ifndef VG_CONTROL_USERS_H
#define VG_CONTROL_USERS_H

#include <sys/types.h>

#include "vocab/msg.h"

#define VG_USERS_MAX 512

struct vg_users {
	unsigned count;
	struct {
		uid_t uid;
		char name[33];
	} rows[VG_USERS_MAX];
};

/* The first VG_USERS_MAX of the user database. */
void vg_users_read(struct vg_users *users);

/* "uid:NAME", or "uid:NUMBER" for somebody unknown. */
void vg_users_actor(const struct vg_users *users, uid_t uid, char actor[VG_ACTOR_MAX]);

#endif
