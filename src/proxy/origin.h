/*
 * One connection to an upstream. It belongs to an exchange, or rests in the pool without buffers;
 * it moves bytes, and knows nothing of what they mean.
 */
#ifndef VG_PROXY_ORIGIN_H
#define VG_PROXY_ORIGIN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/attr.h"
#include "base/buf.h"
#include "net/stream.h"

/* Answers of 1xx before the answer; one more is no answer. */
#define VG_INTERIM_MAX 16

#define VG_ORIGIN_IN_MAX ((size_t)65536)  /* an answer's head must fit */
#define VG_ORIGIN_OUT_MAX ((size_t)98304) /* a request's head, and a read's worth of its body */
#define VG_ORIGIN_READ ((size_t)65536)

struct vg_generation;
struct vg_check;
struct vg_exchange;

struct vg_origin {
	struct vg_generation *generation; /* whose upstream it is; outlives it */
	struct vg_stream stream;
	struct vg_buf in, out;
	uint32_t upstream;             /* row of the image */
	struct vg_exchange *exchange;  /* NULL: in the pool, or a check's */
	struct vg_check *check;        /* NULL: it is no check's */
	bool reused;                   /* it has carried an exchange before */
	bool wrote;                    /* of this exchange: a byte has left */
	bool more;                     /* TLS holds bytes that no event will tell of */
	struct vg_addr dst;            /* that was dialled */
	int64_t idle_since;            /* in the pool: monotonic */
	struct vg_origin *prev, *next; /* in the pool: of the same upstream, the freshest first */
	struct vg_resting resting;
};

/* Takes a socket that is connected to `dst`. NULL, and it is closed, where memory is short. */
struct vg_origin *vg_origin_new(struct vg_generation *generation, int fd, uint32_t upstream,
				const struct vg_addr *dst) VG_MUST_CHECK;

/* True where its upstream is https, and the handshake is still to be done. */
bool vg_origin_is_bare(const struct vg_origin *origin) VG_MUST_CHECK;

/*
 * Begins the handshake, or goes on with it. OK: done. AGAIN: its exchange is called. ERROR, with
 * *fault in a few words: it is no good. Until it is done nothing is written but the handshake.
 */
enum vg_io vg_origin_secure(struct vg_origin *origin, const char **fault) VG_MUST_CHECK;

/* The words of the TLS alert that the upstream ended it with; NULL. In TLS 1.3 it so refuses what
   it was shown when the handshake is over at this end (RFC 8446 4.4.2.4). */
const char *vg_origin_alert(const struct vg_origin *origin) VG_MUST_CHECK;

/* The same, over memory, which outlives it. */
struct vg_origin *vg_origin_new_memory(struct vg_generation *generation, struct vg_memory *memory,
				       uint32_t upstream) VG_MUST_CHECK;

/* Closes; the memory goes when the turn ends. Empties the pointer. */
void vg_origin_free(struct vg_origin **origin);

/* Of a request's body: straight on where nothing waits, else queued. False where memory is short;
   whether the connection broke the next flush tells. */
bool vg_origin_send(struct vg_origin *origin, struct vg_slice payload) VG_MUST_CHECK;

/* Writes what waits; false where the connection is broken. */
bool vg_origin_flush(struct vg_origin *origin) VG_MUST_CHECK;

/* Reads once; as vg_stream_fill. */
enum vg_io vg_origin_fill(struct vg_origin *origin) VG_MUST_CHECK;

/* Be called when the upstream has sent something (`read`), and when what waits may go on. */
void vg_origin_watch(struct vg_origin *origin, bool read);

#endif
