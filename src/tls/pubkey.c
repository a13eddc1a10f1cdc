/*
 * OpenSSL 3 has deprecated engines in favour of providers. X509_PUBKEY's decoder still asks first
 * whether an engine has methods for that kind of key, and where one has, the key is read by
 * OpenSSL's own code of the kind (point on the curve and all), without OSSL_DECODER. So this is an
 * engine that has nothing of its own: its methods are the built-in ones.
 */
#define OPENSSL_SUPPRESS_DEPRECATED

#include "tls/pubkey.h"

#include <stdbool.h>

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#ifndef OPENSSL_NO_ENGINE
#include <openssl/engine.h>
#endif

#include "base/attr.h"

#ifndef OPENSSL_NO_ENGINE

/* Either what kinds there are (their number), or the method of one (1). */
static int methods_of(ENGINE *engine VG_UNUSED, EVP_PKEY_METHOD **method, const int **kinds,
		      int kind)
{
	static const int all[] = {EVP_PKEY_EC, EVP_PKEY_RSA};

	if (method == NULL) {
		*kinds = all;
		return VG_COUNT(all);
	}
	/* OpenSSL's static one: nobody writes to it. */
	*method = (EVP_PKEY_METHOD *)(uintptr_t)EVP_PKEY_meth_find(kind);
	return *method != NULL;
}

void vg_pubkey_cheapen(void)
{
	static bool done;
	/* From 3.2 on decoders are kept. */
	if (done || OPENSSL_version_major() != 3 || OPENSSL_version_minor() >= 2)
		return;
	done = true;

	/* OpenSSL's list holds it until the process ends; the table of methods does not. */
	ENGINE *engine = ENGINE_new();
	if (engine != NULL && ENGINE_set_id(engine, "vendgate-pubkey") == 1 &&
	    ENGINE_set_name(engine, "EC and RSA by OpenSSL's own methods") == 1 &&
	    ENGINE_set_pkey_meths(engine, methods_of) == 1 && ENGINE_add(engine) == 1)
		(void)ENGINE_register_pkey_meths(engine);
	ENGINE_free(engine);
	ERR_clear_error();
}

#else

void vg_pubkey_cheapen(void)
{
}

#endif
