#include "cert/ca_names.h"

#include "cert/pem.h"

#define LENGTH_BYTES 2 /* before each name */

static int compare(const X509_NAME *const *a, const X509_NAME *const *b)
{
	return X509_NAME_cmp(*a, *b);
}

static bool add(STACK_OF(X509_NAME) *names, struct vg_slice der)
{
	X509 *cert = vg_pem_x509(der);
	X509_NAME *name = cert == NULL ? NULL : X509_NAME_dup(X509_get_subject_name(cert));
	X509_free(cert);
	if (name != NULL && sk_X509_NAME_push(names, name) > 0)
		return true;
	X509_NAME_free(name);
	return false;
}

static bool add_all(STACK_OF(X509_NAME) *names, const struct vg_image *image)
{
	for (uint32_t i = 0; i < vg_img_ident_count(image); i++) {
		struct vg_span cas = vg_img_idents(image)[i].cas;
		for (uint32_t k = 0; k < cas.count; k++) {
			const struct vg_img_der *row = &vg_img_ders(image)[cas.first + k];
			if (!add(names, vg_img_str(image, row->bytes)))
				return false;
		}
	}
	return true;
}

/* From the end, so that what is left to look at doesn't move. */
static void keep_one_of_each(STACK_OF(X509_NAME) *names)
{
	sk_X509_NAME_sort(names);
	for (int i = sk_X509_NAME_num(names) - 1; i > 0; i--)
		if (X509_NAME_cmp(sk_X509_NAME_value(names, i), sk_X509_NAME_value(names, i - 1)) ==
		    0)
			X509_NAME_free(sk_X509_NAME_delete(names, i));
}

STACK_OF(X509_NAME) *vg_ca_names(const struct vg_image *image, size_t *bytes)
{
	STACK_OF(X509_NAME) *names = sk_X509_NAME_new(compare);
	*bytes = 0;
	if (names == NULL || !add_all(names, image)) {
		sk_X509_NAME_pop_free(names, X509_NAME_free);
		return NULL;
	}
	keep_one_of_each(names);
	for (int i = 0; i < sk_X509_NAME_num(names); i++) {
		int len = i2d_X509_NAME(sk_X509_NAME_value(names, i), NULL);
		*bytes += LENGTH_BYTES + (len < 0 ? VG_CA_NAMES_MAX : (size_t)len);
	}
	return names;
}
