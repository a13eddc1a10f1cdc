#include "config/cases.h"

#include <errno.h>
#include <string.h>

#include "config/ini.h"
#include "config/key.h"
#include "config/units.h"
#include "sys/file.h"

#define FILE_MAX ((size_t)4 << 20)

bool vg_expect_parse(struct vg_expect *expect, struct vg_slice text)
{
	struct vg_slice rest = text, word;
	*expect = (struct vg_expect){.access = VG_SLICE_EMPTY};
	if (!vg_slice_cut(&rest, ' ', &word))
		return false;
	rest = rest.ptr == NULL ? VG_SLICE_EMPTY : vg_slice_trim(rest);
	expect->allow = vg_slice_eq(word, VG_SLICE("allow"));
	if (expect->allow) {
		expect->access = rest;
		return rest.len == 0 || vg_units_name(rest);
	}
	if (!vg_slice_eq(word, VG_SLICE("refuse")))
		return false;
	if (rest.len > 0)
		expect->reason = vg_reason_of_word(rest);
	return rest.len == 0 || (expect->reason != VG_REASON_NONE &&
				 vg_reason_row(expect->reason)->decision == VG_DECISION_REFUSE);
}

struct reading {
	struct vg_cases *cases;
	struct vg_set_case **end;
	struct vg_key_sink sink;
	struct vg_set_case *current; /* NULL: an unknown section */
};

#define FAULT(reading, line, text, name)                                                           \
	vg_diag_add((reading)->sink.diags, VG_SEVERITY_ERROR, (reading)->cases->input.shown, line, \
		    text, VG_SLICE_FMT(name))

static bool is_taken(const struct reading *reading, struct vg_slice name)
{
	for (const struct vg_set_case *c = reading->cases->first; c != NULL; c = c->next)
		if (vg_slice_eq(c->set.name, name))
			return true;
	return false;
}

static void on_section(void *user, struct vg_slice name, unsigned line)
{
	struct reading *reading = user;
	struct vg_slice word = vg_slice_first(name, vg_slice_find(name, ' '));
	struct vg_slice text = vg_slice_trim(vg_slice_from(name, word.len));
	enum vg_set_kind kind = vg_set_kind_of(word);
	reading->current = NULL;
	if (kind != VG_SET_CASE || text.len == 0) {
		FAULT(reading, line, "[%.*s] is no [case TEXT]", name);
		return;
	}
	if (is_taken(reading, text))
		FAULT(reading, line, "duplicate case \"%.*s\"", text);
	struct vg_set_case *new = vg_arena_alloc(reading->sink.arena, sizeof(*new));
	if (new == NULL) {
		FAULT(reading, line, "out of memory for \"%.*s\"", text);
		return;
	}
	new->set = (struct vg_set){.input = &reading->cases->input, .line = line, .name = text};
	vg_key_defaults(&reading->sink, VG_SET_CASE, &new->set);
	*reading->end = reading->current = new;
	reading->end = &new->next;
	reading->cases->count++;
}

static void on_entry(void *user, const struct vg_ini_entry *entry)
{
	struct reading *reading = user;
	if (reading->current != NULL)
		vg_key_put(&reading->sink, VG_SET_CASE, &reading->current->set, entry);
}

void vg_cases_read(struct vg_cases *cases, const char *path, struct vg_arena *arena,
		   struct vg_diags *diags)
{
	static const struct vg_ini_events events = {on_section, on_entry};
	struct reading reading = {.cases = cases, .end = &cases->first, .sink = {arena, diags}};
	*cases = (struct vg_cases){.input = {.name = path, .shown = path}};
	if (!vg_file_read(arena, path, FILE_MAX, &cases->input.bytes)) {
		vg_diag_add(diags, VG_SEVERITY_ERROR, path, 0, "can't be read: %s",
			    strerror(errno));
		return;
	}
	vg_ini_read(cases->input.bytes, path, arena, diags, &events, &reading);
	for (struct vg_set_case *c = cases->first; c != NULL; c = c->next)
		vg_key_missing(&reading.sink, VG_SET_CASE, &c->set);
	if (cases->count == 0)
		vg_diag_add(diags, VG_SEVERITY_ERROR, path, 0, "there is no [case TEXT]");
}
