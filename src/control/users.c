#include "config.h"

#include "control/users.h"

#include <pwd.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

/* Names of an unusual kind are told by their number: events are read by machines. */
static bool is_plain(const char *name, size_t max)
{
	size_t len = strlen(name);
	for (size_t i = 0; i < len; i++)
		if (!vg_is_unreserved(name[i]))
			return false;
	return len > 0 && len <= max && !vg_is_digit(name[0]);
}

void vg_users_read(struct vg_users *users)
{
	const struct passwd *entry;
	users->count = 0;
	setpwent();
	while (users->count < VG_USERS_MAX && (entry = getpwent()) != NULL) {
		if (!is_plain(entry->pw_name, sizeof(users->rows[0].name) - 1))
			continue;
		users->rows[users->count].uid = entry->pw_uid;
		snprintf(users->rows[users->count].name, sizeof(users->rows[0].name), "%s",
			 entry->pw_name);
		users->count++;
	}
	endpwent();
}

void vg_users_actor(const struct vg_users *users, uid_t uid, char actor[VG_ACTOR_MAX])
{
	memset(actor, 0, VG_ACTOR_MAX);
	for (unsigned i = 0; i < users->count; i++) {
		if (users->rows[i].uid != uid)
			continue;
		snprintf(actor, VG_ACTOR_MAX, "uid:%s", users->rows[i].name);
		return;
	}
	snprintf(actor, VG_ACTOR_MAX, "uid:%u", (unsigned)uid);
}
