/*
 * The worker role: accepts vendors' connections, judges their requests, proxies what is allowed,
 * and tells all of it. It opens nothing: it works with the descriptors that it was given.
 */
#ifndef VG_PROXY_WORKER_H
#define VG_PROXY_WORKER_H

#include "base/attr.h"

/* Serves on the channel to the supervisor (descriptor 3) until told to end; an exit status. */
int vg_worker_run(void) VG_MUST_CHECK;

#endif
