/*
 * A channel between two roles: typed messages with descriptors over a SOCK_SEQPACKET pair. What
 * may be said by whom stands in vocab/msg.def; a message that its row doesn't allow ends the
 * channel, since the peer may have been taken over.
 */
#ifndef VG_SYS_CHAN_H
#define VG_SYS_CHAN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "vocab/msg.h"
#include "vocab/role.h"

struct vg_chan {
	int fd; /* -1: closed */
	enum vg_role self, peer;
};

struct vg_msg {
	enum vg_msg_type type;
	unsigned fd_count;
	int fds[VG_MSG_FDS_MAX]; /* close-on-exec; the receiver's to close */
	union {
		struct vg_msg_hello hello;
		struct vg_msg_image image;
		struct vg_msg_image_ack image_ack;
		struct vg_msg_index index;
		struct vg_msg_ring ring;
		struct vg_msg_peer peer;
		struct vg_msg_fault fault;
		struct vg_msg_tell tell;
		struct vg_msg_reload reload;
		struct vg_msg_reloaded reloaded;
		struct vg_msg_dial dial;
		struct vg_msg_dialed dialed;
		struct vg_msg_sign sign;
		struct vg_msg_signed signed_;
		uint64_t align;
	};
};

enum vg_chan_status {
	VG_CHAN_OK,
	VG_CHAN_AGAIN,  /* nothing there, or no room (non-blocking descriptors only) */
	VG_CHAN_CLOSED, /* the peer is gone */
	VG_CHAN_BAD     /* it said what it may not say; errno EPROTO; or a system error */
};

/* Both ends close-on-exec, blocking. */
bool vg_chan_pair(int fds[2]) VG_MUST_CHECK;

/* `payload` has the row's size, `fds` the row's count (they stay the caller's). */
enum vg_chan_status vg_chan_send(const struct vg_chan *chan, enum vg_msg_type type,
				 const void *payload, const int *fds) VG_MUST_CHECK;
enum vg_chan_status vg_chan_recv(const struct vg_chan *chan, struct vg_msg *msg) VG_MUST_CHECK;

void vg_msg_close(struct vg_msg *msg); /* descriptors that nobody took */
void vg_chan_close(struct vg_chan *chan);

#endif
