#include "tls/identity.h"

#include <criterion/criterion.h>

#include "pki.h"
#include "tls_world.h"

#define VENDORS 3

static struct world world;
static struct vg_anchors *anchors;
static struct pki_cert cas[VENDORS];

static void up(void)
{
	for (int i = 0; i < VENDORS; i++)
		cas[i] = pki_make(&(struct pki_spec){.subject = "CN=CA", .ca = true}, NULL);
}

static void down(void)
{
	for (int i = 0; i < VENDORS; i++)
		pki_free(&cas[i]);
}

TestSuite(identity, .init = up, .fini = down);

static void begin(const struct world_ident *idents, size_t count)
{
	EVP_PKEY *own = pki_ec("P-256");
	world_image(&world, idents, count, 0x0304, own, NULL);
	EVP_PKEY_free(own);
	anchors = vg_anchors_new(&world.image);
}

static void end(void)
{
	vg_anchors_free(&anchors);
	world_free(&world);
}

static struct vg_identity judge_at(X509 *leaf, STACK_OF(X509) *beside, int64_t now)
{
	struct vg_arena arena;
	struct vg_cert_facts facts;
	const char *fault = "";
	vg_arena_init(&arena, 1 << 16);
	cr_assert(vg_cert_facts(&facts, leaf, &arena, &fault), "%s", fault);
	struct vg_identity who = vg_identity_judge(anchors, &world.image, &facts, leaf, beside,
						   now);
	vg_arena_fini(&arena);
	return who;
}

static struct vg_identity judge_cert(X509 *leaf)
{
	return judge_at(leaf, NULL, pki_now());
}

static struct vg_identity judge(const struct pki_spec *spec, const struct pki_cert *ca)
{
	struct pki_cert leaf = pki_make(spec, ca);
	struct vg_identity who = judge_cert(leaf.cert);
	pki_free(&leaf);
	return who;
}

static void expect(struct vg_identity who, enum vg_reason reason, uint32_t vendor, uint32_t ident,
		   const char *what)
{
	cr_expect_eq(who.reason, reason, "%s: %s, not %s", what, vg_reason_row(who.reason)->word,
		     vg_reason_row(reason)->word);
	cr_expect_eq(who.vendor, vendor, "%s: vendor %u", what, who.vendor);
	cr_expect_eq(who.ident, ident, "%s: ident %u", what, who.ident);
}

/* Every vendor's CA × every vendor's name × every kind of name. */
Test(identity, vendor_by_vendor)
{
	static const struct {
		enum vg_name_kind kind;
		const char *san[VENDORS], *subject[VENDORS], *value[VENDORS];
	} table[] = {
		{VG_NAME_DNS,
		 {"DNS:GW.a.example", "DNS:gw.b.example", "DNS:gw.c.example"},
		 {NULL, NULL, NULL},
		 {"gw.a.example", "gw.b.example", "gw.c.example"}},
		{VG_NAME_URI,
		 {"URI:spiffe://a/x", "URI:spiffe://b/x", "URI:spiffe://c/x"},
		 {NULL, NULL, NULL},
		 {"spiffe://a/x", "spiffe://b/x", "spiffe://c/x"}},
		{VG_NAME_EMAIL,
		 {"email:x@a.example", "email:x@b.example", "email:x@c.example"},
		 {NULL, NULL, NULL},
		 {"x@a.example", "x@b.example", "x@c.example"}},
		{VG_NAME_IP,
		 {"IP:192.0.2.1", "IP:192.0.2.2", "IP:2001:db8::3"},
		 {NULL, NULL, NULL},
		 {"192.0.2.1", "192.0.2.2", "2001:db8::3"}},
		{VG_NAME_SUBJECT,
		 {NULL, NULL, NULL},
		 {"O=A,CN=gw", "O=B,CN=gw", "O=C,CN=gw"},
		 {"CN=gw,O=A", "CN=gw,O=B", "CN=gw,O=C"}},
	};
	static const char *const ids[VENDORS] = {"a", "b", "c"};

	for (size_t k = 0; k < VG_COUNT(table); k++) {
		struct world_ident idents[VENDORS];
		for (int i = 0; i < VENDORS; i++)
			idents[i] = (struct world_ident){
				ids[i], &cas[i], {{table[k].kind, table[k].value[i]}}, NULL};
		begin(idents, VENDORS);
		for (int name = 0; name < VENDORS; name++)
			for (int by = 0; by < VENDORS; by++) {
				struct pki_spec spec = {.san = table[k].san[name],
							.subject = table[k].subject[name]};
				expect(judge(&spec, &cas[by]),
				       by == name ? VG_REASON_NONE : VG_REASON_IDENTITY_CHAIN,
				       (uint32_t)name, by == name ? (uint32_t)name : VG_NO_ROW,
				       table[k].value[name]);
			}
		end();
	}
}

