#include "cert/brief.h"

#include <criterion/criterion.h>

#include <openssl/x509v3.h>

#include "cert/pem.h"
#include "pki.h"

static struct vg_brief_reader *reader;

static void up(void)
{
	reader = vg_brief_reader_new();
	cr_assert_not_null(reader);
}

static void down(void)
{
	vg_brief_reader_free(&reader);
	cr_assert_null(reader);
}

TestSuite(brief, .init = up, .fini = down);

/* A key of a kind that nobody knows. */
static void unknown_key(X509 *cert)
{
	unsigned char *bytes = OPENSSL_memdup("key", 3);
	cr_assert_eq(X509_PUBKEY_set0_param(X509_get_X509_PUBKEY(cert), OBJ_txt2obj("1.2.3.4", 1),
					    V_ASN1_UNDEF, NULL, bytes, 3),
		     1);
}

static void version_1(X509 *cert)
{
	while (X509_get_ext_count(cert) > 0)
		X509_EXTENSION_free(X509_delete_ext(cert, 0));
	cr_assert_eq(X509_set_version(cert, X509_VERSION_1), 1);
}

static void other_constraints(X509 *cert)
{
	ASN1_OCTET_STRING *junk = ASN1_OCTET_STRING_new();
	cr_assert_eq(ASN1_OCTET_STRING_set(junk, (const unsigned char *)"junk", 4), 1);
	X509_EXTENSION *ext = X509_EXTENSION_create_by_NID(NULL, NID_basic_constraints, 1, junk);
	cr_assert_eq(X509_add_ext(cert, ext, -1), 1);
	X509_EXTENSION_free(ext);
	ASN1_OCTET_STRING_free(junk);
}

static void expect_brief(const char *what, X509 *cert, bool is_ca, int64_t from, int64_t until)
{
	struct vg_brief brief;
	struct vg_slice der = pki_der(cert);
	X509 *usual = vg_pem_x509(der);
	int64_t now = pki_now();
	cr_assert(vg_brief_read(reader, &brief, der), "%s", what);
	cr_assert_not_null(usual, "%s", what);
	cr_expect_eq(brief.is_ca, is_ca, "%s", what);
	cr_expect_leq(llabs(brief.not_before - now - from * 1000000), 60000000, "%s", what);
	cr_expect_leq(llabs(brief.not_after - now - until * 1000000), 60000000, "%s", what);
	X509_free(usual);
	free((void *)(uintptr_t)der.ptr);
}

/* What it finds is what any reader finds, whatever the key. */
Test(brief, keys_and_kinds)
{
	EVP_PKEY *rsa = pki_rsa(2048), *p384 = pki_ec("P-384");
	const struct {
		const char *what;
		struct pki_spec spec;
		bool is_ca;
	} table[] = {
		{"P-256", {.ca = true}, true},
		{"P-384", {.ca = true, .key = p384}, true},
		{"RSA", {.ca = true, .key = rsa}, true},
		{"unknown key", {.ca = true, .twist = unknown_key}, true},
		{"leaf", {.subject = "CN=leaf"}, false},
		{"version 1", {.twist = version_1}, true},
		{"not for two", {.ca = true, .twist = other_constraints}, false},
	};
	for (size_t i = 0; i < VG_COUNT(table); i++) {
		struct pki_spec spec = table[i].spec;
		spec.from = -(int64_t)(i + 1) * 86400;
		spec.until = (int64_t)(i + 1) * 3600 * 24 * 365 * 20; /* beyond 2050 */
		struct pki_cert made = pki_make(&spec, NULL);
		expect_brief(table[i].what, made.cert, table[i].is_ca, spec.from, spec.until);
		pki_free(&made);
	}
	EVP_PKEY_free(rsa);
	EVP_PKEY_free(p384);
}

/* What the one reads, the other reads: byte by byte changed, cut, and with more behind. */
Test(brief, damaged)
{
	struct pki_cert made = pki_make(&(struct pki_spec){.subject = "CN=a", .ca = true}, NULL);
	struct vg_slice der = pki_der(made.cert);
	size_t refused = 0;
	char *bytes = calloc(1, der.len + 1);
	for (size_t i = 0; i < der.len; i++)
		for (unsigned bit = 0; bit < 8; bit++) {
			struct vg_brief brief;
			memcpy(bytes, der.ptr, der.len);
			bytes[i] = (char)(bytes[i] ^ 1 << bit);
			X509 *usual = vg_pem_x509(vg_slice(bytes, der.len));
			int64_t time;
			bool good = usual != NULL &&
				    vg_pem_time(X509_get0_notBefore(usual), &time) &&
				    vg_pem_time(X509_get0_notAfter(usual), &time);
			cr_expect_eq(vg_brief_read(reader, &brief, vg_slice(bytes, der.len)), good,
				     "byte %zu, bit %u", i, bit);
			refused += !good;
			X509_free(usual);
		}
	cr_expect_gt(refused, 100);
	memcpy(bytes, der.ptr, der.len);
	for (size_t len = 0; len <= der.len + 1; len++) {
		struct vg_brief brief;
		cr_expect_eq(vg_brief_read(reader, &brief, vg_slice(bytes, len)), len == der.len,
			     "%zu of %zu bytes", len, der.len);
	}
	free(bytes);
	free((void *)(uintptr_t)der.ptr);
	pki_free(&made);
}
