#include "proxy/ids.h"

#include <stdbool.h>

#include "base/text.h"
#include "sys/entropy.h"

#define ENTROPY_OF_ID 10

/* So many bytes that no id has had; valid until the next call. */
static uint8_t *take(struct vg_ids *ids, size_t len)
{
	if (ids->left < len) {
		vg_entropy(ids->entropy, sizeof(ids->entropy));
		ids->left = sizeof(ids->entropy);
	}
	ids->left -= len;
	return ids->entropy + ids->left;
}

void vg_ids_next(struct vg_ids *ids, int64_t wall, char out[VG_ULID_TEXT])
{
	vg_ulid(out, wall, take(ids, ENTROPY_OF_ID));
}

void vg_ids_hex(struct vg_ids *ids, char *out, size_t len)
{
	uint8_t *bytes = take(ids, len);
	if (bytes[0] == 0)
		bytes[0] = 1;
	vg_hex(out, bytes, len);
}
