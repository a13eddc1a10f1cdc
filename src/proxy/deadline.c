#include "proxy/deadline.h"

#include "proxy/client.h"
#include "proxy/ctx.h"
#include "proxy/generation.h"
#include "proxy/origin.h"

#define SPAN_MS 10000      /* of a vendor's own time: over it body_rate is measured */
#define DIAL_SLACK_MS 1000 /* the broker keeps the time; this is for a broker that doesn't */

static const struct vg_img_gateway *gateway_of(const struct vg_exchange *x)
{
	return x->client->generation->gateway;
}

static const struct vg_img_service *service_of(const struct vg_exchange *x)
{
	return &vg_img_services(&x->client->generation->image)[x->service];
}

static const struct vg_img_rule *rule_of(const struct vg_exchange *x)
{
	return &vg_img_rules(&x->client->generation->image)[x->rule];
}

/* What is left of `all` milliseconds since then. */
static uint64_t left_of(struct vg_exchange *x, uint64_t all, int64_t since)
{
	uint64_t spent = (uint64_t)(vg_loop_monotonic(&x->worker->loop) - since) / 1000;
	return spent < all ? all - spent : 0;
}

/* Until the moment, and never before it. */
static uint64_t ms_until(int64_t at, int64_t now)
{
	return at > now ? (uint64_t)(at - now + 999) / 1000 : 0;
}

/* Sets the timer to what comes first of all that bounds it. A refusal has nothing to lose. */
static void set_timer(struct vg_exchange *x)
{
	uint64_t ms = ms_until(x->state_at, vg_loop_monotonic(&x->worker->loop));
	uint64_t whole = left_of(x, gateway_of(x)->request_timeout_ms, x->began);
	x->due = VG_DUE_STATE;
	if (!x->overdue && whole <= ms) {
		x->due = VG_DUE_WHOLE;
		ms = whole;
	}
	if (x->reason == VG_REASON_ACCESS_ALLOWED && x->until != INT64_MAX) {
		uint64_t term = ms_until(x->until, vg_loop_wall(&x->worker->loop));
		if (term <= ms)
			x->due = VG_DUE_TERM;
		ms = term <= ms ? term : ms;
	}
	vg_loop_arm(&x->deadline, ms);
}

static void arm(struct vg_exchange *x, uint64_t ms)
{
	x->state_at = vg_loop_monotonic(&x->worker->loop) + (int64_t)ms * 1000;
	set_timer(x);
}

void vg_deadline_begin(struct vg_exchange *x, enum vg_deadline deadline)
{
	x->turn = VG_TURN_NOBODY;
	x->pace_spent = -1;
	switch (deadline) {
	case VG_DEADLINE_CONNECT:
		arm(x, (uint64_t)service_of(x)->connect_timeout_ms + DIAL_SLACK_MS);
		return;
	case VG_DEADLINE_HANDSHAKE:
		arm(x, left_of(x, service_of(x)->connect_timeout_ms, x->dial_began));
		return;
	case VG_DEADLINE_RESPONSE:
		arm(x, rule_of(x)->response_timeout_ms);
		return;
	case VG_DEADLINE_NONE:
	case VG_DEADLINE_STALL:
	default:
		(void)evtimer_del(&x->deadline);
	}
}

static enum vg_turn whose_turn(const struct vg_exchange *x)
{
	bool vendors = x->state == VG_STATE_BODY ? x->origin->out.len == 0
						 : x->wire->stuck(x->codec);
	return vendors ? VG_TURN_VENDOR : VG_TURN_UPSTREAM;
}

static uint64_t vendor_moved(const struct vg_exchange *x)
{
	return x->wire->moved(x->codec, x->state == VG_STATE_BODY);
}

/* Counts up with all that it takes, or gives. */
static uint64_t upstream_moved(const struct vg_exchange *x)
{
	return x->state == VG_STATE_BODY ? x->req_bytes - x->origin->out.len : x->res_bytes;
}

