/*
 * Landlock alone, without the filter of system calls that would hide it: files, TCP, signals and
 * abstract sockets, in and out of what a role named.
 */
#include "config.h"

#include "sys/landlock.h"

#include "sys_inside.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <seccomp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>

/* A folder with those of READ, APPEND and KEEP in it, and one that nobody names; each has a file,
   `keep` also a link to a file of `append`. */
static char root[] = "/tmp/vendgate-landlock-XXXXXX";
static struct vg_reach of_recorder;
static struct sockaddr_in named, other; /* two listeners */
static struct sockaddr_un abstract;
static socklen_t abstract_len;

static const char *in(const char *rest)
{
	static char paths[2][128]; /* as many as one call takes */
	static unsigned next;
	char *path = paths[next++ % 2];
	snprintf(path, sizeof(paths[0]), "%s/%s", root, rest);
	return path;
}

static bool opens(const char *rest, int flags)
{
	int fd = open(in(rest), flags | O_CLOEXEC, 0600);
	bool ok = fd >= 0 || errno != EACCES;
	return fd >= 0 ? close(fd) == 0 : ok;
}

static bool lists(const char *rest)
{
	DIR *dir = opendir(in(rest));
	return dir != NULL && closedir(dir) == 0;
}

static bool connects(const struct sockaddr_in *to)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	return fd >= 0 && connect(fd, (const struct sockaddr *)to, sizeof(*to)) == 0;
}

#define TRY(name, expression)                                                                      \
	static bool name(void)                                                                     \
	{                                                                                          \
		return expression;                                                                 \
	}

TRY(read_other, opens("other/file", O_RDONLY))
TRY(write_other, opens("other/file", O_WRONLY | O_APPEND))
TRY(make_other, opens("other/new", O_WRONLY | O_CREAT | O_EXCL))
TRY(list_other, lists("other"))
TRY(remove_other, unlink(in("other/file")) == 0)
TRY(mkdir_other, mkdir(in("other/folder"), 0700) == 0)
TRY(link_other, symlink("x", in("other/new")) == 0)
TRY(truncate_other, truncate(in("other/file"), 0) == 0)
TRY(rename_other, rename(in("other/file"), in("other/new")) == 0)
TRY(read_etc, open("/etc/passwd", O_RDONLY | O_CLOEXEC) >= 0)
TRY(read_self, open("/proc/self/maps", O_RDONLY | O_CLOEXEC) >= 0)

TRY(append, opens("append/file", O_RDWR | O_APPEND))
TRY(make_append, opens("append/new", O_RDWR | O_APPEND | O_CREAT | O_EXCL))
TRY(through_link, opens("keep/link", O_RDWR | O_APPEND))
TRY(list_append, lists("append"))
TRY(remove_append, unlink(in("append/file")) == 0)
TRY(truncate_append, truncate(in("append/file"), 0) == 0)
TRY(mkdir_append, mkdir(in("append/folder"), 0700) == 0)

TRY(make_keep, opens("keep/new", O_RDWR | O_CREAT | O_EXCL))
TRY(list_keep, lists("keep"))
TRY(remove_keep, unlink(in("keep/file")) == 0)
TRY(truncate_keep, opens("keep/file", O_WRONLY | O_TRUNC))
TRY(rename_keep,
    make_keep() && rename(in("keep/new"), in("keep/file")) == 0 && opens("keep/file", O_RDWR))
TRY(mkdir_keep, mkdir(in("keep/folder"), 0700) == 0)
TRY(rename_out, rename(in("keep/file"), in("append/new")) == 0)

TRY(connect_named, connects(&named))
TRY(connect_other, connects(&other))
TRY(signal_parent, kill(getppid(), 0) == 0)
TRY(signal_self, kill(getpid(), 0) == 0)

static bool bind_port(void)
{
	struct sockaddr_in any = {.sin_family = AF_INET};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	return fd >= 0 && bind(fd, (struct sockaddr *)&any, sizeof(any)) == 0;
}

static bool connect_abstract(void)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	return fd >= 0 && connect(fd, (struct sockaddr *)&abstract, abstract_len) == 0;
}

static bool exec_program(void)
{
	char *const none[] = {NULL};
	return execve("/bin/true", none, none) == 0;
}

