/*
 * A sink: an event's way out of the log. sink.c reads the log from the sink's cursor, has the
 * events formatted, hands them over in batches, and moves the cursor behind what was taken; the
 * files of sink.def know how to hand over, and nothing else. A sink that takes nothing is tried
 * again later; nobody waits for it. What becomes of one that is too far behind: sink_spool.c.
 */
#ifndef VG_RECORD_SINK_H
#define VG_RECORD_SINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

#include "base/attr.h"
#include "base/slice.h"
#include "event/ring.h"
#include "policy/image.h"
#include "record/cursor.h"
#include "record/flight.h"
#include "record/format.h"
#include "record/store.h"
#include "sys/reach.h"
#include "sys/status_page.h"

#define VG_SINK_BATCH 32

struct vg_sink;

struct vg_sink_ops {
	const char *scheme;
	/* Names what the sandbox must leave to it; optional. False (errno) where it can't be. */
	bool (*reach)(struct vg_reach *reach, const struct vg_image *image,
		      const struct vg_img_sink *row);
	/* Sets fd. False (errno) where it can't be: it is tried again. */
	bool (*open)(struct vg_sink *sink);
	/*
	 * Hands over up to VG_SINK_BATCH messages in order; how many were taken whole. What comes
	 * after them is given again, the same, in a later call.
	 */
	size_t (*send)(struct vg_sink *sink, const struct vg_slice *messages, size_t count);
	/* Once a second; optional. */
	void (*tick)(struct vg_sink *sink);
	/*
	 * How many bytes of the connection have been acknowledged. Optional: a sink that has it
	 * repeats after a break what may have been lost (flight.h).
	 */
	uint64_t (*arrived)(const struct vg_sink *sink);
};

struct vg_sink {
	const struct vg_sink_ops *ops; /* NULL: this one is not used */
	const struct vg_image *image;
	const struct vg_img_sink *row;
	struct vg_slice name;
	struct vg_format_env env;
	struct vg_cursor cursor;
	struct vg_store_reader reader;
	int fd;           /* of the socket or file; -1: to be opened */
	size_t partial;   /* bytes of the first message that are written already (streams) */
	uint64_t written; /* bytes of this connection (TCP) */
	bool connecting;  /* not there yet (TCP) */
	struct vg_flight flight;
	bool failing;                /* it takes nothing, and this was told */
	int error;                   /* errno of the last failure; 0: there was none */
	int64_t now;                 /* monotonic, of the call */
	int64_t not_before;          /* when it is tried again */
	int64_t wait;                /* how long the next failure makes it wait */
	enum vg_ring_refuse refuses; /* on_full = deny */
};

/* Room for a batch of messages; one is enough for all sinks. */
struct vg_sink_batch {
	char text[VG_SINK_BATCH][VG_MESSAGE_MAX];
	struct vg_slice messages[VG_SINK_BATCH];
	struct vg_store_place
		after[VG_SINK_BATCH]; /* of the last one: also behind what is not for it */
	struct vg_store_place first;  /* before the first message */
};

/*
 * Makes the sink of an image's row, with its cursor; what the row says of the form goes into its
 * copy of `env`. False, and told in the log, where it can't be. One that is only away (no such
 * route, nobody listens) is opened when it is there.
 */
bool vg_sink_open(struct vg_sink *sink, const struct vg_image *image, const struct vg_img_sink *row,
		  const struct vg_format_env *env, int cursors, const struct vg_store *store)
	VG_MUST_CHECK;
void vg_sink_close(struct vg_sink *sink);

/*
 * Adds what a sink of that row will have to open. Where there is no such folder (told in the log)
 * the sandbox can't be made to leave it: the sink fails until a recorder is started that finds it.
 */
void vg_sink_reach(struct vg_reach *reach, const struct vg_image *image,
		   const struct vg_img_sink *row);

/* One batch. True where all of it was taken, and there may be more. */
bool vg_sink_turn(struct vg_sink *sink, struct vg_sink_batch *batch, int64_t now) VG_MUST_CHECK;

/* Once a second. */
void vg_sink_tick(struct vg_sink *sink, int64_t now);

/* How it is: what of the log is still to come, and what it failed of. */
void vg_sink_status(const struct vg_sink *sink, struct vg_status_sink *status);

/* Everything in the log has been delivered. */
bool vg_sink_is_done(const struct vg_sink *sink) VG_MUST_CHECK;

/*
 * The log no longer has the segment in which the sink is: goes to what it has, and says which
 * seqs the sink never gets. False where nothing is missing.
 */
bool vg_sink_skip(struct vg_sink *sink, struct vg_store_gap *gap) VG_MUST_CHECK;

/* The segment of that name may still be read for the sink. */
bool vg_sink_needs(const struct vg_sink *sink, uint64_t segment) VG_MUST_CHECK;

/*
 * Does what on_full says where more waits than the spool holds, as far as `refuses`; where
 * something is dropped: which seqs, and from where on the sink goes on. The caller has that told
 * in the log, and then calls vg_sink_jump. False where nothing is.
 */
bool vg_sink_limit(struct vg_sink *sink, struct vg_store_gap *gap, struct vg_store_place *next)
	VG_MUST_CHECK;
void vg_sink_jump(struct vg_sink *sink, struct vg_store_place next);

/* For the files of sink.def: the first failure after a success is told, with errno. */
void vg_sink_failed(struct vg_sink *sink);
void vg_sink_works(struct vg_sink *sink);

/* The connection is broken (errno): what may have been lost with it comes again. */
void vg_sink_broke(struct vg_sink *sink);

/* What a message is on a stream: itself, and what stands before or behind it. */
#define VG_SINK_PARTS 2

/*
 * Writes messages of VG_SINK_PARTS parts each with one call of `put`, from `partial` on. How many
 * are out whole then, and `written` and `partial` know the rest; -1 (errno) where nothing went.
 */
ssize_t vg_sink_stream(struct vg_sink *sink, struct iovec *parts, size_t count,
		       ssize_t (*put)(int fd, struct iovec *parts, size_t count)) VG_MUST_CHECK;

#define VG_SINK(NAME, scheme, ops) extern const struct vg_sink_ops ops;
#include "record/sink.def"
#undef VG_SINK

#endif