Test(identity, no_name_of_anybody)
{
	struct world_ident idents[] = {{"a", &cas[0], {{VG_NAME_DNS, "gw.a.example"}}, NULL}};
	begin(idents, 1);
	expect(judge(&(struct pki_spec){.san = "DNS:gw.x.example"}, &cas[0]),
	       VG_REASON_IDENTITY_UNKNOWN, VG_NO_ROW, VG_NO_ROW, "another name");
	expect(judge(&(struct pki_spec){.subject = "CN=gw.a.example"}, &cas[0]),
	       VG_REASON_IDENTITY_UNKNOWN, VG_NO_ROW, VG_NO_ROW, "the CN is no DNS name");
	expect(judge(&(struct pki_spec){.san = "URI:gw.a.example"}, &cas[0]),
	       VG_REASON_IDENTITY_UNKNOWN, VG_NO_ROW, VG_NO_ROW, "another kind");
	expect(judge(&(struct pki_spec){.san = "DNS:x.gw.a.example,DNS:gw.a.example.x"}, &cas[0]),
	       VG_REASON_IDENTITY_UNKNOWN, VG_NO_ROW, VG_NO_ROW, "longer ones");
	expect(judge(&(struct pki_spec){.san = "DNS:*.a.example"}, &cas[0]),
	       VG_REASON_IDENTITY_UNKNOWN, VG_NO_ROW, VG_NO_ROW, "a wildcard in the certificate");
	end();
}

Test(identity, kinds_are_and)
{
	struct world_ident idents[] = {
		{"a",
		 &cas[0],
		 {{VG_NAME_DNS, "gw.a.example"}, {VG_NAME_URI, "spiffe://a/x"}},
		 NULL}};
	begin(idents, 1);
	expect(judge(&(struct pki_spec){.san = "DNS:gw.a.example"}, &cas[0]),
	       VG_REASON_IDENTITY_UNKNOWN, VG_NO_ROW, VG_NO_ROW, "one of two");
	expect(judge(&(struct pki_spec){.san = "DNS:gw.a.example,URI:spiffe://a/x"}, &cas[0]),
	       VG_REASON_NONE, 0, 0, "both");
	end();
}

Test(identity, a_certificate_with_two_vendors_names)
{
	struct world_ident idents[] = {{"a", &cas[0], {{VG_NAME_DNS, "gw.a.example"}}, NULL},
				       {"b", &cas[1], {{VG_NAME_DNS, "gw.b.example"}}, NULL},
				       {"c", &cas[0], {{VG_NAME_DNS, "gw.c.example"}}, NULL}};
	begin(idents, 3);
	/* Only one vendor's CA made it: that one. */
	expect(judge(&(struct pki_spec){.san = "DNS:gw.a.example,DNS:gw.b.example"}, &cas[1]),
	       VG_REASON_NONE, 1, 1, "names of a and b, CA of b");
	expect(judge(&(struct pki_spec){.san = "DNS:gw.a.example,DNS:gw.b.example"}, &cas[2]),
	       VG_REASON_IDENTITY_CHAIN, VG_NO_ROW, VG_NO_ROW, "names of a and b, CA of neither");
	/* Two vendors that share a CA. */
	expect(judge(&(struct pki_spec){.san = "DNS:gw.a.example,DNS:gw.c.example"}, &cas[0]),
	       VG_REASON_IDENTITY_AMBIGUOUS, VG_NO_ROW, VG_NO_ROW, "names and CA of a and c");
	expect(judge(&(struct pki_spec){.san = "DNS:gw.c.example"}, &cas[0]), VG_REASON_NONE, 2, 2,
	       "only c's");
	end();
}

