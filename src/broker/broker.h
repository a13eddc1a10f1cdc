/*
 * The broker role: what workers need from outside. It resolves and dials the upstreams of the
 * image, and no other name or address, and hands over the connected socket.
 */
#ifndef VG_BROKER_BROKER_H
#define VG_BROKER_BROKER_H

#include "base/attr.h"

/* Serves on the channel to the supervisor (descriptor 3) until told to end; an exit status. */
int vg_broker_run(void) VG_MUST_CHECK;

#endif
