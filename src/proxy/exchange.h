/*
 * An exchange: one request and its answer, from the head that was read whole to the event. It
 * knows nothing of the wire (proxy/wire.h) and moves through the states of exchange.def. It opens
 * its slot in the ring before it is judged, and DONE alone ends it: one event, whatever happens.
 *
 * The codec calls it with what the vendor sends, the pool and the origin with what the upstream
 * does; each of these calls may end it, and tells the codec so (wire's done) before it returns.
 */
#ifndef VG_PROXY_EXCHANGE_H
#define VG_PROXY_EXCHANGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/buf.h"
#include "http/body.h"
#include "http/parse.h"
#include "http/trace.h"
#include "net/loop.h"
#include "policy/capture.h"
#include "policy/decide.h"
#include "proxy/ids.h"
#include "proxy/wire.h"
#include "vocab/reason.h"

struct vg_worker;
struct vg_client;
struct vg_origin;

enum vg_state {
#define VG_STATE(NAME, word, enter, successors, deadline) VG_STATE_##NAME,
#include "proxy/exchange.def"
#undef VG_STATE
	VG_STATE_COUNT,
	VG_STATE_STAY /* of an enter function: no move */
};

const char *vg_state_word(enum vg_state state) VG_MUST_CHECK;

/* Who holds things up in a STALL state. */
enum vg_turn { VG_TURN_NOBODY, VG_TURN_VENDOR, VG_TURN_UPSTREAM };

/* How far something is told that a decision found out: texts lie in the exchange's arena. */
struct vg_asked {
	struct vg_slice method, host, path, query_keys, ua, ctype;
	uint8_t marks[VG_MARKS_MAX]; /* of path: policy/capture.h */
	size_t mark_bytes;
	unsigned minor;
	bool head; /* the method is HEAD */
};

/* What an exchange's timer is set to: whichever comes first. */
enum vg_due {
	VG_DUE_STATE, /* the deadline of its state */
	VG_DUE_WHOLE, /* request_timeout */
	VG_DUE_TERM   /* the end of what the policy allows now: an hour, a contract */
};

struct vg_exchange {
	struct vg_worker *worker;
	const struct vg_wire_ops *wire;
	void *codec;
	const struct vg_client *client; /* whose request; outlives it */
	enum vg_state state;
	struct event deadline;
	struct vg_arena arena;
	char id[VG_ULID_TEXT];
	struct vg_http_trace trace; /* its id is empty where no head was read */
	uint32_t slot;              /* VG_NO_SLOT: there was no room for its event */

	const struct vg_http_head *head; /* while it is judged; NULL afterwards */
	struct vg_asked asked;
	enum vg_reason malformed; /* what kept the head from being judged; else NONE */
	const char *fault;        /* and why */
	enum vg_reason reason;    /* NONE until it is decided; may turn from allowed to worse */
	enum vg_step step;
	struct vg_slice constraint;
	uint32_t service, rule;
	uint64_t max_body;

	/* The request's body, as the codec hands it in. */
	enum vg_framing req_framing;
	bool bodyless;  /* it announced none */
	bool req_whole; /* all of it has come */
	bool expects;   /* the client waits for a 100 */
	uint64_t req_bytes;

	/* The upstream. */
	struct vg_buf request; /* the head for it, until it is connected */
	struct vg_origin *origin;
	uint32_t upstream; /* VG_NO_ROW */
	uint32_t tries;
	bool dialling; /* the pool will call vg_exchange_dialed */
	bool dialled;  /* dst is set */
	struct vg_addr dst;
	int64_t dial_began; /* monotonic */
	bool retried;       /* a connection that had rested was dead */

	/* The answer. */
	struct vg_http_scan scan;
	struct vg_http_body body;
	unsigned interim; /* answers of 1xx before it, which nobody gets */
	unsigned status;  /* to the vendor; 0: none yet */
	unsigned upstream_status;
	bool answered; /* the head is queued to the vendor */
	bool origin_reusable;
	bool reusable; /* the vendor's connection, afterwards */
	uint64_t res_bytes;
	unsigned dropped; /* header fields that did not pass */

	/* Its timer (deadline.h), and in STALL states whose turn it is, and how fast they are. */
	int64_t until;    /* wall clock: what was allowed may end then; INT64_MAX: never */
	int64_t state_at; /* monotonic: the deadline of its state */
	enum vg_due due;  /* what the timer is set to */
	bool overdue;     /* that has passed: what is left is to say so */
	enum vg_turn turn;
	uint64_t upstream_at; /* bytes that it had moved when the timer was set */
	int64_t turn_since;   /* monotonic, of the vendor's */
	int64_t pace_spent; /* microseconds of its former turns in this span; -1: none has begun */
	uint64_t pace_from; /* bytes that it had moved when the span began */

	int64_t began, sent, heard; /* monotonic: begin, head sent upstream, answer's head there */
	struct vg_resting resting;
	struct vg_exchange *next_spare;
};

/* NULL: no memory, and that is counted (untold). The exchange is in READ_HEAD; the codec calls one of the next two. */
struct vg_exchange *vg_exchange_new(struct vg_worker *worker, const struct vg_wire_ops *wire,
				    void *codec, const struct vg_client *client) VG_MUST_CHECK;

/* A whole, well-formed head: it is judged, and goes its way. */
void vg_exchange_head(struct vg_exchange *exchange, const struct vg_http_head *head);

/* What came is refused by its reader. `head` as far as it was understood, NULL where not at all;
   `raw` is what stood there. */
void vg_exchange_refuse(struct vg_exchange *exchange, enum vg_reason reason, const char *fault,
			const struct vg_http_head *head, struct vg_slice raw);

/* True while it takes parts of the request's body; at most vg_exchange_body_room bytes each. */
bool vg_exchange_wants_body(const struct vg_exchange *exchange) VG_MUST_CHECK;
size_t vg_exchange_body_room(const struct vg_exchange *exchange) VG_MUST_CHECK;
void vg_exchange_body(struct vg_exchange *exchange, struct vg_slice payload);
void vg_exchange_body_end(struct vg_exchange *exchange);

/* Its framing is broken: `fault`. */
void vg_exchange_body_bad(struct vg_exchange *exchange, const char *fault);

/* All that was queued to the vendor has gone out. True where the exchange went on by it. */
bool vg_exchange_flushed(struct vg_exchange *exchange) VG_MUST_CHECK;

/* The codec can do no more for now: from here on somebody is waited for. */
void vg_exchange_waits(struct vg_exchange *exchange);

/* The vendor is gone, and nobody can be answered any more: `fault` says how. */
void vg_exchange_gone(struct vg_exchange *exchange, const char *fault);

/*
 * The pool: the connection is there, or `error` (errno's value; ENOENT: the name of the upstream
 * doesn't resolve). `dst` is the address that was dialled; NULL where there was none.
 */
void vg_exchange_dialed(struct vg_exchange *exchange, struct vg_origin *origin, int error,
			const struct vg_addr *dst);

/* The origin: readable, writable. */
void vg_exchange_origin_ready(struct vg_exchange *exchange, unsigned what);

/*
 * For the files that the states are made of. It can't go well any more: a refusal or, once the
 * answer has begun, a cut that nobody takes for its end. `constraint` may be NULL.
 */
enum vg_state vg_exchange_fail(struct vg_exchange *exchange, enum vg_reason reason,
			       const char *constraint) VG_MUST_CHECK;

/* Frees the spare ones that the worker keeps. */
void vg_exchange_free_spare(struct vg_worker *worker);

#endif
