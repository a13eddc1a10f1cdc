/*
 * Tries from inside what a role must not do: each attempt has a process of its own, which enters
 * the sandbox and must die by SIGSYS on the call. The control is as important: what a role needs
 * goes on working, so that a filter which kills everything fails here too. Says its results in
 * TAP by itself: Criterion's own machinery would not survive inside.
 */
#include "config.h"

#include "sys/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define W VG_ROLE_BIT(VG_ROLE_WORKER)
#define K VG_ROLE_BIT(VG_ROLE_KEYS)
#define B VG_ROLE_BIT(VG_ROLE_BROKER)
#define R VG_ROLE_BIT(VG_ROLE_RECORDER)
#define C VG_ROLE_BIT(VG_ROLE_CONTROLLER)
#define ALL (W | K | B | R | C)

static int pair[2]; /* a socket pair and an epoll, made before the filter closes */
static int poller;

static bool try_open(void)
{
	return open("/etc/passwd", O_RDONLY) >= 0;
}

static bool try_create(void)
{
	return syscall(SYS_creat, "/tmp/vendgate-sandbox", 0600) >= 0;
}

static bool try_stat(void)
{
	struct stat st;
	return stat("/etc/passwd", &st) == 0;
}

static bool try_unlink(void)
{
	return unlink("/nonexistent") == 0;
}

static bool try_socket(void)
{
	return socket(AF_INET, SOCK_STREAM, 0) >= 0;
}

static bool try_connect(void)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(1)};
	return connect(pair[0], (struct sockaddr *)&to, sizeof(to)) == 0;
}

static bool try_bind(void)
{
	struct sockaddr_in to = {.sin_family = AF_INET};
	return bind(pair[0], (struct sockaddr *)&to, sizeof(to)) == 0;
}

static bool try_listen(void)
{
	return listen(pair[0], 1) == 0;
}

static bool try_exec(void)
{
	char *const none[] = {NULL};
	return execve("/bin/true", none, none) == 0;
}

static bool try_execveat(void)
{
	char *const none[] = {NULL};
	return execveat(pair[0], "", none, none, AT_EMPTY_PATH) == 0;
}

static bool try_fork(void)
{
	return fork() >= 0;
}

static bool try_ptrace(void)
{
	return ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0;
}

static bool try_kill(void)
{
	return kill(getppid(), 0) == 0;
}

/* Zero as a signal: a filter that lets it through harms nobody. */
static bool try_tgkill_other(void)
{
	return syscall(SYS_tgkill, getpid() + 1, getpid() + 1, 0) == 0;
}

static bool try_mmap_exec(void)
{
	return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) !=
	       MAP_FAILED;
}

static void *page;

static bool try_mprotect_exec(void)
{
	return mprotect(page, 4096, PROT_READ | PROT_EXEC) == 0;
}

static bool try_set_owner(void)
{
	return fcntl(pair[0], F_SETOWN, getpid()) == 0;
}

static bool try_setuid(void)
{
	return setuid(0) == 0;
}

static bool try_prctl(void)
{
	return prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) == 0;
}

static bool try_seccomp(void)
{
	return syscall(SYS_seccomp, 1, 0, NULL) == 0;
}

static bool try_bpf(void)
{
	return syscall(SYS_bpf, 0, NULL, 0) >= 0;
}

static bool try_io_uring(void)
{
	return syscall(SYS_io_uring_setup, 1, NULL) >= 0;
}

static bool try_vm_read(void)
{
	return process_vm_readv(getppid(), NULL, 0, NULL, 0, 0) >= 0;
}

static bool try_memfd(void)
{
	return memfd_create("x", 0) >= 0;
}

static bool try_truncate(void)
{
	return ftruncate(pair[0], 0) == 0;
}

static bool do_talk(void)
{
	char byte = 'x';
	return write(pair[0], &byte, 1) == 1 && read(pair[1], &byte, 1) == 1 &&
	       send(pair[0], &byte, 1, MSG_NOSIGNAL) == 1 && recv(pair[1], &byte, 1, 0) == 1;
}

static bool do_memory(void)
{
	char *mem = malloc((size_t)4 << 20);
	if (mem == NULL)
		return false;
	memset(mem, 1, (size_t)4 << 20);
	char *more = realloc(mem, (size_t)32 << 20);
	if (more == NULL) {
		free(mem);
		return false;
	}
	bool ok = more[(4 << 20) - 1] == 1;
	free(more);
	return ok && mprotect(page, 4096, PROT_READ) == 0;
}

static bool do_time(void)
{
	struct timespec now;
	char bytes[8];
	return clock_gettime(CLOCK_REALTIME, &now) == 0 &&
	       getrandom(bytes, sizeof(bytes), 0) == (ssize_t)sizeof(bytes) && getpid() > 1;
}

