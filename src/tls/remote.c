/*
 * OpenSSL 3 has deprecated EC_KEY_METHOD and RSA_METHOD in favour of providers. They are one
 * function where a provider is a thousand lines, and libssl still signs with them.
 */
#define OPENSSL_SUPPRESS_DEPRECATED

#include "tls/remote.h"

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/rsa.h>

struct remote {
	const struct vg_chan *keys;
	uint32_t key;
};

/* Index 0 is what OpenSSL leaves to the application in every kind of object. */
#define APP_DATA 0

/* The signature's length; 0 where the keys role refused or is gone. */
static uint32_t ask(const struct remote *remote, uint32_t digest, const unsigned char *block,
		    uint32_t len, struct vg_msg *answer)
{
	struct vg_msg_sign request = {.key = remote->key, .digest = digest, .length = len};

	VG_ASSERT(len <= sizeof(request.block));
	memcpy(request.block, block, len);
	if (vg_chan_send(remote->keys, VG_MSG_SIGN, &request, NULL) != VG_CHAN_OK ||
	    vg_chan_recv(remote->keys, answer) != VG_CHAN_OK)
		return 0;
	return answer->type == VG_MSG_SIGNED ? answer->signed_.length : 0;
}

static int ec_sign(int type VG_UNUSED, const unsigned char *digest, int len, unsigned char *sig,
		   unsigned int *sig_len, const BIGNUM *kinv VG_UNUSED, const BIGNUM *r VG_UNUSED,
		   EC_KEY *key)
{
	const struct remote *remote = EC_KEY_get_ex_data(key, APP_DATA);
	struct vg_msg answer;

	if (len <= 0 || len > EVP_MAX_MD_SIZE)
		return 0;
	uint32_t got = ask(remote, (uint32_t)len, digest, (uint32_t)len, &answer);
	if (got == 0 || got > (uint32_t)ECDSA_size(key) || got > VG_SIGN_MAX) {
		ERR_raise(ERR_LIB_EC, ERR_R_OPERATION_FAIL);
		return 0;
	}
	memcpy(sig, answer.signed_.signature, got);
	*sig_len = got;
	return 1;
}

static void ec_finish(EC_KEY *key)
{
	OPENSSL_free(EC_KEY_get_ex_data(key, APP_DATA));
	EC_KEY_set_ex_data(key, APP_DATA, NULL);
}

/* A PSS block comes whole (RSA_NO_PADDING); of PKCS#1 v1.5 only the DigestInfo. */
static int rsa_sign(int len, const unsigned char *from, unsigned char *to, RSA *key, int padding)
{
	const struct remote *remote = RSA_get_app_data(key);
	unsigned char block[VG_SIGN_MAX];
	int size = RSA_size(key);
	struct vg_msg answer;

	if (size <= 0 || size > (int)sizeof(block) || len <= 0 || len > size)
		return -1;
	if (padding == RSA_PKCS1_PADDING) {
		if (RSA_padding_add_PKCS1_type_1(block, size, from, len) != 1)
			return -1;
	} else if (padding == RSA_NO_PADDING && len == size) {
		memcpy(block, from, (size_t)len);
	} else {
		return -1;
	}
	if (ask(remote, 0, block, (uint32_t)size, &answer) != (uint32_t)size) {
		ERR_raise(ERR_LIB_RSA, ERR_R_OPERATION_FAIL);
		return -1;
	}
	memcpy(to, answer.signed_.signature, (size_t)size);
	return size;
}

/* Nothing that TLS asks of a server needs it: key exchange by RSA is off. */
static int rsa_decrypt(int len VG_UNUSED, const unsigned char *from VG_UNUSED,
		       unsigned char *to VG_UNUSED, RSA *key VG_UNUSED, int padding VG_UNUSED)
{
	return -1;
}

static int rsa_finish(RSA *key)
{
	OPENSSL_free(RSA_get_app_data(key));
	RSA_set_app_data(key, NULL);
	int (*finish)(RSA *) = RSA_meth_get_finish(RSA_PKCS1_OpenSSL());
	return finish == NULL ? 1 : finish(key);
}

/*
 * OpenSSL's tables are made once, and live as long as the process: a key refers to its own until
 * after its last callback.
 */
