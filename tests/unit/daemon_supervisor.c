/* The supervisor: who is started when, what each is told, and what follows when one is killed. */
#include "config.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon_lab.h"
#include "sys/file.h"

TestSuite(daemon_start, .init = lab_setup, .fini = lab_teardown);
TestSuite(daemon_serving, .init = lab_setup_serving, .fini = lab_teardown);

static long place(const char *text)
{
	const char *all = lab_contents("told");
	const char *at = strstr(all, text);
	cr_assert_not_null(at, "%s isn't in\n%s", text, all);
	return at - all;
}

Test(daemon_serving, recorder_first_and_workers_when_all_is_there)
{
	lab_await("told", "tell 9001", 1);
	cr_expect_eq(lab_count("told", " start\n"), 7);
	cr_expect_eq(lab_count("told", "ring 0 dead"), 1);
	cr_expect_eq(lab_count("told", "ring 1 dead"), 1);
	cr_expect_eq(lab_count("told", "may write"), 0, "%s", lab_contents("told"));
	cr_expect_eq(lab_count("told", "peer worker"), 2, "the broker has both");
	char line[64];
	snprintf(line, sizeof(line), "worker 0 %d start", (int)lab_last("worker 0", "start"));
	long worker = place(line);
	cr_expect_lt(place("swept 0"), worker);
	cr_expect_lt(place("keys 0"), worker);
	cr_expect_lt(place("broker 0"), worker);
}

Test(daemon_serving, a_worker_is_replaced_with_its_keys_when_its_ring_is_swept)
{
	pid_t worker = lab_last("worker 1", "start"), keys = lab_last("keys 1", "start");
	pid_t other = lab_last("worker 0", "start");
	lab_kill_role("worker 1");
	(void)lab_await_other("keys 1", keys);
	(void)lab_await_other("worker 1", worker);
	cr_expect_eq(lab_count("told", "ring 1 dead"), 2);
	cr_expect_eq(lab_count("told", "ring 0 dead"), 1);
	cr_expect_eq(lab_count("told", "swept 1"), 2, "before the next one starts");
	cr_expect_eq(lab_last("worker 0", "start"), other, "the others serve on");
	lab_await("told", "peer worker 1", 2);
}

Test(daemon_serving, keys_take_their_worker_with_them)
{
	pid_t worker = lab_last("worker 0", "start"), keys = lab_last("keys 0", "start");
	lab_kill_role("keys 0");
	(void)lab_await_other("keys 0", keys);
	(void)lab_await_other("worker 0", worker);
	cr_expect_eq(lab_count("told", "DRAIN"), 1, "it may end what it began");
	cr_expect_eq(lab_count("told", "ring 0 dead"), 2);
}

Test(daemon_serving, workers_get_the_next_broker_and_live)
{
	pid_t worker = lab_last("worker 0", "start"), broker = lab_last("broker 0", "start");
	lab_kill_role("broker 0");
	(void)lab_await_other("broker 0", broker);
	lab_await("told", "peer broker 0", 2);
	cr_expect_eq(lab_last("worker 0", "start"), worker);
}

Test(daemon_serving, a_new_recorder_sweeps_no_live_ring)
{
	pid_t worker = lab_last("worker 0", "start"), recorder = lab_last("recorder 0", "start");
	lab_kill_role("recorder 0");
	(void)lab_await_other("recorder 0", recorder);
	lab_await("told", "ring 1 live", 1);
	cr_expect_eq(lab_count("told", "ring 0 live"), 1);
	cr_expect_eq(lab_count("told", "ring 0 dead"), 1, "only at the start");
	cr_expect_eq(lab_last("worker 0", "start"), worker);
}

Test(daemon_serving, worker_and_recorder_at_once)
{
	pid_t worker = lab_last("worker 0", "start"), recorder = lab_last("recorder 0", "start");
	lab_kill_role("recorder 0");
	lab_kill_role("worker 0");
	(void)lab_await_other("recorder 0", recorder);
	(void)lab_await_other("worker 0", worker);
	cr_expect_eq(lab_count("told", "swept 0"), 2);
}

Test(daemon_serving, one_that_dies_again_and_again_waits_longer)
{
	lab_make("broker.exit");
	lab_kill_role("broker 0");
	lab_await("told", "broker 0", 4);
	lab_pause_ms(1000);
	unsigned starts = lab_count("log", "broker (pid");
	cr_expect_lt(starts, 7, "%u starts in about two seconds", starts);
	cr_assert_eq(unlink(lab_in_folder("broker.exit")), 0);
	lab_await("told", "peer broker 0", 2);
}

