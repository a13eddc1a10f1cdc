#include "config/lint.h"

#include <stdio.h>
#include <stdlib.h>

#include "policy/who.h"

/* One of an identity's names under one of its CAs. Texts are interned: offsets stand for them. */
struct claim {
	uint32_t kind, value, ca, ident;
};

/* A CA and a vendor that it serves. */
struct server {
	uint32_t ca, ident, vendor;
};

static int order_u32(uint32_t a, uint32_t b)
{
	return (a > b) - (a < b);
}

static int compare_claims(const void *a, const void *b)
{
	const struct claim *x = a, *y = b;
	int order = order_u32(x->kind, y->kind);
	if (order == 0)
		order = order_u32(x->value, y->value);
	if (order == 0)
		order = order_u32(x->ca, y->ca);
	return order != 0 ? order : order_u32(x->ident, y->ident);
}

static int compare_servers(const void *a, const void *b)
{
	const struct server *x = a, *y = b;
	int order = order_u32(x->ca, y->ca);
	return order != 0 ? order : order_u32(x->ident, y->ident);
}

static const char *shown(const struct vg_lint *lint, const struct vg_where *where)
{
	return vg_input_shown(lint->inputs, vg_img_str(lint->image, where->file));
}

static struct vg_slice vendor_id(const struct vg_lint *lint, uint32_t vendor)
{
	return vg_img_str(lint->image, vg_img_vendors(lint->image)[vendor].id);
}

static bool share_item(const struct vg_lint *lint, struct vg_span a, struct vg_span b)
{
	const struct vg_str *items = vg_img_items(lint->image);
	for (uint32_t i = 0; i < a.count; i++)
		for (uint32_t j = 0; j < b.count; j++)
			if (items[a.first + i].offset == items[b.first + j].offset)
				return true;
	return false;
}

static bool share_pin(const struct vg_lint *lint, struct vg_span a, struct vg_span b)
{
	const struct vg_img_pin *pins = vg_img_pins(lint->image);
	for (uint32_t i = 0; i < a.count; i++)
		for (uint32_t j = 0; j < b.count; j++)
			if (memcmp(&pins[a.first + i], &pins[b.first + j], sizeof(*pins)) == 0)
				return true;
	return false;
}

/* Two kinds of name are ANDed: one that both have, with no value in common, tells them apart. So
   do pins. Networks don't: they select nobody (POLICY semantics 4). */
static bool told_apart(const struct vg_lint *lint, const struct vg_img_ident *a,
		       const struct vg_img_ident *b)
{
	for (unsigned kind = 0; kind < VG_NAME_KINDS; kind++)
		if (a->names[kind].count > 0 && b->names[kind].count > 0 &&
		    !share_item(lint, a->names[kind], b->names[kind]))
			return true;
	return a->pins.count > 0 && b->pins.count > 0 && !share_pin(lint, a->pins, b->pins);
}

static size_t count_claims(const struct vg_img_ident *ident)
{
	size_t names = 0;
	for (unsigned kind = 0; kind < VG_NAME_KINDS; kind++)
		names += ident->names[kind].count;
	return names * ident->cas.count;
}

static size_t add_claims(const struct vg_lint *lint, uint32_t index, struct claim *claims)
{
	const struct vg_img_ident *ident = &vg_img_idents(lint->image)[index];
	const struct vg_str *items = vg_img_items(lint->image);
	const struct vg_img_der *ders = vg_img_ders(lint->image);
	size_t count = 0;
	for (uint32_t kind = 0; kind < VG_NAME_KINDS; kind++)
		for (uint32_t i = 0; i < ident->names[kind].count; i++)
			for (uint32_t j = 0; j < ident->cas.count; j++)
				claims[count++] = (struct claim){
					kind, items[ident->names[kind].first + i].offset,
					ders[ident->cas.first + j].bytes.offset, index};
	return count;
}

/* One vendor's own: the worker takes the first that holds. */
static void tell_hidden(const struct vg_lint *lint, uint32_t first, uint32_t second)
{
	const struct vg_img_ident *a = &vg_img_idents(lint->image)[first];
	const struct vg_img_ident *b = &vg_img_idents(lint->image)[second];
	vg_diag_add(lint->diags, VG_SEVERITY_WARNING, shown(lint, &b->where), b->where.line,
		    "a certificate of this identity could be that of line %u too, which is then "
		    "the one that counts, with its networks",
		    a->where.line);
}

static void tell_overlap(const struct vg_lint *lint, uint32_t first, uint32_t second)
{
	const struct vg_img_ident *a = &vg_img_idents(lint->image)[first];
	const struct vg_img_ident *b = &vg_img_idents(lint->image)[second];
	vg_diag_add(lint->diags, VG_SEVERITY_ERROR, shown(lint, &b->where), b->where.line,
		    "a certificate of this identity could be vendor \"%.*s\" too (%s:%u): same CA, "
		    "and no kind of name or pin tells them apart",
		    VG_SLICE_FMT(vendor_id(lint, a->vendor)), shown(lint, &a->where),
		    a->where.line);
}

