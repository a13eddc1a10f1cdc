#include "config/show.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "config/effective.h"
#include "config/input.h"
#include "config/key.h"
#include "config/load.h"
#include "config/units.h"

struct show {
	struct vg_arena *arena;
	const char *file;
	void (*show)(void *arg, const struct vg_shown *shown);
	void *arg;
};

static struct vg_slice keep(struct vg_arena *arena, const char *text)
{
	return vg_arena_dup(arena, vg_slice_str(text));
}

static struct vg_slice nth_word(const char *words, uint64_t n)
{
	struct vg_slice rest = vg_slice_str(words), word = VG_SLICE_EMPTY;
	for (uint64_t i = 0; i <= n; i++)
		if (!vg_slice_cut(&rest, '|', &word))
			return VG_SLICE_EMPTY;
	return word;
}

static struct vg_slice number_text(struct vg_arena *arena, const struct vg_key *key, uint64_t value)
{
	char text[VG_UNITS_TEXT];
	const char *words = vg_check_words(key->type);
	if (words != NULL)
		return nth_word(words, value);
	if (key->type == VG_CHECK_WORKERS && value == 0)
		return VG_SLICE("auto");
	if (key->type == VG_CHECK_SIZE)
		vg_units_size_text(text, value);
	else if (key->type == VG_CHECK_BYTE_RATE)
		vg_units_byte_rate_text(text, value);
	else if (key->type == VG_CHECK_DURATION)
		vg_units_duration_text(text, value);
	else if (key->type == VG_CHECK_RATE)
		vg_units_rate_text(text, value);
	else
		snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
	return keep(arena, text);
}

static struct vg_slice list_text(struct vg_arena *arena, const struct vg_set_list *list)
{
	size_t size = 0, at = 0;
	for (size_t i = 0; i < list->count; i++)
		size += list->items[i].value.len + 2;
	char *text = vg_arena_alloc(arena, size + 1);
	for (size_t i = 0; text != NULL && i < list->count; i++) {
		struct vg_slice item = list->items[i].value;
		if (i > 0) {
			memcpy(text + at, ", ", 2);
			at += 2;
		}
		memcpy(text + at, item.ptr, item.len);
		at += item.len;
	}
	return vg_slice(text, text == NULL ? 0 : at);
}

static void show_key(const struct show *show, const char *title, const struct vg_key *key,
		     const struct vg_set *set)
{
	const char *member = (const char *)set + key->offset;
	struct vg_shown shown = {.title = title, .key = key->name, .file = show->file};
	if (key->store == VG_KEY_TEXT) {
		const struct vg_set_text *text = (const void *)member;
		shown.line = text->line;
		shown.value = text->value;
	} else if (key->store == VG_KEY_LIST) {
		const struct vg_set_list *list = (const void *)member;
		shown.line = list->line;
		if (list->count > 0)
			shown.value = list_text(show->arena, list);
	} else {
		const struct vg_set_number *number = (const void *)member;
		shown.line = number->line;
		if (number->line != 0 || key->value != NULL || number->value != 0)
			shown.value = number_text(show->arena, key, number->value);
	}
	show->show(show->arg, &shown);
}

static void show_set(struct show *show, enum vg_set_kind kind, const struct vg_set *set)
{
	size_t count;
	const struct vg_key *keys = vg_keys(&count);
	const char *title = vg_set_title(show->arena, kind, set);
	show->file = set->input == NULL ? "" : set->input->shown;
	for (size_t i = 0; i < count; i++)
		if (keys[i].kind == kind)
			show_key(show, title, &keys[i], set);
}

static void show_policy(struct show *show, const struct vg_policy *policy)
{
	show_set(show, VG_SET_VENDOR, &policy->vendor.set);
	for (struct vg_set_identity *i = policy->identities; i != NULL; i = i->next)
		show_set(show, VG_SET_IDENTITY, &i->set);
	for (struct vg_set_access *a = policy->accesses; a != NULL; a = a->next)
		show_set(show, VG_SET_ACCESS, &a->set);
}

static void show_model(struct show *show, const struct vg_model *model)
{
	show_set(show, VG_SET_GATEWAY, &model->gateway.set);
	show_set(show, VG_SET_TLS, &model->tls.set);
	show_set(show, VG_SET_LIMITS, &model->limits.set);
	for (struct vg_set_telemetry *sink = model->sinks; sink != NULL; sink = sink->next)
		show_set(show, VG_SET_TELEMETRY, &sink->set);
	for (struct vg_set_service *s = model->services; s != NULL; s = s->next)
		show_set(show, VG_SET_SERVICE, &s->set);
	for (struct vg_policy *p = model->policies; p != NULL; p = p->next)
		show_policy(show, p);
}

static struct vg_slice base_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	return vg_slice_str(slash == NULL ? path : slash + 1);
}

bool vg_config_show(const char *path, struct vg_arena *arena, struct vg_diags *diags,
		    void (*show)(void *arg, const struct vg_shown *shown), void *arg)
{
	struct vg_inputs inputs;
	struct vg_model model;
	struct show all = {.arena = arena, .show = show, .arg = arg};
	if (!vg_inputs_init(&inputs, path, arena)) {
		vg_diag_add(diags, VG_SEVERITY_ERROR, path, 0, "can't be read: %s",
			    strerror(errno));
		return false;
	}
	vg_load(&model, &inputs, base_name(path), arena, diags);
	if (model.input != NULL) {
		vg_effective_fill(&model, &inputs, arena);
		show_model(&all, &model);
	}
	vg_inputs_fini(&inputs);
	vg_diags_sort(diags);
	return !vg_diags_failed(diags);
}

const char *vg_config_socket(const char *path, struct vg_arena *arena)
{
	struct vg_inputs inputs;
	struct vg_model model;
	struct vg_diags ignored;
	const char *found = NULL;
	vg_diags_init(&ignored, arena);
	if (!vg_inputs_init(&inputs, path, arena))
		return NULL;
	errno = EINVAL;
	if (vg_load_gateway(&model, &inputs, base_name(path), arena, &ignored))
		found = vg_effective_control(&model.gateway, &inputs, arena);
	if (found != NULL && found[0] == '\0')
		found = NULL;
	int saved = errno;
	vg_inputs_fini(&inputs);
	errno = saved;
	return found;
}
