#include "cert/facts.h"

#include <criterion/criterion.h>
#include <openssl/x509v3.h>

#include "cert/pem.h"
#include "pki.h"

static struct vg_arena arena;

static void up(void)
{
	vg_arena_init(&arena, 1 << 20);
}

static void down(void)
{
	vg_arena_fini(&arena);
}

TestSuite(facts, .init = up, .fini = down);

static bool facts_of(const struct pki_spec *spec, struct vg_cert_facts *facts, const char **fault)
{
	struct pki_cert made = pki_make(spec, NULL);
	bool ok = vg_cert_facts(facts, made.cert, &arena, fault);
	pki_free(&made);
	return ok;
}

static void is(struct vg_slice got, const char *want)
{
	cr_assert(vg_slice_eq(got, vg_slice_str(want)), "got '%.*s', want '%s'", VG_SLICE_FMT(got),
		  want);
}

Test(facts, every_kind_of_name)
{
	struct vg_cert_facts f;
	const char *fault = "";
	struct pki_spec spec = {.subject = "C=SE,O=Acme,CN=gateway",
				.san = "URI:spiffe://Acme/Gw,DNS:GW.Acme.Example,"
				       "email:Ops@Acme.example,IP:192.0.2.7,IP:2001:db8::1",
				.serial = 0x0abcde};
	cr_assert(facts_of(&spec, &f, &fault), "%s", fault);
	cr_assert_eq(f.name_count, 6);
	static const enum vg_name_kind kinds[] = {VG_NAME_URI, VG_NAME_DNS, VG_NAME_EMAIL,
						  VG_NAME_IP,  VG_NAME_IP,  VG_NAME_SUBJECT};
	for (size_t i = 0; i < VG_COUNT(kinds); i++)
		cr_assert_eq(f.names[i].kind, kinds[i], "name %zu", i);
	is(f.names[0].value, "spiffe://Acme/Gw");
	is(f.names[1].value, "gw.acme.example");
	is(f.names[2].value, "Ops@Acme.example");
	struct vg_addr addr;
	cr_assert(vg_addr_parse(VG_SLICE("192.0.2.7"), &addr));
	cr_assert(vg_slice_eq(f.names[3].value, vg_slice((char *)addr.bytes, 16)));
	cr_assert(vg_addr_parse(VG_SLICE("2001:db8::1"), &addr));
	cr_assert(vg_slice_eq(f.names[4].value, vg_slice((char *)addr.bytes, 16)));
	is(f.subject, "CN=gateway,O=Acme,C=SE");
	is(f.issuer, "CN=gateway,O=Acme,C=SE");
	is(f.serial, "0abcde");
	is(f.san, "URI:spiffe://Acme/Gw, DNS:gw.acme.example, email:Ops@Acme.example, "
		  "IP:192.0.2.7, IP:2001:db8::1");
	cr_assert_eq(strlen(f.sha256), 64);
	cr_assert(f.not_before < pki_now() && f.not_after > pki_now());
	cr_assert(f.not_after - f.not_before >= INT64_C(365) * 86400 * 1000000);
}

Test(facts, no_names_at_all)
{
	struct vg_cert_facts f;
	const char *fault = "";
	cr_assert(facts_of(&(struct pki_spec){.subject = NULL}, &f, &fault));
	cr_assert_eq(f.name_count, 0);
	is(f.san, "");
	is(f.subject, "");
}

Test(facts, key_digest_follows_the_key_not_the_certificate)
{
	struct vg_cert_facts a, b, c;
	const char *fault;
	EVP_PKEY *key = pki_ec("P-256");
	cr_assert(facts_of(&(struct pki_spec){.subject = "CN=a", .key = key}, &a, &fault));
	cr_assert(facts_of(&(struct pki_spec){.subject = "CN=b", .key = key}, &b, &fault));
	cr_assert(facts_of(&(struct pki_spec){.subject = "CN=a"}, &c, &fault));
	cr_assert_eq(memcmp(a.spki_sha256, b.spki_sha256, 32), 0);
	cr_assert_neq(memcmp(a.spki_sha256, c.spki_sha256, 32), 0);
	cr_assert_neq(memcmp(a.sha256, b.sha256, 64), 0);
	EVP_PKEY_free(key);
}

static void add_raw(X509 *cert, int type, const char *bytes, int len)
{
	GENERAL_NAMES *names = sk_GENERAL_NAME_new_null();
	GENERAL_NAME *name = GENERAL_NAME_new();
	ASN1_STRING *string = ASN1_STRING_type_new(type == GEN_IPADD ? V_ASN1_OCTET_STRING
								     : V_ASN1_IA5STRING);
	ASN1_STRING_set(string, bytes, len);
	GENERAL_NAME_set0_value(name, type, string);
	sk_GENERAL_NAME_push(names, name);
	VG_ASSERT(X509_add1_ext_i2d(cert, NID_subject_alt_name, names, 0, X509V3_ADD_APPEND) == 1);
	GENERAL_NAMES_free(names);
}

