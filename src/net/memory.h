/*
 * A stream's other end in memory: what its peer says is put here, what it says is found here. For
 * whoever runs the data path with no socket (proxy/codec_loop.h): tests, fuzzers, replay. Nothing
 * happens by itself: the owner of the stream is called by vg_memory_turn alone.
 */
#ifndef VG_NET_MEMORY_H
#define VG_NET_MEMORY_H

#include "net/stream.h"

struct vg_memory {
	struct vg_stream *stream; /* NULL: not opened */
	struct vg_buf in;         /* from the peer: the stream reads it */
	struct vg_buf out;        /* to the peer */
	uint64_t read, written;   /* bytes, by the stream, ever */
	size_t room;              /* the stream writes while less waits in `out` */
	bool in_ended;            /* by the peer: after the bytes of `in` comes its end */
	bool broken;              /* by the peer: a reset */
	bool out_ended;           /* by the stream: no byte follows */
	bool out_reset;           /* its close is a reset */
	bool closed;
};

void vg_memory_init(struct vg_memory *memory, size_t max);
void vg_memory_fini(struct vg_memory *memory);

/* As vg_stream_open. The memory outlives the stream. */
void vg_stream_open_memory(struct vg_stream *stream, struct vg_loop *loop, struct vg_memory *memory,
			   void (*ready)(void *owner, unsigned what), void *owner);

/* Calls the stream's owner where there is something that it wants to hear of: false where not. */
bool vg_memory_turn(struct vg_memory *memory);

#endif
