#include "proxy/exchange.h"

#include <stdlib.h>

#include "proxy/admit.h"
#include "proxy/answer.h"
#include "proxy/client.h"
#include "proxy/ctx.h"
#include "proxy/deadline.h"
#include "proxy/generation.h"
#include "proxy/origin.h"
#include "proxy/reach.h"
#include "proxy/tell.h"

#define ARENA_MAX ((size_t)262144)
#define REQUEST_MAX ((size_t)81920) /* a head as it goes upstream */
#define SPARES 64
#define REFUSE_STATUS_CLOSES(status) ((status) != 403 && (status) != 502 && (status) != 504)

static void drop_origin(struct vg_exchange *x, bool reusable)
{
	if (x->origin != NULL)
		vg_pool_put(&x->client->generation->pool, &x->origin, reusable);
}

static void forget_dial(struct vg_exchange *x)
{
	if (x->dialling)
		vg_dials_forget(&x->worker->dials, x);
	x->dialling = false;
}

enum vg_state vg_exchange_fail(struct vg_exchange *x, enum vg_reason reason, const char *constraint)
{
	x->reason = reason;
	if (constraint != NULL)
		x->constraint = vg_slice_str(constraint);
	if (!x->answered)
		return VG_STATE_REFUSE;
	x->wire->cut(x->codec);
	return VG_STATE_DONE;
}

static enum vg_state enter_read_head(struct vg_exchange *x VG_UNUSED)
{
	return VG_STATE_STAY;
}

static enum vg_state enter_admit(struct vg_exchange *x)
{
	enum vg_reason reason = vg_admit(x, x->head, x->malformed);
	x->reason = reason;
	if (reason != VG_REASON_ACCESS_ALLOWED)
		return VG_STATE_REFUSE;
	vg_tell_judged(x);
	return VG_STATE_DIAL;
}

/* The connection had rested too long: nothing has left, so another one is tried, once. */
static enum vg_state retry_or_fail(struct vg_exchange *x)
{
	struct vg_origin *origin = x->origin;
	if (origin->reused && !origin->wrote && !x->retried) {
		x->retried = true;
		struct vg_buf request = origin->out;
		origin->out = x->request;
		x->request = request;
		return VG_STATE_DIAL;
	}
	const char *alert = vg_origin_alert(origin);
	if (alert != NULL)
		return vg_exchange_fail(x, VG_REASON_UPSTREAM_TLS, alert);
	return vg_exchange_fail(x, VG_REASON_UPSTREAM_CLOSED, "closed before its answer");
}

static enum vg_state enter_send_head(struct vg_exchange *x)
{
	struct vg_origin *origin = x->origin;
	struct vg_buf empty = origin->out;
	origin->out = x->request;
	x->request = empty;
	if (!vg_origin_flush(origin))
		return retry_or_fail(x);
	x->sent = vg_loop_monotonic(&x->worker->loop);
	return x->req_whole ? VG_STATE_WAIT_RESPONSE : VG_STATE_BODY;
}

static enum vg_state enter_body(struct vg_exchange *x)
{
	vg_origin_watch(x->origin, true);
	if (x->expects && !x->wire->go_on(x->codec))
		return vg_exchange_fail(x, VG_REASON_GATEWAY_ERROR, "memory");
	x->expects = false;
	return VG_STATE_STAY;
}

static enum vg_state enter_wait_response(struct vg_exchange *x)
{
	vg_origin_watch(x->origin, true);
	return VG_STATE_STAY;
}

/* The answer goes on, as far as both sides let it. */
static enum vg_state respond(struct vg_exchange *x, enum vg_answer answer)
{
	switch (answer) {
	case VG_ANSWER_WHOLE:
		drop_origin(x, x->origin_reusable && x->req_whole);
		if (!x->wire->end(x->codec))
			return vg_exchange_fail(x, VG_REASON_GATEWAY_ERROR, "memory");
		return VG_STATE_DRAIN;
	case VG_ANSWER_MORE:
		vg_origin_watch(x->origin, x->origin->in.len == 0);
		return VG_STATE_STAY;
	case VG_ANSWER_BAD:
		return vg_exchange_fail(x, x->reason, NULL);
	case VG_ANSWER_BEGUN:
	case VG_ANSWER_STATUS:
	case VG_ANSWER_STUCK:
	default:
		return vg_exchange_fail(x, VG_REASON_GATEWAY_ERROR, "memory");
	}
}

static enum vg_state enter_respond(struct vg_exchange *x)
{
	/* An answer before the request's end: what is left of the request is not sent. */
	x->reusable = x->req_whole;
	return respond(x, vg_answer_body(x));
}