static const struct attempt refused[] =
	{
		{"read elsewhere", read_other, ALL, 1},
		{"write elsewhere", write_other, ALL, 1},
		{"make elsewhere", make_other, ALL, 1},
		{"list elsewhere", list_other, ALL, 1},
		{"remove elsewhere", remove_other, ALL, 1},
		{"make a folder elsewhere", mkdir_other, ALL, 1},
		{"make a link elsewhere", link_other, ALL, 1},
		{"truncate elsewhere", truncate_other, ALL, 3},
		{"rename elsewhere", rename_other, ALL, 1},
		{"read /etc/passwd", read_etc, ALL, 1},
		{"read /proc/self/maps", read_self, ALL, 1},
		{"exec", exec_program, ALL, 1},
		{"append where R may", append, ALL & ~R, 1},
		{"list where R appends", list_append, ALL, 1},
		{"remove where R appends", remove_append, ALL, 1},
		{"truncate where R appends", truncate_append, ALL, 3},
		{"make a folder where R appends", mkdir_append, ALL, 1},
		{"make where R keeps", make_keep, ALL & ~R, 1},
		{"make a folder where R keeps", mkdir_keep, ALL, 1},
		{"rename into another folder", rename_out, ALL, 1},
		{"bind a port", bind_port, ALL, 4},
		{"connect to the port of R", connect_named, W | K | C, 4},
		{"connect to another port", connect_other, W | K | R | C, 4},
		{"speak to an abstract socket", connect_abstract, ALL, 6},
		{"signal the parent", signal_parent, ALL, 6},
},
			    left[] = {
				    {"R appends", append, R, 1},
				    {"R makes a file to append to", make_append, R, 1},
				    {"R appends through a link", through_link, R, 1},
				    {"R makes what it keeps", make_keep, R, 1},
				    {"R lists what it keeps", list_keep, R, 1},
				    {"R removes what it keeps", remove_keep, R, 1},
				    {"R truncates what it keeps", truncate_keep, R, 1},
				    {"R renames over what it keeps, and opens it", rename_keep, R,
				     1},
				    {"connect to the port of R", connect_named, R | B, 4},
				    {"B connects to any port", connect_other, B, 4},
				    {"signal itself", signal_self, ALL, 6},
};

static bool enter(enum vg_role role)
{
	const struct vg_reach *reach = role == VG_ROLE_RECORDER ? &of_recorder : NULL;
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && vg_landlock_enter(role, reach);
}

static const char *const folders[] = {"append", "keep", "other"};

static void clear(void)
{
	static const char *const things[] = {"file", "new", "link"};
	char path[64];
	for (size_t i = 0; i < VG_COUNT(folders); i++) {
		for (size_t k = 0; k < VG_COUNT(things); k++) {
			snprintf(path, sizeof(path), "%s/%s", folders[i], things[k]);
			(void)unlink(in(path));
		}
		snprintf(path, sizeof(path), "%s/folder", folders[i]);
		(void)rmdir(in(path));
	}
}

static void prepare(void)
{
	char path[64];
	clear();
	for (size_t i = 0; i < VG_COUNT(folders); i++) {
		snprintf(path, sizeof(path), "%s/file", folders[i]);
		if (!opens(path, O_WRONLY | O_CREAT))
			abort();
	}
	if (symlink("../append/file", in("keep/link")) != 0)
		abort();
}

static bool listen_tcp(struct sockaddr_in *at)
{
	socklen_t len = sizeof(*at);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	*at = (struct sockaddr_in){.sin_family = AF_INET,
				   .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	return bind(fd, (struct sockaddr *)at, len) == 0 && listen(fd, 128) == 0 &&
	       getsockname(fd, (struct sockaddr *)at, &len) == 0;
}

static bool listen_abstract(void)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	abstract = (struct sockaddr_un){.sun_family = AF_UNIX};
	int n = snprintf(abstract.sun_path + 1, sizeof(abstract.sun_path) - 1, "vendgate-test-%d",
			 (int)getpid());
	abstract_len = (socklen_t)(sizeof(abstract.sun_family) + 1 + (size_t)n);
	return bind(fd, (struct sockaddr *)&abstract, abstract_len) == 0 && listen(fd, 128) == 0;
}

