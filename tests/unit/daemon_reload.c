/* Reloads: all or nothing, whoever refuses, and without waiting. */
#include "config.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/attr.h"
#include "daemon_lab.h"
#include "vocab/msg.h"

TestSuite(daemon_reload, .init = lab_setup_serving, .fini = lab_teardown);

static void hup(void)
{
	cr_assert_eq(kill(lab_gateway, SIGHUP), 0);
}

static void clear(const char *name)
{
	cr_assert_eq(unlink(lab_in_folder(name)), 0);
}

/* Pids of all that serve; keys change with each generation. */
static void remember(pid_t pids[5])
{
	static const char *const who[5] = {"worker 0", "worker 1", "broker 0", "recorder 0",
					   "controller 0"};
	for (size_t i = 0; i < 5; i++)
		pids[i] = lab_last(who[i], "start");
}

static long place(const char *text)
{
	const char *all = lab_contents("told");
	const char *at = strstr(all, text);
	cr_assert_not_null(at, "%s isn't in\n%s", text, all);
	return at - all;
}

Test(daemon_reload, all_are_given_it_the_recorder_last_and_then_it_is_published)
{
	pid_t before[5], after[5];
	remember(before);
	hup();
	lab_await("told", "publish 2", 1);
	lab_await("told", "tell 6001", 1);
	cr_expect_eq(lab_count("told", " image 2\n"), 5, "%s", lab_contents("told"));
	cr_expect_eq(lab_count("told", "signs for 2"), 2);
	cr_expect_eq(lab_count("told", "peer keys"), 2);
	char line[64];
	snprintf(line, sizeof(line), "recorder 0 %d image 2", (int)before[3]);
	cr_expect_gt(place(line), place("broker 0 "));
	cr_expect_lt(place(line), place("publish 2"));
	cr_expect_lt(place("peer keys 0"), place(line));
	remember(after);
	cr_expect_arr_eq(before, after, sizeof(before), "%s", lab_contents("log"));
	cr_expect_eq(lab_count("log", "error"), 0, "%s", lab_contents("log"));
}

Test(daemon_reload, again_and_again_keys_come_and_go)
{
	char text[32];
	pid_t before[5], after[5];
	remember(before);
	for (unsigned number = 2; number < 8; number++) {
		hup();
		snprintf(text, sizeof(text), "publish %u", number);
		lab_await("told", text, 1);
	}
	cr_expect_eq(lab_count("told", "signs for"), 14);
	remember(after);
	cr_expect_arr_eq(before, after, sizeof(before), "%s", lab_contents("log"));
	cr_expect_eq(lab_count("log", "error"), 0, "%s", lab_contents("log"));
}

Test(daemon_reload, one_that_starts_later_has_the_new_generation)
{
	hup();
	lab_await("told", "publish 2", 1);
	pid_t keys = lab_last("keys 1", "start"), worker = lab_last("worker 1", "start");
	lab_kill_role("worker 1");
	(void)lab_await_other("worker 1", worker);
	cr_expect_neq(lab_last("keys 1", "start"), keys);
	cr_expect_eq(lab_count("told", "signs for 2"), 3, "%s", lab_contents("told"));
	pid_t controller = lab_last("controller 0", "start");
	lab_kill_role("controller 0");
	(void)lab_await_other("controller 0", controller);
	lab_await("told", "publish 2", 2);
}

Test(daemon_reload, a_policy_with_errors_changes_nothing)
{
	lab_make("compile.bad");
	hup();
	lab_await("told", "tell 6002", 1);
	cr_expect_eq(lab_count("log", "acme.ini:7: error: this is no key"), 1);
	cr_expect_eq(lab_count("log", "generation 1 serves on"), 1);
	cr_expect_eq(lab_count("told", "image"), 0);
	clear("compile.bad");
	hup();
	lab_await("told", "tell 6001", 1);
}

Test(daemon_reload, what_was_bound_can_not_change)
{
	lab_make("compile.port");
	hup();
	lab_await("told", "tell 6002", 1);
	cr_expect_eq(lab_count("log", "listen can't change"), 1, "%s", lab_contents("log"));
	cr_expect_eq(lab_count("told", "image"), 0);
}

Test(daemon_reload, one_refuses_and_the_others_are_told_to_forget_it)
{
	static const char *const roles[] = {"worker", "broker", "controller", "recorder"};
	pid_t before[5], after[5];
	char name[32];
	remember(before);
	for (unsigned i = 0; i < VG_COUNT(roles); i++) {
		snprintf(name, sizeof(name), "%s.refuse", roles[i]);
		lab_make(name);
		hup();
		lab_await("told", "tell 6002", i + 1);
		clear(name);
		snprintf(name, sizeof(name), "%s%s can't take", roles[i],
			 strcmp(roles[i], "worker") == 0 ? " 0" : "");
		cr_expect_geq(lab_count("log", name) + lab_count("log", "worker 1 can't take"), 1,
			      "%s", lab_contents("log"));
	}
	/* The recorder's refusal comes when both workers, broker and controller have it. */
	cr_expect_geq(lab_count("told", "WITHDRAW"), 4, "%s", lab_contents("told"));
	cr_expect_eq(lab_count("told", "publish"), 1, "only that of the start");
	hup();
	lab_await("told", "tell 6001", 1);
	lab_await("told", "publish 6", 1);
	remember(after);
	cr_expect_arr_eq(before, after, sizeof(before), "%s", lab_contents("log"));
}

