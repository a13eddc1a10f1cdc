/*
 * What services set on each request (set_header), ready to be written: made once for a generation,
 * so that a request costs no more than the bytes.
 */
#ifndef VG_PROXY_SET_HEADER_H
#define VG_PROXY_SET_HEADER_H

#include <stdbool.h>

#include "base/attr.h"
#include "http/write.h"
#include "policy/image.h"
#include "tls/secrets.h"

struct vg_set_headers {
	struct vg_http_extra *extras; /* one for each row of the image's SET_HEADER */
	char *texts;
	size_t size;
};

/* With the secrets of those that have one. False: no memory. */
bool vg_set_headers_make(struct vg_set_headers *headers, const struct vg_image *image,
			 const struct vg_secrets *secrets) VG_MUST_CHECK;
void vg_set_headers_free(struct vg_set_headers *headers); /* clears them */

/* Appends those of the service: `extras` has room for VG_IMG_SET_HEADERS_MAX. How many. */
size_t vg_set_headers_add(const struct vg_set_headers *headers,
			  const struct vg_img_service *service, struct vg_http_extra *extras);

#endif
