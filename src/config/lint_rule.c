#include "config/lint.h"

#include "base/text.h"
#include "policy/route.h"
#include "policy/value.h"

/* A rule and the texts of its segments. */
struct view {
	const struct vg_img_rule *rule;
	const struct vg_img_segment *segments;
};

static struct view view(const struct vg_lint *lint, uint32_t index)
{
	const struct vg_img_rule *rule = &vg_img_rules(lint->image)[index];
	return (struct view){rule, vg_img_segments(lint->image) + rule->segments.first};
}

/* -1 behind the last one. */
static int kind_at(const struct view *v, uint32_t i)
{
	return i < v->rule->segments.count ? (int)v->segments[i].kind : -1;
}

/* Whether a value of that type could hold the byte: what a longer affix of another pattern takes
   is a part of this one's value. */
static bool may_hold(uint8_t type, char c)
{
	bool digit = vg_is_digit(c) || c == '-';
	switch ((enum vg_value_type)type) {
	case VG_VALUE_INT:
	case VG_VALUE_DATE:
		return digit;
	case VG_VALUE_UUID:
	case VG_VALUE_HEX:
		return digit || vg_hex_value(c) >= 0;
	case VG_VALUE_SLUG:
		return digit || vg_is_alpha(c) || c == '_';
	case VG_VALUE_ANY:
		return vg_is_unreserved(c);
	case VG_VALUE_TEXT:
	case VG_VALUE_WORDS:
	case VG_VALUE_TYPES:
		break;
	}
	return true;
}

static bool may_hold_all(uint8_t type, struct vg_slice bytes)
{
	for (size_t i = 0; i < bytes.len; i++)
		if (!may_hold(type, bytes.ptr[i]))
			return false;
	return true;
}

/* Whether the longer of two prefixes (or suffixes) begins (or ends) with the other, and the other
   one's value could hold the rest. */
static bool affixes_meet(struct vg_slice a, uint8_t a_type, struct vg_slice b, uint8_t b_type,
			 bool at_end)
{
	if (a.len < b.len) {
		struct vg_slice swapped = a;
		a = b;
		b = swapped;
		b_type = a_type;
	}
	if (at_end)
		return vg_slice_ends(a, b) &&
		       may_hold_all(b_type, vg_slice_first(a, a.len - b.len));
	return vg_slice_starts(a, b) && may_hold_all(b_type, vg_slice_from(a, b.len));
}

static bool captures_meet(const struct vg_lint *lint, const struct vg_img_segment *a,
			  const struct vg_img_segment *b)
{
	struct vg_slice ap = vg_img_str(lint->image, a->prefix);
	struct vg_slice bp = vg_img_str(lint->image, b->prefix);
	struct vg_slice as = vg_img_str(lint->image, a->suffix);
	struct vg_slice bs = vg_img_str(lint->image, b->suffix);
	if (!affixes_meet(ap, a->value.type, bp, b->value.type, false) ||
	    !affixes_meet(as, a->value.type, bs, b->value.type, true))
		return false;
	bool same = vg_slice_eq(ap, bp) && vg_slice_eq(as, bs);
	return !same || vg_value_overlap(lint->image, &a->value, &b->value);
}

static bool literal_meets(const struct vg_lint *lint, const struct vg_img_segment *literal,
			  const struct vg_img_segment *capture)
{
	struct vg_slice text = vg_img_str(lint->image, literal->prefix);
	struct vg_slice prefix = vg_img_str(lint->image, capture->prefix);
	struct vg_slice suffix = vg_img_str(lint->image, capture->suffix);
	if (text.len <= prefix.len + suffix.len || !vg_slice_starts(text, prefix) ||
	    !vg_slice_ends(text, suffix))
		return false;
	return vg_value_matches(
		lint->image, &capture->value,
		vg_slice(text.ptr + prefix.len, text.len - prefix.len - suffix.len));
}

static bool segments_meet(const struct vg_lint *lint, const struct vg_img_segment *a,
			  const struct vg_img_segment *b)
{
	bool a_literal = a->kind == VG_SEGMENT_LITERAL, b_literal = b->kind == VG_SEGMENT_LITERAL;
	if (a_literal && b_literal)
		return vg_slice_eq(vg_img_str(lint->image, a->prefix),
				   vg_img_str(lint->image, b->prefix));
	if (a_literal)
		return literal_meets(lint, a, b);
	if (b_literal)
		return literal_meets(lint, b, a);
	return captures_meet(lint, a, b);
}

/* Whether what `v` has from segment i on could be what ** takes. */
static bool rest_takes(const struct view *v, uint32_t i)
{
	return v->rule->segments.count > i || v->rule->slash != 0;
}

