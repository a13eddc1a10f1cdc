#include "config.h"

#include "daemon/reload.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.h"
#include "daemon/descriptors.h"
#include "daemon/notify.h"
#include "sys/clock.h"
#include "sys/control_block.h"
#include "sys/file.h"
#include "sys/log.h"
#include "vocab/reason.h"

#define COMPILE_US INT64_C(120000000)
#define OFFER_US INT64_C(10000000)
#define KEYS_US OFFER_US /* from the start of keys to their READY */
#define AGAIN_US INT64_C(1000000)
#define RENEW_MS 500 /* to end by itself, and when it is killed */
#define RENEW_US INT64_C(2000000)

#define OFFERED                                                                                    \
	(VG_ROLE_BIT(VG_ROLE_WORKER) | VG_ROLE_BIT(VG_ROLE_BROKER) |                               \
	 VG_ROLE_BIT(VG_ROLE_CONTROLLER))

void vg_reload_init(struct vg_reload *reload, uint64_t number)
{
	*reload = (struct vg_reload){.number = number,
				     .words.fd = -1,
				     .compile.image_fd = -1,
				     .deadline = VG_PROCESS_NEVER};
}

int64_t vg_reload_due(const struct vg_reload *reload)
{
	int64_t due = vg_held_due(&reload->held);
	if (reload->step == VG_RELOAD_IDLE && reload->watch.due != 0 && reload->watch.due < due)
		due = reload->watch.due;
	return due < reload->deadline ? due : reload->deadline;
}

/* Ends */

static void answer(struct vg_gateway *gateway, const struct vg_reload_wish *wish, bool ok,
		   int text_fd, int64_t now)
{
	struct vg_process *controller = vg_child_table_get(&gateway->table, VG_ROLE_CONTROLLER, 0);
	struct vg_msg_reloaded message = {
		.id = wish->id, .generation = gateway->generation.number, .ok = ok};
	if (wish->answered && controller->chan.fd >= 0 &&
	    !vg_briefing_tell(controller, VG_MSG_RELOADED, &message, &text_fd))
		vg_briefing_kill(controller, now);
}

static void tell_event(struct vg_gateway *gateway, const struct vg_reload_wish *wish,
		       enum vg_reason reason, const char *constraint, const uint8_t before[32])
{
	struct vg_msg_tell tell = {.code = vg_reason_row(reason)->code};
	snprintf(tell.constraint, sizeof(tell.constraint), "%s", constraint);
	memcpy(tell.actor, wish->actor, sizeof(tell.actor));
	memcpy(tell.ref, wish->ref, sizeof(tell.ref));
	memcpy(tell.gen, gateway->generation.image.header->gen, sizeof(tell.gen));
	if (before != NULL)
		memcpy(tell.gen_before, before, sizeof(tell.gen_before));
	vg_briefing_event(gateway, &tell);
}

static void finish(struct vg_reload *reload, struct vg_gateway *gateway, bool ok, int64_t now)
{
	answer(gateway, &reload->now, ok, reload->words.fd, now);
	vg_words_close(&reload->words);
	reload->step = VG_RELOAD_IDLE;
	reload->deadline = VG_PROCESS_NEVER;
	vg_notify("READY=1");
}

static void end_keys(struct vg_process *keys, int64_t now)
{
	keys->ahead = false;
	if (!vg_process_lives(keys))
		return;
	keys->state = VG_PROCESS_ENDING;
	vg_briefing_kill(keys, now);
}

/*
 * Nobody uses what was not published. A recorder that may have changed its sinks is replaced by
 * one that starts with those of the generation that serves.
 */