Test(daemon_reload, keys_that_can_not_start_refuse_it)
{
	pid_t worker = lab_last("worker 0", "start");
	lab_make("keys.exit");
	hup();
	lab_await("told", "tell 6002", 1);
	cr_expect_geq(lab_count("log", "no keys for worker"), 1);
	clear("keys.exit");
	hup();
	lab_await("told", "tell 6001", 1);
	cr_expect_eq(lab_last("worker 0", "start"), worker);
}

Test(daemon_reload, one_that_says_nothing_refuses_it_in_time, .timeout = 60)
{
	lab_make("broker.silent");
	hup();
	lab_await("log", "broker did not take the new generation in time", 1);
	lab_await("told", "tell 6002", 1);
	clear("broker.silent");
	hup();
	lab_await("told", "tell 6001", 1);
}

Test(daemon_reload, a_recorder_that_may_have_changed_its_sinks_is_replaced, .timeout = 60)
{
	pid_t recorder = lab_last("recorder 0", "start");
	lab_make("recorder.silent");
	hup();
	(void)lab_await_other("recorder 0", recorder);
	clear("recorder.silent");
	cr_expect_eq(lab_count("log", "recorder did not take"), 1);
	cr_expect_eq(lab_count("told", "publish"), 1);
}

Test(daemon_reload, a_recorder_that_needs_a_wider_sandbox_starts_anew_with_it)
{
	pid_t recorder = lab_last("recorder 0", "start");
	lab_make("recorder.narrow");
	hup();
	lab_await("told", "publish 2", 1);
	(void)lab_await_other("recorder 0", recorder);
	clear("recorder.narrow");
	cr_expect_eq(lab_count("told", "tell 6001"), 1, "the old one is told before it ends");
	cr_expect_eq(lab_count("log", " error: "), 0, "%s", lab_contents("log"));
	hup();
	lab_await("told", "tell 6001", 2);
	cr_expect_neq(lab_last("recorder 0", "start"), recorder);
}

Test(daemon_reload, a_second_signal_waits_a_third_is_merged_and_roles_are_kept_alive)
{
	pid_t broker = lab_last("broker 0", "start");
	lab_make("compile.slow");
	hup();
	lab_await("log", "asked for by signal", 1);
	lab_kill_role("broker 0");
	(void)lab_await_other("broker 0", broker);
	for (int i = 0; i < 3; i++) {
		hup();
		lab_pause_ms(50);
	}
	clear("compile.slow");
	lab_await("told", "tell 6001", 2);
	lab_pause_ms(300);
	cr_expect_eq(lab_count("told", "tell 6001"), 2, "%s", lab_contents("log"));
	cr_expect_eq(lab_count("log", "asked for by signal"), 2);
}

Test(daemon_reload, a_worker_that_dies_meanwhile_has_it_too)
{
	pid_t worker = lab_last("worker 0", "start");
	lab_make("controller.silent");
	hup();
	lab_await("told", " image 2\n", 4);
	lab_kill_role("worker 0");
	(void)lab_await_other("worker 0", worker);
	clear("controller.silent");
	lab_kill_role("controller 0");
	lab_await("told", "tell 6001", 1);
	cr_expect_eq(lab_count("told", "tell 6002"), 0, "%s", lab_contents("log"));
	lab_await("told", "publish 2", 1);
}

static void reload_to(unsigned number)
{
	char text[32];
	hup();
	snprintf(text, sizeof(text), "publish %u\n", number);
	lab_await("told", text, 1);
}

Test(daemon_reload, the_broker_forgets_a_generation_when_the_last_worker_has_let_go)
{
	pid_t worker = lab_last("worker 0", "start");
	char line[64];
	snprintf(line, sizeof(line), "broker 0 %d image 2", (int)lab_last("broker 0", "start"));
	reload_to(2);
	cr_expect_eq(lab_count("told", "NAMES"), 2, "%s", lab_contents("told"));
	cr_expect_lt(place("NAMES"), place(line));
	lab_make("worker.hold");
	reload_to(3);
	lab_kill_role("worker 0");
	(void)lab_await_other("worker 0", worker);
	reload_to(4);
	clear("worker.hold");
	cr_expect_eq(lab_count("told", "WITHDRAW"), 0, "worker 1 has them all");
	reload_to(5);
	lab_await("told", "WITHDRAW 3\n", 1);
	cr_expect_eq(lab_count("told", "WITHDRAW"), 1, "%s", lab_contents("told"));
	lab_kill_role("worker 1");
	lab_await("told", "WITHDRAW 1\n", 1);
	lab_await("told", "WITHDRAW 2\n", 1);
	cr_expect_eq(lab_count("told", "WITHDRAW"), 3, "%s", lab_contents("told"));
}

Test(daemon_reload, workers_that_let_go_of_nothing_do_not_stop_it, .timeout = 60)
{
	lab_make("worker.hold");
	for (unsigned number = 2; number <= VG_GENERATIONS_MAX + 1; number++) {
		cr_expect(number > VG_GENERATIONS_MAX || lab_count("told", "WITHDRAW") == 0);
		reload_to(number);
	}
	lab_await("told", "WITHDRAW 2\n", 1);
	cr_expect_eq(lab_count("told", "WITHDRAW 1\n"), 1);
	cr_expect_eq(lab_count("told", "tell 6002"), 0);
}

Test(daemon_reload, the_end_does_not_wait_for_it)
{
	lab_make("compile.slow");
	hup();
	lab_await("log", "asked for by signal", 1);
	cr_assert_eq(kill(lab_gateway, SIGTERM), 0);
	cr_expect_eq(lab_exit_status(lab_gateway), 0, "%s", lab_contents("log"));
	lab_gateway = 0;
}
