/*
 * resolv.conf(5): who is asked for names, and how. libevent reads such a file only by its path,
 * which the broker can't open: names.c hands over what stands here.
 */
#ifndef VG_BROKER_RESOLV_H
#define VG_BROKER_RESOLV_H

#include <stdint.h>

#include "base/attr.h"
#include "base/slice.h"

#define VG_RESOLV_SERVERS_MAX 3 /* resolv.conf(5): more are passed over */
#define VG_RESOLV_SEARCH_MAX 6

enum vg_resolv_option { VG_RESOLV_NDOTS, VG_RESOLV_TIMEOUT, VG_RESOLV_ATTEMPTS, VG_RESOLV_OPTIONS };

struct vg_resolv {
	struct vg_slice servers[VG_RESOLV_SERVERS_MAX]; /* an address, also as ADDRESS:PORT */
	struct vg_slice search[VG_RESOLV_SEARCH_MAX];   /* of the last `search` or `domain` */
	uint32_t server_count, search_count;
	uint32_t options[VG_RESOLV_OPTIONS]; /* within their bounds; the time-out in seconds */
};

/* What isn't known is passed over. The slices are the text's. */
void vg_resolv_parse(struct vg_slice text, struct vg_resolv *resolv);

/* As it stands in the file, with its colon. */
const char *vg_resolv_option_name(enum vg_resolv_option option) VG_MUST_CHECK;

#endif
