#include "proxy/dials.h"

#include <errno.h>

#include "proxy/ctx.h"
#include "proxy/exchange.h"
#include "proxy/generation.h"
#include "proxy/health.h"
#include "proxy/origin.h"
#include "sys/file.h"
#include "sys/log.h"

/* The dial's row is its id modulo VG_DIALS, so that answers are found at once. */
static struct vg_dial *find(struct vg_dials *dials, uint64_t id)
{
	struct vg_dial *dial = &dials->rows[id % VG_DIALS];
	return id != 0 && dial->id == id ? dial : NULL;
}

static struct vg_dial *find_free(struct vg_dials *dials)
{
	for (uint32_t i = 0; i < VG_DIALS; i++) {
		uint32_t at = (dials->next + i) % VG_DIALS;
		if (dials->rows[at].id != 0)
			continue;
		dials->next = at + 1;
		dials->rows[at].id = ++dials->seq * VG_DIALS + at;
		return &dials->rows[at];
	}
	return NULL;
}

static bool ask(struct vg_dials *dials, const struct vg_generation *generation, uint64_t id,
		uint32_t upstream)
{
	if (dials->dialer != NULL)
		return dials->dialer->dial(dials->dialer->arg, id, upstream);
	if (dials->broker == NULL)
		return false;
	struct vg_msg_dial msg = {.id = id, .generation = generation->number, .upstream = upstream};
	return vg_chan_send(dials->broker, VG_MSG_DIAL, &msg, NULL) == VG_CHAN_OK;
}

static struct vg_dial *begin(struct vg_dials *dials, struct vg_generation *generation,
			     uint32_t upstream)
{
	struct vg_dial *dial = find_free(dials);
	if (dial == NULL)
		return NULL;
	if (!ask(dials, generation, dial->id, upstream)) {
		dial->id = 0;
		return NULL;
	}
	dial->generation = vg_generation_ref(generation);
	dial->upstream = upstream;
	return dial;
}

bool vg_dials_begin(struct vg_dials *dials, struct vg_exchange *exchange,
		    struct vg_generation *generation, uint32_t upstream)
{
	struct vg_dial *dial = begin(dials, generation, upstream);
	if (dial != NULL)
		dial->exchange = exchange;
	return dial != NULL;
}

bool vg_dials_begin_check(struct vg_dials *dials, struct vg_check *check,
			  struct vg_generation *generation, uint32_t upstream)
{
	struct vg_dial *dial = begin(dials, generation, upstream);
	if (dial != NULL)
		dial->check = check;
	return dial != NULL;
}

void vg_dials_forget(struct vg_dials *dials, struct vg_exchange *exchange)
{
	for (uint32_t i = 0; i < VG_DIALS; i++) {
		struct vg_dial *dial = &dials->rows[i];
		if (dial->exchange != exchange)
			continue;
		dial->exchange = NULL;
		dial->generation->pool.rows[dial->upstream].busy--;
	}
}

/* A dial that nobody waits for any more gives a connection that rests. */
static void hand_over(struct vg_dial *dial, struct vg_origin *origin,
		      const struct vg_msg_dialed *answer)
{
	struct vg_dial done = *dial;
	*dial = (struct vg_dial){0};
	int error = origin == NULL && answer->error == 0 ? ENOMEM : answer->error;
	if (done.check != NULL)
		vg_check_dialed(done.check, origin, error);
	else
		vg_pool_arrived(&done.generation->pool, done.upstream, origin, done.exchange);
	if (done.exchange != NULL)
		vg_exchange_dialed(done.exchange, origin, error,
				   answer->tried != 0 ? &answer->addr : NULL);
	vg_generation_unref(&done.generation);
}

static void dialed(struct vg_dial *dial, int fd, const struct vg_msg_dialed *answer)
{
	struct vg_origin *origin = fd < 0 ? NULL
					  : vg_origin_new(dial->generation, fd, dial->upstream,
							  &answer->addr);
	hand_over(dial, origin, answer);
}

struct vg_generation *vg_dials_generation(struct vg_dials *dials, uint64_t id)
{
	struct vg_dial *dial = find(dials, id);
	VG_ASSERT(dial != NULL);
	return dial->generation;
}

void vg_dials_answer(struct vg_dials *dials, uint64_t id, struct vg_origin *origin, int error)
{
	struct vg_dial *dial = find(dials, id);
	const struct vg_msg_dialed answer = {.id = id, .error = error};
	VG_ASSERT(dial != NULL);
	hand_over(dial, origin, &answer);
}

static void lose_broker(struct vg_dials *dials)
{
	vg_log(VG_LOG_WARNING, "the broker is gone: only connections that rest can be used");
	(void)event_del(&dials->from_broker);
	vg_chan_close(dials->broker);
	dials->broker = NULL;
	const struct vg_msg_dialed lost = {.error = EPIPE};
	for (uint32_t i = 0; i < VG_DIALS; i++)
		if (dials->rows[i].id != 0)
			dialed(&dials->rows[i], -1, &lost);
}

static void on_broker(evutil_socket_t fd VG_UNUSED, short what VG_UNUSED, void *arg)
{
	struct vg_dials *dials = arg;
	struct vg_msg msg;
	enum vg_chan_status status;
	while ((status = vg_chan_recv(dials->broker, &msg)) == VG_CHAN_OK) {
		struct vg_dial *dial = find(dials, msg.dialed.id);
		if (dial == NULL) {
			vg_msg_close(&msg);
			continue;
		}
		dialed(dial, msg.type == VG_MSG_DIALED ? msg.fds[0] : -1, &msg.dialed);
		if (dials->broker == NULL)
			return;
	}
	if (status != VG_CHAN_AGAIN)
		lose_broker(dials);
}

void vg_dials_broker(struct vg_dials *dials, struct vg_chan *broker)
{
	if (dials->broker != NULL)
		lose_broker(dials);
	if (broker == NULL || !vg_fd_nonblocking(broker->fd))
		return;
	dials->broker = broker;
	VG_ASSERT(event_assign(&dials->from_broker, dials->worker->loop.base, broker->fd,
			       EV_READ | EV_PERSIST, on_broker, dials) == 0);
	VG_ASSERT(event_add(&dials->from_broker, NULL) == 0);
}

void vg_dials_init(struct vg_dials *dials, struct vg_worker *worker)
{
	*dials = (struct vg_dials){.worker = worker};
}

void vg_dials_fini(struct vg_dials *dials)
{
	if (dials->broker != NULL) {
		(void)event_del(&dials->from_broker);
		vg_chan_close(dials->broker);
		dials->broker = NULL;
	}
	for (uint32_t i = 0; i < VG_DIALS; i++)
		vg_generation_unref(&dials->rows[i].generation);
}
