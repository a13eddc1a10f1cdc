#include "cert/pem.h"

#include <criterion/criterion.h>
#include <openssl/pem.h>
#include <stdio.h>

#include "pki.h"

static struct vg_arena arena;
static char cert[4096], other[4096], key[4096], der[4096];
static size_t der_len;

static void write_pem(char *out, X509 *x509)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *text = NULL;
	VG_ASSERT(PEM_write_bio_X509(bio, x509) == 1);
	long len = BIO_get_mem_data(bio, &text);
	memcpy(out, text, (size_t)len);
	out[len] = '\0';
	BIO_free(bio);
}

static void up(void)
{
	vg_arena_init(&arena, 1 << 20);
	struct pki_cert a = pki_make(&(struct pki_spec){.subject = "CN=a"}, NULL);
	struct pki_cert b = pki_make(&(struct pki_spec){.subject = "CN=b"}, NULL);
	write_pem(cert, a.cert);
	write_pem(other, b.cert);
	struct vg_slice pem = pki_pem_key(a.key);
	memcpy(key, pem.ptr, pem.len);
	free((void *)(uintptr_t)pem.ptr);
	struct vg_slice raw = pki_der(a.cert);
	memcpy(der, raw.ptr, raw.len);
	der_len = raw.len;
	free((void *)(uintptr_t)raw.ptr);
	pki_free(&a);
	pki_free(&b);
}

static void down(void)
{
	vg_arena_fini(&arena);
}

TestSuite(pem, .init = up, .fini = down);

Test(pem, files)
{
	char half[4096];
	snprintf(half, sizeof(half), "%.*s", (int)strlen(cert) / 2, cert);

	const struct {
		const char *what, *first, *second;
		size_t count; /* 0: refused */
	} table[] = {
		{"one", cert, "", 1},
		{"two", cert, other, 2},
		{"text before", "subject=CN = a\n0 and so on\n", cert, 1},
		{"text behind", cert, "# end\n", 1},
		{"nothing", "", "", 0},
		{"text", "hello\n", "", 0},
		{"a key", key, "", 0},
		{"a key behind", cert, key, 0},
		{"a key before", key, cert, 0},
		{"half", half, "", 0},
		{"half behind", cert, half, 0},
		{"a list of parameters", cert,
		 "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n"
		 "-----END EC PARAMETERS-----\n",
		 0},
	};
	for (size_t i = 0; i < VG_COUNT(table); i++) {
		char text[8192];
		struct vg_pem_certs certs;
		const char *fault = NULL;
		int len = snprintf(text, sizeof(text), "%s%s", table[i].first, table[i].second);
		bool ok = vg_pem_certs(&certs, vg_slice(text, (size_t)len), &arena, &fault);
		cr_expect_eq(ok, table[i].count > 0, "%s: %s", table[i].what,
			     fault == NULL ? "passed" : fault);
		cr_expect_eq(ok, fault == NULL, "%s", table[i].what);
		if (ok)
			cr_expect_eq(certs.count, table[i].count, "%s", table[i].what);
	}
}

Test(pem, der_is_kept_byte_for_byte)
{
	struct vg_pem_certs from_pem, from_der;
	const char *fault = NULL;
	cr_assert(vg_pem_certs(&from_pem, vg_slice_str(cert), &arena, &fault));
	cr_assert(vg_pem_certs(&from_der, vg_slice(der, der_len), &arena, &fault));
	cr_assert(vg_slice_eq(from_pem.der[0], vg_slice(der, der_len)));
	cr_assert(vg_slice_eq(from_der.der[0], vg_slice(der, der_len)));
	der[der_len] = 0;
	cr_assert_null(vg_pem_x509(vg_slice(der, der_len + 1)));
	cr_assert_null(vg_pem_x509(VG_SLICE_EMPTY));
	X509 *x509 = vg_pem_x509(vg_slice(der, der_len));
	cr_assert_not_null(x509);
	X509_free(x509);
}

Test(pem, bounds)
{
	struct vg_pem_certs certs;
	const char *fault = NULL;
	size_t one = strlen(cert);
	char *many = malloc(one * (VG_PEM_CERTS_MAX + 1));
	for (size_t i = 0; i <= VG_PEM_CERTS_MAX; i++)
		memcpy(many + i * one, cert, one);
	cr_expect(vg_pem_certs(&certs, vg_slice(many, one * VG_PEM_CERTS_MAX), &arena, &fault));
	cr_expect_eq(certs.count, VG_PEM_CERTS_MAX);
	cr_expect(!vg_pem_certs(&certs, vg_slice(many, one * (VG_PEM_CERTS_MAX + 1)), &arena,
				&fault));
	free(many);

	struct vg_arena small;
	vg_arena_init(&small, 64);
	cr_expect(!vg_pem_certs(&certs, vg_slice_str(cert), &small, &fault));
	cr_expect_not_null(fault);
	vg_arena_fini(&small);
}
