#include "cert/told.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>

#include "base/text.h"
#include "cert/verify.h"

bool vg_told_cert(struct vg_buf *out, X509 *cert)
{
	unsigned char *der = NULL;
	int len = i2d_X509(cert, &der);
	if (len <= 0) {
		ERR_clear_error();
		return false;
	}
	size_t size = ((size_t)len + 2) / 3 * 4, avail = 0;
	/* OpenSSL puts a NUL behind it, where the last colon then goes. */
	char *at = vg_buf_space(out, size + 2, &avail);
	bool good = at != NULL && avail >= size + 2;
	if (good) {
		at[0] = ':';
		(void)EVP_EncodeBlock((unsigned char *)at + 1, der, len);
		at[size + 1] = ':';
		vg_buf_added(out, size + 2);
	}
	OPENSSL_free(der);
	return good;
}

static bool issued(X509 *issuer, X509 *cert)
{
	bool did = X509_check_issued(issuer, cert) == X509_V_OK &&
		   X509_verify(cert, X509_get0_pubkey(issuer)) == 1;
	ERR_clear_error();
	return did;
}

/* Any client can send others' certificates behind its own. */
bool vg_told_chain(struct vg_buf *out, X509 *leaf, STACK_OF(X509) *chain)
{
	X509 *below = leaf;
	for (int i = 0; i < sk_X509_num(chain) && i < VG_CHAIN_DEPTH; i++) {
		X509 *cert = sk_X509_value(chain, i);
		if (!issued(cert, below))
			break;
		if ((out->len > 0 && !vg_buf_append(out, VG_SLICE(", "))) ||
		    !vg_told_cert(out, cert))
			return false;
		below = cert;
	}
	return true;
}

/* A byte as `sign` and two digits. */
static bool put_code(struct vg_buf *out, char sign, char c)
{
	static const char digits[] = "0123456789ABCDEF";
	unsigned value = (unsigned char)c;
	const char code[3] = {sign, digits[value >> 4], digits[value & 15]};
	return vg_buf_append(out, vg_slice(code, sizeof(code)));
}

static bool put_char(struct vg_buf *out, const char *at)
{
	return vg_buf_append(out, vg_slice(at, 1));
}

/*
 * What RFC 4514 escapes with a backslash alone is written with digits. So no quote is inside, and
 * the one at the end has no backslash before it: however a reader takes `\"`, it finds the end.
 */
static bool put_dn(struct vg_buf *out, struct vg_slice dn)
{
	for (size_t i = 0; i < dn.len; i++) {
		bool escape = dn.ptr[i] == '\\' && i + 1 < dn.len;
		bool code = escape && vg_hex_value(dn.ptr[i + 1]) >= 0;
		bool good;
		if (escape && !code)
			good = put_code(out, '\\', dn.ptr[++i]);
		else if (dn.ptr[i] == '"')
			good = put_code(out, '\\', '"');
		else
			good = put_char(out, &dn.ptr[i]);
		if (!good)
			return false;
	}
	return true;
}

/* In quotes where it has a byte that ends a value; what ends the quotes has no place in a name. */
static bool put_name(struct vg_buf *out, struct vg_slice key, struct vg_slice name)
{
	bool quoted = false;
	for (size_t i = 0; i < name.len; i++)
		quoted |= strchr(",;= ", name.ptr[i]) != NULL;
	struct vg_slice quote = quoted ? VG_SLICE("\"") : VG_SLICE_EMPTY;
	if (!vg_buf_append(out, key) || !vg_buf_append(out, quote))
		return false;
	for (size_t i = 0; i < name.len; i++) {
		bool odd = name.ptr[i] == '"' || name.ptr[i] == '\\';
		if (odd ? !put_code(out, '%', name.ptr[i]) : !put_char(out, &name.ptr[i]))
			return false;
	}
	return vg_buf_append(out, quote);
}

bool vg_told_xfcc(struct vg_buf *out, const struct vg_cert_facts *facts,
		  const struct vg_image *image, const struct vg_img_ident *ident)
{
	if (!vg_buf_append(out, VG_SLICE("Hash=")) ||
	    !vg_buf_append(out, vg_slice_str(facts->sha256)) ||
	    !vg_buf_append(out, VG_SLICE(";Subject=\"")) || !put_dn(out, facts->subject) ||
	    !vg_buf_append(out, VG_SLICE("\"")))
		return false;
	for (size_t i = 0; i < facts->name_count; i++) {
		const struct vg_who_name *name = &facts->names[i];
		bool uri = name->kind == VG_NAME_URI;
		if ((uri || name->kind == VG_NAME_DNS) && vg_who_lists(image, ident, name) &&
		    !put_name(out, uri ? VG_SLICE(";URI=") : VG_SLICE(";DNS="), name->value))
			return false;
	}
	return true;
}