/* Allowed, and yet here: of the upstream's answer only the status may pass. */
static bool is_status(const struct vg_exchange *x)
{
	return x->reason == VG_REASON_ACCESS_ALLOWED;
}

static bool is_hidden(const struct vg_exchange *x)
{
	if (is_status(x) && x->upstream_status != 404)
		return false;
	return vg_answer_hides(x) &&
	       vg_slice_starts(vg_slice_str(vg_reason_row(x->reason)->word), VG_SLICE("access."));
}

static unsigned refusal_status(const struct vg_exchange *x)
{
	if (is_hidden(x))
		return 404;
	return is_status(x) ? x->upstream_status : vg_reason_row(x->reason)->status;
}

/* The vendor's connection, after a refusal. */
static bool is_reusable(const struct vg_exchange *x)
{
	/* Of what is hidden nobody reads a body, so that it shows nothing whether somebody would. */
	if (is_hidden(x))
		return x->bodyless;
	return x->req_whole && (is_status(x) || !REFUSE_STATUS_CLOSES(x->status));
}

static enum vg_state enter_refuse(struct vg_exchange *x)
{
	drop_origin(x, false);
	forget_dial(x);
	x->status = refusal_status(x);
	x->reusable = is_reusable(x);
	if (is_hidden(x) && x->expects && !x->wire->go_on(x->codec))
		x->reusable = false;
	struct vg_http_problem problem = {.status = x->status,
					  .request_id = x->id,
					  .close = !x->reusable,
					  .to_head = x->asked.head};
	if (!x->wire->problem(x->codec, &problem)) {
		x->wire->cut(x->codec);
		return VG_STATE_DONE;
	}
	x->answered = true;
	return VG_STATE_DRAIN;
}

static enum vg_state enter_drain(struct vg_exchange *x VG_UNUSED)
{
	return VG_STATE_STAY;
}

static void free_now(void *object)
{
	struct vg_exchange *x = object;
	struct vg_worker *worker = x->worker;
	if (worker->spare_count >= SPARES) {
		vg_arena_fini(&x->arena);
		vg_buf_fini(&x->request);
		free(x);
		return;
	}
	vg_arena_reset(&x->arena);
	vg_buf_fini(&x->request);
	x->next_spare = worker->spare;
	worker->spare = x;
	worker->spare_count++;
}

static enum vg_state enter_done(struct vg_exchange *x)
{
	(void)evtimer_del(&x->deadline);
	drop_origin(x, false);
	forget_dial(x);
	vg_tell_end(x);
	vg_loop_rest(&x->worker->loop, &x->resting, x, free_now);
	x->wire->done(x->codec, x->reusable);
	return VG_STATE_STAY;
}

#define S(state) (UINT32_C(1) << VG_STATE_##state)

