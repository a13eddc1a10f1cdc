/*
 * The messages of msg.def: their numbers, payloads and rows. Payloads are fixed in size, hold no
 * pointer, and are read on the same machine and build that wrote them.
 */
#ifndef VG_VOCAB_MSG_H
#define VG_VOCAB_MSG_H

#include <stdint.h>

#include "base/addr.h"
#include "base/attr.h"
#include "vocab/role.h"

#define VG_MSG_FDS_MAX 2
#define VG_MSG_PAYLOAD_MAX 640

#define VG_ACTOR_MAX 48 /* "uid:NAME" or "signal", and a NUL */
#define VG_REF_MAX 129  /* what --ref gives, and a NUL */

#define VG_LISTENER_CONTROL 0 /* of the controller: the control socket, */
#define VG_LISTENER_HEALTH 1  /* the health listener, where there is one */

#define VG_PAGE_GATEWAY 0 /* whose status page: the supervisor's, */
#define VG_PAGE_SINKS 1   /* the recorder's, */
#define VG_PAGE_WORKERS 2 /* worker 0's; the others' follow */

enum vg_msg_type {
#define VG_MSG(NAME, from, to, payload, fds) VG_MSG_##NAME,
#include "vocab/msg.def"
#undef VG_MSG
	VG_MSG_COUNT
};

struct vg_msg_hello {
	uint32_t role;    /* enum vg_role */
	uint32_t index;   /* which of its role; 0 where there is one */
	uint64_t boot;    /* this start of the gateway: microseconds since 1970 */
	char user[40];    /* whom a role that drops by itself becomes; "" for nobody else */
	uint32_t workers; /* how many there are */
	uint32_t pad;
};

/* Whose images a broker holds: the one that serves, the next one, those of before. */
#define VG_GENERATIONS_MAX 32

struct vg_msg_image {
	uint64_t generation; /* counts from 1 at each start; the digest stands in the image */
	uint64_t size;       /* of the memfd, in bytes */
};

struct vg_msg_image_ack {
	uint64_t generation;
	int32_t error; /* errno value; 0: taken; ERESTART: msg.def */
	uint32_t pad;
};

/* hosts(5) and resolv.conf(5) */
enum vg_names_file { VG_NAMES_HOSTS, VG_NAMES_RESOLV, VG_NAMES_FILES };

struct vg_msg_index {
	uint64_t index;
};

struct vg_msg_ring {
	uint32_t index;       /* of the worker */
	uint32_t writer_dead; /* 1: nobody writes it: to the recorder, sweep it; 0: sweep nothing */
};

struct vg_msg_peer {
	uint32_t role;
	uint32_t index;
};

struct vg_msg_fault {
	char text[512]; /* NUL-terminated */
};

struct vg_msg_tell {
	uint32_t code; /* of the reason: enum values don't leave a process */
	uint32_t index;
	/* Fields of the event. Texts are NUL-terminated; what is "" or all zero is left out. */
	char constraint[272]; /* longer than a field, so that a cut is told by `trunc` */
	char actor[VG_ACTOR_MAX];
	char ref[VG_REF_MAX];
	uint8_t gen[32]; /* digests of generations */
	uint8_t gen_before[32];
};

/* Who asks for something at run time, and what he says it is for; NUL-terminated. */
struct vg_msg_reload {
	uint64_t id; /* given back */
	char actor[VG_ACTOR_MAX];
	char ref[VG_REF_MAX];
};

struct vg_msg_reloaded {
	uint64_t id;
	uint64_t generation; /* that serves now: the new one where `ok` is 1 */
	uint32_t ok;
	uint32_t pad;
};

struct vg_msg_dial {
	uint64_t id; /* the worker's own number for this, given back */
	uint64_t generation;
	uint32_t upstream; /* row of the image's upstreams */
	uint32_t pad;
};

struct vg_msg_dialed {
	uint64_t id;
	int32_t error;
	uint32_t tried;      /* 0: no address was dialled, addr means nothing */
	struct vg_addr addr; /* that was dialled, the last one where there were several */
};

#define VG_SIGN_MAX 512 /* a block of RSA-4096 */

struct vg_msg_sign {
	uint32_t key;    /* row of the image's certificates */
	uint32_t digest; /* EC: length in bytes of the digest in `block`; RSA: 0 */
	uint32_t length; /* of block */
	uint32_t pad;
	uint8_t block[VG_SIGN_MAX];
};

struct vg_msg_signed {
	uint32_t length; /* 0: refused */
	uint32_t pad;
	uint8_t signature[VG_SIGN_MAX];
};

struct vg_msg_row {
	const char *name;
	uint32_t from; /* bits of roles */
	uint32_t to;
	uint16_t size; /* of the payload */
	uint16_t fds;
};

const struct vg_msg_row *vg_msg_row(enum vg_msg_type type) VG_MUST_CHECK;

#endif
