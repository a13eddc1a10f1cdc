#include "cert/told.h"

#include <criterion/criterion.h>
#include <openssl/evp.h>

#include "cert/pem.h"
#include "pki.h"
#include "policy_fixture.h"

static struct vg_buf out;

static void up(void)
{
	vg_buf_init(&out, 65536);
}

static void down(void)
{
	vg_buf_fini(&out);
}

TestSuite(cert_told, .init = up, .fini = down);

/* The next `:base64:` of the value is this certificate, byte for byte. */
static void expect_cert(struct vg_slice *value, X509 *cert)
{
	struct vg_slice der = pki_der(cert), text;
	unsigned char bytes[4096];
	cr_assert(value->len > 2 && value->ptr[0] == ':');
	*value = vg_slice_from(*value, 1);
	cr_assert(vg_slice_cut(value, ':', &text) && text.len % 4 == 0);
	int len = EVP_DecodeBlock(bytes, (const unsigned char *)text.ptr, (int)text.len);
	size_t pad = vg_slice_ends(text, VG_SLICE("==")) ? 2 : vg_slice_ends(text, VG_SLICE("="));
	cr_expect(len > 0 && vg_slice_eq(vg_slice((const char *)bytes, (size_t)len - pad), der));
	free((char *)der.ptr);
}

Test(cert_told, client_cert_of_any_length)
{
	char subject[16] = "CN=";
	/* Each remainder of three, so each kind of padding. */
	for (size_t i = 0; i < 4; i++) {
		strcat(subject, "x");
		struct pki_cert made = pki_make(&(struct pki_spec){.subject = subject}, NULL);
		vg_buf_consume(&out, out.len);
		cr_assert(vg_told_cert(&out, made.cert));
		struct vg_slice value = vg_buf_slice(&out);
		expect_cert(&value, made.cert);
		cr_expect_eq(value.len, 0);
		pki_free(&made);
	}
}

Test(cert_told, chain)
{
	struct pki_cert a = pki_make(&(struct pki_spec){.subject = "CN=a", .ca = true}, NULL);
	struct pki_cert b = pki_make(&(struct pki_spec){.subject = "CN=b", .ca = true}, &a);
	struct pki_cert leaf = pki_make(&(struct pki_spec){.subject = "CN=leaf"}, &b);
	struct pki_cert odd = pki_make(&(struct pki_spec){.subject = "CN=odd"}, NULL);
	struct pki_cert fake = pki_make(&(struct pki_spec){.subject = "CN=b", .ca = true}, &a);
	STACK_OF(X509) *chain = sk_X509_new_null();
	cr_assert(vg_told_chain(&out, leaf.cert, chain) && out.len == 0);
	cr_assert(vg_told_chain(&out, leaf.cert, NULL) && out.len == 0);
	cr_assert(sk_X509_push(chain, b.cert) == 1 && sk_X509_push(chain, a.cert) == 2);
	cr_assert(sk_X509_push(chain, odd.cert) == 3);
	/* Who issued none of it, and who only bears an issuer's name, is not told. */
	cr_assert(vg_told_chain(&out, odd.cert, chain) && out.len == 0);
	STACK_OF(X509) *named = sk_X509_new_null();
	cr_assert(sk_X509_push(named, fake.cert) == 1);
	cr_assert(vg_told_chain(&out, leaf.cert, named) && out.len == 0);
	sk_X509_free(named);
	cr_assert(vg_told_chain(&out, leaf.cert, chain));
	struct vg_slice value = vg_buf_slice(&out);
	expect_cert(&value, b.cert);
	cr_assert(vg_slice_starts(value, VG_SLICE(", ")));
	value = vg_slice_from(value, 2);
	expect_cert(&value, a.cert);
	cr_expect_eq(value.len, 0);
	vg_buf_fini(&out);
	vg_buf_init(&out, 64);
	cr_expect(!vg_told_chain(&out, leaf.cert, chain), "it has no room");
	sk_X509_free(chain);
	pki_free(&leaf);
	pki_free(&odd);
	pki_free(&fake);
	pki_free(&a);
	pki_free(&b);
}

#define HASH "Hash=abc;Subject="

