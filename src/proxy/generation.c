#include "proxy/generation.h"

#include <stdlib.h>

#include "base/text.h"
#include "proxy/ctx.h"
#include "sys/log.h"

struct vg_generation *vg_generation_new(struct vg_worker *worker, uint64_t number,
					const struct vg_image *image)
{
	struct vg_generation *generation = calloc(1, sizeof(*generation));
	if (generation == NULL)
		return NULL;
	generation->worker = worker;
	generation->number = number;
	generation->refs = 1;
	generation->image = *image;
	generation->gateway = vg_img_gateway(image);
	generation->keys.fd = -1;
	vg_hex(generation->gen, image->header->gen, sizeof(image->header->gen));
	const struct vg_secrets none = {NULL, 0};
	if (!vg_pool_init(&generation->pool, generation) ||
	    !vg_set_headers_make(&generation->set_headers, image, &none) ||
	    !vg_health_init(&generation->health, generation))
		vg_generation_unref(&generation);
	return generation;
}

/* They come before anything is asked of the keys. */
static bool take_secrets(struct vg_generation *generation)
{
	struct vg_secrets secrets;
	if (!vg_secrets_take(&secrets, &generation->image, &generation->keys))
		return false;
	vg_set_headers_free(&generation->set_headers);
	bool ok = vg_set_headers_make(&generation->set_headers, &generation->image, &secrets);
	vg_secrets_free(&secrets);
	return ok;
}

bool vg_generation_secure(struct vg_generation *generation, struct vg_chan *keys)
{
	generation->keys = *keys;
	keys->fd = -1;
	if (!take_secrets(generation))
		return false;
	generation->tls = vg_tls_server_new(&generation->image, &generation->keys);
	generation->upstream_tls = vg_tls_client_new(&generation->image, &generation->keys);
	return generation->tls != NULL && generation->upstream_tls != NULL;
}

struct vg_generation *vg_generation_ref(struct vg_generation *generation)
{
	VG_ASSERT(generation->refs > 0 && generation->refs < UINT32_MAX);
	generation->refs++;
	return generation;
}

/* Where it can't be told, the end of this process tells it. */
static void tell_gone(const struct vg_generation *gone)
{
	const struct vg_chan *supervisor = &gone->worker->child->supervisor;
	struct vg_msg_index number = {.index = gone->number};
	if (supervisor->fd >= 0 &&
	    vg_chan_send(supervisor, VG_MSG_LET_GO, &number, NULL) != VG_CHAN_OK)
		vg_log(VG_LOG_DEBUG, "the supervisor can't be told which generation is gone");
}

void vg_generation_unref(struct vg_generation **generation)
{
	struct vg_generation *gone = *generation;
	*generation = NULL;
	if (gone == NULL || --gone->refs > 0)
		return;
	tell_gone(gone);
	vg_health_fini(&gone->health);
	vg_pool_fini(&gone->pool);
	vg_tls_server_free(&gone->tls);
	vg_tls_client_free(&gone->upstream_tls);
	vg_set_headers_free(&gone->set_headers);
	vg_chan_close(&gone->keys);
	vg_shm_unmap(&gone->map);
	free(gone);
}
