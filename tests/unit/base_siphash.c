#include <criterion/criterion.h>

#include "base/siphash.h"

/* The authors' vectors: key 00 01 … 0f, of 00 01 … as many bytes as the place says. */
static const struct {
	size_t len;
	uint64_t hash;
} rows[] = {
	{0, UINT64_C(0x726fdb47dd0e0e31)},  {1, UINT64_C(0x74f839c593dc67fd)},
	{7, UINT64_C(0xab0200f58b01d137)},  {8, UINT64_C(0x93f5f5799a932462)},
	{15, UINT64_C(0xa129ca6149be45e5)}, {16, UINT64_C(0x3f2acc7f57c29bdb)},
	{63, UINT64_C(0x958a324ceb064572)},
};

Test(base_siphash, it_is_the_authors)
{
	uint8_t key[VG_SIPHASH_KEY], bytes[64];
	for (size_t i = 0; i < sizeof(bytes); i++) {
		bytes[i] = (uint8_t)i;
		key[i % sizeof(key)] = (uint8_t)(i % sizeof(key));
	}
	for (size_t i = 0; i < VG_COUNT(rows); i++)
		cr_expect_eq(vg_siphash(key, bytes, rows[i].len), rows[i].hash, "%zu bytes",
			     rows[i].len);
}
