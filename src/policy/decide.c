#include "policy/decide.h"

#include "policy/calendar.h"
#include "policy/percent.h"
#include "policy/value.h"

#define CONSTRAINT_MAX 64 /* bytes of something that a client sent, in an event */

/*
 * A decision on its way through the steps. Each step returns VG_REASON_NONE where it has nothing
 * against the request; the one that refuses names what exactly in verdict->constraint.
 */
struct decision {
	const struct vg_image *image;
	const struct vg_facts *facts;
	struct vg_verdict *verdict;
	const struct vg_img_rule *rule; /* from ACCESS on */
	enum vg_method method;
};

static enum vg_reason refuse(struct decision *d, enum vg_reason reason, struct vg_slice constraint)
{
	d->verdict->constraint = vg_slice_first(constraint, CONSTRAINT_MAX);
	return reason;
}

static enum vg_reason check_message(struct decision *d)
{
	const char *fault = d->facts->fault == NULL ? "" : d->facts->fault;
	if (d->facts->malformed != VG_REASON_NONE)
		return refuse(d, d->facts->malformed, vg_slice_str(fault));
	VG_ASSERT(d->facts->path != NULL);
	return VG_REASON_NONE;
}

static enum vg_reason check_host(struct decision *d)
{
	const struct vg_facts *facts = d->facts;
	if (facts->sni.len == 0)
		return refuse(d, VG_REASON_HOST_MISMATCH, VG_SLICE("no SNI"));
	if (!vg_slice_eq(facts->sni, facts->host))
		return refuse(d, VG_REASON_HOST_MISMATCH, VG_SLICE("SNI and Host differ"));
	if (!vg_route_knows_host(d->image, facts->host))
		return refuse(d, VG_REASON_HOST_MISMATCH, VG_SLICE("host not served"));
	return VG_REASON_NONE;
}

static enum vg_reason check_state(struct decision *d)
{
	const struct vg_img_vendor *vendor = &vg_img_vendors(d->image)[d->facts->vendor];
	return vendor->mode == VG_MODE_ENFORCE ? VG_REASON_NONE : VG_REASON_VENDOR_SUSPENDED;
}

static enum vg_reason contract_at(const struct vg_img_vendor *vendor, int64_t now)
{
	if (now < vendor->contract_from)
		return VG_REASON_CONTRACT_NOT_BEGUN;
	if (now >= vendor->contract_until)
		return VG_REASON_CONTRACT_ENDED;
	return now < vendor->assessed_until ? VG_REASON_NONE : VG_REASON_ASSESSMENT_STALE;
}

static enum vg_reason check_contract(struct decision *d)
{
	return contract_at(&vg_img_vendors(d->image)[d->facts->vendor], d->facts->now);
}

static enum vg_reason check_network(struct decision *d)
{
	struct vg_span span = vg_img_idents(d->image)[d->facts->ident].networks;
	if (span.count == 0 || vg_img_in_networks(d->image, span, &d->facts->src))
		return VG_REASON_NONE;
	return VG_REASON_NETWORK_NOT_LISTED;
}

static enum vg_reason check_open(const struct decision *d, const struct vg_img_hours *hours)
{
	return vg_calendar_is_open(d->image, hours, d->facts->now) ? VG_REASON_NONE
								   : VG_REASON_HOURS_CLOSED;
}

static enum vg_reason check_hours(struct decision *d)
{
	return check_open(d, &vg_img_vendors(d->image)[d->facts->vendor].hours);
}

static enum vg_reason check_rule_hours(struct decision *d)
{
	return check_open(d, &d->rule->hours);
}