static void dns_nul(X509 *cert)
{
	add_raw(cert, GEN_DNS, "gw.acme.example\0.evil.example", 29);
}

static void uri_nul(X509 *cert)
{
	add_raw(cert, GEN_URI, "spiffe://acme/gw\0", 17);
}

static void email_newline(X509 *cert)
{
	add_raw(cert, GEN_EMAIL, "ops@acme.example\n", 17);
}

static void dns_delete(X509 *cert)
{
	add_raw(cert, GEN_DNS, "gw\x7f", 3);
}

static void dns_high(X509 *cert)
{
	add_raw(cert, GEN_DNS, "gw\xc3\xa9", 4);
}

static void uri_empty(X509 *cert)
{
	add_raw(cert, GEN_URI, "", 0);
}

static void ip_long(X509 *cert)
{
	add_raw(cert, GEN_IPADD, "\1\2\3\4\5", 5);
}

static void ip_with_mask(X509 *cert)
{
	add_raw(cert, GEN_IPADD, "\12\0\0\0\377\0\0\0", 8);
}

static void twice(X509 *cert)
{
	add_raw(cert, GEN_DNS, "one.example", 11);
	add_raw(cert, GEN_DNS, "two.example", 11);
}

static void too_many(X509 *cert)
{
	GENERAL_NAMES *names = sk_GENERAL_NAME_new_null();
	for (int i = 0; i < VG_WHO_NAMES_MAX + 1; i++) {
		GENERAL_NAME *name = GENERAL_NAME_new();
		ASN1_STRING *string = ASN1_STRING_type_new(V_ASN1_IA5STRING);
		ASN1_STRING_set(string, "a.example", 9);
		GENERAL_NAME_set0_value(name, GEN_DNS, string);
		sk_GENERAL_NAME_push(names, name);
	}
	VG_ASSERT(X509_add1_ext_i2d(cert, NID_subject_alt_name, names, 0, 0) == 1);
	GENERAL_NAMES_free(names);
}

static void unreadable(X509 *cert)
{
	ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
	ASN1_OCTET_STRING_set(value, (const unsigned char *)"\x30\x05garb", 6);
	X509_EXTENSION *ext = X509_EXTENSION_create_by_NID(NULL, NID_subject_alt_name, 0, value);
	X509_add_ext(cert, ext, -1);
	X509_EXTENSION_free(ext);
	ASN1_OCTET_STRING_free(value);
}

static void subject_bytes(X509 *cert, int type, const char *bytes, int len)
{
	X509_NAME_add_entry_by_txt(X509_get_subject_name(cert), "CN", type,
				   (const unsigned char *)bytes, len, -1, 0);
}

static void subject_nul(X509 *cert)
{
	subject_bytes(cert, V_ASN1_UTF8STRING, "gw\0evil", 7);
}

static void subject_newline(X509 *cert)
{
	subject_bytes(cert, V_ASN1_PRINTABLESTRING, "gw\nevil", 7);
}

static void subject_wide_nul(X509 *cert)
{
	subject_bytes(cert, V_ASN1_BMPSTRING, "\0g\0\0\0w", 6);
}

Test(facts, what_can_not_be_judged)
{
	static const struct {
		const char *what;
		void (*twist)(X509 *cert);
	} table[] = {
		{"NUL in a DNS name", dns_nul},
		{"NUL at the end of a URI", uri_nul},
		{"newline in an email", email_newline},
		{"delete in a DNS name", dns_delete},
		{"no ASCII in a DNS name", dns_high},
		{"empty URI", uri_empty},
		{"address of 5 bytes", ip_long},
		{"address with a mask", ip_with_mask},
		{"two extensions", twice},
		{"65 names", too_many},
		{"garbage", unreadable},
		{"NUL in the subject", subject_nul},
		{"newline in the subject", subject_newline},
		{"NUL in a BMPString", subject_wide_nul},
	};
	for (size_t i = 0; i < VG_COUNT(table); i++) {
		struct vg_cert_facts f;
		const char *fault = NULL;
		struct pki_spec spec = {.twist = table[i].twist};
		cr_expect(!facts_of(&spec, &f, &fault), "%s passed", table[i].what);
		cr_expect(fault != NULL, "%s without a fault", table[i].what);
		cr_expect_eq(strlen(f.sha256), 64, "%s: no fingerprint for the event",
			     table[i].what);
	}
}

static void uri_with_commas(X509 *cert)
{
	add_raw(cert, GEN_URI, "urn:a, DNS:b\\", 13);
}

Test(facts, text_of_a_name_that_would_look_like_two)
{
	struct vg_cert_facts f;
	const char *fault = "";
	cr_assert(facts_of(&(struct pki_spec){.twist = uri_with_commas}, &f, &fault));
	is(f.names[0].value, "urn:a, DNS:b\\");
	is(f.san, "URI:urn:a\\, DNS:b\\\\");
}