/* Where no pace is asked for, the vendor may pause as long as an upstream. */
static uint64_t span_ms(const struct vg_exchange *x)
{
	return gateway_of(x)->body_rate > 0 ? SPAN_MS : gateway_of(x)->idle_timeout_ms;
}

static uint64_t span_bytes(const struct vg_exchange *x)
{
	return gateway_of(x)->body_rate > 0 ? gateway_of(x)->body_rate * (SPAN_MS / 1000) : 1;
}

static void begin_turn(struct vg_exchange *x)
{
	x->turn_since = vg_loop_monotonic(&x->worker->loop);
	if (x->pace_spent < 0) {
		x->pace_spent = 0;
		x->pace_from = vendor_moved(x);
	}
	arm(x, left_of(x, span_ms(x), x->turn_since - x->pace_spent));
}

static void end_turn(struct vg_exchange *x)
{
	if (x->turn == VG_TURN_VENDOR)
		x->pace_spent += vg_loop_monotonic(&x->worker->loop) - x->turn_since;
}

void vg_deadline_waits(struct vg_exchange *x)
{
	enum vg_turn turn = whose_turn(x);
	if (turn == VG_TURN_VENDOR && x->turn != VG_TURN_VENDOR) {
		begin_turn(x);
	} else if (turn == VG_TURN_UPSTREAM) {
		uint64_t moved = upstream_moved(x);
		if (x->turn != VG_TURN_UPSTREAM || moved != x->upstream_at)
			arm(x, gateway_of(x)->idle_timeout_ms);
		end_turn(x);
		x->upstream_at = moved;
	}
	x->turn = turn;
}

/* A refusal that isn't taken stays what it was. */
static enum vg_state too_slow(struct vg_exchange *x, const char *constraint)
{
	if (!x->answered || x->reason == VG_REASON_ACCESS_ALLOWED)
		return vg_exchange_fail(x, VG_REASON_HTTP_TOO_SLOW, constraint);
	x->wire->cut(x->codec);
	return VG_STATE_DONE;
}

/* Too little has moved, or nothing. */
static enum vg_state stalled(struct vg_exchange *x)
{
	if (x->turn == VG_TURN_UPSTREAM)
		return vg_exchange_fail(x, VG_REASON_UPSTREAM_TIMEOUT, "stalled in its answer");
	if (vendor_moved(x) - x->pace_from < span_bytes(x))
		return too_slow(x, x->state == VG_STATE_BODY ? "request body" : "answer not taken");
	x->pace_spent = -1;
	begin_turn(x);
	return VG_STATE_STAY;
}

/* All of request_timeout is gone. */
static enum vg_state overdue(struct vg_exchange *x, enum vg_deadline deadline)
{
	x->overdue = true;
	if (deadline == VG_DEADLINE_STALL && whose_turn(x) == VG_TURN_VENDOR)
		return too_slow(x, "request_timeout");
	return vg_exchange_fail(x, VG_REASON_UPSTREAM_TIMEOUT, "request_timeout");
}

/* An hour, or a contract, may have ended: then the exchange does, too. */
static enum vg_state judge_again(struct vg_exchange *x)
{
	struct vg_term term = vg_decide_again(&x->client->generation->image, x->client->vendor,
					      x->rule, vg_loop_wall(&x->worker->loop));
	x->until = term.until;
	if (term.reason == VG_REASON_NONE) {
		set_timer(x);
		return VG_STATE_STAY;
	}
	x->step = term.step;
	return vg_exchange_fail(x, term.reason, "while it ran");
}

enum vg_state vg_deadline_passed(struct vg_exchange *x, enum vg_deadline deadline)
{
	if (x->due == VG_DUE_TERM)
		return judge_again(x);
	if (x->due == VG_DUE_WHOLE)
		return overdue(x, deadline);
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