Test(identity, several_of_one_vendor)
{
	struct world_ident idents[] = {{"a", &cas[0], {{VG_NAME_DNS, "gw.a.example"}}, NULL},
				       {"a", &cas[1], {{VG_NAME_DNS, "gw.a.example"}}, NULL},
				       {"a", &cas[1], {{VG_NAME_URI, "spiffe://a/x"}}, NULL}};
	begin(idents, 3);
	struct pki_spec both = {.san = "DNS:gw.a.example,URI:spiffe://a/x"};
	expect(judge(&both, &cas[0]), VG_REASON_NONE, 0, 0, "the old CA");
	expect(judge(&both, &cas[1]), VG_REASON_NONE, 0, 1, "the new CA: the first that holds");
	expect(judge(&both, &cas[2]), VG_REASON_IDENTITY_CHAIN, 0, VG_NO_ROW, "neither");
	both.until = -10;
	both.from = -20;
	expect(judge(&both, &cas[1]), VG_REASON_IDENTITY_EXPIRED, 0, VG_NO_ROW,
	       "the reason of the one that came furthest");
	end();
}

Test(identity, pins)
{
	struct pki_cert leaf = pki_make(&(struct pki_spec){.san = "DNS:gw.a.example"}, &cas[0]);
	struct vg_arena arena;
	struct vg_cert_facts facts;
	const char *fault;
	vg_arena_init(&arena, 1 << 16);
	cr_assert(vg_cert_facts(&facts, leaf.cert, &arena, &fault));
	struct world_ident idents[] = {
		{"a", &cas[0], {{VG_NAME_DNS, "gw.a.example"}}, facts.spki_sha256}};
	begin(idents, 1);
	expect(judge_cert(leaf.cert), VG_REASON_NONE, 0, 0, "the pinned key");
	struct pki_spec spec = {.san = "DNS:gw.a.example"};
	expect(judge(&spec, &cas[0]), VG_REASON_IDENTITY_PIN, 0, VG_NO_ROW, "another key");
	spec.key = leaf.key;
	expect(judge(&spec, &cas[0]), VG_REASON_NONE, 0, 0, "renewed with the pinned key");
	expect(judge(&spec, &cas[1]), VG_REASON_IDENTITY_CHAIN, 0, VG_NO_ROW,
	       "the pinned key, another CA");
	end();
	vg_arena_fini(&arena);
	pki_free(&leaf);
}

/* A name that leads to more identities than are tried is nobody's. */
Test(identity, too_many_could_be_meant)
{
	struct world_ident idents[VG_WHO_MAX + 1];
	char ids[VG_WHO_MAX + 1][16];
	for (int i = 0; i <= VG_WHO_MAX; i++) {
		snprintf(ids[i], sizeof(ids[i]), "v%02d", i);
		idents[i] = (struct world_ident){
			ids[i], &cas[i % VENDORS], {{VG_NAME_DNS, "gw.a.example"}}, NULL};
	}
	begin(idents, VG_WHO_MAX + 1);
	expect(judge(&(struct pki_spec){.san = "DNS:gw.a.example"}, &cas[0]),
	       VG_REASON_IDENTITY_AMBIGUOUS, VG_NO_ROW, VG_NO_ROW, "17");
	end();
}

