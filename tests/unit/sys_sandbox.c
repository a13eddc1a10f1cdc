/*
 * The whole sandbox from inside: what no row of a role allows must end it by SIGSYS on the call,
 * and what a path makes the difference of must be refused. The control is as important: what a
 * role needs goes on working, so that a filter which kills everything fails here too.
 */
#include "config.h"

#include "sys/sandbox.h"

#include "sys_inside.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
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

/* Made before the filter closes. */
static int pair[2], ended[2], poller, fresh, datagram, stream, memory, program;
static char folder[] = "/tmp/vendgate-sandbox-XXXXXX";
static char victim[64], made[64];

static bool try_open(void)
{
	return open("/etc/passwd", O_RDONLY) >= 0;
}

static bool try_write(void)
{
	return open(victim, O_WRONLY) >= 0;
}

static bool try_openat2(void)
{
	uint64_t how[3] = {O_RDONLY, 0, 0};
	return syscall(SYS_openat2, AT_FDCWD, victim, how, sizeof(how)) >= 0;
}

static bool try_create(void)
{
	return syscall(SYS_creat, made, 0600) >= 0;
}

static bool try_stat(void)
{
	struct stat st;
	return stat("/etc/passwd", &st) == 0;
}

static bool try_unlink(void)
{
	return unlink(victim) == 0;
}

static bool try_socket(void)
{
	return socket(AF_INET, SOCK_STREAM, 0) >= 0;
}

static bool try_connect(void)
{
	struct sockaddr_in to = {.sin_family = AF_INET,
				 .sin_port = htons(9),
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	return connect(datagram, (struct sockaddr *)&to, sizeof(to)) == 0;
}

static bool try_bind(void)
{
	struct sockaddr_in to = {.sin_family = AF_INET};
	return bind(stream, (struct sockaddr *)&to, sizeof(to)) == 0;
}

static bool try_listen(void)
{
	return listen(stream, 1) == 0;
}

static bool try_exec(void)
{
	char *const none[] = {NULL};
	return execve("/bin/true", none, none) == 0;
}

static bool try_execveat(void)
{
	char *const none[] = {NULL};
	return execveat(program, "", none, none, AT_EMPTY_PATH) == 0;
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
	return syscall(SYS_tgkill, getppid(), getppid(), 0) == 0;
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
	return setuid(getuid()) == 0;
}

static bool try_prctl(void)
{
	return prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) == 0;
}

static bool try_seccomp(void)
{
	uint32_t action = SECCOMP_RET_KILL_PROCESS;
	return syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0;
}

/* What an administrator may have closed to everybody: the kernel's own answer is enough. */
static bool answered(long result)
{
	return result >= 0 || errno == EPERM || errno == ENOSYS || errno == EINVAL;
}

static bool try_bpf(void)
{
	return answered(syscall(SYS_bpf, 0, NULL, 0));
}

static bool try_io_uring(void)
{
	uint32_t parameters[30] = {0};
	return answered(syscall(SYS_io_uring_setup, 1, parameters));
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
	return ftruncate(memory, 0) == 0;
}

static bool try_pidfd(void)
{
	return syscall(SYS_pidfd_open, getppid(), 0) >= 0;
}

static bool try_unshare(void)
{
	return unshare(0) == 0;
}

static bool try_getrlimit(void)
{
	struct rlimit limit;
	return getrlimit(RLIMIT_CORE, &limit) == 0;
}

