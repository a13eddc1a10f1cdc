#include "config.h"

#include "sys/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pwd.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sys/landlock.h"
#include "sys/log.h"

#if defined(VG_SANITIZERS) || defined(VG_COVERAGE)
#define FILTERED false
#else
#define FILTERED true
#endif

bool vg_sandbox_become(const char *user)
{
	if (user[0] == '\0' || geteuid() != 0)
		return true;
	errno = 0;
	const struct passwd *entry = getpwnam(user);
	if (entry == NULL) {
		vg_log(VG_LOG_ERROR, "there is no user %s", user);
		errno = errno != 0 ? errno : ENOENT;
		return false;
	}
	uid_t uid = entry->pw_uid;
	gid_t gid = entry->pw_gid;
	if (initgroups(user, gid) != 0 || setresgid(gid, gid, gid) != 0 ||
	    setresuid(uid, uid, uid) != 0) {
		vg_log(VG_LOG_ERROR, "can't become user %s: %m", user);
		return false;
	}
	/* Where the way back is open after all, nothing was gained. */
	return uid == 0 || (setuid(0) != 0 && getuid() == uid && geteuid() == uid);
}

enum condition { ALWAYS, NOEXEC, SELF, FLAGS2, FLAGS3, HALF, OPTION, FCNTL };

struct row {
	const char *name;
	int number;
	enum condition when;
	uint32_t roles;
};

static const struct row rows[] = {
#define VG_SANDBOX(call, when, roles) {#call, SCMP_SYS(call), when, roles},
#define VG_REACH(NAME, rights, roles)
#include "sys/sandbox.def"
#undef VG_REACH
#undef VG_SANDBOX
};

static bool allow_fcntl(scmp_filter_ctx filter, int number)
{
	static const int commands[] = {F_GETFL, F_GETFD, F_SETFD, F_DUPFD_CLOEXEC, F_GET_SEALS};
	/* Never to blocking: a listener is all workers', and each would stand still in its accept. */
	if (seccomp_rule_add(filter, SCMP_ACT_ALLOW, number, 2, SCMP_A1_32(SCMP_CMP_EQ, F_SETFL, 0),
			     SCMP_A2_32(SCMP_CMP_MASKED_EQ, O_NONBLOCK | O_ASYNC, O_NONBLOCK)) != 0)
		return false;
	for (size_t i = 0; i < VG_COUNT(commands); i++)
		if (seccomp_rule_add(filter, SCMP_ACT_ALLOW, number, 1,
				     SCMP_A1_32(SCMP_CMP_EQ, (uint32_t)commands[i], 0)) != 0)
			return false;
	return true;
}

/* What a worker sets on a listener, the others' connections have, too: proxy/worker.c undoes it. */
static bool allow_options(scmp_filter_ctx filter, int number, enum vg_role role)
{
	static const struct {
		enum vg_role role;
		int level, option;
	} options[] = {
		{VG_ROLE_WORKER, SOL_SOCKET, SO_LINGER},
		{VG_ROLE_WORKER, SOL_SOCKET, SO_RCVLOWAT},
		{VG_ROLE_BROKER, IPPROTO_TCP, TCP_NODELAY},
		{VG_ROLE_RECORDER, SOL_SOCKET, SO_KEEPALIVE},
		{VG_ROLE_RECORDER, IPPROTO_TCP, TCP_KEEPIDLE},
		{VG_ROLE_RECORDER, IPPROTO_TCP, TCP_NODELAY},
		{VG_ROLE_RECORDER, IPPROTO_TCP, TCP_USER_TIMEOUT},
	};
	for (size_t i = 0; i < VG_COUNT(options); i++)
		if (options[i].role == role &&
		    seccomp_rule_add(filter, SCMP_ACT_ALLOW, number, 2,
				     SCMP_A1_32(SCMP_CMP_EQ, (uint32_t)options[i].level, 0),
				     SCMP_A2_32(SCMP_CMP_EQ, (uint32_t)options[i].option, 0)) != 0)
			return false;
	return true;
}

static bool allow(scmp_filter_ctx filter, const struct row *row, enum vg_role role)
{
	switch (row->when) {
	case ALWAYS:
		return seccomp_rule_add(filter, SCMP_ACT_ALLOW, row->number, 0) == 0;
	case NOEXEC:
		return seccomp_rule_add(filter, SCMP_ACT_ALLOW, row->number, 1,
					SCMP_A2_32(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0)) == 0;
	case SELF:
		return seccomp_rule_add(filter, SCMP_ACT_ALLOW, row->number, 1,
					SCMP_A0_32(SCMP_CMP_EQ, (uint32_t)getpid(), 0)) == 0;
	case FLAGS2:
		return seccomp_rule_add(filter, SCMP_ACT_ALLOW, row->number, 1,
					SCMP_A2_32(SCMP_CMP_MASKED_EQ, MSG_FASTOPEN, 0)) == 0;
	case FLAGS3:
		return seccomp_rule_add(filter, SCMP_ACT_ALLOW, row->number, 1,
					SCMP_A3_32(SCMP_CMP_MASKED_EQ, MSG_FASTOPEN, 0)) == 0;
	case HALF:
		return seccomp_rule_add(filter, SCMP_ACT_ALLOW, row->number, 1,
					SCMP_A1_32(SCMP_CMP_EQ, SHUT_WR, 0)) == 0;
	case OPTION:
		return allow_options(filter, row->number, role);
	case FCNTL:
		return allow_fcntl(filter, row->number);
	}
	return false;
}

static bool close_filter(enum vg_role role)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
	if (filter == NULL)
		return false;
	/* Calls of another architecture (32 bit) would go round the rows. */
	bool ok = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS) == 0;
	for (size_t i = 0; ok && i < VG_COUNT(rows); i++) {
		if ((rows[i].roles & VG_ROLE_BIT(role)) == 0)
			continue;
		ok = allow(filter, &rows[i], role);
		if (!ok)
			vg_log(VG_LOG_ERROR, "no sandbox row for %s can be made", rows[i].name);
	}
	ok = ok && seccomp_load(filter) == 0;
	seccomp_release(filter);
	return ok;
}

static bool drop_capabilities(void)
{
	/* Only with CAP_SETPCAP; without it nothing that is exec'd gains any (no new privileges). */
	for (unsigned long cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++)
		if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) != 0 && errno != EPERM)
			return false;
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0)
		return false;
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {0};
	return syscall(SYS_capset, &header, none) == 0;
}

static bool forbid_dumps(void)
{
	struct rlimit none = {0, 0};
	if (setrlimit(RLIMIT_CORE, &none) != 0)
		return false;
	/* The leak checker traces its own process, which must be dumpable for it. */
	return !FILTERED || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0;
}

bool vg_sandbox_harden(void)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && forbid_dumps())
		return true;
	vg_log(VG_LOG_ERROR, "new privileges and core dumps can't be ruled out: %m");
	return false;
}

bool vg_sandbox_enter(enum vg_role role, const struct vg_reach *reach)
{
	if (!vg_sandbox_harden())
		return false;
	if (!drop_capabilities()) {
		vg_log(VG_LOG_ERROR, "capabilities can't be given up: %m");
		return false;
	}
	if (!FILTERED) {
		vg_log(VG_LOG_WARNING,
		       "no system call filter and no Landlock in a build for tests");
		return true;
	}
	if (!vg_landlock_enter(role, reach))
		return false;
	if (!close_filter(role)) {
		vg_log(VG_LOG_ERROR, "the system call filter can't be closed: %m");
		return false;
	}
	return true;
}
