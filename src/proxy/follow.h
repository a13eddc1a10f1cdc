/*
 * Which generation is in force: the supervisor hands the next one out (an IMAGE, and before it the
 * PEER with its keys), and once every role has acknowledged it, its number stands in the control
 * block. The worker follows the number: it looks at it before each handshake and each request.
 */
#ifndef VG_PROXY_FOLLOW_H
#define VG_PROXY_FOLLOW_H

#include "base/attr.h"
#include "sys/chan.h"

struct vg_worker;
struct vg_generation;

/* A message of the supervisor while the worker serves. */
void vg_follow_take(struct vg_worker *worker, struct vg_msg *msg);

/* The newest that is in force; the reference stays the worker's. */
struct vg_generation *vg_follow_current(struct vg_worker *worker) VG_MUST_CHECK;

void vg_follow_fini(struct vg_worker *worker);

#endif
