/*
 * From the workers' rings to the log: read, append, and only then release the rings' room. What a
 * ring holds was written by a process that may have been taken over: records that are none, or
 * that a worker has no say in, don't get in, and the log says so.
 */
#ifndef VG_RECORD_DRAIN_H
#define VG_RECORD_DRAIN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "event/ring.h"
#include "record/store.h"
#include "sys/shm.h"
#include "vocab/msg.h"

#define VG_DRAIN_RINGS_MAX 128

struct vg_drain_ring {
	bool used;
	uint32_t index; /* of the worker */
	struct vg_map file, tail;
	struct vg_ring ring;
	uint64_t released; /* the tail's position */
	bool told;         /* that it was misused, to the operator */
};

struct vg_drain {
	struct vg_store *store;
	struct vg_drain_ring rings[VG_DRAIN_RINGS_MAX];
	bool failing;               /* the log took nothing, and this was told */
	enum vg_ring_refuse refuse; /* what all rings refuse */
};

void vg_drain_init(struct vg_drain *drain, struct vg_store *store);
void vg_drain_fini(struct vg_drain *drain);

/*
 * Takes a worker's ring (both descriptors stay the caller's), and goes on in it where the log
 * says. NULL where it is none, and told in the log.
 */
struct vg_drain_ring *vg_drain_add(struct vg_drain *drain, uint32_t index, int file_fd, int tail_fd)
	VG_MUST_CHECK;

/*
 * One batch of the rings' records into the log. True where there was something and all of it was
 * taken: then there may be more.
 */
bool vg_drain_turn(struct vg_drain *drain, int64_t now) VG_MUST_CHECK;

/* Its worker is dead: drains it, ends what is open, and drains that. */
void vg_drain_recover(struct vg_drain *drain, struct vg_drain_ring *ring, int64_t now);

/* What workers may begin no more, as long as it is so; also those that come later. */
void vg_drain_refuse(struct vg_drain *drain, enum vg_ring_refuse what);

/* An event of the recorder's own into the batch: a reason of VG9xxx, seqs where `gap` has some. */
void vg_drain_tell(struct vg_drain *drain, enum vg_reason reason, struct vg_slice constraint,
		   const struct vg_store_gap *gap, uint64_t dropped, int64_t now);

/* An event of the supervisor's into the batch: the fields that it gives. */
void vg_drain_say(struct vg_drain *drain, enum vg_reason reason, const struct vg_msg_tell *tell,
		  int64_t now);

#endif
