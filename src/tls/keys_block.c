#include "tls/keys.h"

#include <string.h>

#include <openssl/evp.h>

#include "base/slice.h"

/* The hashes of TLS, with what PKCS#1 v1.5 puts before their value (RFC 8017 9.2, note 1). */
struct hash {
	const EVP_MD *(*md)(void);
	size_t len;
	uint8_t prefix[19];
};

static const struct hash hashes[] = {
	{EVP_sha256,
	 32,
	 {0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01,
	  0x05, 0x00, 0x04, 0x20}},
	{EVP_sha384,
	 48,
	 {0x30, 0x41, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02,
	  0x05, 0x00, 0x04, 0x30}},
	{EVP_sha512,
	 64,
	 {0x30, 0x51, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x03,
	  0x05, 0x00, 0x04, 0x40}},
};

/* 00 01 FF…FF 00 prefix hash, all of it determined but the hash. */
static bool is_pkcs1(const uint8_t *block, size_t len, const struct hash *hash)
{
	size_t tail = sizeof(hash->prefix) + hash->len;
	if (len < tail + 11 || block[0] != 0 || block[1] != 1)
		return false;
	size_t zero = len - tail - 1;
	for (size_t i = 2; i < zero; i++)
		if (block[i] != 0xff)
			return false;
	return block[zero] == 0 &&
	       memcmp(block + zero + 1, hash->prefix, sizeof(hash->prefix)) == 0;
}

/* db ^= MGF1(seed) (RFC 8017 B.2.1). */
static bool unmask(uint8_t *db, size_t len, const uint8_t *seed, const struct hash *hash)
{
	uint8_t input[EVP_MAX_MD_SIZE + 4], mask[EVP_MAX_MD_SIZE];

	memcpy(input, seed, hash->len);
	for (size_t done = 0, round = 0; done < len; done += hash->len, round++) {
		input[hash->len] = input[hash->len + 1] = 0;
		input[hash->len + 2] = (uint8_t)(round >> 8);
		input[hash->len + 3] = (uint8_t)round;
		if (EVP_Digest(input, hash->len + 4, mask, NULL, hash->md(), NULL) != 1)
			return false;
		for (size_t i = 0; i < hash->len && done + i < len; i++)
			db[done + i] ^= mask[i];
	}
	return true;
}

/* RFC 8017 9.1.2 as far as it goes without the message: maskedDB H bc, and in DB 0…0 01 salt. */
static bool is_pss(const uint8_t *em, size_t len, unsigned free_bits, const struct hash *hash)
{
	uint8_t db[VG_SIGN_MAX];

	if (len < 2 * hash->len + 2 || em[len - 1] != 0xbc)
		return false;
	size_t db_len = len - hash->len - 1;
	uint8_t outside = (uint8_t)(0xff00 >> free_bits);
	if ((em[0] & outside) != 0)
		return false;
	memcpy(db, em, db_len);
	if (!unmask(db, db_len, em + db_len, hash))
		return false;
	db[0] &= (uint8_t)~outside;
	size_t one = db_len - hash->len - 1;
	for (size_t i = 0; i < one; i++)
		if (db[i] != 0)
			return false;
	return db[one] == 1;
}

bool vg_keys_block_ok(const uint8_t *block, size_t len, unsigned bits)
{
	if (bits < 1024 || len != (bits + 7) / 8 || len > VG_SIGN_MAX)
		return false;
	/* EM has bits - 1 bits: where that is whole bytes, the block has one more, zero, before. */
	unsigned free_bits = (8 - (bits - 1) % 8) % 8;
	size_t skip = (bits - 1) % 8 == 0 ? 1 : 0;
	for (size_t i = 0; i < VG_COUNT(hashes); i++) {
		if (is_pkcs1(block, len, &hashes[i]))
			return true;
		if ((skip == 0 || block[0] == 0) &&
		    is_pss(block + skip, len - skip, free_bits, &hashes[i]))
			return true;
	}
	return false;
}
