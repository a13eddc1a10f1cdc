#include "config.h"

#include "daemon_lab.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "sys/file.h"

#define PATIENCE_MS 15000

char lab_folder[] = "/tmp/vendgate-daemon-XXXXXX";
static struct vg_arena arena;
char lab_config[64];
pid_t lab_gateway;

const char *lab_in_folder(const char *name)
{
	static char path[128];
	snprintf(path, sizeof(path), "%s/%s", lab_folder, name);
	return path;
}

static void copy(const char *from, const char *name)
{
	struct vg_slice bytes;
	vg_arena_reset(&arena);
	cr_assert(vg_file_read(&arena, from, (size_t)60 << 20, &bytes), "%s", from);
	int fd = open(lab_in_folder(name), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0700);
	cr_assert(vg_file_write_all(fd, bytes.ptr, bytes.len));
	vg_fd_close(&fd);
}

void lab_make(const char *name)
{
	int fd = open(lab_in_folder(name), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	cr_assert_geq(fd, 0);
	vg_fd_close(&fd);
}

void lab_pause_ms(long ms)
{
	struct timespec time = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
	(void)nanosleep(&time, NULL);
}

unsigned lab_free_port(void)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	cr_assert_eq(bind(fd, (struct sockaddr *)&at, len), 0);
	cr_assert_eq(getsockname(fd, (struct sockaddr *)&at, &len), 0);
	vg_fd_close(&fd);
	return ntohs(at.sin_port);
}

/* Its stderr goes to DIR/log. */
pid_t lab_launch(const char *config_path)
{
	pid_t pid = fork();
	cr_assert_geq(pid, 0);
	if (pid != 0)
		return pid;
	int fd = open(lab_in_folder("log"), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	(void)dup2(fd, STDERR_FILENO);
	execl(lab_in_folder("vendgate"), "vendgate", "-c", config_path, (char *)NULL);
	_exit(127);
}

const char *lab_contents(const char *name)
{
	struct vg_slice bytes;
	/* EBUSY: somebody wrote to it while it was read. */
	do {
		vg_arena_reset(&arena);
		if (vg_file_read(&arena, lab_in_folder(name), 1 << 20, &bytes))
			return bytes.ptr;
	} while (errno == EBUSY);
	return "";
}

unsigned lab_count(const char *name, const char *text)
{
	unsigned found = 0;
	for (const char *at = lab_contents(name); (at = strstr(at, text)) != NULL; at++)
		found++;
	return found;
}

void lab_await(const char *name, const char *text, unsigned times)
{
	for (long waited = 0; waited < PATIENCE_MS; waited += 20) {
		if (lab_count(name, text) >= times)
			return;
		lab_pause_ms(20);
	}
	cr_assert_fail("no %u times \"%s\" in %s:\n%s\n%s", times, text, name, lab_contents(name),
		       lab_contents("log"));
}

int lab_exit_status(pid_t pid)
{
	int status = -1;
	for (long waited = 0; waited < PATIENCE_MS; waited += 20) {
		if (waitpid(pid, &status, WNOHANG) == pid)
			return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
		lab_pause_ms(20);
	}
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, &status, 0);
	return -99;
}

/* The pid in the last line of DIR/told that begins so and ends in `event`. */
pid_t lab_last(const char *who, const char *event)
{
	pid_t found = 0;
	char wanted[64], pattern[64];
	snprintf(pattern, sizeof(pattern), "%s ", who);
	snprintf(wanted, sizeof(wanted), " %s", event);
	struct vg_slice rest = vg_slice_str(lab_contents("told")), line;
	while (vg_slice_cut(&rest, '\n', &line)) {
		uint64_t pid = 0;
		struct vg_slice prefix = vg_slice_str(pattern), number;
		if (!vg_slice_starts(line, prefix) || !vg_slice_ends(line, vg_slice_str(wanted)))
			continue;
		line = vg_slice_from(line, prefix.len);
		cr_assert(vg_slice_cut(&line, ' ', &number) && vg_slice_u64(number, &pid));
		found = (pid_t)pid;
	}
	return found;
}

pid_t lab_await_other(const char *who, pid_t than)
{
	for (long waited = 0; waited < PATIENCE_MS; waited += 20) {
		pid_t pid = lab_last(who, "start");
		if (pid != 0 && pid != than)
			return pid;
		lab_pause_ms(20);
	}
	cr_assert_fail("no other %s:\n%s", who, lab_contents("told"));
	return 0;
}

void lab_kill_role(const char *who)
{
	pid_t pid = lab_last(who, "start");
	cr_assert_gt(pid, 0);
	cr_assert_eq(kill(pid, SIGKILL), 0);
}

void lab_setup(void)
{
	static const char *const names[] = {"vendgatectl",       "vendgate-worker",
					    "vendgate-keys",     "vendgate-broker",
					    "vendgate-recorder", "vendgate-controller"};
	vg_arena_init(&arena, (size_t)64 << 20);
	cr_assert_not_null(mkdtemp(lab_folder));
	copy("vendgate", "vendgate");
	for (size_t i = 0; i < VG_COUNT(names); i++)
		copy("tests/unit/daemon_puppet", names[i]);
	snprintf(lab_config, sizeof(lab_config), "%s/%u", lab_folder, lab_free_port());
}

void lab_setup_serving(void)
{
	lab_setup();
	lab_gateway = lab_launch(lab_config);
	lab_await("log", "serving on 127.0.0.1:", 1);
}

void lab_teardown(void)
{
	if (lab_gateway > 0 && kill(lab_gateway, SIGTERM) == 0)
		(void)lab_exit_status(lab_gateway);
	char command[128];
	snprintf(command, sizeof(command), "rm -rf %s", lab_folder);
	cr_expect_eq(system(command), 0);
	vg_arena_fini(&arena);
}