static void withdraw(struct vg_gateway *gateway, int64_t now)
{
	struct vg_msg_index number = {.index = gateway->offered.number};
	for (uint32_t i = 0; i < gateway->table.count; i++) {
		struct vg_process *process = &gateway->table.rows[i];
		if (process->ahead)
			end_keys(process, now);
		if (gateway->offered.fd < 0 || process->offered != number.index ||
		    !vg_process_lives(process))
			continue;
		process->offered = process->acked = 0;
		process->renew = false;
		if (process->chan.fd >= 0 && process->role != VG_ROLE_RECORDER &&
		    vg_briefing_tell(process, VG_MSG_WITHDRAW, &number, NULL))
			continue;
		if (process->role == VG_ROLE_RECORDER)
			process->state = VG_PROCESS_ENDING;
		vg_briefing_kill(process, now);
	}
	vg_generation_close(&gateway->offered);
}

/* `constraint` is what the event says. */
static void give_up(struct vg_reload *reload, struct vg_gateway *gateway, const char *constraint,
		    int64_t now)
{
	withdraw(gateway, now);
	vg_log(VG_LOG_ERROR, "reload refused: generation %llu serves on",
	       (unsigned long long)gateway->generation.number);
	tell_event(gateway, &reload->now, VG_REASON_POLICY_RELOAD_REFUSED, constraint, NULL);
	finish(reload, gateway, false, now);
}

static void VG_PRINTF(4, 5) refuse(struct vg_reload *reload, struct vg_gateway *gateway,
				   int64_t now, const char *format, ...)
{
	char text[VG_WORDS_LINE];
	va_list args;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	vg_words_say(&reload->words, "vendgate: error: ", text);
	vg_log(VG_LOG_ERROR, "reload: %s", text);
	give_up(reload, gateway, text, now);
}

/* Begin, and what the compiler made */

void vg_reload_ask(struct vg_reload *reload, struct vg_gateway *gateway,
		   const struct vg_reload_wish *wish)
{
	static const char text[] = "vendgate: error: a reload is under way, and another waits\n";
	if (!reload->next.there || reload->next.renewal) {
		reload->next = *wish;
		return;
	}
	if (!wish->answered)
		return; /* the one that waits reads the same files */
	int fd = vg_shm_memfd("vendgate-reload");
	if (fd >= 0 && vg_file_write_all(fd, text, strlen(text)))
		answer(gateway, wish, false, fd, vg_clock_monotonic());
	vg_fd_close(&fd);
}

static void begin(struct vg_reload *reload, struct vg_gateway *gateway, int64_t now)
{
	char text[64];
	reload->now = reload->next;
	reload->next = (struct vg_reload_wish){.there = false};
	snprintf(text, sizeof(text), "RELOADING=1\nMONOTONIC_USEC=%lld", (long long)now);
	vg_notify(text);
	vg_log(VG_LOG_INFO, "reload, asked for by %s", reload->now.actor);
	if (!vg_words_open(&reload->words) ||
	    !vg_compile_start(&reload->compile, gateway->programs[VG_ROLE_COMPILE],
			      gateway->config_path, gateway->generation.fd, reload->words.fd)) {
		refuse(reload, gateway, now, "the compiler can't be started");
		return;
	}
	reload->step = VG_RELOAD_COMPILE;
	reload->deadline = now + COMPILE_US;
}

void vg_reload_compiled(struct vg_reload *reload, struct vg_gateway *gateway, pid_t pid, int status,
			int64_t now)
{
	char first[VG_WORDS_LINE], few[VG_DESCRIPTORS_TEXT];
	if (reload->step != VG_RELOAD_COMPILE || pid != reload->compile.pid)
		return;
	bool ok = vg_compile_take(&reload->compile, &gateway->offered, ++reload->number, status);
	vg_words_log(&reload->words, ok ? VG_LOG_WARNING : VG_LOG_ERROR, first);
	const char *key = ok ? vg_generation_fixed(&gateway->generation, &gateway->offered) : NULL;
	if (WIFSIGNALED(status))
		refuse(reload, gateway, now, "the compiler was killed: %s",
		       strsignal(WTERMSIG(status)));
	else if (!ok && first[0] == '\0')
		refuse(reload, gateway, now, "%s gives no policy", gateway->config_path);
	else if (!ok)
		give_up(reload, gateway, first, now);
	else if (key != NULL)
		refuse(reload, gateway, now, "%s can't change while the gateway runs: restart it",
		       key);
	else if (!vg_descriptors_suffice(&gateway->offered.image, gateway->table.workers, few))
		refuse(reload, gateway, now, "%s", few);
	else if (reload->now.renewal &&
		 !vg_generation_renews(&gateway->generation, &gateway->offered))
		refuse(reload, gateway, now,
		       "a certificate changed, and so did other files: both "
		       "are in force when somebody asks for a reload");
	else
		reload->step = VG_RELOAD_OFFER;
	if (reload->step == VG_RELOAD_OFFER)
		reload->deadline = now + OFFER_US;
}

