#include "config/emit.h"

#include <stdlib.h>

#include "config/pattern.h"
#include "vocab/method.h"

struct rule {
	const struct vg_set_access *access;
	const struct vg_set_service *service;
	struct vg_pattern pattern;
	struct vg_pattern_param *params; /* by name */
	size_t param_count;
};

/* NULL, which was told, where no [service] has that name. */
static const struct vg_set_service *find_service(struct vg_emit *emit,
						 const struct vg_set_access *access)
{
	struct vg_slice name = access->service.value;
	const struct vg_set_service *service = vg_map_get(&emit->model->service_names, name);
	if (service != NULL)
		return service;
	const char *near = vg_near_match(name, emit->service_names, emit->service_count);
	if (near != NULL)
		VG_EMIT_ERROR(emit, &access->set, access->service.line,
			      "there is no [service %.*s]; did you mean \"%s\"?",
			      VG_SLICE_FMT(name), near);
	else
		VG_EMIT_ERROR(emit, &access->set, access->service.line,
			      "there is no [service %.*s]", VG_SLICE_FMT(name));
	return NULL;
}

static bool parse_path(struct vg_emit *emit, struct rule *rule)
{
	const struct vg_set_text *path = &rule->access->path;
	char fault[VG_PATTERN_FAULT];
	if (vg_pattern_path(&rule->pattern, path->value, &emit->scratch, fault))
		return true;
	VG_EMIT_ERROR(emit, &rule->access->set, path->line, "path \"%.*s\": %s",
		      VG_SLICE_FMT(path->value), fault);
	return false;
}

static int compare_params(const void *a, const void *b)
{
	return vg_slice_cmp(((const struct vg_pattern_param *)a)->name,
			    ((const struct vg_pattern_param *)b)->name);
}

static bool parse_query(struct vg_emit *emit, struct rule *rule)
{
	const struct vg_set_list *query = &rule->access->query;
	bool good = true;
	char fault[VG_PATTERN_FAULT];
	rule->params = vg_arena_array(&emit->scratch, query->count + 1, sizeof(*rule->params));
	for (size_t i = 0; rule->params != NULL && i < query->count; i++) {
		const struct vg_set_text *item = &query->items[i];
		if (vg_pattern_param(&rule->params[rule->param_count], item->value, fault)) {
			rule->param_count++;
			continue;
		}
		VG_EMIT_ERROR(emit, &rule->access->set, item->line, "query \"%.*s\": %s",
			      VG_SLICE_FMT(item->value), fault);
		good = false;
	}
	if (rule->params == NULL)
		return false;
	qsort(rule->params, rule->param_count, sizeof(*rule->params), compare_params);
	for (size_t i = 1; i < rule->param_count; i++) {
		if (compare_params(&rule->params[i - 1], &rule->params[i]) != 0)
			continue;
		VG_EMIT_ERROR(emit, &rule->access->set, query->line,
			      "query names \"%.*s\" twice", VG_SLICE_FMT(rule->params[i].name));
		good = false;
	}
	return good;
}

static bool check_max_body(struct vg_emit *emit, const struct vg_set_access *access)
{
	if (access->max_body.line == 0 ||
	    access->max_body.value <= emit->model->limits.max_body.value)
		return true;
	VG_EMIT_ERROR(emit, &access->set, access->max_body.line,
		      "max_body is above that of [limits] in vendgate.ini, %llu bytes",
		      (unsigned long long)emit->model->limits.max_body.value);
	return false;
}

/* False where it can be no row; all that is wrong with it was told. */
static bool parse_rule(struct vg_emit *emit, struct rule *rule, const struct vg_set_access *access)
{
	*rule = (struct rule){.access = access};
	bool good = !access->set.faulty;
	if (access->service.line != 0)
		rule->service = find_service(emit, access);
	if (access->path.line != 0 && !parse_path(emit, rule))
		good = false;
	if (!parse_query(emit, rule) || !check_max_body(emit, access))
		good = false;
	return good && rule->service != NULL && rule->service->row != VG_NO_ROW;
}

/* By service, then the most specific first, then as written. */
static int compare_rules(const void *a, const void *b)
{
	const struct rule *x = a, *y = b;
	if (x->service->row != y->service->row)
		return x->service->row < y->service->row ? -1 : 1;
	int order = vg_pattern_cmp(&x->pattern, &y->pattern);
	unsigned xl = x->access->set.line, yl = y->access->set.line;
	return order != 0 ? order : (xl > yl) - (xl < yl);
}

static uint32_t method_bits(const struct vg_set_list *methods)
{
	uint32_t bits = 0;
	for (size_t i = 0; i < methods->count; i++) {
		enum vg_method method = vg_method_of(methods->items[i].value);
		if (method < VG_METHOD_COUNT)
			bits |= VG_METHOD_BIT(method);
		if (method == VG_METHOD_GET)
			bits |= VG_METHOD_BIT(VG_METHOD_HEAD);
	}
	return bits;
}

static struct vg_span emit_params(struct vg_build *build, const struct rule *rule)
{
	struct vg_span span = {vg_build_count(build, VG_SECTION_PARAM),
			       (uint32_t)rule->param_count};
	for (size_t i = 0; i < rule->param_count; i++)
		vg_pattern_param_row(build, &rule->params[i]);
	return span;
}

static struct vg_span emit_types(struct vg_build *build, const struct vg_set_list *types)
{
	struct vg_span span = {vg_build_count(build, VG_SECTION_ITEM), (uint32_t)types->count};
	for (size_t i = 0; i < types->count; i++) {
		struct vg_str text = vg_build_text(build, types->items[i].value);
		(void)vg_build_row(build, VG_SECTION_ITEM, &text);
	}
	return span;
}

static void emit_rule(struct vg_emit *emit, const struct rule *rule, uint32_t vendor)
{
	const struct vg_set_access *access = rule->access;
	struct vg_img_rule row = {
		.vendor = vendor,
		.service = rule->service->row,
		.name = vg_build_text(emit->build, access->set.name),
		.pattern = vg_build_text(emit->build, rule->pattern.text),
		.methods = method_bits(&access->methods),
		.slash = rule->pattern.slash,
		.segments = vg_pattern_segments(emit->build, &rule->pattern),
		.params = emit_params(emit->build, rule),
		.types = emit_types(emit->build, &access->request_type),
		.max_body = access->max_body.line != 0 ? access->max_body.value
						       : emit->model->limits.max_body.value,
		.where = vg_emit_where(emit, &access->set),
	};
	(void)vg_build_row(emit->build, VG_SECTION_RULE, &row);
}

struct vg_span vg_emit_rules(struct vg_emit *emit, const struct vg_policy *policy, uint32_t vendor)
{
	struct vg_span span = {vg_build_count(emit->build, VG_SECTION_RULE), 0};
	size_t count = 0, good = 0;
	for (struct vg_set_access *a = policy->accesses; a != NULL; a = a->next)
		count++;
	struct rule *rules = vg_arena_array(&emit->scratch, count + 1, sizeof(*rules));
	if (rules == NULL) {
		VG_EMIT_ERROR(emit, &policy->vendor.set, 0, "out of memory");
		return span;
	}
	for (struct vg_set_access *a = policy->accesses; a != NULL; a = a->next)
		if (parse_rule(emit, &rules[good], a))
			good++;
	qsort(rules, good, sizeof(*rules), compare_rules);
	for (size_t i = 0; i < good; i++)
		emit_rule(emit, &rules[i], vendor);
	span.count = (uint32_t)good;
	return span;
}
