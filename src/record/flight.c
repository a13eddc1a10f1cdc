#include "record/flight.h"

#include <string.h>

void vg_flight_begin(struct vg_flight *flight, struct vg_store_place place)
{
	flight->safe = place;
	flight->count = 0;
}

void vg_flight_sent(struct vg_flight *flight, struct vg_store_place place, uint64_t bytes,
		    int64_t now)
{
	struct vg_flight_mark *last = flight->count > 0 ? &flight->marks[flight->count - 1] : NULL;
	/* Without room, and for what comes close behind, the last one stands for both. */
	if (last != NULL && (flight->count == VG_FLIGHT_MARKS ||
			     (last->arrived == 0 && now - last->sent < VG_FLIGHT_STEP_US))) {
		last->place = place;
		last->bytes = bytes;
		last->arrived = 0;
		return;
	}
	flight->marks[flight->count++] = (struct vg_flight_mark){
		.place = place, .bytes = bytes, .sent = now};
}

void vg_flight_arrived(struct vg_flight *flight, uint64_t bytes, int64_t now)
{
	for (size_t i = 0; i < flight->count && flight->marks[i].bytes <= bytes; i++)
		if (flight->marks[i].arrived == 0)
			flight->marks[i].arrived = now;
}

struct vg_store_place vg_flight_safe(struct vg_flight *flight, int64_t now)
{
	size_t old = 0;
	while (old < flight->count && flight->marks[old].arrived != 0 &&
	       now - flight->marks[old].arrived >= VG_FLIGHT_US)
		old++;
	if (old > 0)
		flight->safe = flight->marks[old - 1].place;
	flight->count -= old;
	memmove(flight->marks, flight->marks + old, flight->count * sizeof(flight->marks[0]));
	return flight->safe;
}
