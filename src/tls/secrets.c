#include "tls/secrets.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "sys/log.h"

bool vg_secrets_wanted(const struct vg_image *image)
{
	for (uint32_t i = 0; i < vg_img_set_header_count(image); i++)
		if (vg_img_set_headers(image)[i].path.len > 0)
			return true;
	return false;
}

static bool lies_inside(const struct vg_secrets *secrets, uint32_t rows)
{
	for (uint32_t i = 0; i < rows; i++) {
		struct vg_str place;
		memcpy(&place, secrets->bytes + i * sizeof(place), sizeof(place));
		if (place.len > VG_SECRET_MAX || place.len > secrets->size ||
		    place.offset > secrets->size - place.len)
			return false;
	}
	return true;
}

static bool copy_block(struct vg_secrets *secrets, const struct vg_image *image, int fd)
{
	struct vg_map map;
	if (!vg_shm_is_sealed(fd) || !vg_shm_map(&map, fd, false))
		return false;
	if (map.size >= vg_secrets_table(image))
		secrets->bytes = malloc(map.size);
	if (secrets->bytes != NULL) {
		memcpy(secrets->bytes, map.mem, map.size);
		secrets->size = map.size;
	}
	vg_shm_unmap(&map);
	return secrets->bytes != NULL && lies_inside(secrets, vg_img_set_header_count(image));
}

bool vg_secrets_take(struct vg_secrets *secrets, const struct vg_image *image,
		     const struct vg_chan *keys)
{
	struct vg_msg msg;
	*secrets = (struct vg_secrets){NULL, 0};
	if (!vg_secrets_wanted(image))
		return true;
	bool ok = false;
	if (vg_chan_recv(keys, &msg) == VG_CHAN_OK) {
		ok = msg.type == VG_MSG_SECRETS && copy_block(secrets, image, msg.fds[0]);
		vg_msg_close(&msg);
	}
	if (!ok) {
		vg_log(VG_LOG_ERROR, "the keys handed over no secrets that can be used");
		vg_secrets_free(secrets);
	}
	return ok;
}

struct vg_slice vg_secrets_get(const struct vg_secrets *secrets, uint32_t row)
{
	struct vg_str place;
	if (secrets->bytes == NULL)
		return VG_SLICE_EMPTY;
	memcpy(&place, secrets->bytes + row * sizeof(place), sizeof(place));
	return vg_slice(secrets->bytes + place.offset, place.len);
}

void vg_secrets_free(struct vg_secrets *secrets)
{
	if (secrets->bytes != NULL)
		OPENSSL_cleanse(secrets->bytes, secrets->size);
	free(secrets->bytes);
	*secrets = (struct vg_secrets){NULL, 0};
}