/* Connects without `connect`, where the administrator has left clients that. */
static bool fast_open(bool by_message)
{
	struct sockaddr_in to = {.sin_family = AF_INET,
				 .sin_port = htons(9),
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	static char byte[] = "x";
	struct iovec part = {byte, 1};
	struct msghdr message = {
		.msg_name = &to, .msg_namelen = sizeof(to), .msg_iov = &part, .msg_iovlen = 1};
	ssize_t n = by_message ? sendmsg(fresh, &message, MSG_FASTOPEN)
			       : sendto(fresh, "x", 1, MSG_FASTOPEN, (struct sockaddr *)&to,
					sizeof(to));
	return n >= 0 || errno == EINPROGRESS || errno == ECONNREFUSED || errno == EOPNOTSUPP;
}

static bool try_sendto_connects(void)
{
	return fast_open(false);
}

static bool try_sendmsg_connects(void)
{
	return fast_open(true);
}

static bool try_end_listener(void)
{
	return shutdown(stream, SHUT_RDWR) == 0;
}

static bool try_attach_filter(void)
{
	struct sock_filter all = {BPF_RET | BPF_K, 0, 0, UINT32_MAX};
	struct sock_fprog filter = {1, &all};
	return setsockopt(datagram, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof(filter)) == 0;
}

static bool set(int level, int option)
{
	int on = 1;
	return setsockopt(fresh, level, option, &on, sizeof(on)) == 0;
}

static bool try_user_timeout(void)
{
	return set(IPPROTO_TCP, TCP_USER_TIMEOUT);
}

static bool try_blocking(void)
{
	return fcntl(stream, F_SETFL, 0) == 0;
}

static bool do_cut(void)
{
	struct linger none = {1, 0};
	return set(SOL_SOCKET, SO_RCVLOWAT) &&
	       setsockopt(fresh, SOL_SOCKET, SO_LINGER, &none, sizeof(none)) == 0;
}

static bool do_no_delay(void)
{
	return set(IPPROTO_TCP, TCP_NODELAY);
}

static bool do_keep_alive(void)
{
	return set(SOL_SOCKET, SO_KEEPALIVE) && set(IPPROTO_TCP, TCP_KEEPIDLE) &&
	       set(IPPROTO_TCP, TCP_USER_TIMEOUT) && set(IPPROTO_TCP, TCP_NODELAY);
}

static bool do_not_block(void)
{
	return fcntl(fresh, F_SETFL, O_NONBLOCK) == 0;
}

static bool do_half_close(void)
{
	return shutdown(ended[0], SHUT_WR) == 0;
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
	       epoll_ctl(poller, EPOLL_CTL_DEL, pair[0], NULL) == 0 && fcntl(pair[0], F_GETFL) >= 0;
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
	int fd = open(made, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	return fd >= 0 && write(fd, "x", 1) == 1 && close(fd) == 0;
}

static const struct attempt forbidden[] =
	{
		{"open", try_open, W | K | B | C, 0},
		{"open to write", try_write, W | K | B | C, 0},
		{"openat2", try_openat2, ALL, 0},
		{"creat", try_create, ALL, 0},
		{"stat", try_stat, W | K | B | C, 0},
		{"unlink", try_unlink, ALL, 0},
		{"socket", try_socket, W | K | C, 0},
		{"connect", try_connect, W | K | C, 0},
		{"bind", try_bind, ALL, 0},
		{"listen", try_listen, ALL, 0},
		{"sendto that connects", try_sendto_connects, ALL, 0},
		{"sendmsg that connects", try_sendmsg_connects, ALL, 0},
		{"filter on a socket", try_attach_filter, ALL, 0},
		{"end of a listener", try_end_listener, ALL, 0},
		{"listener that blocks", try_blocking, ALL, 0},
		{"time-out of a listener", try_user_timeout, W | K | B | C, 0},
		{"execve", try_exec, ALL, 0},
		{"execveat", try_execveat, ALL, 0},
		{"fork", try_fork, ALL, 0},
		{"unshare", try_unshare, ALL, 0},
		{"ptrace", try_ptrace, ALL, 0},
		{"kill", try_kill, ALL, 0},
		{"tgkill of another", try_tgkill_other, ALL, 0},
		{"pidfd_open", try_pidfd, ALL, 0},
		{"mmap of code", try_mmap_exec, ALL, 0},
		{"mprotect to code", try_mprotect_exec, ALL, 0},
		{"F_SETOWN", try_set_owner, ALL, 0},
		{"setuid", try_setuid, ALL, 0},
		{"prctl", try_prctl, ALL, 0},
		{"seccomp", try_seccomp, ALL, 0},
		{"bpf", try_bpf, ALL, 0},
		{"io_uring", try_io_uring, ALL, 0},
		{"process_vm_readv", try_vm_read, ALL, 0},
		{"memfd_create", try_memfd, ALL, 0},
		{"ftruncate", try_truncate, W | K | B | C, 0},
		{"getrlimit", try_getrlimit, ALL, 0},
},
			    refused[] =
				    {
					    {"open elsewhere", try_open, R, 1},
},
			    needed[] = {
				    {"talk", do_talk, ALL, 0},
				    {"memory", do_memory, ALL, 0},
				    {"time", do_time, ALL, 0},
				    {"poll", do_poll, W | B | R | C, 0},
				    {"options of a vendor", do_cut, W, 0},
				    {"options of an upstream", do_no_delay, B, 0},
				    {"options of a sink", do_keep_alive, R, 0},
				    {"no blocking", do_not_block, W | B | R | C, 0},
				    {"half close", do_half_close, W, 0},
				    {"dial", do_dial, B, 0},
				    {"file", do_file, R, 0},
};

static struct vg_reach own;

static bool enter(enum vg_role role)
{
	return vg_sandbox_enter(role, role == VG_ROLE_RECORDER ? &own : NULL);
}

static void prepare(void)
{
	int fd = open(victim, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0 || close(fd) != 0)
		abort();
}

static bool open_all(void)
{
	if (mkdtemp(folder) == NULL || socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0 ||
	    socketpair(AF_UNIX, SOCK_STREAM, 0, ended) != 0)
		return false;
	snprintf(victim, sizeof(victim), "%s/victim", folder);
	snprintf(made, sizeof(made), "%s/made", folder);
	page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	poller = epoll_create1(EPOLL_CLOEXEC);
	datagram = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	fresh = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	stream = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	memory = memfd_create("memory", MFD_CLOEXEC);
	program = open("/bin/true", O_PATH | O_CLOEXEC);
	return page != MAP_FAILED && poller >= 0 && datagram >= 0 && stream >= 0 && fresh >= 0 &&
	       memory >= 0 && program >= 0 && vg_reach_file(&own, VG_REACH_KEEP, made);
}

int main(void)
{
#if defined(VG_SANITIZERS) || defined(VG_COVERAGE)
	puts("1..0 # SKIP there is no filter in this build");
	return 0;
#endif
	struct inside inside = {.enter = enter, .prepare = prepare, .abi = vg_landlock_abi()};
	if (!open_all())
		return 99;
	try_all(&inside, forbidden, VG_COUNT(forbidden), SIGSYS);
	try_all(&inside, refused, VG_COUNT(refused), REFUSED);
	try_all(&inside, needed, VG_COUNT(needed), WORKED);
	(void)unlink(victim);
	(void)unlink(made);
	(void)rmdir(folder);
	return finish(&inside);
}
