#include "base/crc32c.h"

#include <string.h>

#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

/* Half a byte at a time: a table of 16 words that can be read, at a speed that nobody waits for. */
static uint32_t portable(uint32_t crc, const uint8_t *in, size_t len)
{
	static const uint32_t table[16] = {
		0x00000000, 0x105ec76f, 0x20bd8ede, 0x30e349b1, 0x417b1dbc, 0x5125dad3,
		0x61c69362, 0x7198540d, 0x82f63b78, 0x92a8fc17, 0xa24bb5a6, 0xb21572c9,
		0xc38d26c4, 0xd3d3e1ab, 0xe330a81a, 0xf36e6f75,
	};
	for (; len > 0; len--, in++) {
		crc = table[(crc ^ *in) & 15] ^ (crc >> 4);
		crc = table[(crc ^ (uint32_t)(*in >> 4)) & 15] ^ (crc >> 4);
	}
	return crc;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) static uint32_t sse42(uint32_t crc, const uint8_t *in, size_t len)
{
	uint64_t sum = crc;
	for (; len >= 8; len -= 8, in += 8) {
		uint64_t word;
		memcpy(&word, in, sizeof(word));
		sum = _mm_crc32_u64(sum, word);
	}
	crc = (uint32_t)sum;
	for (; len > 0; len--, in++)
		crc = _mm_crc32_u8(crc, *in);
	return crc;
}
#endif

uint32_t vg_crc32c(uint32_t crc, const void *bytes, size_t len)
{
#if defined(__x86_64__)
	if (__builtin_cpu_supports("sse4.2"))
		return ~sse42(~crc, bytes, len);
#endif
	return ~portable(~crc, bytes, len);
}
