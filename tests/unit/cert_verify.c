#include "cert/verify.h"

#include <criterion/criterion.h>

#include "pki.h"

#define DAY 86400
#define VENDORS 3

static struct pki_cert cas[VENDORS];

static void up(void)
{
	/* All three bear the same name: only the key tells them apart. */
	for (int i = 0; i < VENDORS; i++)
		cas[i] = pki_make(&(struct pki_spec){.subject = "CN=CA", .ca = true}, NULL);
}

static void down(void)
{
	for (int i = 0; i < VENDORS; i++)
		pki_free(&cas[i]);
}

TestSuite(verify, .init = up, .fini = down);

static enum vg_reason verify(X509 *leaf, X509 *const *untrusted, size_t count, X509 *anchor)
{
	STACK_OF(X509) *sent = sk_X509_new_null(), *anchors = sk_X509_new_null();
	for (size_t i = 0; i < count; i++)
		sk_X509_push(sent, untrusted[i]);
	sk_X509_push(anchors, anchor);
	enum vg_reason reason = vg_cert_verify(leaf, sent, anchors, pki_now(), NULL);
	sk_X509_free(sent);
	sk_X509_free(anchors);
	return reason;
}

static const char *word(enum vg_reason reason)
{
	return vg_reason_row(reason)->word;
}

static const struct {
	const char *what;
	struct pki_spec spec;
	enum vg_reason own; /* against its own CA */
} leaves[] = {
	{"good", {.subject = "CN=gw"}, VG_REASON_NONE},
	{"good for both", {.eku = "serverAuth,clientAuth"}, VG_REASON_NONE},
	{"expired", {.from = -2 * DAY, .until = -DAY}, VG_REASON_IDENTITY_EXPIRED},
	{"not yet valid", {.from = DAY, .until = 2 * DAY}, VG_REASON_IDENTITY_EXPIRED},
	{"no EKU", {.eku = ""}, VG_REASON_IDENTITY_EKU},
	{"server only", {.eku = "serverAuth"}, VG_REASON_IDENTITY_EKU},
	{"any usage only", {.eku = "anyExtendedKeyUsage"}, VG_REASON_IDENTITY_EKU},
	{"no signature usage", {.usage = "critical,keyAgreement"}, VG_REASON_NONE},
	{"encipherment only", {.usage = "critical,keyEncipherment"}, VG_REASON_IDENTITY_EKU},
};

Test(verify, every_vendor_against_every_ca)
{
	for (size_t k = 0; k < VG_COUNT(leaves); k++)
		for (int by = 0; by < VENDORS; by++) {
			struct pki_cert leaf = pki_make(&leaves[k].spec, &cas[by]);
			for (int at = 0; at < VENDORS; at++) {
				enum vg_reason want = at == by ? leaves[k].own
							       : VG_REASON_IDENTITY_CHAIN;
				enum vg_reason got = verify(leaf.cert, NULL, 0, cas[at].cert);
				cr_expect_eq(got, want, "%s of %d at %d: %s, not %s",
					     leaves[k].what, by, at, word(got), word(want));
			}
			pki_free(&leaf);
		}
}

Test(verify, other_vendors_ca_sent_along_changes_nothing)
{
	struct pki_cert leaf = pki_make(&(struct pki_spec){.subject = "CN=gw"}, &cas[0]);
	X509 *sent[] = {cas[0].cert};
	cr_expect_eq(verify(leaf.cert, sent, 1, cas[1].cert), VG_REASON_IDENTITY_CHAIN);
	cr_expect_eq(verify(leaf.cert, sent, 1, cas[0].cert), VG_REASON_NONE);
	pki_free(&leaf);
}

Test(verify, self_signed)
{
	struct pki_cert leaf = pki_make(&(struct pki_spec){.subject = "CN=CA"}, NULL);
	cr_expect_eq(verify(leaf.cert, NULL, 0, cas[0].cert), VG_REASON_IDENTITY_CHAIN);
	/* Nor where somebody names the leaf itself as its CA. */
	cr_expect_eq(verify(leaf.cert, NULL, 0, leaf.cert), VG_REASON_IDENTITY_CHAIN);
	pki_free(&leaf);
	struct pki_cert issued = pki_make(&(struct pki_spec){.subject = "CN=gw"}, &cas[0]);
	cr_expect_eq(verify(issued.cert, NULL, 0, issued.cert), VG_REASON_IDENTITY_CHAIN);
	pki_free(&issued);
}

Test(verify, a_leaf_is_no_ca)
{
	struct pki_cert leaf = pki_make(&(struct pki_spec){.subject = "CN=leaf"}, &cas[0]);
	struct pki_cert below = pki_make(&(struct pki_spec){.subject = "CN=gw"}, &leaf);
	X509 *sent[] = {leaf.cert};
	cr_expect_eq(verify(below.cert, sent, 1, cas[0].cert), VG_REASON_IDENTITY_CHAIN);
	cr_expect_eq(verify(below.cert, NULL, 0, leaf.cert), VG_REASON_IDENTITY_CHAIN);
	pki_free(&below);
	pki_free(&leaf);

	struct pki_spec no_sign = {
		.subject = "CN=no sign", .ca = true, .usage = "critical,digitalSignature"};
	struct pki_cert weak = pki_make(&no_sign, NULL);
	below = pki_make(&(struct pki_spec){.subject = "CN=gw"}, &weak);
	cr_expect_eq(verify(below.cert, NULL, 0, weak.cert), VG_REASON_IDENTITY_CHAIN);
	pki_free(&below);
	pki_free(&weak);
}

