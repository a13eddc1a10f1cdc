#include "proxy/ids.h"

#include <stdbool.h>

#include "sys/entropy.h"

#define ENTROPY_OF_ID 10

void vg_ids_next(struct vg_ids *ids, int64_t wall, char out[VG_ULID_TEXT])
{
	if (ids->left < ENTROPY_OF_ID) {
		vg_entropy(ids->entropy, sizeof(ids->entropy));
		ids->left = sizeof(ids->entropy);
	}
	ids->left -= ENTROPY_OF_ID;
	vg_ulid(out, wall, ids->entropy + ids->left);
}