static bool do_poll(void)
{
	struct epoll_event event = {.events = EPOLLOUT};
	return epoll_ctl(poller, EPOLL_CTL_ADD, pair[0], &event) == 0 &&
	       epoll_wait(poller, &event, 1, 1000) == 1 &&
	       epoll_ctl(poller, EPOLL_CTL_DEL, pair[0], NULL) == 0 &&
	       fcntl(pair[0], F_GETFL) >= 0;
}

static bool do_dial(void)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	struct sockaddr_in to = {.sin_family = AF_INET,
				 .sin_port = htons(1),
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	return fd >= 0 && (connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0 ||
			   errno == EINPROGRESS || errno == ECONNREFUSED);
}

static bool do_file(void)
{
	int fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
	return fd >= 0 && write(fd, "x", 1) == 1 && close(fd) == 0;
}

static bool is_bare(void)
{
	struct rlimit core;
	return getrlimit(RLIMIT_CORE, &core) == 0 && core.rlim_max == 0;
}

static const struct attempt {
	const char *name;
	bool (*run)(void);
	uint32_t roles; /* in which it must die (forbidden) or work (needed) */
} forbidden[] = {
	{"open", try_open, W | K | B | C},
	{"creat", try_create, ALL},
	{"stat", try_stat, W | K | B | C},
	{"unlink", try_unlink, ALL},
	{"socket", try_socket, W | K | C},
	{"connect", try_connect, W | K | C},
	{"bind", try_bind, ALL},
	{"listen", try_listen, ALL},
	{"execve", try_exec, ALL},
	{"execveat", try_execveat, ALL},
	{"fork", try_fork, ALL},
	{"ptrace", try_ptrace, ALL},
	{"kill", try_kill, ALL},
	{"tgkill of another", try_tgkill_other, ALL},
	{"mmap of code", try_mmap_exec, ALL},
	{"mprotect to code", try_mprotect_exec, ALL},
	{"F_SETOWN", try_set_owner, ALL},
	{"setuid", try_setuid, ALL},
	{"prctl", try_prctl, ALL},
	{"seccomp", try_seccomp, ALL},
	{"bpf", try_bpf, ALL},
	{"io_uring", try_io_uring, ALL},
	{"process_vm_readv", try_vm_read, ALL},
	{"memfd_create", try_memfd, ALL},
	{"ftruncate", try_truncate, W | K | B | C},
	{"getrlimit", is_bare, ALL},
}, needed[] = {
	{"talk", do_talk, ALL},	  {"memory", do_memory, ALL}, {"time", do_time, ALL},
	{"poll", do_poll, W | B | R | C}, {"dial", do_dial, B},	      {"file", do_file, R},
};

/* How the process ended that tried it inside: 0 it worked, 1 it was refused, or the signal. */
static int outcome(const struct attempt *attempt, enum vg_role role)
{
	pid_t pid = fork();
	if (pid == 0) {
		if (!vg_sandbox_enter(role))
			_exit(99);
		_exit(attempt->run() ? 0 : 1);
	}
	int status = 0;
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return -1;
	return WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status) == 99
								? -1
								: WEXITSTATUS(status);
}

static unsigned run(const struct attempt *attempts, size_t count, int wanted, unsigned *done)
{
	unsigned failed = 0;
	for (size_t i = 0; i < count; i++) {
		for (int number = VG_ROLE_WORKER; number <= VG_ROLE_CONTROLLER; number++) {
			enum vg_role role = (enum vg_role)number;
			if ((attempts[i].roles & VG_ROLE_BIT(role)) == 0)
				continue;
			int got = outcome(&attempts[i], role);
			failed += got != wanted;
			printf("%sok %u - %s in %s: wanted %d, got %d\n",
			       got == wanted ? "" : "not ", ++*done, attempts[i].name,
			       vg_role_row(role)->word, wanted, got);
			fflush(stdout); /* or each fork says it again */
		}
	}
	return failed;
}

int main(void)
{
#if defined(VG_SANITIZERS) || defined(VG_COVERAGE)
	puts("1..0 # SKIP there is no filter in this build");
	return 0;
#endif
	page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	poller = epoll_create1(EPOLL_CLOEXEC);
	if (page == MAP_FAILED || poller < 0 || socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0)
		return 99;
	unsigned done = 0;
	unsigned failed = run(forbidden, VG_COUNT(forbidden), SIGSYS, &done);
	failed += run(needed, VG_COUNT(needed), 0, &done);
	printf("1..%u\n", done);
	return failed == 0 ? 0 : 1;
}