/* Offer */

enum progress { DONE, WAITS, FAILED };

/* A place for keys: free, or made so by ending those that have signed for the longest. */
static struct vg_process *find_place(struct vg_gateway *gateway, uint32_t index, int64_t now)
{
	struct vg_process *oldest = NULL;
	for (uint32_t i = 0; i < gateway->table.count; i++) {
		struct vg_process *keys = &gateway->table.rows[i];
		if (keys->index != index || !vg_child_table_is_spare(&gateway->table, keys))
			continue;
		if (!vg_process_lives(keys))
			return keys;
		if (oldest == NULL || keys->started < oldest->started)
			oldest = keys;
	}
	if (oldest != NULL && oldest->state != VG_PROCESS_ENDING)
		end_keys(oldest, now);
	return NULL;
}

static struct vg_process *find_ahead(struct vg_gateway *gateway, uint32_t index)
{
	for (uint32_t i = 0; i < gateway->table.count; i++) {
		struct vg_process *keys = &gateway->table.rows[i];
		if (keys->role == VG_ROLE_KEYS && keys->index == index && keys->ahead)
			return keys;
	}
	return NULL;
}

/* New keys for that worker, that are ready to sign. */
static enum progress prepare_keys(struct vg_gateway *gateway, uint32_t index, int64_t now,
				  struct vg_process **keys)
{
	*keys = find_ahead(gateway, index);
	if (*keys != NULL)
		return (*keys)->state == VG_PROCESS_SERVING ? DONE : WAITS;
	struct vg_process *place = find_place(gateway, index, now);
	if (place == NULL)
		return WAITS;
	place->ahead = true;
	if (!vg_briefing_start(gateway, place, now)) {
		if (place->pid == 0)
			place->ahead = false;
		return FAILED;
	}
	place->deadline = now + KEYS_US;
	return WAITS;
}

static enum progress offer_one(struct vg_gateway *gateway, struct vg_process *process, int64_t now)
{
	struct vg_process *keys = NULL;
	/* Those that come later start with what serves then. */
	if (process->state == VG_PROCESS_DOWN || process->state == VG_PROCESS_ENDING)
		return DONE;
	if (process->state != VG_PROCESS_SERVING || process->chan.fd < 0)
		return WAITS;
	if (process->offered == gateway->offered.number)
		return process->acked == process->offered ? DONE : WAITS;
	enum progress progress = process->role == VG_ROLE_WORKER
					 ? prepare_keys(gateway, process->index, now, &keys)
					 : DONE;
	if (progress == DONE)
		progress = vg_briefing_offer(gateway, process, keys) ? WAITS : FAILED;
	return progress;
}

/* To all of `roles`; *late is one that isn't done. */
static enum progress offer_all(struct vg_gateway *gateway, uint32_t roles, int64_t now,
			       const struct vg_process **late)
{
	enum progress all = DONE;
	for (uint32_t i = 0; i < gateway->table.count; i++) {
		struct vg_process *process = &gateway->table.rows[i];
		if ((roles & VG_ROLE_BIT(process->role)) == 0)
			continue;
		enum progress one = offer_one(gateway, process, now);
		if (one > all) {
			all = one;
			*late = process;
		}
	}
	return all;
}

