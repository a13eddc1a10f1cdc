#include "config/emit.h"

#include <stdlib.h>

#include "config/effective.h"
#include "config/pattern.h"
#include "vocab/method.h"

/*
 * Many vendors are given the same paths of the same API: what was written alike is parsed once,
 * and all its rules share the rows.
 */
struct path {
	struct vg_pattern pattern;
	struct vg_span rows;
	bool emitted;
};

struct rule {
	const struct vg_set_access *access;
	const struct vg_set_service *service;
	struct path *path;
	struct vg_names *query, *request_headers, *response_headers;
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

static void out_of_memory(struct vg_emit *emit, const struct vg_set *set)
{
	VG_EMIT_ERROR(emit, set, set->line, "out of memory");
}

/* NULL where it is none; that was told. */
static struct path *parse_path(struct vg_emit *emit, const struct vg_set_access *access)
{
	struct vg_slice text = access->path.value;
	struct path *path = vg_map_get(&emit->paths, text);
	char fault[VG_PATTERN_FAULT];
	if (path != NULL)
		return path;
	path = vg_arena_alloc(emit->arena, sizeof(*path));
	if (path == NULL) {
		out_of_memory(emit, &access->set);
		return NULL;
	}
	if (!vg_pattern_path(&path->pattern, text, emit->arena, fault)) {
		VG_EMIT_ERROR(emit, &access->set, access->path.line, "path \"%.*s\": %s",
			      VG_SLICE_FMT(text), fault);
		return NULL;
	}
	return vg_map_add(&emit->paths, text, path);
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
	const struct vg_set *set = &access->set;
	*rule = (struct rule){
		.access = access,
		.query = vg_emit_names(emit, VG_NAMES_QUERY, set, &access->query),
		.request_headers = vg_emit_names(emit, VG_NAMES_REQUEST_HEADERS, set,
						 &access->request_headers),
		.response_headers = vg_emit_names(emit, VG_NAMES_RESPONSE_HEADERS, set,
						  &access->response_headers),
	};
	if (access->service.value.ptr != NULL)
		rule->service = find_service(emit, access);
	if (access->path.value.ptr != NULL)
		rule->path = parse_path(emit, access);
	return check_max_body(emit, access) && !access->set.faulty && rule->path != NULL &&
	       rule->query != NULL && rule->request_headers != NULL &&
	       rule->response_headers != NULL && rule->service != NULL &&
	       rule->service->row != VG_NO_ROW;
}

/* By service, then the most specific first, then as written. */
static int compare_rules(const void *a, const void *b)
{
	const struct rule *x = a, *y = b;
	if (x->service->row != y->service->row)
		return x->service->row < y->service->row ? -1 : 1;
	int order = vg_pattern_cmp(&x->path->pattern, &y->path->pattern);
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

static struct vg_span emit_path(struct vg_build *build, struct path *path)
{
	if (!path->emitted)
		path->rows = vg_pattern_segments(build, &path->pattern);
	path->emitted = true;
	return path->rows;
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

static void emit_rule(struct vg_emit *emit, const struct rule *rule, uint32_t vendor,
		      struct vg_span closed)
{
	const struct vg_set_access *access = rule->access;
	struct vg_img_rule row = {
		.vendor = vendor,
		.service = rule->service->row,
		.name = vg_build_text(emit->build, access->set.name),
		.pattern = vg_build_text(emit->build, access->path.value),
		.methods = method_bits(&access->methods),
		.slash = rule->path->pattern.slash,
		.segments = emit_path(emit->build, rule->path),
		.params = vg_emit_names_rows(emit, rule->query),
		.headers = vg_emit_names_rows(emit, rule->request_headers),
		.types = emit_types(emit->build, &access->request_type),
		.hours = vg_emit_hours(emit, &access->set, &access->hours, closed),
		.max_body = access->max_body.line != 0 ? access->max_body.value
						       : emit->model->limits.max_body.value,
		.answer_headers = vg_emit_names_rows(emit, rule->response_headers),
		.answer_types = emit_types(emit->build, &access->response_type),
		.max_response = access->max_response.line != 0 ? access->max_response.value
							       : UINT64_MAX,
		.response_timeout_ms = (uint32_t)vg_effective_response_timeout(emit->model, access),
		.errors = (uint8_t)vg_effective_errors(access),
		.where = vg_emit_where(emit, &access->set),
	};
	(void)vg_build_row(emit->build, VG_SECTION_RULE, &row);
}

struct vg_span vg_emit_rules(struct vg_emit *emit, const struct vg_policy *policy, uint32_t vendor,
			     struct vg_span closed)
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
		emit_rule(emit, &rules[i], vendor, closed);
	span.count = (uint32_t)good;
	return span;
}
