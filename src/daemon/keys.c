#include <errno.h>
#include <poll.h>
#include <stdlib.h>

#include "net/child.h"
#include "sys/log.h"
#include "sys/sandbox.h"
#include "tls/keys.h"
#include "tls/secrets.h"

/* False where the worker's channel is over. */
static bool serve(struct vg_keys *keys, struct vg_chan *worker)
{
	struct vg_msg msg;
	enum vg_chan_status status = vg_chan_recv(worker, &msg);
	if (status == VG_CHAN_BAD)
		vg_log(VG_LOG_ERROR, "the worker said what it may not say");
	if (status != VG_CHAN_OK)
		return false;
	struct vg_msg_signed out;
	vg_keys_sign(keys, &msg.sign, &out);
	vg_msg_close(&msg);
	if (out.length == 0)
		vg_log(VG_LOG_WARNING, "a signature was refused");
	return vg_chan_send(worker, VG_MSG_SIGNED, &out, NULL) == VG_CHAN_OK;
}

/* Its words (to drain, say) don't matter here: the worker's end is the end. */
static bool hear(struct vg_chan *supervisor)
{
	struct vg_msg msg;
	bool there = vg_chan_recv(supervisor, &msg) == VG_CHAN_OK;
	if (there)
		vg_msg_close(&msg);
	return there;
}

static void loop(struct vg_keys *keys, struct vg_chan *worker, struct vg_chan *supervisor)
{
	struct pollfd fds[2] = {{worker->fd, POLLIN, 0}, {supervisor->fd, POLLIN, 0}};
	bool on = true;

	while (on) {
		int ready = poll(fds, 2, -1);
		if (ready < 0 && errno == EINTR)
			continue;
		on = ready > 0;
		if (on && fds[0].revents != 0)
			on = serve(keys, worker);
		if (on && fds[1].revents != 0)
			on = hear(supervisor);
	}
}

int main(void)
{
	struct vg_child child;
	if (!vg_child_start(&child, VG_ROLE_KEYS))
		return EXIT_FAILURE;
	struct vg_chan *worker = vg_child_peer(&child, VG_ROLE_WORKER);
	if (worker == NULL) {
		vg_log(VG_LOG_ERROR, "there is no worker to sign for");
		return EXIT_FAILURE;
	}
	/* Both tell all that is wrong. */
	struct vg_keys *keys = vg_keys_open(&child.image, &child.supervisor);
	bool good = vg_secrets_send(&child.image, worker, &child.supervisor);
	good = good && keys != NULL && vg_sandbox_become(child.hello.user) &&
	       vg_sandbox_enter(VG_ROLE_KEYS, NULL) && vg_child_ready(&child);
	if (good)
		loop(keys, worker, &child.supervisor);
	vg_keys_free(&keys);
	return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
