#include "config.h"

#include "sys/landlock.h"

#include <errno.h>
#include <linux/landlock.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sys/file.h"
#include "sys/log.h"

/* What later kernels added, which the system's header may be too old to name. */
#define FS_TRUNCATE (UINT64_C(1) << 14)
#define FS_IOCTL_DEV (UINT64_C(1) << 15)
#define NET_BIND_TCP (UINT64_C(1) << 0)
#define NET_CONNECT_TCP (UINT64_C(1) << 1)
#define SCOPE_ABSTRACT_UNIX_SOCKET (UINT64_C(1) << 0)
#define SCOPE_SIGNAL (UINT64_C(1) << 1)
#define RULE_NET_PORT 2

#define FS(RIGHT) (UINT64_C(0) + LANDLOCK_ACCESS_FS_##RIGHT)

/* All of the first version: its last right, and all below it. */
#define FS_FIRST (2 * FS(MAKE_SYM) - 1)

struct ruleset {
	uint64_t fs;
	uint64_t net;
	uint64_t scoped;
};

struct port_rule {
	uint64_t net;
	uint64_t port;
};

/* What each version of the interface brought; all of it is forbidden. */
static const struct {
	int abi;
	struct ruleset adds;
} versions[] = {
	{1, {.fs = FS_FIRST}},     {2, {.fs = FS(REFER)}},
	{3, {.fs = FS_TRUNCATE}},  {4, {.net = NET_BIND_TCP | NET_CONNECT_TCP}},
	{5, {.fs = FS_IOCTL_DEV}}, {6, {.scoped = SCOPE_ABSTRACT_UNIX_SOCKET | SCOPE_SIGNAL}},
};

struct row {
	const char *name;
	uint64_t rights;
	uint32_t roles;
};

static const struct row rows[] = {
#define VG_SANDBOX(call, when, roles)
#define VG_REACH(NAME, rights, roles) [VG_REACH_##NAME] = {#NAME, rights, roles},
#include "sys/sandbox.def"
#undef VG_REACH
#undef VG_SANDBOX
};

int vg_landlock_abi(void)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, (size_t)0,
			   (uint32_t)LANDLOCK_CREATE_RULESET_VERSION);
	if (abi < 0 && (errno == ENOSYS || errno == EOPNOTSUPP))
		return 0;
	return (int)abi;
}

static struct ruleset forbidden(enum vg_role role, int abi)
{
	struct ruleset all = {0};
	for (size_t i = 0; i < VG_COUNT(versions) && versions[i].abi <= abi; i++) {
		all.fs |= versions[i].adds.fs;
		all.net |= versions[i].adds.net;
		all.scoped |= versions[i].adds.scoped;
	}
	/* Rules are for single ports: any port is what is not forbidden at all. */
	if ((rows[VG_REACH_ANY_PORT].roles & VG_ROLE_BIT(role)) != 0)
		all.net &= ~rows[VG_REACH_ANY_PORT].rights;
	return all;
}

/* A right that this kernel doesn't know can't be forbidden, and so not be given. */
static bool allow(int fd, const struct vg_reach_entry *entry, const struct ruleset *all)
{
	const uint64_t rights = rows[entry->kind].rights;
	if (entry->kind == VG_REACH_PORT) {
		struct port_rule rule = {.net = rights & all->net, .port = entry->key[0]};
		return rule.net == 0 ||
		       syscall(SYS_landlock_add_rule, fd, RULE_NET_PORT, &rule, 0) == 0;
	}
	struct landlock_path_beneath_attr rule = {.allowed_access = rights & all->fs,
						  .parent_fd = entry->fd};
	return syscall(SYS_landlock_add_rule, fd, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0;
}

static bool allow_all(int fd, enum vg_role role, const struct vg_reach *reach,
		      const struct ruleset *all)
{
	for (uint32_t i = 0; reach != NULL && i < reach->count; i++) {
		const struct vg_reach_entry *entry = &reach->entries[i];
		const struct row *row = &rows[entry->kind];
		if ((row->roles & VG_ROLE_BIT(role)) == 0) {
			vg_log(VG_LOG_ERROR, "no sandbox row lets it name %s", row->name);
			errno = EPERM;
			return false;
		}
		if (!allow(fd, entry, all))
			return false;
	}
	return true;
}

bool vg_landlock_enter(enum vg_role role, const struct vg_reach *reach)
{
	int abi = vg_landlock_abi();
	if (abi == 0) {
		vg_log(VG_LOG_INFO, "this kernel has no Landlock: the system call filter stands "
				    "alone");
		return true;
	}
	struct ruleset all = forbidden(role, abi);
	int fd = abi < 0 ? -1
			 : (int)syscall(SYS_landlock_create_ruleset, &all, sizeof(all),
					(uint32_t)0);
	bool ok = fd >= 0 && allow_all(fd, role, reach, &all) &&
		  syscall(SYS_landlock_restrict_self, fd, (uint32_t)0) == 0;
	vg_fd_close(&fd);
	if (!ok)
		vg_log(VG_LOG_ERROR, "Landlock can't be entered: %m");
	return ok;
}