static const EC_KEY_METHOD *ec_method(void)
{
	static EC_KEY_METHOD *method;
	if (method != NULL)
		return method;

	int (*setup)(EC_KEY *, BN_CTX *, BIGNUM **, BIGNUM **) = NULL;
	method = EC_KEY_METHOD_new(EC_KEY_OpenSSL());
	if (method == NULL)
		return NULL;
	EC_KEY_METHOD_get_sign(method, NULL, &setup, NULL);
	EC_KEY_METHOD_set_sign(method, ec_sign, setup, NULL);
	EC_KEY_METHOD_set_init(method, NULL, ec_finish, NULL, NULL, NULL, NULL);
	return method;
}

static const RSA_METHOD *rsa_method(void)
{
	static RSA_METHOD *method;
	if (method != NULL)
		return method;

	method = RSA_meth_dup(RSA_PKCS1_OpenSSL());
	if (method == NULL)
		return NULL;
	RSA_meth_set1_name(method, "vendgate keys");
	RSA_meth_set_priv_enc(method, rsa_sign);
	RSA_meth_set_priv_dec(method, rsa_decrypt);
	RSA_meth_set_finish(method, rsa_finish);
	RSA_meth_set_flags(method, RSA_METHOD_FLAG_NO_CHECK);
	return method;
}

static bool fill_ec(EVP_PKEY *pkey, EVP_PKEY *public, const struct remote *remote)
{
	const EC_KEY *from = EVP_PKEY_get0_EC_KEY(public);
	EC_KEY *key = from == NULL ? NULL : EC_KEY_new();
	struct remote *own = NULL;

	if (key == NULL || ec_method() == NULL ||
	    EC_KEY_set_group(key, EC_KEY_get0_group(from)) != 1 ||
	    EC_KEY_set_public_key(key, EC_KEY_get0_public_key(from)) != 1 ||
	    EC_KEY_set_method(key, ec_method()) != 1)
		goto out;
	own = OPENSSL_memdup(remote, sizeof(*remote));
	if (own == NULL || EC_KEY_set_ex_data(key, APP_DATA, own) != 1)
		goto out;
	own = NULL;
	/* Last: it looks at the method, and keeps foreign ones from the providers. */
	if (EVP_PKEY_assign_EC_KEY(pkey, key) == 1)
		return true;
out:
	OPENSSL_free(own);
	EC_KEY_free(key);
	return false;
}

static bool fill_rsa(EVP_PKEY *pkey, EVP_PKEY *public, const struct remote *remote)
{
	const RSA *from = EVP_PKEY_get0_RSA(public);
	RSA *key = from == NULL ? NULL : RSA_new();
	struct remote *own = NULL;
	BIGNUM *n = NULL, *e = NULL;

	if (key == NULL || rsa_method() == NULL)
		goto out;
	n = BN_dup(RSA_get0_n(from));
	e = BN_dup(RSA_get0_e(from));
	if (RSA_set0_key(key, n, e, NULL) != 1)
		goto out;
	n = e = NULL;
	own = OPENSSL_memdup(remote, sizeof(*remote));
	if (own == NULL || RSA_set_method(key, rsa_method()) != 1 ||
	    RSA_set_app_data(key, own) != 1)
		goto out;
	own = NULL;
	if (EVP_PKEY_assign_RSA(pkey, key) == 1)
		return true;
out:
	OPENSSL_free(own);
	BN_free(n);
	BN_free(e);
	RSA_free(key);
	return false;
}

EVP_PKEY *vg_remote_key(X509 *cert, uint32_t key, const struct vg_chan *keys)
{
	struct remote remote = {.keys = keys, .key = key};
	EVP_PKEY *public = X509_get0_pubkey(cert);
	EVP_PKEY *pkey = EVP_PKEY_new();
	bool ok = false;

	ERR_clear_error();
	if (public != NULL && pkey != NULL && EVP_PKEY_get_base_id(public) == EVP_PKEY_EC)
		ok = fill_ec(pkey, public, &remote);
	else if (public != NULL && pkey != NULL && EVP_PKEY_get_base_id(public) == EVP_PKEY_RSA)
		ok = EVP_PKEY_get_size(public) <= VG_SIGN_MAX && fill_rsa(pkey, public, &remote);
	ERR_clear_error();
	if (ok)
		return pkey;
	EVP_PKEY_free(pkey);
	return NULL;
}