/* What a CA of a vendor's own can put into names, and what a policy lists. */
static const struct {
	const char *listed, *subject;
	struct vg_who_name names[4];
	const char *value;
} elements[] = {
	{"uri:spiffe://acme/gw",
	 "CN=gateway,O=Acme",
	 {{VG_NAME_URI, {"spiffe://acme/gw", 16}}},
	 HASH "\"CN=gateway,O=Acme\";URI=spiffe://acme/gw"},
	{"uri:u1, uri:u2, dns:a.example",
	 "",
	 {{VG_NAME_DNS, {"a.example", 9}}, {VG_NAME_URI, {"u1", 2}}, {VG_NAME_URI, {"u2", 2}}},
	 HASH "\"\";DNS=a.example;URI=u1;URI=u2"},
	/* Nobody vouches for these. */
	{"uri:u1",
	 "CN=a",
	 {{VG_NAME_URI, {"spiffe://bolt/gw", 16}},
	  {VG_NAME_URI, {"u1", 2}},
	  {VG_NAME_DNS, {"u1", 2}},
	  {VG_NAME_EMAIL, {"u1", 2}}},
	 HASH "\"CN=a\";URI=u1"},
	{"dns:a", "CN=a", {{VG_NAME_IP, {"aaaaaaaaaaaaaaaa", 16}}}, HASH "\"CN=a\""},
	/* Quotes, and what could end them. */
	{"uri:a;URI=b", "CN=a", {{VG_NAME_URI, {"a;URI=b", 7}}}, HASH "\"CN=a\";URI=\"a;URI=b\""},
	{"uri:a\";URI=b",
	 "CN=a",
	 {{VG_NAME_URI, {"a\";URI=b", 8}}},
	 HASH "\"CN=a\";URI=\"a%22;URI=b\""},
	{"uri:a\\", "CN=a", {{VG_NAME_URI, {"a\\", 2}}}, HASH "\"CN=a\";URI=a%5C"},
	{"uri:a b\\", "CN=a", {{VG_NAME_URI, {"a b\\", 4}}}, HASH "\"CN=a\";URI=\"a b%5C\""},
	{"uri:u", "CN=a\\\";URI=b", {{VG_NAME_URI, {"u", 1}}}, HASH "\"CN=a\\22;URI=b\";URI=u"},
	{"uri:u", "CN=a\\\\", {{VG_NAME_URI, {"u", 1}}}, HASH "\"CN=a\\5C\";URI=u"},
	{"uri:u",
	 "CN=a\\,O=b\\;\\+\\ ",
	 {{VG_NAME_URI, {"u", 1}}},
	 HASH "\"CN=a\\2CO=b\\3B\\2B\\20\";URI=u"},
	{"uri:u", "CN=M\\C3\\BCller", {{VG_NAME_URI, {"u", 1}}}, HASH "\"CN=M\\C3\\BCller\";URI=u"},
	{"uri:u", "CN=a\"b", {{VG_NAME_URI, {"u", 1}}}, HASH "\"CN=a\\22b\";URI=u"},
};

Test(cert_told, xfcc)
{
	for (size_t i = 0; i < VG_COUNT(elements); i++) {
		struct fixture fixture;
		struct vg_who_name names[4];
		struct vg_cert_facts facts = {.names = names,
					      .subject = vg_slice_str(elements[i].subject),
					      .sha256 = "abc"};
		fixture_begin(&fixture);
		fixture_service(&fixture, "api.example", "");
		fixture_vendor(&fixture, "acme", VG_MODE_ENFORCE);
		fixture_ident(&fixture, elements[i].listed, "");
		const struct vg_image *image = fixture_open(&fixture);
		while (facts.name_count < VG_COUNT(names) &&
		       elements[i].names[facts.name_count].value.len > 0) {
			facts.names[facts.name_count] = elements[i].names[facts.name_count];
			facts.name_count++;
		}
		vg_buf_consume(&out, out.len);
		cr_assert(vg_told_xfcc(&out, &facts, image, vg_img_idents(image)));
		cr_expect(vg_slice_eq(vg_buf_slice(&out), vg_slice_str(elements[i].value)),
			  "%zu: %.*s", i, VG_SLICE_FMT(vg_buf_slice(&out)));
		fixture_end(&fixture);
	}
}

/* As certificates really have it: through vg_cert_facts. */
Test(cert_told, a_subject_that_would_break_out)
{
	struct vg_arena arena;
	struct vg_cert_facts facts;
	const char *fault = "";
	struct fixture fixture;
	vg_arena_init(&arena, 1 << 20);
	struct pki_cert made = pki_make(
		&(struct pki_spec){.subject = "O=x\";URI=\"spiffe://bolt/gw,CN=a\\",
				   .san = "DNS:b"},
		NULL);
	cr_assert(vg_cert_facts(&facts, made.cert, &arena, &fault), "%s", fault);
	strcpy(facts.sha256, "abc");
	fixture_begin(&fixture);
	fixture_service(&fixture, "api.example", "");
	fixture_vendor(&fixture, "acme", VG_MODE_ENFORCE);
	fixture_ident(&fixture, "dns:b", "");
	const struct vg_image *image = fixture_open(&fixture);
	cr_assert(vg_told_xfcc(&out, &facts, image, vg_img_idents(image)));
	cr_expect(vg_slice_eq(
			  vg_buf_slice(&out),
			  VG_SLICE(HASH "\"CN=a\\5C,O=x\\22\\3BURI=\\22spiffe://bolt/gw\";DNS=b")),
		  "%.*s", VG_SLICE_FMT(vg_buf_slice(&out)));
	fixture_end(&fixture);
	pki_free(&made);
	vg_arena_fini(&arena);
}
