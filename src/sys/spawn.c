#include "config.h"

#include "sys/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "sys/log.h"
#include "sys/sandbox.h"

/* What a child may learn from the environment; the rest are for builds that need them. */
static const char *const kept_names[] = {
	"TZ",
#ifdef VG_SANITIZERS
	"ASAN_OPTIONS", "LSAN_OPTIONS",      "TSAN_OPTIONS", "UBSAN_OPTIONS",
#endif
#ifdef VG_COVERAGE
	"GCOV_PREFIX",  "GCOV_PREFIX_STRIP",
#endif
};

#define ENTRY_MAX 512

struct environment {
	char entries[VG_COUNT(kept_names)][ENTRY_MAX];
	char *list[VG_COUNT(kept_names) + 2];
};

static void make_environment(struct environment *environment)
{
	static char path[] = "PATH=/usr/bin:/bin";
	size_t count = 0;
	environment->list[count++] = path;
	for (size_t i = 0; i < VG_COUNT(kept_names); i++) {
		const char *value = getenv(kept_names[i]);
		if (value == NULL)
			continue;
		int n = snprintf(environment->entries[i], ENTRY_MAX, "%s=%s", kept_names[i], value);
		if (n > 0 && n < ENTRY_MAX)
			environment->list[count++] = environment->entries[i];
	}
	environment->list[count] = NULL;
}

static int open_in(const char *folder, size_t len, const char *binary)
{
	char path[PATH_MAX];
	int n = snprintf(path, sizeof(path), "%.*s/%s", (int)len, folder, binary);
	if (n < 0 || (size_t)n >= sizeof(path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	return open(path, O_PATH | O_CLOEXEC);
}

int vg_spawn_open(enum vg_role role, const char *folder)
{
	const char *binary = vg_role_row(role)->binary;
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self));
	if (n > 0 && (size_t)n < sizeof(self)) {
		const char *slash = memrchr(self, '/', (size_t)n);
		if (slash != NULL) {
			int fd = open_in(self, (size_t)(slash - self), binary);
			if (fd >= 0)
				return fd;
		}
	}
	return open_in(folder, strlen(folder), binary);
}

static bool reset_signals(void)
{
	for (int number = 1; number < NSIG; number++)
		(void)signal(number, SIG_DFL); /* KILL, STOP and libc's own refuse */
	sigset_t none;
	return sigemptyset(&none) == 0 && sigprocmask(SIG_SETMASK, &none, NULL) == 0;
}

/* A copy beyond the places where something goes; of none (-1) none. */
static bool move_away(int *copy, int fd)
{
	*copy = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, VG_SPAWN_IMAGE_FD + 1);
	return fd < 0 || *copy >= 0;
}

static bool place(int fd, int at)
{
	return fd < 0 || dup2(fd, at) == at;
}

/* 0 is /dev/null, everything above what is given goes with the exec; the program's place or -1. */
static int place_descriptors(const struct vg_spawn *spawn)
{
	int program, channel, image, errors, null;
	int given = open("/dev/null", O_RDWR | O_CLOEXEC);
	/* Each may lie where another goes. */
	if (given < 0 || !move_away(&null, given) || !move_away(&program, spawn->program_fd) ||
	    !move_away(&channel, spawn->channel_fd) || !move_away(&image, spawn->image_fd) ||
	    !move_away(&errors, spawn->errors_fd))
		return -1;
	if (!place(null, STDIN_FILENO) || !place(errors, STDERR_FILENO) ||
	    !place(channel, VG_SPAWN_CHANNEL_FD) || !place(image, VG_SPAWN_IMAGE_FD))
		return -1;
	unsigned end = image < 0 ? VG_SPAWN_IMAGE_FD : VG_SPAWN_IMAGE_FD + 1;
	return close_range(end, UINT_MAX, CLOSE_RANGE_CLOEXEC) == 0 ? program : -1;
}

static void become_child(const struct vg_spawn *spawn, struct environment *environment)
{
	const struct vg_role_row *row = vg_role_row(spawn->role);
	int program = place_descriptors(spawn);
	if (program < 0 || setpgid(0, 0) != 0 || !reset_signals())
		return;
	if (row->drops == VG_DROPS_SUPERVISOR && !vg_sandbox_become(spawn->user))
		return;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return;
	/* execveat doesn't write through argv; its prototype has no const. */
	union {
		const char *const *in;
		char *const *out;
	} argv = {.in = spawn->argv};
	(void)execveat(program, "", argv.out, environment->list, AT_EMPTY_PATH);
}

pid_t vg_spawn(const struct vg_spawn *spawn)
{
	struct environment environment;
	make_environment(&environment);
	pid_t pid = fork();
	if (pid != 0)
		return pid;
	become_child(spawn, &environment);
	vg_log(VG_LOG_ERROR, "%s can't be started: %m", vg_role_row(spawn->role)->binary);
	_exit(127);
}