static enum vg_reason check_access(struct decision *d)
{
	struct vg_verdict *verdict = d->verdict;
	verdict->service = vg_route_service(d->image, d->facts->host, d->facts->path,
					    &verdict->path);
	if (verdict->service == VG_NO_ROW)
		return VG_REASON_ACCESS_NO_RULE;
	vg_route_find(&verdict->route, d->image, d->facts->vendor, verdict->service, d->method,
		      &verdict->path);
	if (verdict->route.rule != VG_NO_ROW) {
		verdict->rule = verdict->route.rule;
		d->rule = &vg_img_rules(d->image)[verdict->rule];
		return VG_REASON_NONE;
	}
	verdict->rule = verdict->route.near_rule;
	return verdict->rule == VG_NO_ROW ? VG_REASON_ACCESS_NO_RULE : VG_REASON_ACCESS_METHOD;
}

/* The rule's parameter of that name; its params.count where it lists none. */
static uint32_t find_param(const struct decision *d, const struct vg_img_param *params,
			   struct vg_slice name)
{
	uint32_t low = 0, high = d->rule->params.count;
	while (low < high) {
		uint32_t mid = low + (high - low) / 2;
		int order = vg_percent_cmp(vg_img_str(d->image, params[mid].name), name);
		if (order == 0)
			return mid;
		if (order < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return d->rule->params.count;
}

static enum vg_reason check_query(struct decision *d)
{
	const struct vg_query *query = d->facts->query;
	const struct vg_img_param *params = vg_img_params(d->image) + d->rule->params.first;
	uint64_t given[VG_IMG_PARAMS_MAX / 64] = {0};
	for (size_t i = 0; query != NULL && i < query->count; i++) {
		uint32_t at = find_param(d, params, query->pairs[i].name);
		if (at == d->rule->params.count)
			return refuse(d, VG_REASON_ACCESS_QUERY, query->pairs[i].name);
		if (!vg_value_matches(d->image, &params[at].value, query->pairs[i].value))
			return refuse(d, VG_REASON_ACCESS_QUERY,
				      vg_img_str(d->image, params[at].name));
		given[at / 64] |= UINT64_C(1) << at % 64;
	}
	for (uint32_t at = 0; at < d->rule->params.count; at++)
		if (params[at].required != 0 && (given[at / 64] >> at % 64 & 1) == 0)
			return refuse(d, VG_REASON_ACCESS_QUERY,
				      vg_img_str(d->image, params[at].name));
	return VG_REASON_NONE;
}

/* Of the fields that the rule doesn't list, those of http/header.def pass, whatever they say. */
static enum vg_reason check_headers(struct decision *d)
{
	const struct vg_img_param *rows = vg_img_params(d->image) + d->rule->headers.first;
	for (uint32_t at = 0; at < d->rule->headers.count; at++)
		if (!vg_fields_judge(d->image, &rows[at], &d->facts->fields, &d->verdict->listed))
			return refuse(d, VG_REASON_ACCESS_HEADER,
				      vg_img_str(d->image, rows[at].name));
	return VG_REASON_NONE;
}

static enum vg_reason check_type(struct decision *d)
{
	const struct vg_facts *facts = d->facts;
	if (!facts->has_body)
		return VG_REASON_NONE;
	if (d->rule->types.count == 0 && !vg_method_has_body(d->method))
		return refuse(d, VG_REASON_HTTP_MALFORMED, VG_SLICE("body with this method"));
	struct vg_slice type = vg_media_type(facts->content_type);
	if (d->rule->types.count > 0 && !vg_media_is_listed(d->image, d->rule->types, type))
		return refuse(d, VG_REASON_ACCESS_TYPE, type);
	if (facts->body_length > d->rule->max_body)
		return VG_REASON_HTTP_TOO_LARGE;
	return VG_REASON_NONE;
}

static int64_t earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* Of what is allowed now: a moment before which the time is not against it. */
static int64_t until_when(const struct vg_image *image, const struct vg_img_vendor *vendor,
			  const struct vg_img_rule *rule, int64_t now)
{
	int64_t until = earlier(vendor->contract_until, vendor->assessed_until);
	until = earlier(until, vg_calendar_edge(image, &vendor->hours, now));
	return earlier(until, vg_calendar_edge(image, &rule->hours, now));
}

struct vg_term vg_decide_again(const struct vg_image *image, uint32_t vendor, uint32_t rule,
			       int64_t now)
{
	const struct vg_img_vendor *row = &vg_img_vendors(image)[vendor];
	const struct vg_img_rule *allowed = &vg_img_rules(image)[rule];
	enum vg_reason contract = contract_at(row, now);
	if (contract != VG_REASON_NONE)
		return (struct vg_term){contract, VG_STEP_CONTRACT, 0};
	if (!vg_calendar_is_open(image, &row->hours, now))
		return (struct vg_term){VG_REASON_HOURS_CLOSED, VG_STEP_HOURS, 0};
	if (!vg_calendar_is_open(image, &allowed->hours, now))
		return (struct vg_term){VG_REASON_HOURS_CLOSED, VG_STEP_RULE_HOURS, 0};
	return (struct vg_term){VG_REASON_NONE, VG_STEP_COUNT,
				until_when(image, row, allowed, now)};
}

static enum vg_reason (*const steps[VG_STEP_COUNT])(struct decision *d) = {
#define VG_STEP(NAME, word, function, question) [VG_STEP_##NAME] = (function),
#include "policy/step.def"
#undef VG_STEP
};

static bool is_of_vendor(const struct vg_image *image, const struct vg_facts *facts)
{
	return facts->vendor < vg_img_vendor_count(image) &&
	       facts->ident < vg_img_ident_count(image) &&
	       vg_img_idents(image)[facts->ident].vendor == facts->vendor;
}

/* What the later steps read of this vendor comes while the first ones are at work. */
static void fetch_rows(const struct vg_image *image, const struct vg_facts *facts)
{
	struct vg_span rules = vg_img_vendors(image)[facts->vendor].rules;
	struct vg_span networks = vg_img_idents(image)[facts->ident].networks;
	uint32_t last = rules.first + (rules.count == 0 ? 0 : rules.count - 1);
	vg_img_fetch(&vg_img_leads(image)[rules.first], 128);
	vg_img_fetch(&vg_img_rules(image)[rules.first], sizeof(struct vg_img_rule));
	vg_img_fetch(&vg_img_rules(image)[last], sizeof(struct vg_img_rule));
	vg_img_fetch(&vg_img_prefixs(image)[networks.first], sizeof(struct vg_prefix));
}

struct vg_verdict vg_decide_traced(const struct vg_image *image, const struct vg_facts *facts,
				   struct vg_trace *trace)
{
	struct vg_verdict verdict = {.reason = VG_REASON_ACCESS_ALLOWED,
				     .service = VG_NO_ROW,
				     .rule = VG_NO_ROW,
				     .constraint = VG_SLICE_EMPTY};
	struct decision d = {.image = image,
			     .facts = facts,
			     .verdict = &verdict,
			     .method = vg_method_of(facts->method)};
	VG_ASSERT(is_of_vendor(image, facts));
	fetch_rows(image, facts);
	if (trace != NULL)
		*trace = (struct vg_trace){{VG_REASON_NONE}};
	for (; verdict.step < VG_STEP_COUNT; verdict.step++) {
		enum vg_reason reason = steps[verdict.step](&d);
		if (reason != VG_REASON_NONE)
			verdict.reason = reason;
		if (trace != NULL)
			trace->step[verdict.step] = verdict.reason;
		if (reason != VG_REASON_NONE)
			return verdict;
	}
	verdict.max_body = d.rule->max_body;
	verdict.until = until_when(image, &vg_img_vendors(image)[facts->vendor], d.rule,
				   facts->now);
	return verdict;
}

struct vg_verdict vg_decide(const struct vg_image *image, const struct vg_facts *facts)
{
	return vg_decide_traced(image, facts, NULL);
}
