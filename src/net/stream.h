/*
 * A byte stream over a non-blocking socket, plain or TLS, or over memory (net/memory.h): a few
 * operations under one table, and the interest in the loop. The owner is called when there is
 * something to do, and reads and writes until it is told to wait.
 */
#ifndef VG_NET_STREAM_H
#define VG_NET_STREAM_H

#include <stdbool.h>
#include <stddef.h>

#include "base/attr.h"
#include "base/buf.h"
#include "net/loop.h"
#include "tls/server.h"

enum vg_io {
	VG_IO_OK,
	VG_IO_AGAIN, /* nothing now: the owner is called when it is worth trying again */
	VG_IO_EOF,   /* the peer has ended its half */
	VG_IO_FULL,  /* of a fill: the buffer has no room */
	VG_IO_ERROR
};

#define VG_STREAM_READ 1U
#define VG_STREAM_WRITE 2U

struct vg_stream;

/* What a stream stands on. Called on open streams only. */
struct vg_stream_ops {
	enum vg_io (*read)(struct vg_stream *stream, char *bytes, size_t len, size_t *done);
	enum vg_io (*write)(struct vg_stream *stream, const char *bytes, size_t len, size_t *done);
	enum vg_io (*end)(struct vg_stream *stream);
	bool (*pending)(const struct vg_stream *stream);
	bool (*quiet)(const struct vg_stream *stream);
	enum vg_io (*discard)(struct vg_stream *stream, char *bytes, size_t len, size_t *done);
	uint64_t (*moved)(const struct vg_stream *stream, bool in);
	void (*want)(struct vg_stream *stream, bool read, bool write);
	void (*reset)(struct vg_stream *stream);
	void (*close)(struct vg_stream *stream);
};

struct vg_memory;

struct vg_stream {
	const struct vg_stream_ops *ops; /* NULL: closed */
	struct vg_loop *loop;
	int fd;                     /* -1: closed, or no socket */
	struct vg_memory *memory;   /* NULL: a socket */
	struct vg_tls_session *tls; /* NULL where plain; freed with the stream */
	struct event read_event, write_event;
	bool reading, writing;                   /* what the loop watches */
	bool read_wants_write, write_wants_read; /* TLS needs the other direction first */
	void (*ready)(void *owner, unsigned what);
	void *owner;
};

/* Takes the socket; plain, and watches nothing yet. */
void vg_stream_open(struct vg_stream *stream, struct vg_loop *loop, int fd,
		    void (*ready)(void *owner, unsigned what), void *owner);

/* From here on it is TLS, at whichever end: the session is the stream's. Before the first byte. */
void vg_stream_secure(struct vg_stream *stream, struct vg_tls_session *session);

/*
 * One step of the TLS handshake: OK once it is done; ERROR: the session's peer says why. Where it
 * is AGAIN, the owner is called when the next step can be made.
 */
enum vg_io vg_stream_handshake(struct vg_stream *stream) VG_MUST_CHECK;

/* Closes and stops watching; may be called in a callback and more than once. */
void vg_stream_close(struct vg_stream *stream);

/* What the owner wants to be called for. Costs nothing where it is so already. */
void vg_stream_want(struct vg_stream *stream, bool read, bool write);

/*
 * Reads once into the buffer, at most `want` bytes. Where the stream may have more that no event
 * will tell of (TLS), *more is set, else cleared; a full buffer leaves it as it was.
 */
enum vg_io vg_stream_fill(struct vg_stream *stream, struct vg_buf *buf, size_t want, bool *more)
	VG_MUST_CHECK;

/* Nothing waits to be read, neither bytes nor an end nor an error: asked now, not of the last turn. */
bool vg_stream_is_quiet(const struct vg_stream *stream) VG_MUST_CHECK;

/* Calls the owner in a while as for something that can be read: of what *more told. */
void vg_stream_again(struct vg_stream *stream);

/* Writes the buffer as far as it goes: OK once it is empty. */
enum vg_io vg_stream_flush(struct vg_stream *stream, struct vg_buf *buf) VG_MUST_CHECK;

/*
 * Writes what may go at once of the bytes, uncopied: how many went, be it none. How it failed the
 * flush of what is left will tell, which has to begin with the rest of these bytes, all of them.
 */
size_t vg_stream_push(struct vg_stream *stream, struct vg_slice bytes) VG_MUST_CHECK;

/*
 * Bytes on the wire, ever: that have come (`in`), or that the peer's machine has acknowledged.
 * What waits in this machine's buffers, or as half a record of TLS, nobody else counts.
 */
uint64_t vg_stream_moved(const struct vg_stream *stream, bool in) VG_MUST_CHECK;

/* Ends our half: close_notify where TLS, then FIN. OK once it is out. */
enum vg_io vg_stream_end(struct vg_stream *stream) VG_MUST_CHECK;

/* Makes the close a reset: the peer can't take what it got for whole. */
void vg_stream_reset(struct vg_stream *stream);

/* Reads what still comes and throws it away, under TLS as it is; EOF, ERROR, or AGAIN. */
enum vg_io vg_stream_discard(struct vg_stream *stream) VG_MUST_CHECK;

#endif
