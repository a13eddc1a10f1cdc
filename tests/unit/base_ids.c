/* Sums and request ids, against vectors that others published. */
#include <criterion/criterion.h>

#include "base/crc32c.h"
#include "base/ulid.h"

/* RFC 3720 B.4, and the check value of the catalogue. */
Test(base_crc32c, vectors)
{
	uint8_t bytes[32];
	memset(bytes, 0, sizeof(bytes));
	cr_expect_eq(vg_crc32c(0, bytes, sizeof(bytes)), 0x8a9136aa);
	memset(bytes, 0xff, sizeof(bytes));
	cr_expect_eq(vg_crc32c(0, bytes, sizeof(bytes)), 0x62a8ab43);
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)i;
	cr_expect_eq(vg_crc32c(0, bytes, sizeof(bytes)), 0x46dd794e);
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(31 - i);
	cr_expect_eq(vg_crc32c(0, bytes, sizeof(bytes)), 0x113fdb5c);
	cr_expect_eq(vg_crc32c(0, "123456789", 9), 0xe3069283);
	cr_expect_eq(vg_crc32c(0, "", 0), 0);
}

/* In parts, at every place, and from every alignment. */
Test(base_crc32c, parts)
{
	char text[64];
	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (char)(i * 37 + 11);
	for (size_t from = 0; from < 8; from++) {
		uint32_t whole = vg_crc32c(0, text + from, sizeof(text) - from);
		for (size_t at = from; at <= sizeof(text); at++) {
			uint32_t crc = vg_crc32c(0, text + from, at - from);
			cr_expect_eq(vg_crc32c(crc, text + at, sizeof(text) - at), whole);
		}
	}
}

Test(base_ulid, spelling)
{
	char text[VG_ULID_TEXT];
	uint8_t entropy[10];
	memset(entropy, 0, sizeof(entropy));
	vg_ulid(text, 0, entropy);
	cr_expect_str_eq(text, "00000000000000000000000000");
	/* The example of the ULID specification: 1469918176385 ms are 01ARYZ6S41. */
	memset(entropy, 0xff, sizeof(entropy));
	vg_ulid(text, INT64_C(1469918176385) * 1000 + 999, entropy);
	cr_expect_str_eq(text, "01ARYZ6S41ZZZZZZZZZZZZZZZZ");
	for (uint8_t i = 0; i < sizeof(entropy); i++)
		entropy[i] = i;
	vg_ulid(text, 1000, entropy);
	cr_expect_str_eq(text, "0000000001000G40R40M30E209");
	vg_ulid(text, -5, entropy);
	cr_expect_str_eq(text, "0000000000000G40R40M30E209");
}

Test(base_ulid, sorts_by_time)
{
	char before[VG_ULID_TEXT] = "", text[VG_ULID_TEXT];
	uint8_t entropy[10] = {0};
	for (int64_t ms = 1; ms < INT64_C(1) << 47; ms = ms * 3 + 1) {
		vg_ulid(text, ms * 1000, entropy);
		cr_expect_lt(strcmp(before, text), 0, "%s %s", before, text);
		memcpy(before, text, sizeof(before));
	}
}
