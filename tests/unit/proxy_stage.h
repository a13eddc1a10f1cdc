/*
 * A stage for exchanges with no socket: a small world as a policy image, the loop codec, and one
 * vendor. Used by the tests of src/proxy and by the fuzz target of whole exchanges. What the stage
 * itself needs and doesn't get ends the program.
 */
#ifndef VG_TESTS_PROXY_STAGE_H
#define VG_TESTS_PROXY_STAGE_H

#include "policy_fixture.h"
#include "proxy/codec_loop.h"

#define STAGE_HOST "api.agency.example"
#define STAGE_MAX_BODY 100000
#define STAGE_HEADER_BYTES 16384

struct stage {
	struct fixture fixture;
	const struct vg_image *image;
	struct vg_loopback loop;
	struct vg_tls_peer peer;
	struct vg_client client;
	size_t said;    /* bytes, by the vendor */
	int dial_error; /* what a dial brings; 0: a connection */
};

/* The image: GET, PUT and POST of /v1/…, POST /small with a body of at most 8; GET and POST of
   /listed with header fields, and of what may come back at most 10 bytes of JSON, or nothing; GET
   /max with at most 10 bytes of anything. */
void stage_begin(struct stage *stage);
void stage_end(struct stage *stage);

/* A worker, with room for so many exchanges, and a vendor that has connected. */
void stage_open(struct stage *stage, uint32_t slots);
void stage_close(struct stage *stage);

/* Bytes of the vendor, or of the upstream that was dialled last. */
void stage_say(struct stage *stage, struct vg_slice bytes);
void stage_answer(struct stage *stage, struct vg_slice bytes);

/* The upstream dialled last; NULL. */
struct vg_memory *stage_upstream(struct stage *stage);

/* All that can happen, dials answered. */
void stage_run(struct stage *stage);

#endif
