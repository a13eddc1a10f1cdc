#include "policy/route.h"

#include "policy/value.h"

static int compare_host(const struct vg_image *image, uint32_t service, struct vg_slice host)
{
	return vg_slice_cmp(vg_img_str(image, vg_img_services(image)[service].host), host);
}

/* The first service of that host, or where it would lie. */
static uint32_t first_of_host(const struct vg_image *image, struct vg_slice host)
{
	uint32_t low = 0, high = vg_img_service_count(image);
	while (low < high) {
		uint32_t mid = low + (high - low) / 2;
		if (compare_host(image, mid, host) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

bool vg_route_knows_host(const struct vg_image *image, struct vg_slice host)
{
	uint32_t at = first_of_host(image, host);
	return at < vg_img_service_count(image) && compare_host(image, at, host) == 0;
}

uint32_t vg_route_service(const struct vg_image *image, struct vg_slice host,
			  const struct vg_path *path, struct vg_path *below)
{
	/* The longer prefix lies first. */
	for (uint32_t at = first_of_host(image, host);
	     at < vg_img_service_count(image) && compare_host(image, at, host) == 0; at++)
		if (vg_path_below(below, path,
				  vg_img_str(image, vg_img_services(image)[at].prefix)))
			return at;
	return VG_NO_ROW;
}

/* What a capture takes of the segment: what is between its prefix and suffix. */
static bool capture_of(const struct vg_image *image, const struct vg_img_segment *segment,
		       struct vg_slice text, struct vg_slice *value)
{
	struct vg_slice prefix = vg_img_str(image, segment->prefix);
	struct vg_slice suffix = vg_img_str(image, segment->suffix);
	if (text.len < prefix.len + suffix.len || !vg_slice_starts(text, prefix) ||
	    !vg_slice_ends(text, suffix))
		return false;
	*value = vg_slice(text.ptr + prefix.len, text.len - prefix.len - suffix.len);
	return segment->kind == VG_SEGMENT_TYPED ? vg_value_matches(image, &segment->value, *value)
						 : vg_value_untyped(*value);
}

static bool segment_matches(const struct vg_image *image, const struct vg_img_segment *segment,
			    struct vg_slice text, struct vg_slice *value)
{
	if (segment->kind == VG_SEGMENT_LITERAL)
		return vg_slice_eq(vg_img_str(image, segment->prefix), text);
	return capture_of(image, segment, text, value);
}

/* Whether the pattern has as many segments as the path, and ends as it does. */
static bool shape_matches(const struct vg_img_rule *rule, const struct vg_img_segment *segments,
			  const struct vg_path *path)
{
	uint32_t count = rule->segments.count;
	if (count == 0 || segments[count - 1].kind != VG_SEGMENT_REST)
		return count == path->count && (rule->slash != 0) == path->slash;
	/* "/a/" then "**": what is left begins behind a slash, be it nothing. */
	return path->count >= count || (path->count == count - 1 && path->slash);
}

bool vg_route_matches(const struct vg_image *image, const struct vg_img_rule *rule,
		      const struct vg_path *path, struct vg_capture *captures,
		      size_t *capture_count)
{
	const struct vg_img_segment *segments = vg_img_segments(image) + rule->segments.first;
	size_t taken = 0;
	if (!shape_matches(rule, segments, path))
		return false;
	for (uint32_t i = 0; i < rule->segments.count; i++) {
		struct vg_slice value;
		if (segments[i].kind == VG_SEGMENT_REST)
			break;
		if (!segment_matches(image, &segments[i], path->segments[i], &value))
			return false;
		if (segments[i].kind == VG_SEGMENT_LITERAL || captures == NULL)
			continue;
		captures[taken].name = vg_img_str(image, segments[i].name);
		captures[taken++].value = value;
	}
	if (captures != NULL)
		*capture_count = taken;
	return true;
}

/* Any function that spreads would do: a wrong hit costs time, nothing else. */
static uint64_t mix(uint64_t hash, struct vg_slice s)
{
	hash ^= s.len;
	while (s.len > 0) {
		uint64_t word = 0;
		size_t n = s.len < sizeof(word) ? s.len : sizeof(word);
		memcpy(&word, s.ptr, n);
		hash = (hash ^ hash >> 32 ^ word) * UINT64_C(0x9e3779b97f4a7c15);
		s = vg_slice_from(s, n);
	}
	return hash;
}

/* Every bit of the last word goes into the highest ones. */
static uint16_t fold(uint64_t hash)
{
	return (uint16_t)(hash >> 48);
}

struct vg_img_lead vg_route_lead(const struct vg_image *image, const struct vg_img_rule *rule)
{
	const struct vg_img_segment *segments = vg_img_segments(image) + rule->segments.first;
	uint64_t hash = 0;
	uint8_t i = 0;
	while (i < VG_ROUTE_LEAD_MAX && i < rule->segments.count &&
	       segments[i].kind == VG_SEGMENT_LITERAL)
		hash = mix(hash, vg_img_str(image, segments[i++].prefix));
	return (struct vg_img_lead){.hash = fold(hash), .count = i};
}

/* The hash of the path's first segments, for each number of them. */
struct leads {
	uint16_t hash[VG_ROUTE_LEAD_MAX + 1];
	uint8_t count;
};

static struct leads leads_of(const struct vg_path *path)
{
	struct leads leads = {.count = 0};
	uint64_t hash = 0;
	while (leads.count < VG_ROUTE_LEAD_MAX && leads.count < path->count) {
		hash = mix(hash, path->segments[leads.count]);
		leads.hash[++leads.count] = fold(hash);
	}
	return leads;
}

static bool could_match(const struct leads *leads, const struct vg_img_lead *lead)
{
	return lead->count <= leads->count && leads->hash[lead->count] == lead->hash;
}

/* The first rule in [first, end), all of one vendor, whose service is not before `service`. */
static uint32_t first_of_service(const struct vg_image *image, uint32_t first, uint32_t end,
				 uint32_t service)
{
	const struct vg_img_rule *rules = vg_img_rules(image);
	while (first < end) {
		uint32_t mid = first + (end - first) / 2;
		if (rules[mid].service < service)
			first = mid + 1;
		else
			end = mid;
	}
	return first;
}

/* Those of the vendor's rules that are of the service; mostly a vendor has but one. */
static struct vg_span rules_of(const struct vg_image *image, uint32_t vendor, uint32_t service)
{
	const struct vg_img_rule *rules = vg_img_rules(image);
	struct vg_span span = vg_img_vendors(image)[vendor].rules;
	uint32_t first = span.first, end = span.first + span.count;
	if (span.count > 0 && rules[first].service != service)
		first = first_of_service(image, first, end, service);
	if (first < end && rules[end - 1].service != service)
		end = first_of_service(image, first, end, service + 1);
	return (struct vg_span){first, end - first};
}

/* HEAD follows GET (POLICY semantics 6). */
static uint32_t allowing_bits(enum vg_method method)
{
	uint32_t bits = method < VG_METHOD_COUNT ? VG_METHOD_BIT(method) : 0;
	return method == VG_METHOD_HEAD ? bits | VG_METHOD_BIT(VG_METHOD_GET) : bits;
}

static void fetch_details(const struct vg_image *image, const struct vg_img_rule *rule)
{
	vg_img_fetch(&vg_img_segments(image)[rule->segments.first],
		     rule->segments.count * sizeof(struct vg_img_segment));
	vg_img_fetch(&vg_img_params(image)[rule->params.first],
		     (rule->params.count > 4 ? 4 : rule->params.count) *
			     sizeof(struct vg_img_param));
}

void vg_route_find(struct vg_route *route, const struct vg_image *image, uint32_t vendor,
		   uint32_t service, enum vg_method method, const struct vg_path *path)
{
	struct vg_span span = rules_of(image, vendor, service);
	const struct vg_img_lead *rule_leads = vg_img_leads(image);
	struct leads leads = leads_of(path);
	uint32_t bits = allowing_bits(method);

	route->rule = route->near_rule = VG_NO_ROW;
	route->capture_count = 0;
	for (uint32_t at = span.first; at < span.first + span.count; at++) {
		const struct vg_img_rule *rule = &vg_img_rules(image)[at];
		if (!could_match(&leads, &rule_leads[at]))
			continue;
		bool allowed = (rule->methods & bits) != 0;
		if (!allowed && route->near_rule != VG_NO_ROW)
			continue;
		fetch_details(image, rule);
		if (!vg_route_matches(image, rule, path, allowed ? route->captures : NULL,
				      &route->capture_count))
			continue;
		if (allowed) {
			route->rule = at;
			route->near_rule = VG_NO_ROW;
			return;
		}
		route->near_rule = at;
	}
}

/* True where both segments match the same; at times it is missed. */
static bool same_segment(const struct vg_image *image, const struct vg_img_segment *a,
			 const struct vg_img_segment *b)
{
	return vg_slice_eq(vg_img_str(image, a->prefix), vg_img_str(image, b->prefix)) &&
	       vg_slice_eq(vg_img_str(image, a->suffix), vg_img_str(image, b->suffix)) &&
	       a->value.type == b->value.type && a->value.low == b->value.low &&
	       a->value.high == b->value.high &&
	       vg_slice_eq(vg_img_str(image, a->value.words), vg_img_str(image, b->value.words));
}

int vg_route_order(const struct vg_image *image, const struct vg_img_rule *a,
		   const struct vg_img_rule *b)
{
	const struct vg_img_segment *as = vg_img_segments(image) + a->segments.first;
	const struct vg_img_segment *bs = vg_img_segments(image) + b->segments.first;
	for (uint32_t i = 0;; i++) {
		bool a_ends = i == a->segments.count, b_ends = i == b->segments.count;
		if (a_ends && b_ends)
			return 0;
		if (a_ends)
			return bs[i].kind == VG_SEGMENT_REST ? -1 : 0;
		if (b_ends)
			return as[i].kind == VG_SEGMENT_REST ? 1 : 0;
		if (as[i].kind != bs[i].kind)
			return as[i].kind < bs[i].kind ? -1 : 1;
		if (!same_segment(image, &as[i], &bs[i]))
			return 0;
	}
}
