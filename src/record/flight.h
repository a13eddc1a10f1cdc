/*
 * What is under way on a stream that nobody acknowledges in words: plain TCP. What the collector's
 * kernel took may still be lost with the collector, so a place in the log counts as delivered only
 * when it has been there for VG_FLIGHT_US; after a break the sink goes back to that place. Pure
 * bookkeeping: sink.c says what was sent, and how much of it has been acknowledged.
 */
#ifndef VG_RECORD_FLIGHT_H
#define VG_RECORD_FLIGHT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "record/store.h"

#define VG_FLIGHT_US INT64_C(3000000)
#define VG_FLIGHT_STEP_US INT64_C(250000) /* between two marks */
#define VG_FLIGHT_MARKS 32

struct vg_flight_mark {
	struct vg_store_place place;
	uint64_t bytes; /* of the connection, before this place */
	int64_t sent;
	int64_t arrived; /* when it was seen to have been acknowledged; 0: not yet */
};

struct vg_flight {
	struct vg_store_place safe;
	struct vg_flight_mark marks[VG_FLIGHT_MARKS]; /* behind `safe`, in order */
	size_t count;
};

/* A new connection: nothing is under way behind `place`. */
void vg_flight_begin(struct vg_flight *flight, struct vg_store_place place);

/* All before `place` has been written, which is `bytes` bytes of this connection. */
void vg_flight_sent(struct vg_flight *flight, struct vg_store_place place, uint64_t bytes,
		    int64_t now);

/* So many bytes have been acknowledged. */
void vg_flight_arrived(struct vg_flight *flight, uint64_t bytes, int64_t now);

/* From where on the next connection must repeat. */
struct vg_store_place vg_flight_safe(struct vg_flight *flight, int64_t now) VG_MUST_CHECK;

#endif
