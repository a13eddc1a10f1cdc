#include "base/ulid.h"

#include <string.h>

void vg_ulid(char out[VG_ULID_TEXT], int64_t us, const uint8_t entropy[10])
{
	static const char letters[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
	uint64_t ms = us < 0 ? 0 : (uint64_t)us / 1000;
	for (int i = 9; i >= 0; i--, ms >>= 5)
		out[i] = letters[ms & 31];
	/* 80 bits are 16 letters of 5. */
	uint32_t bits = 0, count = 0;
	int at = 10;
	for (int i = 0; i < 10; i++) {
		bits = (bits << 8 | entropy[i]) & 0x1fff;
		for (count += 8; count >= 5; count -= 5)
			out[at++] = letters[bits >> (count - 5) & 31];
	}
	out[at] = '\0';
}
