/*
 * The generation that may be next: its image, and keys that sign for it. The supervisor gives both
 * to a worker that serves, and is told whether they can be used; the worker switches to them when
 * their number stands in the control block.
 */
#ifndef VG_PROXY_NEXT_H
#define VG_PROXY_NEXT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "policy/image.h"
#include "sys/chan.h"
#include "sys/shm.h"

struct vg_next {
	uint64_t generation; /* 0: there is none */
	struct vg_map map;
	struct vg_image image;
	struct vg_chan keys; /* fd -1: none; closing it ends that process */
};

void vg_next_init(struct vg_next *next);

/* Lets go of what it holds. */
void vg_next_forget(struct vg_next *next);

/* A PEER message with the next keys; they take the place of those that came before. */
void vg_next_take_keys(struct vg_next *next, struct vg_msg *msg);

/* An IMAGE message, for which the keys have come. 0, or an errno value: then nothing is held. */
int vg_next_take_image(struct vg_next *next, const struct vg_msg *msg) VG_MUST_CHECK;

#endif