/* Up to VG_CHAIN_DEPTH intermediates between the leaf and its anchor. */
Test(verify, depth)
{
	for (size_t depth = 0; depth <= VG_CHAIN_DEPTH + 1; depth++) {
		struct pki_cert mid[VG_CHAIN_DEPTH + 1];
		X509 *sent[VG_CHAIN_DEPTH + 1] = {NULL};
		for (size_t i = 0; i < depth; i++) {
			char subject[] = "CN=mid 0";
			subject[7] = (char)('0' + i);
			mid[i] = pki_make(&(struct pki_spec){.subject = subject, .ca = true},
					  i == 0 ? &cas[0] : &mid[i - 1]);
			sent[i] = mid[i].cert;
		}
		struct pki_cert leaf = pki_make(&(struct pki_spec){.subject = "CN=gw"},
						depth == 0 ? &cas[0] : &mid[depth - 1]);
		enum vg_reason got = verify(leaf.cert, sent, depth, cas[0].cert);
		cr_expect_eq(got,
			     depth <= VG_CHAIN_DEPTH ? VG_REASON_NONE : VG_REASON_IDENTITY_CHAIN,
			     "depth %zu: %s", depth, word(got));
		if (depth > 0) {
			cr_expect_eq(verify(leaf.cert, NULL, 0, cas[0].cert),
				     VG_REASON_IDENTITY_CHAIN, "missing ones of %zu", depth);
			/* An intermediate may be the anchor: then only what is below it. */
			cr_expect_eq(verify(leaf.cert, NULL, 0, mid[depth - 1].cert),
				     VG_REASON_NONE);
		}
		pki_free(&leaf);
		for (size_t i = 0; i < depth; i++)
			pki_free(&mid[i]);
	}
}

Test(verify, what_the_ca_is)
{
	static const struct {
		const char *what;
		struct pki_spec ca;
		enum vg_reason want;
	} table[] = {
		{"expired",
		 {.ca = true, .from = -2 * DAY, .until = -DAY},
		 VG_REASON_IDENTITY_EXPIRED},
		{"for servers only", {.ca = true, .eku = "serverAuth"}, VG_REASON_IDENTITY_EKU},
		{"for clients", {.ca = true, .eku = "clientAuth"}, VG_REASON_NONE},
	};
	for (size_t i = 0; i < VG_COUNT(table); i++) {
		struct pki_spec spec = table[i].ca;
		spec.subject = "CN=special";
		struct pki_cert ca = pki_make(&spec, NULL);
		struct pki_cert leaf = pki_make(&(struct pki_spec){.subject = "CN=gw"}, &ca);
		enum vg_reason got = verify(leaf.cert, NULL, 0, ca.cert);
		cr_expect_eq(got, table[i].want, "%s: %s", table[i].what, word(got));
		pki_free(&leaf);
		pki_free(&ca);
	}
}

Test(verify, weak_keys_and_digests)
{
	EVP_PKEY *small = pki_rsa(1024);
	struct pki_cert leaf = pki_make(&(struct pki_spec){.key = small}, &cas[0]);
	cr_expect_eq(verify(leaf.cert, NULL, 0, cas[0].cert), VG_REASON_IDENTITY_CHAIN);
	pki_free(&leaf);
	EVP_PKEY_free(small);
	leaf = pki_make(&(struct pki_spec){.digest = EVP_sha1()}, &cas[0]);
	cr_expect_eq(verify(leaf.cert, NULL, 0, cas[0].cert), VG_REASON_IDENTITY_CHAIN);
	pki_free(&leaf);
}

Test(verify, nothing_to_verify_against)
{
	struct pki_cert leaf = pki_make(&(struct pki_spec){.subject = "CN=gw"}, &cas[0]);
	STACK_OF(X509) *none = sk_X509_new_null();
	cr_expect_eq(vg_cert_verify(leaf.cert, NULL, none, pki_now(), NULL),
		     VG_REASON_IDENTITY_CHAIN);
	sk_X509_free(none);
	pki_free(&leaf);
}

Test(verify, time_is_what_is_handed_in)
{
	struct pki_cert leaf = pki_make(&(struct pki_spec){.from = -60, .until = 60}, &cas[0]);
	STACK_OF(X509) *anchors = sk_X509_new_null();
	sk_X509_push(anchors, cas[0].cert);
	int64_t now = pki_now();
	cr_expect_eq(vg_cert_verify(leaf.cert, NULL, anchors, now, NULL), VG_REASON_NONE);
	cr_expect_eq(vg_cert_verify(leaf.cert, NULL, anchors, now + INT64_C(120) * 1000000, NULL),
		     VG_REASON_IDENTITY_EXPIRED);
	cr_expect_eq(vg_cert_verify(leaf.cert, NULL, anchors, now - INT64_C(120) * 1000000, NULL),
		     VG_REASON_IDENTITY_EXPIRED);
	sk_X509_free(anchors);
	pki_free(&leaf);
}
