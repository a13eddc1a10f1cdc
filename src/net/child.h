/*
 * How every child of the supervisor begins: it learns over its channel (descriptor 3) which role
 * it is, and is given the image, descriptors and peers that its role needs; nothing else of the
 * machine is asked. Used by all of them but `compile`.
 */
#ifndef VG_NET_CHILD_H
#define VG_NET_CHILD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "policy/image.h"
#include "sys/chan.h"
#include "sys/shm.h"

#define VG_CHILD_LISTENERS_MAX 64
#define VG_CHILD_PEERS_MAX 128
#define VG_CHILD_PAGES_MAX (VG_PAGE_WORKERS + VG_CHILD_PEERS_MAX)

struct vg_child_ring {
	uint32_t index;
	bool writer_dead; /* vg_msg_ring's */
	int file_fd, tail_fd;
};

struct vg_child {
	struct vg_chan supervisor;
	enum vg_role role;
	uint32_t index;
	struct vg_msg_hello hello;

	uint64_t generation;
	struct vg_map image_map;
	struct vg_image image;

	int listeners[VG_CHILD_LISTENERS_MAX]; /* in the order of the image's; -1: none */
	uint32_t listener_count;
	struct vg_chan peers[VG_CHILD_PEERS_MAX]; /* as they came */
	uint32_t peer_index[VG_CHILD_PEERS_MAX];
	uint32_t peer_count;
	struct vg_child_ring rings[VG_CHILD_PEERS_MAX];
	uint32_t ring_count;
	int state_fd;                     /* -1: not given; so the others */
	int control_fd;                   /* the control block */
	int page_fds[VG_CHILD_PAGES_MAX]; /* the status pages, by VG_PAGE_… */
	int names_fds[VG_NAMES_FILES];    /* for the image that came last, or comes next */
};

/*
 * Takes messages until GO, and opens the log as "ROLE INDEX". False, and told in the log, where
 * the channel ends before, or says what `role` must not be told.
 */
bool vg_child_start(struct vg_child *child, enum vg_role role) VG_MUST_CHECK;

/* READY: it serves. */
bool vg_child_ready(struct vg_child *child) VG_MUST_CHECK;

/*
 * A PEER message that came later, while it serves: in place of the closed one with that role and
 * index, else a new one. Takes the descriptor. NULL where there is no room.
 */
struct vg_chan *vg_child_add_peer(struct vg_child *child, struct vg_msg *msg) VG_MUST_CHECK;

/* A NAMES message, while it starts or serves. Takes the descriptor; false where it is none. */
bool vg_child_take_names(struct vg_child *child, struct vg_msg *msg) VG_MUST_CHECK;

/* The first peer of that role; NULL. */
struct vg_chan *vg_child_peer(struct vg_child *child, enum vg_role role) VG_MUST_CHECK;

#endif