/* More identities than anchors are kept for: each time the right ones. */
Test(identity, anchors_come_and_go)
{
	enum { MANY = 600 };
	struct world_ident *idents = calloc(MANY, sizeof(*idents));
	char(*text)[2][24] = calloc(MANY, sizeof(*text));
	for (int i = 0; i < MANY; i++) {
		snprintf(text[i][0], 24, "v%03d", i);
		snprintf(text[i][1], 24, "gw.v%03d.example", i);
		idents[i] = (struct world_ident){
			text[i][0], &cas[i % VENDORS], {{VG_NAME_DNS, text[i][1]}}, NULL};
	}
	begin(idents, MANY);
	for (int round = 0; round < 2; round++)
		for (int i = 0; i < MANY; i += 7)
			for (int by = 0; by < VENDORS; by++) {
				char san[32];
				snprintf(san, sizeof(san), "DNS:%s", text[i][1]);
				bool own = i % VENDORS == by;
				expect(judge(&(struct pki_spec){.san = san}, &cas[by]),
				       own ? VG_REASON_NONE : VG_REASON_IDENTITY_CHAIN, (uint32_t)i,
				       own ? (uint32_t)i : VG_NO_ROW, san);
			}
	for (int i = 0; i < MANY; i++) {
		char san[32];
		snprintf(san, sizeof(san), "DNS:%s", text[i][1]);
		if (i % 3 == 0)
			expect(judge(&(struct pki_spec){.san = san}, &cas[0]), VG_REASON_NONE,
			       (uint32_t)i, (uint32_t)i, san);
	}
	end();
	free(text);
	free(idents);
}

/* A chain that held is not verified again; but it ends when it expires, and so does the clock's
   going back, and each other certificate, CA beside it and identity is judged for itself. */
Test(identity, what_held_is_kept)
{
	const int64_t second = 1000000;
	struct pki_cert leaf = pki_make(
		&(struct pki_spec){.san = "DNS:gw.a.example", .from = -60, .until = 60}, &cas[0]);
	struct world_ident idents[] = {
		{"a", &cas[0], {{VG_NAME_DNS, "gw.a.example"}}, NULL},
		{"b", &cas[1], {{VG_NAME_DNS, "gw.b.example"}}, NULL},
	};
	begin(idents, 2);
	for (int i = 0; i < 3; i++)
		expect(judge_at(leaf.cert, NULL, pki_now()), VG_REASON_NONE, 0, 0, "again");
	expect(judge_at(leaf.cert, NULL, pki_now() + 61 * second), VG_REASON_IDENTITY_EXPIRED, 0,
	       VG_NO_ROW, "expired");
	expect(judge_at(leaf.cert, NULL, pki_now() - 61 * second), VG_REASON_IDENTITY_EXPIRED, 0,
	       VG_NO_ROW, "not yet valid");
	expect(judge_at(leaf.cert, NULL, pki_now()), VG_REASON_NONE, 0, 0, "and now");
	struct vg_identity who = judge_at(leaf.cert, NULL, pki_now() + second);
	cr_expect(who.until > pki_now() && who.until <= pki_now() + 61 * second);

	/* The leaf among what is beside it, and another certificate there. */
	STACK_OF(X509) *beside = sk_X509_new_null();
	sk_X509_push(beside, leaf.cert);
	expect(judge_at(leaf.cert, beside, pki_now()), VG_REASON_NONE, 0, 0, "itself beside it");
	sk_X509_push(beside, cas[1].cert);
	expect(judge_at(leaf.cert, beside, pki_now()), VG_REASON_NONE, 0, 0, "another CA");
	sk_X509_free(beside);

	/* The same names and key from a CA that is not theirs. */
	struct pki_cert forged = pki_make(
		&(struct pki_spec){.san = "DNS:gw.a.example", .key = leaf.key}, &cas[1]);
	for (int i = 0; i < 2; i++)
		expect(judge_at(forged.cert, NULL, pki_now()), VG_REASON_IDENTITY_CHAIN, 0,
		       VG_NO_ROW, "forged");
	pki_free(&forged);
	end();

	/* Another generation: what held for the one before counts for nothing. */
	idents[0].ca = &cas[2];
	begin(idents, 2);
	expect(judge_at(leaf.cert, NULL, pki_now()), VG_REASON_IDENTITY_CHAIN, 0, VG_NO_ROW,
	       "another CA now");
	end();
	pki_free(&leaf);
}