/* Claims [0, count) are alike but for the identity. Each identity is told once. */
static void check_run(const struct vg_lint *lint, const struct claim *run, size_t count, bool *told)
{
	const struct vg_img_ident *idents = vg_img_idents(lint->image);
	for (size_t i = 1; i < count; i++) {
		const struct vg_img_ident *second = &idents[run[i].ident];
		for (size_t j = 0; j < i && !told[run[i].ident]; j++) {
			const struct vg_img_ident *first = &idents[run[j].ident];
			if (told_apart(lint, first, second))
				continue;
			told[run[i].ident] = true;
			if (first->vendor == second->vendor)
				tell_hidden(lint, run[j].ident, run[i].ident);
			else
				tell_overlap(lint, run[j].ident, run[i].ident);
		}
	}
}

static bool same_claim(const struct claim *a, const struct claim *b)
{
	return a->kind == b->kind && a->value == b->value && a->ca == b->ca;
}

static void check_claims(const struct vg_lint *lint)
{
	uint32_t idents = vg_img_ident_count(lint->image);
	size_t count = 0, end;
	for (uint32_t i = 0; i < idents; i++)
		count += count_claims(&vg_img_idents(lint->image)[i]);
	struct claim *claims = vg_arena_array(lint->arena, count + 1, sizeof(*claims));
	bool *told = vg_arena_array(lint->arena, (size_t)idents + 1, sizeof(*told));
	if (claims == NULL || told == NULL) {
		vg_diag_add(lint->diags, VG_SEVERITY_ERROR, "", 0, "out of memory");
		return;
	}
	count = 0;
	for (uint32_t i = 0; i < idents; i++)
		count += add_claims(lint, i, claims + count);
	qsort(claims, count, sizeof(*claims), compare_claims);
	for (size_t i = 0; i < count; i = end) {
		for (end = i + 1; end < count && same_claim(&claims[i], &claims[end]); end++)
			continue;
		check_run(lint, claims + i, end - i, told);
	}
}

/* Servers [0, count) have one CA. */
static void note_shared(const struct vg_lint *lint, const struct server *run, size_t count)
{
	size_t others = 0;
	uint32_t other = run[0].vendor;
	for (size_t i = 1; i < count; i++) {
		if (run[i].vendor == run[i - 1].vendor)
			continue;
		if (others++ == 0)
			other = run[i].vendor;
	}
	if (others == 0)
		return;
	const struct vg_img_ident *ident = &vg_img_idents(lint->image)[run[0].ident];
	char more[48] = "";
	if (others > 1)
		(void)snprintf(more, sizeof(more), " and %zu more", others - 1);
	vg_diag_add(lint->diags, VG_SEVERITY_NOTE, shown(lint, &ident->where), ident->where.line,
		    "this identity's CA serves vendor \"%.*s\"%s too: its owner can be any of them",
		    VG_SLICE_FMT(vendor_id(lint, other)), more);
}

static void check_shared_cas(const struct vg_lint *lint)
{
	const struct vg_img_ident *idents = vg_img_idents(lint->image);
	size_t count = 0, end;
	for (uint32_t i = 0; i < vg_img_ident_count(lint->image); i++)
		count += idents[i].cas.count;
	struct server *servers = vg_arena_array(lint->arena, count + 1, sizeof(*servers));
	if (servers == NULL) {
		vg_diag_add(lint->diags, VG_SEVERITY_ERROR, "", 0, "out of memory");
		return;
	}
	count = 0;
	for (uint32_t i = 0; i < vg_img_ident_count(lint->image); i++)
		for (uint32_t j = 0; j < idents[i].cas.count; j++)
			servers[count++] = (struct server){
				vg_img_ders(lint->image)[idents[i].cas.first + j].bytes.offset, i,
				idents[i].vendor};
	qsort(servers, count, sizeof(*servers), compare_servers);
	for (size_t i = 0; i < count; i = end) {
		for (end = i + 1; end < count && servers[end].ca == servers[i].ca; end++)
			continue;
		note_shared(lint, servers + i, end - i);
	}
}

static bool has_one_kind(const struct vg_img_ident *ident)
{
	unsigned kinds = 0;
	for (unsigned kind = 0; kind < VG_NAME_KINDS; kind++)
		kinds += ident->names[kind].count > 0;
	return kinds == 1;
}

/*
 * A certificate with a name that more identities have than a worker looks at is nobody's. Those
 * that need another kind of name too are mostly out of the race before.
 */
static void check_crowds(const struct vg_lint *lint)
{
	const struct vg_img_name *names = vg_img_names(lint->image);
	size_t count = 0;
	for (uint32_t i = 0; i < vg_img_name_count(lint->image); i++) {
		const struct vg_img_ident *ident = &vg_img_idents(lint->image)[names[i].ident];
		if (i > 0 && (names[i].kind != names[i - 1].kind ||
			      names[i].value.offset != names[i - 1].value.offset))
			count = 0;
		if (!has_one_kind(ident) || ++count != VG_WHO_MAX + 1)
			continue;
		vg_diag_add(lint->diags, VG_SEVERITY_ERROR, shown(lint, &ident->where),
			    ident->where.line,
			    "more than %d identities have this one's name: a certificate with it "
			    "could not be told to be one of them",
			    VG_WHO_MAX);
	}
}

void vg_lint_identities(const struct vg_lint *lint)
{
	check_claims(lint);
	check_crowds(lint);
	check_shared_cas(lint);
}
