/* Which identities the names of a leaf could be: every kind that is set, or nobody. */
#include <criterion/criterion.h>

#include "policy/who.h"
#include "policy_fixture.h"

static struct fixture fixture;

static void setup(void)
{
	fixture_begin(&fixture);
	fixture_service(&fixture, "x.example", "");
	fixture_vendor(&fixture, "acme", VG_MODE_ENFORCE);
	fixture_ident(&fixture, "uri:spiffe://acme/gw", "");              /* 0 */
	fixture_ident(&fixture, "uri:spiffe://acme/dr, dns:dr.acme", ""); /* 1 */
	fixture_vendor(&fixture, "bolt", VG_MODE_ENFORCE);
	fixture_ident(&fixture, "dns:a.bolt, dns:b.bolt, dns:shared", ""); /* 2 */
	fixture_ident(&fixture, "dns:shared, email:ops@bolt", "");         /* 3 */
	fixture_vendor(&fixture, "cold", VG_MODE_ENFORCE);
	fixture_ident(&fixture, "subject:CN=gw", "");                      /* 4 */
	fixture_ident(&fixture, "ip:0123456789abcdef, subject:CN=ip", ""); /* 5 */
	fixture_open(&fixture);
}

static void teardown(void)
{
	fixture_end(&fixture);
}

static const struct {
	struct vg_who_name names[4];
	uint32_t idents[3];
	size_t count;
} rows[] = {
#define NAME(kind, text)                                                                           \
	{                                                                                          \
		VG_NAME_##kind,                                                                    \
		{                                                                                  \
			"" text, sizeof(text) - 1                                                  \
		}                                                                                  \
	}
	{{NAME(URI, "spiffe://acme/gw")}, {0}, 1},
	{{NAME(URI, "spiffe://acme/gw"), NAME(DNS, "a.bolt")}, {0, 2}, 2},
	{{NAME(DNS, "spiffe://acme/gw")}, {0}, 0}, /* right words, wrong kind */
	{{NAME(URI, "spiffe://acme/dr")}, {0}, 0}, /* AND: its dns is missing */
	{{NAME(DNS, "dr.acme")}, {0}, 0},
	{{NAME(DNS, "dr.acme"), NAME(URI, "spiffe://acme/dr")}, {1}, 1},
	{{NAME(DNS, "dr.acme"), NAME(URI, "spiffe://acme/gw")}, {0}, 1},
	{{NAME(DNS, "a.bolt")}, {2}, 1},
	{{NAME(DNS, "b.bolt")}, {2}, 1},
	{{NAME(DNS, "a.bolt"), NAME(DNS, "b.bolt")}, {2}, 1}, /* once */
	{{NAME(DNS, "shared")}, {2}, 1},
	{{NAME(DNS, "shared"), NAME(EMAIL, "ops@bolt")}, {2, 3}, 2},
	{{NAME(EMAIL, "ops@bolt")}, {0}, 0},
	{{NAME(DNS, "A.bolt")}, {0}, 0},
	{{NAME(DNS, "a.bol")}, {0}, 0},
	{{NAME(DNS, "a.boltx")}, {0}, 0},
	{{NAME(DNS, "")}, {0}, 0},
	{{NAME(SUBJECT, "CN=gw")}, {4}, 1},
	{{NAME(SUBJECT, "CN=gw,O=x")}, {0}, 0},
	{{NAME(SUBJECT, "CN=ip"), NAME(IP, "0123456789abcdef")}, {5}, 1},
	{{NAME(IP, "0123456789abcdef")}, {0}, 0},
	{{NAME(SUBJECT, "CN=gw"), NAME(URI, "spiffe://acme/gw"), NAME(DNS, "a.bolt")},
	 {0, 2, 4},
	 3},
};

Test(policy_who, table, .init = setup, .fini = teardown)
{
	for (size_t i = 0; i < VG_COUNT(rows); i++) {
		struct vg_who who;
		size_t count = 0;
		while (count < VG_COUNT(rows[i].names) && rows[i].names[count].value.ptr != NULL)
			count++;
		vg_who_select(&who, &fixture.image, rows[i].names, count);
		cr_expect_eq(who.count, rows[i].count, "row %zu: %zu", i, who.count);
		cr_expect_not(who.overflow);
		for (size_t k = 0; k < who.count && k < rows[i].count; k++)
			cr_expect_eq(who.idents[k], rows[i].idents[k], "row %zu", i);
	}
}

Test(policy_who, no_names_is_nobody, .init = setup, .fini = teardown)
{
	struct vg_who who;
	vg_who_select(&who, &fixture.image, NULL, 0);
	cr_expect_eq(who.count, 0);
}

Test(policy_who, more_than_it_holds_is_said)
{
	struct fixture many;
	struct vg_who who;
	struct vg_who_name name = NAME(DNS, "same");
	for (uint32_t extra = 0; extra < 2; extra++) {
		fixture_begin(&many);
		fixture_vendor(&many, "acme", VG_MODE_ENFORCE);
		for (uint32_t i = 0; i < VG_WHO_MAX + extra; i++)
			fixture_ident(&many, "dns:same", "");
		vg_who_select(&who, fixture_open(&many), &name, 1);
		cr_expect_eq(who.count, VG_WHO_MAX);
		cr_expect_eq(who.overflow, extra == 1);
		fixture_end(&many);
	}
}
