/* Ids of requests and connections (ULIDs) and of traces: entropy is fetched for many at a time. */
#ifndef VG_PROXY_IDS_H
#define VG_PROXY_IDS_H

#include <stddef.h>
#include <stdint.h>

#include "base/ulid.h"

struct vg_ids {
	uint8_t entropy[2560];
	size_t left; /* bytes of it that no id has had */
};

void vg_ids_next(struct vg_ids *ids, int64_t wall, char out[VG_ULID_TEXT]);

/* 2 * len lower-case digits and a NUL, never all zero: of at most sizeof(ids->entropy) bytes. */
void vg_ids_hex(struct vg_ids *ids, char *out, size_t len);

#endif