Test(daemon_serving, ends_in_order)
{
	cr_assert_eq(kill(lab_gateway, SIGTERM), 0);
	cr_expect_eq(lab_exit_status(lab_gateway), 0);
	lab_gateway = 0;
	cr_expect_eq(lab_count("told", "DRAIN"), 5,
		     "both workers, broker, controller, recorder:\n%s", lab_contents("told"));
	long recorder = place("tell 9002");
	cr_expect_lt(place("DRAIN"), recorder);
	cr_expect_eq(lab_count("told", "ring 0 dead"), 2, "what the last workers left is swept");
	cr_expect_eq(lab_count("log", "error"), 0, "%s", lab_contents("log"));
}

Test(daemon_serving, no_second_gateway_on_the_same_run_directory)
{
	char other[64];
	snprintf(other, sizeof(other), "%s/%u", lab_folder, lab_free_port());
	cr_expect_eq(lab_exit_status(lab_launch(other)), 1);
	cr_expect_eq(lab_count("log", "another gateway runs on"), 1);
}

Test(daemon_serving, the_next_waits_for_what_the_last_left_running)
{
	lab_make("worker.linger");
	cr_assert_eq(kill(lab_gateway, SIGKILL), 0);
	cr_expect_eq(lab_exit_status(lab_gateway), -SIGKILL);
	lab_gateway = lab_launch(lab_config);
	lab_await("log", "waiting for an earlier gateway", 1);
	lab_pause_ms(300);
	cr_expect_eq(lab_count("log", "serving on"), 1);
	cr_assert_eq(unlink(lab_in_folder("worker.linger")), 0);
	lab_await("log", "serving on 127.0.0.1:", 2);
	cr_expect_eq(lab_count("told", "gone"), 2, "%s", lab_contents("told"));
	cr_expect_eq(lab_count("told", "ring 0 dead"), 2, "the same ring, and not set aside");
	cr_expect_eq(lab_count("log", "set aside"), 0);
}

Test(daemon_start, no_policy_serves_nobody)
{
	cr_expect_eq(lab_exit_status(lab_launch(lab_in_folder("nothing"))), 1);
	cr_expect_eq(lab_count("log", "this is no policy"), 1);
	cr_expect_eq(lab_count("log", "nobody can be served"), 1);
	cr_expect_eq(lab_count("told", "start"), 0);
}

Test(daemon_start, a_role_that_cannot_start_ends_it)
{
	lab_make("keys.exit");
	cr_expect_eq(lab_exit_status(lab_launch(lab_config)), 1);
	cr_expect_eq(lab_count("log", "serving"), 0);
	cr_expect_eq(lab_count("told", "worker 0"), 0);
}

Test(daemon_start, a_port_in_use_ends_it)
{
	lab_gateway = lab_launch(lab_config);
	lab_await("log", "serving on", 1);
	char path[128];
	snprintf(path, sizeof(path), "%s", lab_in_folder("other"));
	cr_assert_eq(mkdir(path, 0700), 0);
	snprintf(path, sizeof(path), "%s/other%s", lab_folder, strrchr(lab_config, '/'));
	cr_expect_eq(lab_exit_status(lab_launch(path)), 1);
	cr_expect_eq(lab_count("log", "can't listen on"), 1);
}

Test(daemon_start, a_bad_ring_is_set_aside)
{
	cr_assert_eq(mkdir(lab_in_folder("run"), 0700), 0);
	int fd = open(lab_in_folder("run/worker-0.ring"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	cr_assert(vg_file_write_all(fd, "no ring", 7));
	vg_fd_close(&fd);
	lab_gateway = lab_launch(lab_config);
	lab_await("log", "serving on", 1);
	cr_expect_eq(lab_count("log", "set aside"), 1);
	cr_expect_eq(lab_count("told", "ring 0 dead"), 1);
}

Test(daemon_start, a_directory_that_others_may_write_ends_it)
{
	cr_assert_eq(mkdir(lab_in_folder("state"), 0777), 0);
	cr_assert_eq(chmod(lab_in_folder("state"), 0777), 0);
	cr_expect_eq(lab_exit_status(lab_launch(lab_config)), 1);
	cr_expect_eq(lab_count("log", "only its owner may write"), 1);
}
