/*
 * The worker's one context: what all its connections and exchanges share. Every module of proxy/
 * gets it handed in; nothing in the worker is global.
 */
#ifndef VG_PROXY_CTX_H
#define VG_PROXY_CTX_H

#include "event/ring.h"
#include "http/message.h"
#include "net/child.h"
#include "net/loop.h"
#include "policy/decide.h"
#include "proxy/addresses.h"
#include "proxy/dials.h"
#include "proxy/ids.h"
#include "proxy/places.h"
#include "sys/control_block.h"
#include "sys/status_page.h"
#include "tls/client.h"
#include "tls/server.h"

struct vg_conn;
struct vg_exchange;
struct vg_generation;

struct vg_worker {
	struct vg_loop loop;
	struct vg_child *child;
	struct vg_generation *current; /* what new connections and requests follow */
	struct vg_generation *next;    /* NULL; until its number stands in the control block */
	struct vg_chan next_keys;      /* for the IMAGE that comes; fd -1: none */
	struct vg_map control_map;
	const struct vg_control_block *control; /* NULL: there is none (the loop codec) */
	struct vg_map ring_map, tail_map;
	struct vg_map page_map;       /* its status page */
	struct vg_status_worker told; /* what stands there */
	struct event beat;            /* each second, be the worker idle or not */
	int64_t turned;               /* monotonic, at the last of them */
	struct vg_ring ring;
	struct vg_ids ids;
	struct vg_places places;
	struct vg_addresses addresses;
	struct vg_dials dials;
	uint64_t dialled, reused; /* of upstreams' connections: as vg_status_worker has them */

	struct vg_conn *conns; /* all of them */
	uint32_t conn_count;
	uint32_t conn_max;
	uint32_t conn_possible; /* as many as this process has descriptors for */
	uint64_t limits_of;     /* the generation that the limits are of; 0: none yet */
	uint64_t probes;        /* handshakes that load balancers broke off */
	struct event accepts[VG_CHILD_LISTENERS_MAX];
	bool accepting;
	bool draining;
	struct event from_supervisor;
	struct event drain_deadline;

	struct vg_exchange *spare; /* ended exchanges, for the next ones */
	uint32_t spare_count;
	uint64_t untold; /* refusals that had no room for their event, since one was told */

	/* Scratch of one callback; nothing in it outlives that. */
	struct vg_http_head head;
	struct vg_path path;
	struct vg_query query;
	_Alignas(8) uint8_t record[VG_RECORD_MAX];
};

#endif
