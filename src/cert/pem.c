#include "cert/pem.h"

#include <limits.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "base/text.h"

X509 *vg_pem_x509(struct vg_slice der)
{
	if (der.len == 0 || der.len > LONG_MAX)
		return NULL;
	const unsigned char *at = (const unsigned char *)der.ptr;
	ERR_clear_error();
	X509 *cert = d2i_X509(NULL, &at, (long)der.len);
	if (cert != NULL && at != (const unsigned char *)der.ptr + der.len) {
		X509_free(cert);
		cert = NULL;
	}
	ERR_clear_error();
	return cert;
}

bool vg_pem_time(const ASN1_TIME *time, int64_t *us)
{
	struct tm tm;
	if (ASN1_TIME_check(time) != 1 || ASN1_TIME_to_tm(time, &tm) != 1)
		return false;
	int64_t days = vg_days(tm.tm_year + 1900, (unsigned)tm.tm_mon + 1, (unsigned)tm.tm_mday);
	*us = (((days * 24 + tm.tm_hour) * 60 + tm.tm_min) * 60 + tm.tm_sec) * 1000000;
	return true;
}

static bool is_ca(X509 *cert)
{
	int critical;
	BASIC_CONSTRAINTS *basic =
		X509_get_ext_d2i(cert, NID_basic_constraints, &critical, NULL);
	/* critical is -1 where there is none, -2 where there are two. */
	bool ca = basic != NULL ? basic->ca != 0
				: critical == -1 && X509_get_version(cert) == X509_VERSION_1;
	BASIC_CONSTRAINTS_free(basic);
	return ca;
}

static bool read_brief(struct vg_pem_brief *brief, struct vg_slice der)
{
	X509 *cert = vg_pem_x509(der);
	if (cert == NULL)
		return false;
	brief->is_ca = is_ca(cert);
	bool good = vg_pem_time(X509_get0_notBefore(cert), &brief->not_before) &&
		    vg_pem_time(X509_get0_notAfter(cert), &brief->not_after);
	X509_free(cert);
	return good;
}

static const char *add(struct vg_pem_certs *certs, struct vg_slice der, struct vg_arena *arena)
{
	if (certs->count == VG_PEM_CERTS_MAX)
		return "holds too many certificates";
	if (!read_brief(&certs->brief[certs->count], der))
		return "holds a certificate that can't be read";
	struct vg_slice copy = vg_arena_dup(arena, der);
	if (copy.ptr == NULL)
		return "is too large";
	certs->der[certs->count++] = copy;
	return NULL;
}

static const char *add_block(struct vg_pem_certs *certs, const char *name, const char *header,
			     struct vg_slice der, struct vg_arena *arena)
{
	if (strstr(name, "PRIVATE KEY") != NULL)
		return "holds a private key";
	if (strcmp(name, PEM_STRING_X509) != 0 && strcmp(name, PEM_STRING_X509_OLD) != 0)
		return "holds something that is no certificate";
	if (header[0] != '\0')
		return "holds a block with headers";
	return add(certs, der, arena);
}

/* NULL, or what is wrong. */
static const char *read_pem(struct vg_pem_certs *certs, BIO *bio, struct vg_arena *arena)
{
	for (;;) {
		char *name = NULL, *header = NULL;
		unsigned char *der = NULL;
		long len = 0;

		ERR_clear_error();
		if (PEM_read_bio(bio, &name, &header, &der, &len) != 1) {
			unsigned long error = ERR_peek_last_error();
			ERR_clear_error();
			/* No further BEGIN line is the regular end of the file. */
			bool end = ERR_GET_LIB(error) == ERR_LIB_PEM &&
				   ERR_GET_REASON(error) == PEM_R_NO_START_LINE;
			return end ? NULL : "holds a PEM block that can't be read";
		}
		const char *fault = add_block(
			certs, name, header, vg_slice((const char *)der, (size_t)len), arena);
		OPENSSL_free(name);
		OPENSSL_free(header);
		OPENSSL_clear_free(der, (size_t)len); /* it may have been a key */
		if (fault != NULL)
			return fault;
	}
}

bool vg_pem_certs(struct vg_pem_certs *certs, struct vg_slice bytes, struct vg_arena *arena,
		  const char **fault)
{
	certs->count = 0;
	*fault = NULL;
	if (bytes.len > INT_MAX) {
		*fault = "is too large";
		return false;
	}
	/* DER begins with a SEQUENCE; in PEM that byte would be the digit 0. */
	X509 *single = bytes.len > 0 && bytes.ptr[0] == 0x30 ? vg_pem_x509(bytes) : NULL;
	if (single != NULL) {
		X509_free(single);
		*fault = add(certs, bytes, arena);
		return *fault == NULL;
	}
	BIO *bio = BIO_new_mem_buf(bytes.ptr, (int)bytes.len);
	*fault = bio == NULL ? "can't be read: no memory" : read_pem(certs, bio, arena);
	BIO_free(bio);
	if (*fault == NULL && certs->count == 0)
		*fault = "holds no certificate";
	return *fault == NULL;
}
