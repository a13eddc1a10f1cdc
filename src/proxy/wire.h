/*
 * What an exchange asks of the wire that it came over. codec_h1 is one; whoever brings another
 * fills this table. All of it only queues: bytes go out when the codec is kicked.
 */
#ifndef VG_PROXY_WIRE_H
#define VG_PROXY_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"
#include "http/problem.h"
#include "http/write.h"

struct vg_wire_ops {
	/* The answer's head; `framing` and `close` of it are the codec's to choose. `dropped`
	   counts fields that did not pass. False: no room, no memory. */
	bool (*head)(void *codec, struct vg_http_response_out *response, unsigned *dropped);

	/* Some of its body: at most room() bytes. */
	bool (*data)(void *codec, struct vg_slice payload);
	size_t (*room)(const void *codec);

	/* The answer is whole. */
	bool (*end)(void *codec);

	/* A refusal, whole. */
	bool (*problem)(void *codec, const struct vg_http_problem *problem);

	/* 100 Continue. */
	bool (*go_on)(void *codec);

	/* No client may take what it got for whole: the connection ends badly, at once. */
	void (*cut)(void *codec);

	/* Bytes that the vendor has sent (`in`), or taken, ever: how fast it is. */
	uint64_t (*moved)(const void *codec, bool in);

	/* Something is queued that the vendor doesn't take. */
	bool (*stuck)(const void *codec);

	/* Something was queued, or may be read, outside the codec's own callbacks. */
	void (*kick)(void *codec);

	/* The exchange is over and gone. `reusable`: the request was read to its end, and nothing
	   speaks against the next one. */
	void (*done)(void *codec, bool reusable);
};

#endif