/* Whether some path could match both; errs on the side of true. */
static bool patterns_meet(const struct vg_lint *lint, const struct view *a, const struct view *b)
{
	for (uint32_t i = 0;; i++) {
		int a_kind = kind_at(a, i), b_kind = kind_at(b, i);
		if (a_kind == VG_SEGMENT_REST && b_kind == VG_SEGMENT_REST)
			return true;
		if (a_kind == VG_SEGMENT_REST)
			return rest_takes(b, i);
		if (b_kind == VG_SEGMENT_REST)
			return rest_takes(a, i);
		if (a_kind < 0 || b_kind < 0)
			return a_kind == b_kind && a->rule->slash == b->rule->slash;
		if (!segments_meet(lint, &a->segments[i], &b->segments[i]))
			return false;
	}
}

/*
 * Whether both begin with the same literals, and then with the same kind: else either no path
 * matches both, or one of them is the more specific. Rules with the same start lie together.
 */
static bool same_start(const struct vg_lint *lint, const struct view *a, const struct view *b)
{
	if (a->rule->vendor != b->rule->vendor || a->rule->service != b->rule->service)
		return false;
	for (uint32_t i = 0;; i++) {
		if (kind_at(a, i) != kind_at(b, i))
			return false;
		if (kind_at(a, i) != VG_SEGMENT_LITERAL)
			return true;
		if (!segments_meet(lint, &a->segments[i], &b->segments[i]))
			return false;
	}
}

static bool tie(const struct vg_lint *lint, const struct view *a, const struct view *b)
{
	return (a->rule->methods & b->rule->methods) != 0 &&
	       vg_route_order(lint->image, a->rule, b->rule) == 0 && patterns_meet(lint, a, b);
}

static void tell_tie(const struct vg_lint *lint, const struct view *a, const struct view *b)
{
	if (a->rule->where.line > b->rule->where.line) {
		const struct view *swapped = a;
		a = b;
		b = swapped;
	}
	struct vg_slice file = vg_img_str(lint->image, b->rule->where.file);
	vg_diag_add(lint->diags, VG_SEVERITY_ERROR, vg_input_shown(lint->inputs, file),
		    b->rule->where.line,
		    "[access %.*s] ties with [access %.*s] in line %u: a path could match both "
		    "%.*s and %.*s, and neither is the more specific",
		    VG_SLICE_FMT(vg_img_str(lint->image, b->rule->name)),
		    VG_SLICE_FMT(vg_img_str(lint->image, a->rule->name)), a->rule->where.line,
		    VG_SLICE_FMT(vg_img_str(lint->image, b->rule->pattern)),
		    VG_SLICE_FMT(vg_img_str(lint->image, a->rule->pattern)));
}

/* Whether every path of the rule is below `prefix`, a service's own on the same host. */
static bool always_below(const struct vg_lint *lint, const struct view *v, struct vg_slice prefix)
{
	struct vg_slice part,
		own = vg_img_str(lint->image,
				 vg_img_services(lint->image)[v->rule->service].prefix);
	if (!vg_slice_starts(prefix, own) || prefix.len == own.len || prefix.ptr[own.len] != '/')
		return false;
	prefix = vg_slice_from(prefix, own.len + 1);
	for (uint32_t i = 0; vg_slice_cut(&prefix, '/', &part); i++)
		if (kind_at(v, i) != VG_SEGMENT_LITERAL ||
		    !vg_slice_eq(vg_img_str(lint->image, v->segments[i].prefix), part))
			return false;
	return true;
}

/* Services of a host lie together, the longer prefix first: it is the one that is chosen. */
static void check_reach(const struct vg_lint *lint, const struct view *v)
{
	const struct vg_img_service *services = vg_img_services(lint->image);
	const struct vg_img_service *own = &services[v->rule->service];
	for (uint32_t i = v->rule->service; i > 0; i--) {
		const struct vg_img_service *other = &services[i - 1];
		if (!vg_slice_eq(vg_img_str(lint->image, other->host),
				 vg_img_str(lint->image, own->host)))
			return;
		if (!always_below(lint, v, vg_img_str(lint->image, other->prefix)))
			continue;
		struct vg_slice file = vg_img_str(lint->image, v->rule->where.file);
		vg_diag_add(lint->diags, VG_SEVERITY_WARNING, vg_input_shown(lint->inputs, file),
			    v->rule->where.line,
			    "[access %.*s] allows nothing: its paths are those of [service %.*s], "
			    "with prefix %.*s",
			    VG_SLICE_FMT(vg_img_str(lint->image, v->rule->name)),
			    VG_SLICE_FMT(vg_img_str(lint->image, other->name)),
			    VG_SLICE_FMT(vg_img_str(lint->image, other->prefix)));
		return;
	}
}

static void check_ties(const struct vg_lint *lint, uint32_t index, const struct view *a)
{
	for (uint32_t i = index + 1; i < vg_img_rule_count(lint->image); i++) {
		struct view b = view(lint, i);
		if (!same_start(lint, a, &b))
			return;
		if (!tie(lint, a, &b))
			continue;
		tell_tie(lint, a, &b);
		return; /* one pair tells it; the next run tells the next */
	}
}

void vg_lint_rules(const struct vg_lint *lint)
{
	for (uint32_t i = 0; i < vg_img_rule_count(lint->image); i++) {
		struct view v = view(lint, i);
		check_ties(lint, i, &v);
		check_reach(lint, &v);
	}
}
