#include "config/emit.h"

#include <stdlib.h>
#include <string.h>

#include "config/pattern.h"

struct vg_names {
	enum vg_names_kind kind;
	struct vg_pattern_param *params; /* by name */
	size_t count;
	struct vg_span rows;
	bool emitted;
};

static const char *const keys[VG_NAMES_KINDS] = {
	[VG_NAMES_QUERY] = "query",
	[VG_NAMES_REQUEST_HEADERS] = "request_headers",
	[VG_NAMES_RESPONSE_HEADERS] = "response_headers",
};

/* Key and items as one text: what is written alike is the same. ptr is NULL where memory is
   short. */
static struct vg_slice join_items(struct vg_arena *arena, const char *key,
				  const struct vg_set_list *list)
{
	size_t key_len = strlen(key), len = key_len + 1;
	for (size_t i = 0; i < list->count; i++)
		len += list->items[i].value.len + 1;
	char *text = vg_arena_alloc(arena, len + 1), *at = text;
	if (text == NULL)
		return vg_slice(NULL, 0);
	memcpy(at, key, key_len);
	at += key_len;
	*at++ = '=';
	for (size_t i = 0; i < list->count; i++) {
		memcpy(at, list->items[i].value.ptr, list->items[i].value.len);
		at += list->items[i].value.len;
		*at++ = ',';
	}
	return vg_slice(text, len);
}

static int compare_params(const void *a, const void *b)
{
	return vg_slice_cmp(((const struct vg_pattern_param *)a)->name,
			    ((const struct vg_pattern_param *)b)->name);
}

static bool parse_item(struct vg_emit *emit, enum vg_names_kind kind, struct vg_slice text,
		       struct vg_pattern_param *param, char *fault)
{
	if (kind == VG_NAMES_QUERY)
		return vg_pattern_param(param, text, fault);
	return vg_pattern_field(param, text, kind == VG_NAMES_REQUEST_HEADERS, emit->arena, fault);
}

static bool parse_items(struct vg_emit *emit, const struct vg_set *set,
			const struct vg_set_list *list, struct vg_names *names)
{
	bool good = true;
	char fault[VG_PATTERN_FAULT];
	for (size_t i = 0; i < list->count; i++) {
		const struct vg_set_text *item = &list->items[i];
		if (parse_item(emit, names->kind, item->value, &names->params[names->count],
			       fault)) {
			names->count++;
			continue;
		}
		VG_EMIT_ERROR(emit, set, item->line, "%s \"%.*s\": %s", keys[names->kind],
			      VG_SLICE_FMT(item->value), fault);
		good = false;
	}
	qsort(names->params, names->count, sizeof(*names->params), compare_params);
	for (size_t i = 1; i < names->count; i++) {
		if (compare_params(&names->params[i - 1], &names->params[i]) != 0)
			continue;
		VG_EMIT_ERROR(emit, set, list->line, "%s names \"%.*s\" twice", keys[names->kind],
			      VG_SLICE_FMT(names->params[i].name));
		good = false;
	}
	return good;
}

struct vg_names *vg_emit_names(struct vg_emit *emit, enum vg_names_kind kind,
			       const struct vg_set *set, const struct vg_set_list *list)
{
	struct vg_slice text = join_items(&emit->scratch, keys[kind], list);
	struct vg_names *names = text.ptr == NULL ? NULL : vg_map_get(&emit->names, text);
	if (names != NULL)
		return names;
	text = vg_arena_dup(emit->arena, text);
	names = vg_arena_alloc(emit->arena, sizeof(*names));
	if (names != NULL)
		names->params = vg_arena_array(emit->arena, list->count + 1,
					       sizeof(*names->params));
	if (text.ptr == NULL || names == NULL || names->params == NULL) {
		VG_EMIT_ERROR(emit, set, set->line, "out of memory");
		return NULL;
	}
	names->kind = kind;
	return parse_items(emit, set, list, names) ? vg_map_add(&emit->names, text, names) : NULL;
}

struct vg_span vg_emit_names_rows(struct vg_emit *emit, struct vg_names *names)
{
	bool alone = names->kind == VG_NAMES_RESPONSE_HEADERS;
	enum vg_section section = alone ? VG_SECTION_ITEM : VG_SECTION_PARAM;
	if (names->emitted)
		return names->rows;
	names->rows = (struct vg_span){vg_build_count(emit->build, section),
				       (uint32_t)names->count};
	for (size_t i = 0; i < names->count; i++) {
		struct vg_str name = vg_build_text(emit->build, names->params[i].name);
		if (alone)
			(void)vg_build_row(emit->build, VG_SECTION_ITEM, &name);
		else
			vg_pattern_param_row(emit->build, &names->params[i]);
	}
	names->emitted = true;
	return names->rows;
}
