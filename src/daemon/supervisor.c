#include "config.h"

#include "daemon/supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/notify.h"
#include "daemon/reload.h"
#include "daemon/setup.h"
#include "daemon/status.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "sys/log.h"
#include "sys/sandbox.h"
#include "sys/spawn.h"
#include "vocab/reason.h"

/*
 * One rule drives it: each turn looks at every row and does what is due (settle). A death only
 * changes rows; whether and when something is started again follows from them.
 */

#define READY_MS 10000         /* from a child's start to its READY */
#define KEYS_LOST_MS 2000      /* a worker that can't sign any more may end its exchanges */
#define CHANNEL_CLOSED_MS 2000 /* a child that closed its channel has so long to be gone */
#define GRACE_MS 1000          /* past the deadline that a child was told */
#define RECORDER_MS 5000       /* to deliver, when everything else has ended */

/* The end, in order: each phase begins when all of the one before are gone. */
enum phase { SERVE, END_WORKERS, END_HELPERS, END_RECORDER, ENDED };

static const uint32_t phase_roles[] = {
	[END_WORKERS] = VG_ROLE_BIT(VG_ROLE_WORKER),
	[END_HELPERS] = VG_ROLE_BIT(VG_ROLE_KEYS) | VG_ROLE_BIT(VG_ROLE_BROKER) |
			VG_ROLE_BIT(VG_ROLE_CONTROLLER),
	[END_RECORDER] = VG_ROLE_BIT(VG_ROLE_RECORDER),
	[ENDED] = 0,
};

struct supervisor {
	struct vg_gateway gateway;
	struct vg_reload reload;
	struct vg_status status; /* as it was told last */
	int signal_fd;
	int64_t now; /* monotonic, once a turn */
	enum phase phase;
	bool served; /* all were serving once: from then on a death is repaired, not the end */
	bool failed;
};

static int64_t after(const struct supervisor *s, uint32_t ms)
{
	return s->now + (int64_t)ms * 1000;
}

static struct vg_process *get(struct supervisor *s, enum vg_role role, uint32_t index)
{
	return vg_child_table_get(&s->gateway.table, role, index);
}

static void kill_now(struct supervisor *s, struct vg_process *process)
{
	vg_briefing_kill(process, s->now);
}

static void tell_end(struct supervisor *s, struct vg_process *process, uint32_t ms)
{
	if (!vg_process_lives(process))
		return;
	struct vg_msg_index index = {.index = ms};
	bool told = process->chan.fd >= 0 && vg_briefing_tell(process, VG_MSG_DRAIN, &index, NULL);
	process->state = VG_PROCESS_ENDING;
	process->deadline = told ? after(s, ms) + (int64_t)GRACE_MS * 1000 : s->now;
}

static void tell_event(struct supervisor *s, enum vg_reason reason)
{
	struct vg_msg_tell tell = {.code = vg_reason_row(reason)->code};
	snprintf(tell.constraint, sizeof(tell.constraint), "%s", PACKAGE_VERSION);
	vg_briefing_event(&s->gateway, &tell);
}

static void enter_phase(struct supervisor *s, enum phase phase)
{
	uint32_t drain_ms = vg_img_gateway(&s->gateway.generation.image)->drain_ms;
	s->phase = phase;
	if (phase == END_RECORDER && s->served)
		tell_event(s, VG_REASON_GATEWAY_STOP);
	for (uint32_t i = 0; i < s->gateway.table.count; i++) {
		struct vg_process *process = &s->gateway.table.rows[i];
		if ((phase_roles[phase] & VG_ROLE_BIT(process->role)) == 0)
			continue;
		if (phase == END_WORKERS)
			tell_end(s, process, s->served ? drain_ms : 0);
		else
			tell_end(s, process, phase == END_RECORDER ? RECORDER_MS : 0);
	}
}

static void stop(struct supervisor *s, const char *why)
{
	if (s->phase == SERVE) {
		vg_log(VG_LOG_INFO, "%s: ends", why);
		vg_reload_stop(&s->reload, &s->gateway, s->now);
		vg_notify("STOPPING=1");
		enter_phase(s, END_WORKERS);
	} else if (s->phase == END_WORKERS) {
		vg_log(VG_LOG_INFO, "%s: ends without waiting", why);
		for (uint32_t i = 0; i < s->gateway.table.workers; i++)
			tell_end(s, get(s, VG_ROLE_WORKER, i), 0);
	}
}

static void fail(struct supervisor *s, const char *why)
{
	s->failed = true;
	stop(s, why);
}

