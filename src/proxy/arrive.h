/*
 * What comes before a connection's handshake: from the accept, over its PROXY header and its place
 * among those of its address, to the ClientHello that has come whole.
 *
 * A connection is its peer's, until a header of one of `proxy_protocol_from` says whose it is. All
 * of it has to happen within `header_timeout` of the accept.
 */
#ifndef VG_PROXY_ARRIVE_H
#define VG_PROXY_ARRIVE_H

#include <stdint.h>

#include "base/addr.h"

struct vg_conn;
struct vg_worker;

/* Takes an accepted, non-blocking socket; closes it where memory is short. */
void vg_arrive(struct vg_worker *worker, int fd, const struct vg_addr *src, uint16_t sport);

/* Of the connection: something can be read. */
void vg_arrive_ready(struct vg_conn *conn);

/* Its time is up, and no vendor is known. */
void vg_arrive_timeout(struct vg_conn *conn);

/* Of the addresses: it is parked no more. */
void vg_arrive_take_up(void *conn);

#endif
