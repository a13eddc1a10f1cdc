/*
 * Handshakes in progress: at most VG_PLACES in a worker, since each needs twice the memory of an
 * idle connection and all its CPU. A place is taken when the ClientHello has arrived, not at
 * accept, so that silent connections hold none; who finds none waits. While others wait, the oldest
 * place over VG_PLACE_MS goes to them.
 *
 * Those of one lane, which are those of one address, wait in order; lanes take turns. So whoever
 * comes often waits for itself, and who comes once waits for as many others as there are addresses.
 * A rate may hold them back as well: who comes faster waits in the same way.
 */
#ifndef VG_PROXY_PLACES_H
#define VG_PROXY_PLACES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "limits/bucket.h"
#include "net/loop.h"

#define VG_PLACES 32
#define VG_PLACE_MS 2000

struct vg_lane;

/* Embedded in a connection. */
struct vg_place {
	struct vg_place *prev, *next;
	struct vg_lane *lane; /* while it waits */
	void *owner;
	int64_t since; /* monotonic, when the place was taken */
	enum { VG_PLACE_NONE, VG_PLACE_WAITING, VG_PLACE_TAKEN } state;
};

struct vg_place_list {
	struct vg_place *first, *last;
};

/* Zeroed at first; it stays where it is while one of its places waits. */
struct vg_lane {
	struct vg_lane *prev, *next;  /* of those in which somebody waits */
	struct vg_place_list waiting; /* the oldest first */
};

struct vg_places {
	struct vg_loop *loop;
	struct event timer;           /* runs while somebody waits */
	struct vg_lane *first, *last; /* whose turn it is first */
	struct vg_place_list taken;   /* the oldest first */
	uint32_t taken_count, waiting_count;
	struct vg_bucket bucket;      /* of places taken */
	void (*begin)(void *owner);   /* the place is yours */
	void (*timeout)(void *owner); /* your time is up: leave */
};

void vg_places_init(struct vg_places *places, struct vg_loop *loop, void (*begin)(void *owner),
		    void (*timeout)(void *owner));
void vg_places_fini(struct vg_places *places);

/* From now on: so many places are taken a second, as limits/bucket.h says. */
void vg_places_rate(struct vg_places *places, uint32_t rate, uint32_t burst, uint32_t shares);

/* Takes a place, and calls begin for it, now or when there is one. */
void vg_places_ask(struct vg_places *places, struct vg_place *place, struct vg_lane *lane,
		   void *owner);

/* Gives the place, or the wish for one, back; nothing where there is neither. */
void vg_places_leave(struct vg_places *places, struct vg_place *place);

#endif