/* Each pair ended with the worker: its keys serve nobody. */
static void end_keys_of(struct supervisor *s, uint32_t index)
{
	for (uint32_t i = 0; i < s->gateway.table.count; i++) {
		struct vg_process *keys = &s->gateway.table.rows[i];
		if (keys->role != VG_ROLE_KEYS || keys->index != index || !vg_process_lives(keys))
			continue;
		keys->state = VG_PROCESS_ENDING;
		kill_now(s, keys);
	}
}

/*
 * What the death of one means for the others; its own row is DOWN already. `surprise`: it was not
 * to be expected.
 */
static void follow(struct supervisor *s, const struct vg_process *dead, bool surprise)
{
	struct vg_process *worker, *recorder;
	if (dead->role == VG_ROLE_WORKER) {
		recorder = get(s, VG_ROLE_RECORDER, 0);
		end_keys_of(s, dead->index);
		if (vg_process_lives(recorder) && !vg_briefing_sweep(&s->gateway, dead->index))
			kill_now(s, recorder);
	} else if (dead->role == VG_ROLE_KEYS &&
		   !vg_child_table_is_spare(&s->gateway.table, dead)) {
		worker = get(s, VG_ROLE_WORKER, dead->index);
		if (!vg_process_lives(worker) || worker->state == VG_PROCESS_ENDING)
			return;
		if (surprise)
			tell_end(s, worker, KEYS_LOST_MS);
		else
			worker->deadline = after(s, CHANNEL_CLOSED_MS);
	}
}

static void log_death(const struct vg_process *process, int status, bool surprise)
{
	char text[VG_PROCESS_TEXT];
	vg_process_text(text, process);
	enum vg_log_level level = surprise ? VG_LOG_ERROR : VG_LOG_DEBUG;
	if (WIFSIGNALED(status))
		vg_log(level, "%s (pid %d) was killed: %s", text, (int)process->pid,
		       strsignal(WTERMSIG(status)));
	else
		vg_log(level, "%s (pid %d) ended with status %d", text, (int)process->pid,
		       WEXITSTATUS(status));
}

/*
 * Keys end by themselves when their worker is gone, of which we may hear only after it. That the
 * worker died is then still to be told, and held against it.
 */
