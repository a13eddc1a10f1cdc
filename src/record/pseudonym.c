#include "config.h"

#include "record/pseudonym.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/text.h"
#include "sys/entropy.h"
#include "sys/file.h"
#include "sys/log.h"

#define KEY_FILE "hmac.key"
#define KEY_FILE_NEW "hmac.key.new"
#define KEY_BYTES 32
#define HASH_BYTES 32
#define SHOWN_BYTES ((size_t)8)
#define EPOCH "h1." /* moves with a new key; there is no way yet to make one */

_Static_assert(sizeof(EPOCH) + 2 * SHOWN_BYTES == VG_PSEUDONYM_TEXT, "what it looks like");

struct vg_pseudonym {
	EVP_MAC *mac;
	EVP_MAC_CTX *ctx; /* has the key */
};

/* Whole or not at all, also after a power loss. */
static bool make_key(int state, uint8_t key[KEY_BYTES])
{
	vg_entropy(key, KEY_BYTES);
	if (unlinkat(state, KEY_FILE_NEW, 0) != 0 && errno != ENOENT)
		return false;
	int fd = openat(state, KEY_FILE_NEW, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
			0600);
	if (fd < 0)
		return false;
	bool ok = vg_file_write_all(fd, key, KEY_BYTES) && fsync(fd) == 0;
	vg_fd_close(&fd);
	return ok && renameat(state, KEY_FILE_NEW, state, KEY_FILE) == 0 && fsync(state) == 0;
}

static bool read_key(int state, uint8_t key[KEY_BYTES])
{
	uint8_t more;
	int fd = openat(state, KEY_FILE, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return errno == ENOENT && make_key(state, key);
	bool ok = read(fd, key, KEY_BYTES) == KEY_BYTES && read(fd, &more, 1) == 0;
	vg_fd_close(&fd);
	if (!ok)
		errno = EINVAL;
	return ok;
}

static bool init(struct vg_pseudonym *pseudonym, const uint8_t key[KEY_BYTES])
{
	char digest[] = "SHA256";
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
		OSSL_PARAM_construct_end(),
	};
	pseudonym->mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	if (pseudonym->mac == NULL)
		return false;
	pseudonym->ctx = EVP_MAC_CTX_new(pseudonym->mac);
	return pseudonym->ctx != NULL && EVP_MAC_init(pseudonym->ctx, key, KEY_BYTES, params) == 1;
}

struct vg_pseudonym *vg_pseudonym_new(int state)
{
	uint8_t key[KEY_BYTES];
	struct vg_pseudonym *pseudonym = calloc(1, sizeof(*pseudonym));
	if (pseudonym == NULL || !read_key(state, key)) {
		vg_log(VG_LOG_ERROR, "%s in the state directory can't be used: %m", KEY_FILE);
		free(pseudonym);
		return NULL;
	}
	bool ok = init(pseudonym, key);
	OPENSSL_cleanse(key, sizeof(key));
	if (!ok) {
		vg_log(VG_LOG_ERROR, "the library has no HMAC-SHA-256");
		vg_pseudonym_free(&pseudonym);
	}
	return pseudonym;
}

void vg_pseudonym_free(struct vg_pseudonym **pseudonym)
{
	if (*pseudonym == NULL)
		return;
	EVP_MAC_CTX_free((*pseudonym)->ctx);
	EVP_MAC_free((*pseudonym)->mac);
	free(*pseudonym);
	*pseudonym = NULL;
}

static bool feed(struct vg_pseudonym *pseudonym, struct vg_slice bytes)
{
	return EVP_MAC_update(pseudonym->ctx, (const unsigned char *)bytes.ptr, bytes.len) == 1;
}

bool vg_pseudonym_make(struct vg_pseudonym *pseudonym, char out[VG_PSEUDONYM_TEXT],
		       struct vg_slice vendor, struct vg_slice value)
{
	uint8_t hash[HASH_BYTES];
	size_t len = 0;
	/* Without a key it begins anew with the one that it has. */
	if (EVP_MAC_init(pseudonym->ctx, NULL, 0, NULL) != 1 || !feed(pseudonym, vendor) ||
	    !feed(pseudonym, vg_slice("", 1)) || !feed(pseudonym, value) ||
	    EVP_MAC_final(pseudonym->ctx, hash, &len, sizeof(hash)) != 1 || len != sizeof(hash))
		return false;
	memcpy(out, EPOCH, sizeof(EPOCH) - 1);
	vg_hex(out + sizeof(EPOCH) - 1, hash, SHOWN_BYTES);
	return true;
}
