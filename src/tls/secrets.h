/*
 * What stands in the files of `set_header = NAME: VALUE @FILE`. The keys role reads them before it
 * drops its rights, and hands all to its worker in one sealed block of memory, which no other
 * process sees: VG_MSG_SECRETS. They are in no image, and so in no digest.
 */
#ifndef VG_TLS_SECRETS_H
#define VG_TLS_SECRETS_H

#include <stdbool.h>

#include "base/attr.h"
#include "policy/image.h"
#include "sys/chan.h"
#include "sys/shm.h"

#define VG_SECRET_MAX 4096 /* bytes of one */

/* Whether the image names any. */
bool vg_secrets_wanted(const struct vg_image *image) VG_MUST_CHECK;

/*
 * Of the keys: reads those of the image, and sends them to the worker. False where one can't be
 * read, or can't stand in a header: each is told, place, file and reason, never content.
 */
bool vg_secrets_send(const struct vg_image *image, const struct vg_chan *worker,
		     const struct vg_chan *supervisor) VG_MUST_CHECK;

/*
 * The block begins with a struct vg_str for each row of SET_HEADER, whose offset counts from the
 * block's begin.
 */
static inline size_t vg_secrets_table(const struct vg_image *image)
{
	return vg_img_set_header_count(image) * sizeof(struct vg_str);
}

/* A copy of the block, in the worker. */
struct vg_secrets {
	char *bytes; /* NULL: there are none */
	size_t size;
};

/* Of the worker: waits for those of the image, where it names any. False, and told in the log. */
bool vg_secrets_take(struct vg_secrets *secrets, const struct vg_image *image,
		     const struct vg_chan *keys) VG_MUST_CHECK;

/* That of a row of SET_HEADER; empty where it has none. */
struct vg_slice vg_secrets_get(const struct vg_secrets *secrets, uint32_t row) VG_MUST_CHECK;

void vg_secrets_free(struct vg_secrets *secrets); /* clears them */

#endif