static const struct {
	const char *word;
	enum vg_state (*enter)(struct vg_exchange *x);
	uint32_t successors;
	enum vg_deadline deadline;
} rows[VG_STATE_COUNT] = {
#define VG_STATE(NAME, word, enter, successors, deadline)                                          \
	[VG_STATE_##NAME] = {word, enter, successors, VG_DEADLINE_##deadline},
#include "proxy/exchange.def"
#undef VG_STATE
};

const char *vg_state_word(enum vg_state state)
{
	return state < VG_STATE_COUNT ? rows[state].word : "";
}

/* The one function that moves an exchange. */
static void go(struct vg_exchange *x, enum vg_state next)
{
	while (next != VG_STATE_STAY) {
		VG_ASSERT(next < VG_STATE_COUNT);
		VG_ASSERT((rows[x->state].successors & (UINT32_C(1) << next)) != 0);
		x->state = next;
		if (next != VG_STATE_DONE)
			vg_deadline_begin(x, rows[next].deadline);
		next = rows[next].enter(x);
	}
}

/* For what comes from elsewhere than the codec: it has to hear that there is something to do. */
static void go_and_kick(struct vg_exchange *x, enum vg_state next)
{
	const struct vg_wire_ops *wire = x->wire;
	void *codec = x->codec;
	go(x, next);
	wire->kick(codec);
}

static void on_deadline(evutil_socket_t fd VG_UNUSED, short what VG_UNUSED, void *arg)
{
	struct vg_exchange *x = arg;
	go_and_kick(x, vg_deadline_passed(x, rows[x->state].deadline));
}

static struct vg_exchange *take_spare(struct vg_worker *worker)
{
	struct vg_exchange *x = worker->spare;
	if (x == NULL)
		return malloc(sizeof(*x));
	worker->spare = x->next_spare;
	worker->spare_count--;
	return x;
}

struct vg_exchange *vg_exchange_new(struct vg_worker *worker, const struct vg_wire_ops *wire,
				    void *codec, const struct vg_client *client)
{
	bool used = worker->spare != NULL;
	struct vg_exchange *x = take_spare(worker);
	if (x == NULL) {
		worker->untold++;
		return NULL;
	}
	struct vg_arena arena = used ? x->arena : (struct vg_arena){.max = ARENA_MAX};
	*x = (struct vg_exchange){
		.worker = worker,
		.wire = wire,
		.codec = codec,
		.client = client,
		.arena = arena,
		.state = VG_STATE_READ_HEAD,
		.slot = VG_NO_SLOT,
		.step = VG_STEP_COUNT,
		.service = VG_NO_ROW,
		.rule = VG_NO_ROW,
		.upstream = VG_NO_ROW,
		.began = vg_loop_monotonic(&worker->loop),
	};
	vg_buf_init(&x->request, REQUEST_MAX);
	vg_ids_next(&worker->ids, vg_loop_wall(&worker->loop), x->id);
	VG_ASSERT(evtimer_assign(&x->deadline, worker->loop.base, on_deadline, x) == 0);
	return x;
}

void vg_exchange_free_spare(struct vg_worker *worker)
{
	while (worker->spare != NULL) {
		struct vg_exchange *x = take_spare(worker);
		vg_arena_fini(&x->arena);
		free(x);
	}
}

void vg_exchange_head(struct vg_exchange *x, const struct vg_http_head *head)
{
	x->head = head;
	x->malformed = vg_admit_read(x, head);
	if (vg_tell_begin(x))
		go(x, VG_STATE_ADMIT);
	else
		go(x, vg_exchange_fail(x, VG_REASON_TELEMETRY_FULL, NULL));
	x->head = NULL;
}

void vg_exchange_refuse(struct vg_exchange *x, enum vg_reason reason, const char *fault,
			const struct vg_http_head *head, struct vg_slice raw)
{
	vg_admit_raw(x, head, raw);
	if (!vg_tell_begin(x))
		reason = VG_REASON_TELEMETRY_FULL;
	x->step = VG_STEP_MESSAGE;
	go(x, vg_exchange_fail(x, reason, fault));
}

bool vg_exchange_wants_body(const struct vg_exchange *x)
{
	return x->state == VG_STATE_BODY && !x->req_whole && vg_exchange_body_room(x) > 0;
}

size_t vg_exchange_body_room(const struct vg_exchange *x)
{
	size_t room = vg_buf_room(&x->origin->out);
	return room > VG_HTTP_CHUNK_FRAME ? room - VG_HTTP_CHUNK_FRAME : 0;
}

/* What was appended to the origin goes out. An upstream that no longer takes it may have answered
   early: then that counts. */
static enum vg_state push_body(struct vg_exchange *x)
{
	if (!vg_origin_flush(x->origin))
		return VG_STATE_WAIT_RESPONSE;
	vg_origin_watch(x->origin, true);
	return VG_STATE_STAY;
}

void vg_exchange_body(struct vg_exchange *x, struct vg_slice payload)
{
	VG_ASSERT(x->state == VG_STATE_BODY);
	x->req_bytes += payload.len;
	if (x->req_bytes > x->max_body) {
		go(x, vg_exchange_fail(x, VG_REASON_HTTP_TOO_LARGE, "max_body"));
		return;
	}
	bool queued = x->req_framing == VG_FRAMING_CHUNKED
			      ? vg_http_write_chunk(&x->origin->out, payload)
			      : vg_buf_append(&x->origin->out, payload);
	go(x, queued ? push_body(x) : vg_exchange_fail(x, VG_REASON_GATEWAY_ERROR, "memory"));
}

void vg_exchange_body_end(struct vg_exchange *x)
{
	x->req_whole = true;
	if (x->state != VG_STATE_BODY)
		return;
	if (x->req_framing == VG_FRAMING_CHUNKED && !vg_http_write_last_chunk(&x->origin->out)) {
		go(x, vg_exchange_fail(x, VG_REASON_GATEWAY_ERROR, "memory"));
		return;
	}
	enum vg_state next = push_body(x);
	go(x, next == VG_STATE_STAY ? VG_STATE_WAIT_RESPONSE : next);
}

void vg_exchange_body_bad(struct vg_exchange *x, const char *fault)
{
	x->step = VG_STEP_MESSAGE;
	go(x, vg_exchange_fail(x, VG_REASON_HTTP_MALFORMED, fault));
}

bool vg_exchange_flushed(struct vg_exchange *x)
{
	if (x->state == VG_STATE_DRAIN) {
		go(x, VG_STATE_DONE);
		return true;
	}
	if (x->state != VG_STATE_RESPOND)
		return false;
	bool waited = x->origin->in.len > 0;
	if (waited)
		go(x, respond(x, vg_answer_body(x)));
	return waited;
}

void vg_exchange_waits(struct vg_exchange *x)
{
	if (rows[x->state].deadline == VG_DEADLINE_STALL)
		vg_deadline_waits(x);
}

void vg_exchange_gone(struct vg_exchange *x, const char *fault)
{
	if (x->state == VG_STATE_DONE)
		return;
	if (x->constraint.len == 0)
		x->constraint = vg_slice_str(fault);
	x->reusable = false;
	go(x, VG_STATE_DONE);
}

void vg_exchange_dialed(struct vg_exchange *x, struct vg_origin *origin, int error,
			const struct vg_addr *dst)
{
	go_and_kick(x, vg_reach_dialed(x, origin, error, dst));
}

/* Bytes of an answer that has not begun. */
static enum vg_state hear_head(struct vg_exchange *x, enum vg_io io)
{
	if (io == VG_IO_EOF || io == VG_IO_ERROR)
		return x->origin->in.len == 0 ? retry_or_fail(x)
					      : vg_exchange_fail(x, VG_REASON_UPSTREAM_CLOSED,
								 "closed in its answer's head");
	switch (vg_answer_head(x)) {
	case VG_ANSWER_MORE:
		return VG_STATE_STAY;
	case VG_ANSWER_BEGUN:
		x->heard = vg_loop_monotonic(&x->worker->loop);
		return VG_STATE_RESPOND;
	case VG_ANSWER_STATUS:
		x->heard = vg_loop_monotonic(&x->worker->loop);
		return VG_STATE_REFUSE;
	case VG_ANSWER_BAD:
		return vg_exchange_fail(x, x->reason, NULL);
	case VG_ANSWER_WHOLE:
	case VG_ANSWER_STUCK:
	default:
		return vg_exchange_fail(x, VG_REASON_GATEWAY_ERROR, "memory");
	}
}

static enum vg_state hear_body(struct vg_exchange *x, enum vg_io io)
{
	/* Broken off, or under TLS without its close_notify: not whole, whatever was announced. */
	if (io == VG_IO_ERROR)
		return vg_exchange_fail(x, VG_REASON_UPSTREAM_CLOSED, "broken off in its answer");
	if (io == VG_IO_EOF)
		return respond(x, vg_answer_closed(x));
	return respond(x, vg_answer_body(x));
}

/* What is left of a request while its answer is awaited, or has begun. Where it breaks, an answer
   that has begun counts, and the rest is for nobody; else reading tells how it broke. */
static unsigned flush_rest(struct vg_exchange *x)
{
	if (vg_origin_flush(x->origin))
		return 0;
	if (x->state != VG_STATE_RESPOND)
		return VG_STREAM_READ;
	vg_buf_consume(&x->origin->out, x->origin->out.len);
	return 0;
}

void vg_exchange_origin_ready(struct vg_exchange *x, unsigned what)
{
	enum vg_state next = VG_STATE_STAY;
	if (x->state == VG_STATE_SECURE) {
		go_and_kick(x, vg_reach_secure(x));
		return;
	}
	if ((what & VG_STREAM_WRITE) != 0 && x->origin->out.len > 0 && x->state == VG_STATE_BODY)
		next = push_body(x);
	else if ((what & VG_STREAM_WRITE) != 0 && x->origin->out.len > 0)
		what |= flush_rest(x);
	if (next == VG_STATE_STAY && (what & VG_STREAM_READ) != 0) {
		enum vg_io io = vg_origin_fill(x->origin);
		if (io == VG_IO_FULL)
			next = vg_exchange_fail(x, VG_REASON_UPSTREAM_MALFORMED, "head too large");
		else if (io != VG_IO_AGAIN)
			next = x->state == VG_STATE_RESPOND ? hear_body(x, io) : hear_head(x, io);
	}
	if (next == VG_STATE_STAY && x->origin != NULL)
		vg_origin_watch(x->origin, x->state != VG_STATE_RESPOND || x->origin->in.len == 0);
	go_and_kick(x, next);
}