/* Written by a person → as a certificate's subject is printed. NULL: no DN. */
Test(facts, subjects_as_written)
{
	static const struct {
		const char *written, *canonical;
	} table[] = {
		{"CN=gateway,O=Acme", "CN=gateway,O=Acme"},
		{"CN=gateway, O=Acme", "CN=gateway,O=Acme"},
		{"  cn = gateway ,  o = Acme Training ", "CN=gateway,O=Acme Training"},
		{"CN=gateway,O=Acme,C=SE", "CN=gateway,O=Acme,C=SE"},
		{"2.5.4.3=gateway", "CN=gateway"},
		{"CN=a\\,b", "CN=a\\,b"},
		{"CN=a\\2Cb", "CN=a\\,b"},
		{"CN=a\\+b+OU=x", "CN=a\\+b+OU=x"},
		{"CN=a+OU=x", "OU=x+CN=a"},
		{"OU=x+CN=a", "OU=x+CN=a"},
		{"CN=\\20a\\20", "CN=\\ a\\ "},
		{"CN=\\#a", "CN=\\#a"},
		{"CN=M\xc3\xbcller", "CN=M\\C3\\BCller"},
		{"CN=M\\C3\\BCller", "CN=M\\C3\\BCller"},
		{"CN=a=b", "CN=a=b"},
		{"CN=#0c0161", "CN=a"},
		{"emailaddress=a@acme.example,serialnumber=12",
		 "emailAddress=a@acme.example,serialNumber=12"},
		{"UID=7,DC=acme,DC=example", "UID=7,DC=acme,DC=example"},
		{"street=Road 1,L=X,ST=Y", "street=Road 1,L=X,ST=Y"},
		{"", NULL},
		{"gateway", NULL},
		{"CN=", NULL},
		{"CN=a,", NULL},
		{"CN=a,,O=b", NULL},
		{"=a", NULL},
		{"NOSUCH=a", NULL},
		{"CN=a\\", NULL},
		{"CN=a\\zz", NULL},
		{"CN=a\\00b", NULL},
		{"CN=a\\0Ab", NULL},
		{"CN=\"a\"", NULL},
		{"CN=a;O=b", NULL},
		{"CN=\xff", NULL},
		{"CN=#0", NULL},
		{"CN=#zz", NULL},
		{"CN=#0c0161zz", NULL},
		{"CN=#0500", NULL},
		{"C=Sweden", NULL},
		{"/CN=a/O=b", NULL},
	};
	for (size_t i = 0; i < VG_COUNT(table); i++) {
		struct vg_slice got = VG_SLICE_EMPTY;
		bool ok = vg_cert_subject(vg_slice_str(table[i].written), &arena, &got);
		cr_expect_eq(ok, table[i].canonical != NULL, "'%s' gave %.*s", table[i].written,
			     VG_SLICE_FMT(got));
		if (ok && table[i].canonical != NULL)
			cr_expect(vg_slice_eq(got, vg_slice_str(table[i].canonical)),
				  "'%s' gave '%.*s'", table[i].written, VG_SLICE_FMT(got));
	}
}

static void subject_printable(X509 *cert)
{
	subject_bytes(cert, V_ASN1_PRINTABLESTRING, "a b, c", 6);
}

static void subject_t61(X509 *cert)
{
	subject_bytes(cert, V_ASN1_T61STRING, "M\xfcller", 6);
}

static void subject_two_in_one(X509 *cert)
{
	X509_NAME *name = X509_get_subject_name(cert);
	X509_NAME_add_entry_by_txt(name, "O", MBSTRING_ASC, (const unsigned char *)"Acme", -1, -1,
				   0);
	X509_NAME_add_entry_by_txt(name, "OU", MBSTRING_ASC, (const unsigned char *)"x", -1, -1, 0);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"a", -1, -1,
				   -1);
}

Test(facts, written_subject_meets_the_certificates)
{
	static const struct {
		void (*twist)(X509 *cert);
		const char *written;
	} table[] = {
		{subject_printable, "CN=a b\\, c"},
		{subject_t61, "CN=M\xc3\xbcller"},
		{subject_two_in_one, "CN=a+OU=x,O=Acme"},
		{subject_two_in_one, "OU=x+CN=a,O=Acme"},
	};
	for (size_t i = 0; i < VG_COUNT(table); i++) {
		struct vg_cert_facts f;
		struct vg_slice written;
		const char *fault = "";
		cr_assert(facts_of(&(struct pki_spec){.twist = table[i].twist}, &f, &fault));
		cr_assert(vg_cert_subject(vg_slice_str(table[i].written), &arena, &written));
		cr_expect(vg_slice_eq(f.subject, written), "'%.*s' is not '%.*s'",
			  VG_SLICE_FMT(f.subject), VG_SLICE_FMT(written));
	}
}
