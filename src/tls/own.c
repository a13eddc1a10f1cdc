#include "cert/pem.h"
#include "tls/remote.h"
#include "tls/session.h"

bool vg_tls_own_load(struct vg_tls_own *own, const struct vg_image *image, uint32_t row,
		     const struct vg_chan *keys)
{
	struct vg_span chain = vg_img_certs(image)[row].chain;

	own->chain = sk_X509_new_null();
	if (own->chain == NULL || chain.count == 0)
		return false;
	for (uint32_t i = 0; i < chain.count; i++) {
		X509 *cert = vg_pem_x509(
			vg_img_str(image, vg_img_ders(image)[chain.first + i].bytes));
		if (cert == NULL)
			return false;
		if (i == 0) {
			own->leaf = cert;
		} else if (sk_X509_push(own->chain, cert) <= 0) {
			X509_free(cert);
			return false;
		}
	}
	own->key = vg_remote_key(own->leaf, row, keys);
	return own->key != NULL;
}

void vg_tls_own_fini(struct vg_tls_own *own)
{
	X509_free(own->leaf);
	sk_X509_pop_free(own->chain, X509_free);
	EVP_PKEY_free(own->key);
	*own = (struct vg_tls_own){NULL, NULL, NULL};
}
