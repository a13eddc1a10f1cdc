#include "cert/brief.h"

#include <stdlib.h>

#include <openssl/err.h>
#include <openssl/provider.h>
#include <openssl/x509v3.h>

#include "cert/pem.h"

struct vg_brief_reader {
	OSSL_LIB_CTX *ctx; /* its provider has no decoders: keys stay as they are */
	OSSL_PROVIDER *provider;
};

struct vg_brief_reader *vg_brief_reader_new(void)
{
	struct vg_brief_reader *reader = calloc(1, sizeof(*reader));
	if (reader == NULL)
		return NULL;
	reader->ctx = OSSL_LIB_CTX_new();
	if (reader->ctx != NULL)
		reader->provider = OSSL_PROVIDER_load(reader->ctx, "null");
	if (reader->provider == NULL)
		vg_brief_reader_free(&reader);
	return reader;
}

void vg_brief_reader_free(struct vg_brief_reader **reader)
{
	if (*reader == NULL)
		return;
	if ((*reader)->provider != NULL)
		(void)OSSL_PROVIDER_unload((*reader)->provider);
	OSSL_LIB_CTX_free((*reader)->ctx);
	free(*reader);
	*reader = NULL;
}

static bool is_ca(X509 *cert)
{
	int critical;
	BASIC_CONSTRAINTS *basic = X509_get_ext_d2i(cert, NID_basic_constraints, &critical, NULL);
	/* critical is -1 where there is none, -2 where there are two. */
	bool ca = basic != NULL ? basic->ca != 0
				: critical == -1 && X509_get_version(cert) == X509_VERSION_1;
	BASIC_CONSTRAINTS_free(basic);
	return ca;
}

bool vg_brief_read(const struct vg_brief_reader *reader, struct vg_brief *brief,
		   struct vg_slice der)
{
	X509 *cert = vg_pem_x509_in(reader->ctx, der);
	if (cert == NULL)
		return false;
	brief->is_ca = is_ca(cert);
	bool good = vg_pem_time(X509_get0_notBefore(cert), &brief->not_before) &&
		    vg_pem_time(X509_get0_notAfter(cert), &brief->not_after);
	X509_free(cert);
	ERR_clear_error();
	return good;
}