/* Each worker's new keys become its own; those before end when it lets go of them. */
static void change_keys(struct vg_gateway *gateway, int64_t now)
{
	for (uint32_t i = 0; i < gateway->table.workers; i++) {
		struct vg_process *worker = vg_child_table_get(&gateway->table, VG_ROLE_WORKER, i);
		struct vg_process *own = vg_child_table_keys(&gateway->table, i);
		struct vg_process *ahead = find_ahead(gateway, i);
		if (ahead != NULL && worker->acked == gateway->offered.number) {
			ahead->restarts = own->restarts;
			ahead->ahead = false;
			worker->slot = ahead->slot;
			continue;
		}
		/* There is no worker: the next one needs keys of the new generation. */
		end_keys(own, now);
		if (ahead != NULL)
			end_keys(ahead, now);
	}
}

/* What a sandbox leaves is for good: who needs more for this generation starts anew with it. */
static void renew(struct vg_gateway *gateway, int64_t now)
{
	struct vg_msg_index ms = {.index = RENEW_MS};
	for (uint32_t i = 0; i < gateway->table.count; i++) {
		struct vg_process *process = &gateway->table.rows[i];
		if (!process->renew)
			continue;
		process->renew = false;
		process->state = VG_PROCESS_ENDING;
		process->deadline = now + RENEW_US;
		if (process->chan.fd < 0 || !vg_briefing_tell(process, VG_MSG_DRAIN, &ms, NULL))
			vg_briefing_kill(process, now);
	}
}

static void commit(struct vg_reload *reload, struct vg_gateway *gateway, int64_t now)
{
	struct vg_process *controller = vg_child_table_get(&gateway->table, VG_ROLE_CONTROLLER, 0);
	struct vg_msg_index number = {.index = gateway->offered.number};
	uint8_t before[32];
	char hex[17];
	memcpy(before, gateway->generation.image.header->gen, sizeof(before));
	change_keys(gateway, now);
	vg_held_add(&reload->held, gateway, gateway->generation.number, now);
	vg_generation_close(&gateway->generation);
	gateway->generation = gateway->offered;
	gateway->generation_since = vg_clock_wall();
	gateway->offered = (struct vg_generation){.fd = -1};
	/* Another controller would publish it when it starts. */
	if (vg_process_lives(controller) && controller->chan.fd >= 0 &&
	    !vg_briefing_tell(controller, VG_MSG_PUBLISH, &number, NULL))
		vg_briefing_kill(controller, now);
	vg_hex(hex, gateway->generation.image.header->gen, 8);
	vg_log(VG_LOG_INFO, "reload: generation %llu (%s) serves", (unsigned long long)number.index,
	       hex);
	tell_event(gateway, &reload->now, VG_REASON_POLICY_RELOAD, "", before);
	renew(gateway, now);
	finish(reload, gateway, true, now);
}

/*
 * A worker holds one generation beside the one that it serves by: before it is given another, it
 * must be able to see that the last one is in use. A controller that is away makes us wait.
 */
static bool is_published(const struct vg_gateway *gateway)
{
	const struct vg_control_block *block = vg_control_block_open(gateway->block_map.mem,
								     gateway->block_map.size);
	return block != NULL && vg_control_block_generation(block) == gateway->generation.number;
}

static void advance(struct vg_reload *reload, struct vg_gateway *gateway, int64_t now)
{
	char text[VG_PROCESS_TEXT];
	const struct vg_process *late = NULL;
	enum progress progress = is_published(gateway) ? offer_all(gateway, OFFERED, now, &late)
						       : WAITS;
	if (progress == DONE && reload->step == VG_RELOAD_OFFER)
		reload->step = VG_RELOAD_SINKS;
	if (progress == DONE)
		progress = offer_all(gateway, VG_ROLE_BIT(VG_ROLE_RECORDER), now, &late);
	if (progress == DONE) {
		commit(reload, gateway, now);
		return;
	}
	if (late == NULL)
		late = vg_child_table_get(&gateway->table, VG_ROLE_CONTROLLER, 0);
	vg_process_text(text, late);
	if (progress == FAILED)
		refuse(reload, gateway, now, "%s can't be given the new generation", text);
	else if (reload->deadline <= now)
		refuse(reload, gateway, now, "%s did not take the new generation in time", text);
}

