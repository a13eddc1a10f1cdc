/*
 * The worker role: accepts vendors' connections, judges their requests, proxies what is allowed,
 * and tells all of it. It opens nothing: it works with the descriptors that it was given.
 */
#ifndef VG_PROXY_WORKER_H
#define VG_PROXY_WORKER_H

#include "base/attr.h"

struct vg_worker;

/* Serves on the channel to the supervisor (descriptor 3) until told to end; an exit status. */
int vg_worker_run(void) VG_MUST_CHECK;

/* Of a connection that has closed: there may be room for another, or the drain be over. */
void vg_worker_conn_closed(struct vg_worker *worker);

#endif
