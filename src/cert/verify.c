#include "cert/verify.h"

#include <stdint.h>
#include <time.h>

#include <openssl/err.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include "cert/pem.h"

static enum vg_reason reason_of(int error)
{
	switch (error) {
	case X509_V_ERR_CERT_NOT_YET_VALID:
	case X509_V_ERR_CERT_HAS_EXPIRED:
	case X509_V_ERR_ERROR_IN_CERT_NOT_BEFORE_FIELD:
	case X509_V_ERR_ERROR_IN_CERT_NOT_AFTER_FIELD:
		return VG_REASON_IDENTITY_EXPIRED;
	default:
		return VG_REASON_IDENTITY_CHAIN;
	}
}

/* OpenSSL takes a leaf without the extension for one that may do everything. */
static bool may_be_client(X509 *leaf)
{
	return (X509_get_extension_flags(leaf) & EXFLAG_XKUSAGE) != 0 &&
	       (X509_get_extended_key_usage(leaf) & XKU_SSL_CLIENT) != 0;
}

/* With PARTIAL_CHAIN a leaf that lies among the anchors would be its own proof. */
static bool has_ca(X509_STORE_CTX *ctx)
{
	STACK_OF(X509) *chain = X509_STORE_CTX_get0_chain(ctx);
	int count = sk_X509_num(chain);
	return count >= 2 && X509_check_ca(sk_X509_value(chain, count - 1)) > 0;
}

/*
 * OpenSSL judges purposes before signatures. Told apart here: who only borrows a vendor's names is
 * refused for its chain, whatever its certificate says that it is for.
 */
static int go_on(int ok, X509_STORE_CTX *ctx)
{
	if (ok == 1 || X509_STORE_CTX_get_error(ctx) != X509_V_ERR_INVALID_PURPOSE)
		return ok;
	*(bool *)X509_STORE_CTX_get_app_data(ctx) = true;
	return 1;
}

static bool demand(X509_STORE_CTX *ctx, STACK_OF(X509) *anchors, int64_t now)
{
	X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(ctx);

	X509_STORE_CTX_set0_trusted_stack(ctx, anchors);
	X509_VERIFY_PARAM_set_depth(param, VG_CHAIN_DEPTH);
	X509_VERIFY_PARAM_set_auth_level(param, VG_CHAIN_AUTH_LEVEL);
	X509_VERIFY_PARAM_set_time(param, (time_t)(now / 1000000));
	return X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_PARTIAL_CHAIN) == 1 &&
	       X509_VERIFY_PARAM_set_purpose(param, X509_PURPOSE_SSL_CLIENT) == 1;
}

/* INT64_MIN where one of them can't be read: then it is over. */
static int64_t first_end(X509_STORE_CTX *ctx)
{
	STACK_OF(X509) *chain = X509_STORE_CTX_get0_chain(ctx);
	int64_t first = INT64_MAX;
	for (int i = 0; i < sk_X509_num(chain); i++) {
		int64_t end;
		if (!vg_pem_time(X509_get0_notAfter(sk_X509_value(chain, i)), &end))
			return INT64_MIN;
		first = end < first ? end : first;
	}
	return first;
}

enum vg_reason vg_cert_verify(X509 *leaf, STACK_OF(X509) *untrusted, STACK_OF(X509) *anchors,
			      int64_t now, int64_t *until)
{
	enum vg_reason reason = VG_REASON_IDENTITY_CHAIN;
	int64_t end = INT64_MIN;
	bool purpose = false; /* some certificate is not for this */

	ERR_clear_error();
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	if (ctx == NULL || X509_STORE_CTX_init(ctx, NULL, leaf, untrusted) != 1 ||
	    !demand(ctx, anchors, now))
		goto out;
	X509_STORE_CTX_set_app_data(ctx, &purpose);
	X509_STORE_CTX_set_verify_cb(ctx, go_on);
	if (X509_verify_cert(ctx) != 1)
		reason = reason_of(X509_STORE_CTX_get_error(ctx));
	else if (!has_ca(ctx))
		reason = VG_REASON_IDENTITY_CHAIN;
	else
		reason = !purpose && may_be_client(leaf) ? VG_REASON_NONE : VG_REASON_IDENTITY_EKU;
	if (reason == VG_REASON_NONE)
		end = first_end(ctx);
out:
	if (until != NULL)
		*until = end;
	X509_STORE_CTX_free(ctx);
	ERR_clear_error();
	return reason;
}

bool vg_cert_names_host(X509 *leaf, struct vg_slice host)
{
	return host.len > 0 && X509_check_host(leaf, host.ptr, host.len,
					       X509_CHECK_FLAG_NEVER_CHECK_SUBJECT, NULL) == 1;
}
