/*
 * One worker's dials: each DIAL becomes a connection to that row of the image's upstreams, and
 * nothing else; each ends in exactly one DIALED with the connected, non-blocking socket, or one
 * DIAL_FAILED with the errno value. Where the upstream's name has several addresses, each is tried
 * within its share of what is left of the service's connect_timeout. A worker that was taken over
 * reaches no other host by it.
 */
#ifndef VG_BROKER_DIAL_H
#define VG_BROKER_DIAL_H

#include <event2/event.h>
#include <event2/event_struct.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "broker/names.h"
#include "policy/image.h"
#include "sys/chan.h"
#include "sys/shm.h"

#define VG_DIALS_MAX 1024 /* of one worker at a time; one more fails with EAGAIN */

/* Images that may be dialled by: until the supervisor withdraws them. Several dialers share them. */
struct vg_dial_images {
	struct {
		uint64_t generation; /* 0: a free place */
		struct vg_image image;
		struct vg_map map;
	} rows[VG_GENERATIONS_MAX];
};

/* Takes the map. False where there is no place, or that generation is there. */
bool vg_dial_images_add(struct vg_dial_images *images, uint64_t generation,
			const struct vg_map *map, const struct vg_image *image) VG_MUST_CHECK;

/* NULL: nobody may dial by that generation. */
const struct vg_image *vg_dial_images_find(const struct vg_dial_images *images, uint64_t generation)
	VG_MUST_CHECK;

/* Forgets that generation, which is there; no dial by it is under way. */
void vg_dial_images_drop(struct vg_dial_images *images, uint64_t generation);

struct vg_dial;

struct vg_dialer {
	struct event_base *base; /* without a changelist: see dial.c */
	const struct vg_dial_images *images;
	struct vg_names *names;     /* of all images */
	const struct vg_chan *chan; /* to the worker; non-blocking */
	struct event writable;      /* armed where an answer found no room */
	struct vg_dial *dials;      /* the newest first */
	uint32_t count;
};

/* All that it is given must outlive it. */
void vg_dialer_init(struct vg_dialer *dialer, struct event_base *base,
		    const struct vg_dial_images *images, struct vg_names *names,
		    const struct vg_chan *chan);

/* Lets go of all, answering nothing: the worker is gone. */
void vg_dialer_fini(struct vg_dialer *dialer);

/* What is under way by that generation ends with ESTALE. */
void vg_dialer_withdraw(struct vg_dialer *dialer, uint64_t generation);

/* False where the worker asks without taking answers, or memory is short: it is to be dropped. */
bool vg_dialer_take(struct vg_dialer *dialer, const struct vg_msg_dial *request) VG_MUST_CHECK;

#endif
