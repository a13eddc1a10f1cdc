#include "proxy/deadline.h"

#include "proxy/client.h"
#include "proxy/ctx.h"
#include "proxy/generation.h"
#include "proxy/origin.h"

#define PACE_MS 10000 /* a vendor sends or takes at least so many bytes in each such span */
#define PACE_BYTES 10240
#define DIAL_SLACK_MS 1000 /* the broker keeps the time; this is for a broker that doesn't */

static const struct vg_img_service *service_of(const struct vg_exchange *x)
{
	return &vg_img_services(&x->client->generation->image)[x->service];
}

static const struct vg_img_rule *rule_of(const struct vg_exchange *x)
{
	return &vg_img_rules(&x->client->generation->image)[x->rule];
}

static uint64_t handshake_ms(const struct vg_exchange *x)
{
	int64_t spent = (vg_loop_monotonic(&x->worker->loop) - x->dial_began) / 1000;
	int64_t all = service_of(x)->connect_timeout_ms;
	return spent < all ? (uint64_t)(all - spent) : 0;
}

void vg_deadline_begin(struct vg_exchange *x, enum vg_deadline deadline)
{
	x->pace_since = 0;
	switch (deadline) {
	case VG_DEADLINE_CONNECT:
		vg_loop_arm(&x->deadline,
			    (uint64_t)service_of(x)->connect_timeout_ms + DIAL_SLACK_MS);
		return;
	case VG_DEADLINE_HANDSHAKE:
		vg_loop_arm(&x->deadline, handshake_ms(x));
		return;
	case VG_DEADLINE_RESPONSE:
		vg_loop_arm(&x->deadline, rule_of(x)->response_timeout_ms);
		return;
	case VG_DEADLINE_NONE:
	case VG_DEADLINE_STALL:
	default:
		(void)evtimer_del(&x->deadline);
	}
}

/* Who holds things up: the vendor, or the upstream. */
static bool vendor_owes(const struct vg_exchange *x)
{
	if (x->state == VG_STATE_BODY)
		return x->origin->out.len == 0;
	return x->state == VG_STATE_DRAIN || x->origin->in.len > 0;
}

static uint64_t vendor_moved(const struct vg_exchange *x)
{
	return x->state == VG_STATE_BODY ? x->req_bytes : x->wire->sent(x->codec);
}

static void begin_pace(struct vg_exchange *x)
{
	x->pace_since = vg_loop_monotonic(&x->worker->loop);
	x->pace_from = vendor_moved(x);
}

void vg_deadline_moved(struct vg_exchange *x)
{
	bool owes = vendor_owes(x);
	if (x->pace_since == 0 || owes != x->owes)
		begin_pace(x);
	x->owes = owes;
	int64_t waited = (vg_loop_monotonic(&x->worker->loop) - x->pace_since) / 1000;
	if (!owes)
		vg_loop_arm(&x->deadline, x->client->generation->gateway->idle_timeout_ms);
	else
		vg_loop_arm(&x->deadline, waited < PACE_MS ? (uint64_t)(PACE_MS - waited) : 0);
}

/* The upstream hasn't moved, or the vendor too little: whoever owes something. */
static enum vg_state stalled(struct vg_exchange *x)
{
	if (x->owes && vendor_moved(x) - x->pace_from >= PACE_BYTES) {
		begin_pace(x);
		return VG_STATE_STAY;
	}
	if (!x->owes)
		return vg_exchange_fail(x, VG_REASON_UPSTREAM_TIMEOUT, "stalled in its answer");
	if (x->state == VG_STATE_BODY)
		return vg_exchange_fail(x, VG_REASON_HTTP_TOO_SLOW, "request body");
	/* What was decided stays; the event says that the vendor didn't take it. */
	if (x->reason == VG_REASON_ACCESS_ALLOWED)
		x->constraint = VG_SLICE("client stalled");
	x->wire->cut(x->codec);
	return VG_STATE_DONE;
}

enum vg_state vg_deadline_passed(struct vg_exchange *x, enum vg_deadline deadline)
{
	switch (deadline) {
	case VG_DEADLINE_CONNECT:
		return vg_exchange_fail(x, VG_REASON_UPSTREAM_CONNECT, "timed out");
	case VG_DEADLINE_HANDSHAKE:
		return vg_exchange_fail(x, VG_REASON_UPSTREAM_TLS, "timed out");
	case VG_DEADLINE_RESPONSE:
		return vg_exchange_fail(x, VG_REASON_UPSTREAM_TIMEOUT, "no answer in time");
	case VG_DEADLINE_STALL:
		return stalled(x);
	case VG_DEADLINE_NONE:
	default:
		return VG_STATE_STAY;
	}
}
