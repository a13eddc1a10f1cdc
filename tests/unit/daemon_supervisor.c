/*
 * The supervisor with puppets for its children (daemon_puppet.c): who is started when, what each
 * is told, and what follows when one is killed. A copy of ./vendgate stands beside the puppets in
 * a folder of its own, since it looks for its helpers beside itself.
 */
#include "config.h"

#include <criterion/criterion.h>
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

static char folder[] = "/tmp/vendgate-daemon-XXXXXX";
static char config[64];
static struct vg_arena arena;
static pid_t gateway;

static const char *in_folder(const char *name)
{
	static char path[128];
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

static void copy(const char *from, const char *name)
{
	struct vg_slice bytes;
	vg_arena_reset(&arena);
	cr_assert(vg_file_read(&arena, from, (size_t)60 << 20, &bytes), "%s", from);
	int fd = open(in_folder(name), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0700);
	cr_assert(vg_file_write_all(fd, bytes.ptr, bytes.len));
	vg_fd_close(&fd);
}

static void make(const char *name)
{
	int fd = open(in_folder(name), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	cr_assert_geq(fd, 0);
	vg_fd_close(&fd);
}

static void pause_ms(long ms)
{
	struct timespec time = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
	(void)nanosleep(&time, NULL);
}

static unsigned free_port(void)
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
static pid_t launch(const char *config_path)
{
	pid_t pid = fork();
	cr_assert_geq(pid, 0);
	if (pid != 0)
		return pid;
	int fd = open(in_folder("log"), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	(void)dup2(fd, STDERR_FILENO);
	execl(in_folder("vendgate"), "vendgate", "-c", config_path, (char *)NULL);
	_exit(127);
}

static const char *contents(const char *name)
{
	struct vg_slice bytes;
	vg_arena_reset(&arena);
	return vg_file_read(&arena, in_folder(name), 1 << 20, &bytes) ? bytes.ptr : "";
}

static unsigned count(const char *name, const char *text)
{
	unsigned found = 0;
	for (const char *at = contents(name); (at = strstr(at, text)) != NULL; at++)
		found++;
	return found;
}

static void await(const char *name, const char *text, unsigned times)
{
	for (long waited = 0; waited < PATIENCE_MS; waited += 20) {
		if (count(name, text) >= times)
			return;
		pause_ms(20);
	}
	cr_assert_fail("no %u times \"%s\" in %s:\n%s\n%s", times, text, name, contents(name),
		       contents("log"));
}

static int exit_status(pid_t pid)
{
	int status = -1;
	for (long waited = 0; waited < PATIENCE_MS; waited += 20) {
		if (waitpid(pid, &status, WNOHANG) == pid)
			return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
		pause_ms(20);
	}
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, &status, 0);
	return -99;
}

/* The pid in the last line of DIR/told that begins so and ends in `event`. */
static pid_t last(const char *who, const char *event)
{
	pid_t found = 0;
	char wanted[64], pattern[64];
	snprintf(pattern, sizeof(pattern), "%s ", who);
	snprintf(wanted, sizeof(wanted), " %s", event);
	struct vg_slice rest = vg_slice_str(contents("told")), line;
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

static pid_t await_other(const char *who, pid_t than)
{
	for (long waited = 0; waited < PATIENCE_MS; waited += 20) {
		pid_t pid = last(who, "start");
		if (pid != 0 && pid != than)
			return pid;
		pause_ms(20);
	}
	cr_assert_fail("no other %s:\n%s", who, contents("told"));
	return 0;
}

static void kill_role(const char *who)
{
	pid_t pid = last(who, "start");
	cr_assert_gt(pid, 0);
	cr_assert_eq(kill(pid, SIGKILL), 0);
}

static void setup(void)
{
	static const char *const names[] = {"vendgatectl", "vendgate-worker", "vendgate-keys",
					    "vendgate-broker", "vendgate-recorder"};
	vg_arena_init(&arena, (size_t)64 << 20);
	cr_assert_not_null(mkdtemp(folder));
	copy("vendgate", "vendgate");
	for (size_t i = 0; i < VG_COUNT(names); i++)
		copy("tests/unit/daemon_puppet", names[i]);
	snprintf(config, sizeof(config), "%s/%u", folder, free_port());
}

static void setup_serving(void)
{
	setup();
	gateway = launch(config);
	await("log", "serving on 127.0.0.1:", 1);
}

static void teardown(void)
{
	if (gateway > 0 && kill(gateway, SIGTERM) == 0)
		(void)exit_status(gateway);
	char command[128];
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	cr_expect_eq(system(command), 0);
	vg_arena_fini(&arena);
}

TestSuite(daemon_start, .init = setup, .fini = teardown);
TestSuite(daemon_serving, .init = setup_serving, .fini = teardown);

static long place(const char *text)
{
	const char *all = contents("told");
	const char *at = strstr(all, text);
	cr_assert_not_null(at, "%s isn't in\n%s", text, all);
	return at - all;
}

Test(daemon_serving, recorder_first_and_workers_when_all_is_there)
{
	await("told", "tell 9001", 1);
	cr_expect_eq(count("told", " start\n"), 6);
	cr_expect_eq(count("told", "ring 0 dead"), 1);
	cr_expect_eq(count("told", "ring 1 dead"), 1);
	cr_expect_eq(count("told", "may write the tail"), 0);
	cr_expect_eq(count("told", "peer worker"), 2, "the broker has both");
	char line[64];
	snprintf(line, sizeof(line), "worker 0 %d start", (int)last("worker 0", "start"));
	long worker = place(line);
	cr_expect_lt(place("swept 0"), worker);
	cr_expect_lt(place("keys 0"), worker);
	cr_expect_lt(place("broker 0"), worker);
}

Test(daemon_serving, a_worker_is_replaced_with_its_keys_when_its_ring_is_swept)
{
	pid_t worker = last("worker 1", "start"), keys = last("keys 1", "start");
	pid_t other = last("worker 0", "start");
	kill_role("worker 1");
	(void)await_other("keys 1", keys);
	(void)await_other("worker 1", worker);
	cr_expect_eq(count("told", "ring 1 dead"), 2);
	cr_expect_eq(count("told", "ring 0 dead"), 1);
	cr_expect_eq(count("told", "swept 1"), 2, "before the next one starts");
	cr_expect_eq(last("worker 0", "start"), other, "the others serve on");
	await("told", "peer worker 1", 2);
}

Test(daemon_serving, keys_take_their_worker_with_them)
{
	pid_t worker = last("worker 0", "start"), keys = last("keys 0", "start");
	kill_role("keys 0");
	(void)await_other("keys 0", keys);
	(void)await_other("worker 0", worker);
	cr_expect_eq(count("told", "DRAIN"), 1, "it may end what it began");
	cr_expect_eq(count("told", "ring 0 dead"), 2);
}

Test(daemon_serving, workers_get_the_next_broker_and_live)
{
	pid_t worker = last("worker 0", "start"), broker = last("broker 0", "start");
	kill_role("broker 0");
	(void)await_other("broker 0", broker);
	await("told", "peer broker 0", 2);
	cr_expect_eq(last("worker 0", "start"), worker);
}

Test(daemon_serving, a_new_recorder_sweeps_no_live_ring)
{
	pid_t worker = last("worker 0", "start"), recorder = last("recorder 0", "start");
	kill_role("recorder 0");
	(void)await_other("recorder 0", recorder);
	await("told", "ring 1 live", 1);
	cr_expect_eq(count("told", "ring 0 live"), 1);
	cr_expect_eq(count("told", "ring 0 dead"), 1, "only at the start");
	cr_expect_eq(last("worker 0", "start"), worker);
}

Test(daemon_serving, worker_and_recorder_at_once)
{
	pid_t worker = last("worker 0", "start"), recorder = last("recorder 0", "start");
	kill_role("recorder 0");
	kill_role("worker 0");
	(void)await_other("recorder 0", recorder);
	(void)await_other("worker 0", worker);
	cr_expect_eq(count("told", "swept 0"), 2);
}

Test(daemon_serving, one_that_dies_again_and_again_waits_longer)
{
	make("broker.exit");
	kill_role("broker 0");
	await("told", "broker 0", 4);
	pause_ms(1000);
	unsigned starts = count("log", "broker (pid");
	cr_expect_lt(starts, 7, "%u starts in about two seconds", starts);
	cr_assert_eq(unlink(in_folder("broker.exit")), 0);
	await("told", "peer broker 0", 2);
}

Test(daemon_serving, ends_in_order)
{
	cr_assert_eq(kill(gateway, SIGTERM), 0);
	cr_expect_eq(exit_status(gateway), 0);
	gateway = 0;
	cr_expect_eq(count("told", "DRAIN"), 4, "both workers, broker, recorder:\n%s",
		     contents("told"));
	long recorder = place("tell 9002");
	cr_expect_lt(place("DRAIN"), recorder);
	cr_expect_eq(count("told", "ring 0 dead"), 2, "what the last workers left is swept");
	cr_expect_eq(count("log", "error"), 0, "%s", contents("log"));
}

Test(daemon_serving, no_second_gateway_on_the_same_run_directory)
{
	char other[64];
	snprintf(other, sizeof(other), "%s/%u", folder, free_port());
	cr_expect_eq(exit_status(launch(other)), 1);
	cr_expect_eq(count("log", "another gateway runs on"), 1);
}

Test(daemon_serving, the_next_waits_for_what_the_last_left_running)
{
	make("worker.linger");
	cr_assert_eq(kill(gateway, SIGKILL), 0);
	cr_expect_eq(exit_status(gateway), -SIGKILL);
	gateway = launch(config);
	await("log", "waiting for an earlier gateway", 1);
	pause_ms(300);
	cr_expect_eq(count("log", "serving on"), 1);
	cr_assert_eq(unlink(in_folder("worker.linger")), 0);
	await("log", "serving on 127.0.0.1:", 2);
	cr_expect_eq(count("told", "gone"), 2, "%s", contents("told"));
	cr_expect_eq(count("told", "ring 0 dead"), 2, "the same ring, and not set aside");
	cr_expect_eq(count("log", "set aside"), 0);
}

Test(daemon_start, no_policy_serves_nobody)
{
	cr_expect_eq(exit_status(launch(in_folder("nothing"))), 1);
	cr_expect_eq(count("log", "this is no policy"), 1);
	cr_expect_eq(count("log", "nobody is served"), 1);
	cr_expect_eq(count("told", "start"), 0);
}

Test(daemon_start, a_role_that_cannot_start_ends_it)
{
	make("keys.exit");
	cr_expect_eq(exit_status(launch(config)), 1);
	cr_expect_eq(count("log", "serving"), 0);
	cr_expect_eq(count("told", "worker 0"), 0);
}

Test(daemon_start, a_port_in_use_ends_it)
{
	gateway = launch(config);
	await("log", "serving on", 1);
	char path[128];
	snprintf(path, sizeof(path), "%s", in_folder("other"));
	cr_assert_eq(mkdir(path, 0700), 0);
	snprintf(path, sizeof(path), "%s/other%s", folder, strrchr(config, '/'));
	cr_expect_eq(exit_status(launch(path)), 1);
	cr_expect_eq(count("log", "can't listen on"), 1);
}

Test(daemon_start, a_bad_ring_is_set_aside)
{
	cr_assert_eq(mkdir(in_folder("run"), 0700), 0);
	int fd = open(in_folder("run/worker-0.ring"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	cr_assert(vg_file_write_all(fd, "no ring", 7));
	vg_fd_close(&fd);
	gateway = launch(config);
	await("log", "serving on", 1);
	cr_expect_eq(count("log", "set aside"), 1);
	cr_expect_eq(count("told", "ring 0 dead"), 1);
}

Test(daemon_start, a_directory_that_others_may_write_ends_it)
{
	cr_assert_eq(mkdir(in_folder("state"), 0777), 0);
	cr_assert_eq(chmod(in_folder("state"), 0777), 0);
	cr_expect_eq(exit_status(launch(config)), 1);
	cr_expect_eq(count("log", "only its owner may write"), 1);
}