/* `append` is named through the link alone. */
static bool name_all(void)
{
	struct vg_reach twice = {0};
	int keep = open(in("keep"), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool ok = vg_reach_folder(&of_recorder, VG_REACH_KEEP, keep) &&
		  vg_reach_file(&of_recorder, VG_REACH_APPEND, in("keep/link")) &&
		  vg_reach_port(&of_recorder, ntohs(named.sin_port)) &&
		  !vg_reach_file(&of_recorder, VG_REACH_APPEND, in("nowhere/file")) &&
		  errno == ENOENT && of_recorder.count == 4;
	ok = ok && vg_reach_folder(&twice, VG_REACH_KEEP, keep) &&
	     vg_reach_folder(&twice, VG_REACH_KEEP, keep) && twice.count == 1 &&
	     vg_reach_covers(&of_recorder, &twice) && !vg_reach_covers(&twice, &of_recorder);
	vg_reach_close(&twice);
	(void)close(keep);
	return ok;
}

/* What a role has no row for, it can't name either: true where it is kept out for good. */
static bool no_row(void)
{
	bool ok = true;
	for (int role = VG_ROLE_WORKER; role <= VG_ROLE_CONTROLLER; role++)
		if (role != VG_ROLE_RECORDER)
			ok &= !vg_landlock_enter((enum vg_role)role, &of_recorder);
	return ok;
}

/* A kernel that answers so to one of the calls: only where it has no Landlock do we go on. */
static const struct kernel {
	const char *name;
	int call;
	int error;
	int wanted;
} kernels[] = {
	{"a kernel before Landlock", SYS_landlock_create_ruleset, ENOSYS, WORKED},
	{"a kernel started without it", SYS_landlock_create_ruleset, EOPNOTSUPP, WORKED},
	{"one that forbids to ask", SYS_landlock_create_ruleset, EPERM, REFUSED},
	{"one without memory for it", SYS_landlock_create_ruleset, ENOMEM, REFUSED},
	{"one that takes no rule", SYS_landlock_add_rule, EINVAL, REFUSED},
	{"one that takes none, and can't", SYS_landlock_add_rule, EOPNOTSUPP, REFUSED},
	{"one that lets nobody in", SYS_landlock_restrict_self, E2BIG, REFUSED},
};

static const struct kernel *kernel;

static bool enter_on_kernel(void)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
	return filter != NULL &&
	       seccomp_rule_add(filter, SCMP_ACT_ERRNO((uint32_t)kernel->error), kernel->call, 0) ==
		       0 &&
	       seccomp_load(filter) == 0 && enter(VG_ROLE_RECORDER);
}

static void try_kernels(struct inside *inside)
{
	struct attempt attempt = {.run = enter_on_kernel};
	for (size_t i = 0; i < VG_COUNT(kernels); i++) {
		kernel = &kernels[i];
		attempt.name = kernel->name;
		say(inside, &attempt, "on entering", kernel->wanted, outcome(inside, &attempt, -1));
	}
}

int main(void)
{
	struct inside inside = {.enter = enter, .prepare = prepare, .abi = vg_landlock_abi()};
	if (inside.abi == 0) {
		puts("1..0 # SKIP this kernel has no Landlock");
		return 0;
	}
	if (mkdtemp(root) == NULL || !listen_tcp(&named) || !listen_tcp(&other) ||
	    !listen_abstract())
		return 99;
	for (size_t i = 0; i < VG_COUNT(folders); i++)
		if (mkdir(in(folders[i]), 0700) != 0)
			return 99;
	prepare();
	if (!name_all())
		return 98;
	try_all(&inside, refused, VG_COUNT(refused), REFUSED);
	try_all(&inside, left, VG_COUNT(left), WORKED);
	try_kernels(&inside);
	static const struct attempt naming = {"naming what there is no row for", no_row, 0, 0};
	say(&inside, &naming, "is refused", true, no_row());
	clear();
	for (size_t i = 0; i < VG_COUNT(folders); i++)
		(void)rmdir(in(folders[i]));
	(void)rmdir(root);
	return finish(&inside);
}
