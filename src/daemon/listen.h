/*
 * The listening sockets: bound once by the supervisor, one for each address, shared by all
 * workers, so that no queue belongs to a dead or busy one.
 */
#ifndef VG_DAEMON_LISTEN_H
#define VG_DAEMON_LISTEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "net/child.h"
#include "policy/image.h"

#define VG_LISTEN_TEXT (VG_ADDR_TEXT + VG_ZONE_TEXT + 10) /* "[IPV6%ZONE]:PORT" and a NUL */

struct vg_listeners {
	int fds[VG_CHILD_LISTENERS_MAX]; /* in the order of the image's */
	uint32_t count;
};

/* Binds all of the image's listeners, or none: false, and told in the log. */
bool vg_listen_open(struct vg_listeners *listeners, const struct vg_image *image) VG_MUST_CHECK;
void vg_listen_close(struct vg_listeners *listeners);

/* One socket, bound there; -1, and told in the log. */
int vg_listen_at(const struct vg_img_listener *row) VG_MUST_CHECK;

/* "10.0.0.1:443" or "[::1]:443". */
void vg_listen_text(char out[VG_LISTEN_TEXT], const struct vg_img_listener *row);

#endif
