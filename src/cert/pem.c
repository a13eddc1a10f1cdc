#include "cert/pem.h"

#include <limits.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "base/text.h"

X509 *vg_pem_x509_in(OSSL_LIB_CTX *ctx, struct vg_slice der)
{
	if (der.len == 0 || der.len > LONG_MAX)
		return NULL;
	const unsigned char *at = (const unsigned char *)der.ptr;
	ERR_clear_error();
	X509 *cert = X509_new_ex(ctx, NULL);
	/* Not d2i_X509, which digests what it is given: ctx may have no digests. Both free and empty
	   what can't be read. */
	if (cert != NULL)
		(void)ASN1_item_d2i((ASN1_VALUE **)&cert, &at, (long)der.len, ASN1_ITEM_rptr(X509));
	if (cert != NULL && at != (const unsigned char *)der.ptr + der.len) {
		X509_free(cert);
		cert = NULL;
	}
	ERR_clear_error();
	return cert;
}

X509 *vg_pem_x509(struct vg_slice der)
{
	return vg_pem_x509_in(NULL, der);
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

static const char *add(struct vg_pem_certs *certs, struct vg_slice der, struct vg_arena *arena)
{
	if (certs->count == VG_PEM_CERTS_MAX)
		return "holds too many certificates";
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
		const char *fault = add_block(certs, name, header,
					      vg_slice((const char *)der, (size_t)len), arena);
		OPENSSL_free(name);
		OPENSSL_free(header);
		OPENSSL_clear_free(der, (size_t)len); /* it may have been a key */
		if (fault != NULL)
			return fault;
	}
}

/* A SEQUENCE (text would have the digit 0 here) of 128 bytes or more, for which text has no byte. */
static bool is_der(struct vg_slice bytes)
{
	return bytes.len > 1 && bytes.ptr[0] == 0x30 && (uint8_t)bytes.ptr[1] > 0x80;
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
	if (is_der(bytes)) {
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
