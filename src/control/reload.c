/* reload [REF]: asks the supervisor for a new generation, and waits for what it comes to. */
#include "config.h"

#include "control/command.h"

#include <inttypes.h>

#include "base/text.h"
#include "sys/log.h"

#define TEXT_MAX ((size_t)1 << 18) /* of the compiler's words */

/* It goes into events and is shown to people: one line of text. */
static bool is_ref(struct vg_slice ref)
{
	for (size_t i = 0; i < ref.len; i++)
		if ((unsigned char)ref.ptr[i] < ' ' || ref.ptr[i] == 0x7f)
			return false;
	return ref.len < VG_REF_MAX && vg_is_utf8(ref);
}

void vg_control_reload(struct vg_controller *controller, struct vg_client *client,
		       const struct vg_request *request, struct vg_answer *answer)
{
	struct vg_msg_reload message = {.id = ++controller->last_id};
	struct vg_slice ref = request->argument_count > 0 ? request->arguments[0] : VG_SLICE_EMPTY;
	if (message.id == 0)
		message.id = ++controller->last_id;
	if (!is_ref(ref)) {
		answer->status = VG_ANSWER_WRONG;
		vg_answer_put(answer, "a ref is one line of text, up to %d bytes\n",
			      VG_REF_MAX - 1);
		return;
	}
	memcpy(message.ref, ref.ptr, ref.len);
	vg_users_actor(&controller->users, client->uid, message.actor);
	if (vg_chan_send(&controller->child.supervisor, VG_MSG_RELOAD, &message, NULL) ==
	    VG_CHAN_OK) {
		client->waits = message.id;
		return;
	}
	answer->status = VG_ANSWER_REFUSED;
	vg_answer_put(answer, "the supervisor takes no more\n");
}

/* Lines of text as an array of strings. */
static void put_lines(struct vg_answer *answer, struct vg_slice text)
{
	struct vg_slice line;
	const char *comma = "";
	while (vg_slice_cut(&text, '\n', &line)) {
		if (line.len == 0)
			continue;
		vg_answer_put(answer, "%s", comma);
		vg_answer_put_json(answer, line);
		comma = ",";
	}
}

static void put_answer(struct vg_answer *answer, const struct vg_controller *controller,
		       const struct vg_msg_reloaded *reloaded, struct vg_slice text, bool json)
{
	char gen[65];
	vg_hex(gen, controller->child.image.header->gen,
	       sizeof(controller->child.image.header->gen));
	answer->status = reloaded->ok != 0 ? VG_ANSWER_OK : VG_ANSWER_REFUSED;
	if (json) {
		vg_answer_put(answer,
			      "{\"reloaded\":%s,\"generation\":%" PRIu64
			      ",\"gen\":\"%s\",\"text\":[",
			      reloaded->ok != 0 ? "true" : "false", reloaded->generation, gen);
		put_lines(answer, text);
		vg_answer_put(answer, "]}\n");
		return;
	}
	vg_answer_put_text(answer, text);
	vg_answer_put(answer,
		      reloaded->ok != 0 ? "generation %" PRIu64 " (%.16s) serves\n"
					: "refused: generation %" PRIu64 " (%.16s) serves on\n",
		      reloaded->generation, gen);
}

static struct vg_client *find_waiting(struct vg_controller *controller, uint64_t id)
{
	for (size_t i = 0; i < VG_CLIENTS_MAX; i++) {
		struct vg_client *client = &controller->clients.rows[i];
		if (client->fd >= 0 && client->waits == id)
			return client;
	}
	return NULL;
}

void vg_control_reloaded(struct vg_controller *controller, const struct vg_msg *msg)
{
	struct vg_answer answer;
	struct vg_map map = {0};
	struct vg_client *client = find_waiting(controller, msg->reloaded.id);
	if (client == NULL)
		return; /* it didn't wait */
	vg_answer_init(&answer);
	/* An empty memfd can't be mapped, and says nothing. */
	bool any = vg_shm_map(&map, msg->fds[0], false);
	put_answer(&answer, controller, &msg->reloaded,
		   any ? vg_slice_first(vg_slice(map.mem, map.size), TEXT_MAX) : VG_SLICE_EMPTY,
		   client->json);
	vg_shm_unmap(&map);
	vg_client_answer(client, &answer);
}