static bool is_surprise(const struct supervisor *s, const struct vg_process *process, int status)
{
	if (process->role == VG_ROLE_KEYS && WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return false;
	/* Of a generation that is over. */
	if (vg_child_table_is_spare(&s->gateway.table, process) && !process->ahead)
		return false;
	return process->state != VG_PROCESS_ENDING;
}

static void reap(struct supervisor *s)
{
	int status;
	for (;;) {
		pid_t pid = waitpid(-1, &status, WNOHANG);
		if (pid <= 0)
			return;
		struct vg_process *process = vg_child_table_find(&s->gateway.table, pid);
		if (process == NULL) {
			vg_reload_compiled(&s->reload, &s->gateway, pid, status, s->now);
			continue;
		}
		bool surprise = is_surprise(s, process, status);
		log_death(process, status, surprise);
		bool keys_lost = process->ahead && surprise;
		vg_process_died(process, surprise, s->now);
		vg_reload_died(&s->reload, &s->gateway, process, keys_lost, s->now);
		follow(s, process, surprise);
		if (surprise && !s->served)
			fail(s, "a role can't start");
	}
}

static void on_reload(struct supervisor *s, struct vg_process *controller,
		      const struct vg_msg_reload *msg)
{
	struct vg_reload_wish wish = {.there = true, .answered = true, .id = msg->id};
	if (memchr(msg->actor, '\0', sizeof(msg->actor)) == NULL ||
	    memchr(msg->ref, '\0', sizeof(msg->ref)) == NULL) {
		kill_now(s, controller);
		return;
	}
	memcpy(wish.actor, msg->actor, sizeof(wish.actor));
	memcpy(wish.ref, msg->ref, sizeof(wish.ref));
	vg_reload_ask(&s->reload, &s->gateway, &wish);
}

static void on_message(struct supervisor *s, struct vg_process *process, const struct vg_msg *msg)
{
	if (msg->type == VG_MSG_READY && process->state == VG_PROCESS_STARTING) {
		process->state = VG_PROCESS_SERVING;
		process->deadline = VG_PROCESS_NEVER;
	} else if (msg->type == VG_MSG_RECOVERED && msg->index.index < s->gateway.table.workers) {
		struct vg_process *worker = get(s, VG_ROLE_WORKER, (uint32_t)msg->index.index);
		worker->swept = !vg_process_lives(worker);
	} else if (msg->type == VG_MSG_IMAGE_ACK) {
		vg_reload_acked(&s->reload, &s->gateway, process, &msg->image_ack, s->now);
	} else if (msg->type == VG_MSG_LET_GO) {
		vg_reload_let_go(&s->reload, &s->gateway, process, msg->index.index, s->now);
	} else if (msg->type == VG_MSG_FAULT) {
		vg_reload_fault(&s->reload, process, &msg->fault);
	} else if (msg->type == VG_MSG_RELOAD) {
		on_reload(s, process, &msg->reload);
	}
}

static void on_channel(struct supervisor *s, struct vg_process *process)
{
	for (;;) {
		struct vg_msg msg;
		enum vg_chan_status status = vg_chan_recv(&process->chan, &msg);
		if (status == VG_CHAN_AGAIN)
			return;
		if (status == VG_CHAN_OK) {
			on_message(s, process, &msg);
			vg_msg_close(&msg);
			continue;
		}
		vg_chan_close(&process->chan);
		if (status == VG_CHAN_CLOSED)
			process->deadline = after(s, CHANNEL_CLOSED_MS);
		else
			kill_now(s, process);
		return;
	}
}

static bool may_start(struct supervisor *s, const struct vg_process *process)
{
	if (process->role == VG_ROLE_KEYS)
		return !vg_process_lives(get(s, VG_ROLE_WORKER, process->index));
	if (process->role != VG_ROLE_WORKER)
		return true;
	const struct vg_process *keys = vg_child_table_keys(&s->gateway.table, process->index);
	return process->swept && get(s, VG_ROLE_RECORDER, 0)->state == VG_PROCESS_SERVING &&
	       get(s, VG_ROLE_BROKER, 0)->state == VG_PROCESS_SERVING &&
	       keys->state == VG_PROCESS_SERVING && keys->partner_fd >= 0;
}

/* Roles whose turn to end is still to come. */
static bool is_wanted(const struct supervisor *s, const struct vg_process *process)
{
	for (int phase = END_WORKERS; phase <= (int)s->phase; phase++)
		if ((phase_roles[phase] & VG_ROLE_BIT(process->role)) != 0)
			return false;
	if (vg_child_table_is_spare(&s->gateway.table, process))
		return false;
	/* Keys are for workers: none are started for those that end. */
	return s->phase == SERVE || process->role != VG_ROLE_KEYS;
}

static void start(struct supervisor *s, struct vg_process *process)
{
	if (vg_briefing_start(&s->gateway, process, s->now)) {
		process->deadline = after(s, READY_MS);
		return;
	}
	if (process->pid != 0)
		kill_now(s, process);
	else
		vg_process_died(process, true, s->now);
	if (!s->served)
		fail(s, "a role can't start");
}

static void settle_one(struct supervisor *s, struct vg_process *process)
{
	if (process->state == VG_PROCESS_DOWN) {
		if (process->start_at <= s->now && is_wanted(s, process) && may_start(s, process))
			start(s, process);
	} else if (process->deadline <= s->now) {
		char text[VG_PROCESS_TEXT];
		vg_process_text(text, process);
		vg_log(VG_LOG_WARNING, "%s (pid %d) isn't %s in time: killed", text,
		       (int)process->pid, process->state == VG_PROCESS_STARTING ? "ready" : "gone");
		kill_now(s, process);
	}
}

static bool phase_is_over(const struct supervisor *s)
{
	for (uint32_t i = 0; i < s->gateway.table.count; i++) {
		const struct vg_process *process = &s->gateway.table.rows[i];
		if ((phase_roles[s->phase] & VG_ROLE_BIT(process->role)) != 0 &&
		    vg_process_lives(process))
			return false;
	}
	return true;
}

static void announce(struct supervisor *s)
{
	const struct vg_image *image = &s->gateway.generation.image;
	for (uint32_t i = 0; i < vg_img_listener_count(image); i++) {
		char text[VG_LISTEN_TEXT];
		vg_listen_text(text, &vg_img_listeners(image)[i]);
		vg_log(VG_LOG_INFO, "serving on %s", text);
	}
	if (s->gateway.health_fd >= 0)
		vg_log(VG_LOG_INFO, "/livez and /readyz on port %u",
		       (unsigned)vg_img_gateway(image)->health_port);
	s->served = true;
	tell_event(s, VG_REASON_GATEWAY_START);
	vg_notify("READY=1");
}

static void settle(struct supervisor *s)
{
	for (uint32_t i = 0; i < s->gateway.table.count; i++)
		settle_one(s, &s->gateway.table.rows[i]);
	if (s->phase == SERVE && !s->served &&
	    vg_child_table_all(&s->gateway.table, VG_PROCESS_SERVING))
		announce(s);
	if (s->phase == SERVE && s->served)
		vg_reload_turn(&s->reload, &s->gateway, s->now);
	while (s->phase != SERVE && s->phase != ENDED && phase_is_over(s))
		enter_phase(s, (enum phase)(s->phase + 1));
	vg_status_show(&s->gateway, s->reload.step != VG_RELOAD_IDLE, s->phase != SERVE,
		       &s->status);
}

/* Milliseconds to the next thing that is due by time alone; -1. */
static int time_left(const struct supervisor *s)
{
	int64_t next = vg_reload_due(&s->reload);
	for (uint32_t i = 0; i < s->gateway.table.count; i++) {
		const struct vg_process *process = &s->gateway.table.rows[i];
		int64_t due = vg_process_lives(process)    ? process->deadline
			      : process->start_at > s->now ? process->start_at
							   : VG_PROCESS_NEVER;
		if (due < next)
			next = due;
	}
	if (next == VG_PROCESS_NEVER)
		return -1;
	int64_t left = next <= s->now ? 0 : (next - s->now + 999) / 1000;
	return left > 60000 ? 60000 : (int)left;
}

static void on_signals(struct supervisor *s)
{
	struct signalfd_siginfo info;
	while (read(s->signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		if (info.ssi_signo == SIGCHLD)
			reap(s);
		else if (info.ssi_signo == SIGHUP)
			vg_reload_ask(&s->reload, &s->gateway,
				      &(struct vg_reload_wish){.there = true, .actor = "signal"});
		else
			stop(s, info.ssi_signo == SIGINT ? "SIGINT" : "SIGTERM");
	}
}

static bool turn(struct supervisor *s)
{
	struct pollfd polled[1 + VG_PROCESSES_MAX] = {{s->signal_fd, POLLIN, 0}};
	const uint32_t count = s->gateway.table.count;
	for (uint32_t i = 0; i < count; i++)
		polled[i + 1] = (struct pollfd){s->gateway.table.rows[i].chan.fd, POLLIN, 0};
	if (poll(polled, 1 + (nfds_t)count, time_left(s)) < 0 && errno != EINTR) {
		vg_log(VG_LOG_ERROR, "can't wait for the children: %m");
		return false;
	}
	s->now = vg_clock_monotonic();
	/* Messages first: what a child said before it died counts. */
	for (uint32_t i = 0; i < count; i++)
		if (polled[i + 1].revents != 0)
			on_channel(s, &s->gateway.table.rows[i]);
	if (polled[0].revents != 0)
		on_signals(s);
	return true;
}

static bool open_signals(struct supervisor *s)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	if (signal(SIGPIPE, SIG_IGN) == SIG_ERR || sigprocmask(SIG_BLOCK, &set, NULL) != 0)
		return false;
	s->signal_fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	return s->signal_fd >= 0;
}

static bool serve(struct supervisor *s)
{
	if (!open_signals(s)) {
		vg_log(VG_LOG_ERROR, "signals can't be taken: %m");
		return false;
	}
	s->now = vg_clock_monotonic();
	settle(s);
	while (s->phase != ENDED) {
		if (!turn(s))
			return false;
		settle(s);
	}
	vg_fd_close(&s->signal_fd);
	return !s->failed;
}

int vg_supervisor_run(const char *path)
{
	static struct supervisor s = {.signal_fd = -1}; /* the process's one context */
	if (!vg_sandbox_harden() || !vg_setup_open(&s.gateway, path))
		return 1;
	vg_reload_init(&s.reload, s.gateway.generation.number);
	bool ok = serve(&s);
	vg_setup_close(&s.gateway);
	return ok ? 0 : 1;
}

/* It needs nothing of ours any more: the compiler takes our place. */
int vg_supervisor_show(const char *path)
{
	int compiler = vg_setup_program(VG_ROLE_COMPILE);
	const char *const words[] = {"vendgatectl", "compile", "--show", "-c", path, NULL};
	/* execveat doesn't write through argv; its prototype has no const. */
	union {
		const char *const *in;
		char *const *out;
	} argv = {.in = words};
	if (compiler >= 0) {
		(void)execveat(compiler, "", argv.out, environ, AT_EMPTY_PATH);
		vg_log(VG_LOG_ERROR, "the compiler can't be started: %m");
	}
	return 1;
}

int vg_supervisor_check(const char *path)
{
	struct vg_generation generation;
	int compiler = vg_setup_program(VG_ROLE_COMPILE);
	if (compiler < 0)
		return 1;
	bool ok = vg_generation_make(&generation, 1, compiler, path);
	vg_fd_close(&compiler);
	if (!ok)
		return 1;
	vg_log(VG_LOG_INFO, "%s is good: %u services, %u vendors, %u rules", path,
	       vg_img_service_count(&generation.image), vg_img_vendor_count(&generation.image),
	       vg_img_rule_count(&generation.image));
	vg_generation_close(&generation);
	return 0;
}