void vg_reload_acked(struct vg_reload *reload, struct vg_gateway *gateway,
		     struct vg_process *process, const struct vg_msg_image_ack *ack, int64_t now)
{
	char text[VG_PROCESS_TEXT];
	if (gateway->offered.fd < 0 || ack->generation != gateway->offered.number ||
	    process->offered != ack->generation)
		return; /* to one that was given up meanwhile */
	if (ack->error == 0 || ack->error == ERESTART) {
		process->acked = ack->generation;
		process->renew = ack->error == ERESTART;
		return;
	}
	vg_process_text(text, process);
	/* It has not taken it: there is nothing to withdraw. */
	process->offered = 0;
	refuse(reload, gateway, now, "%s can't take the new generation: %s", text,
	       strerror(ack->error));
}

void vg_reload_died(struct vg_reload *reload, struct vg_gateway *gateway,
		    const struct vg_process *process, bool keys_lost, int64_t now)
{
	if (process->role == VG_ROLE_CONTROLLER)
		reload->now.answered = reload->next.answered = false;
	if (process->role == VG_ROLE_WORKER)
		vg_held_let_go(&reload->held, gateway, process->index, 0, now);
	if (!keys_lost || gateway->offered.fd < 0)
		return;
	if (reload->words.faulty != NULL)
		give_up(reload, gateway, reload->words.fault, now);
	else
		refuse(reload, gateway, now, "no keys for worker %u: the gateway's log says why",
		       process->index);
}

void vg_reload_let_go(struct vg_reload *reload, struct vg_gateway *gateway,
		      const struct vg_process *worker, uint64_t number, int64_t now)
{
	vg_held_let_go(&reload->held, gateway, worker->index, number, now);
}

void vg_reload_fault(struct vg_reload *reload, const struct vg_process *keys,
		     const struct vg_msg_fault *fault)
{
	if (keys->ahead)
		vg_words_fault(&reload->words, keys, fault);
}

void vg_reload_turn(struct vg_reload *reload, struct vg_gateway *gateway, int64_t now)
{
	/* While one is carried out, what changed may be in it already. */
	if (reload->step == VG_RELOAD_IDLE &&
	    vg_watch_turn(&reload->watch, &gateway->generation.image, now))
		vg_reload_ask(
			reload, gateway,
			&(struct vg_reload_wish){.there = true, .renewal = true, .actor = "watch"});
	if (reload->step == VG_RELOAD_COMPILE && reload->deadline <= now) {
		vg_log(VG_LOG_ERROR, "the compiler doesn't end: killed");
		(void)kill(reload->compile.pid, SIGKILL);
		reload->deadline = now + AGAIN_US;
	}
	if (reload->step == VG_RELOAD_OFFER || reload->step == VG_RELOAD_SINKS)
		advance(reload, gateway, now);
	vg_held_turn(&reload->held, gateway, now);
	if (reload->step == VG_RELOAD_IDLE && reload->next.there)
		begin(reload, gateway, now);
}

void vg_reload_stop(struct vg_reload *reload, struct vg_gateway *gateway, int64_t now)
{
	reload->next.there = false;
	reload->held = (struct vg_held){0}; /* the broker ends with the workers */
	reload->watch.due = 0;
	if (reload->step == VG_RELOAD_IDLE)
		return;
	if (reload->compile.pid > 0) {
		(void)kill(reload->compile.pid, SIGKILL);
		vg_fd_close(&reload->compile.image_fd);
		reload->compile.pid = 0;
	}
	refuse(reload, gateway, now, "the gateway ends");
}
