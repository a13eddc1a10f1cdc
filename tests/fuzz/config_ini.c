/*
 * INI files (libFuzzer), read as the configuration's are. However the bytes lie:
 *
 *   - what is handed over are slices of them, on lines that rise, without control bytes;
 *   - inih never reads a line in another way than ours;
 *   - where nothing is wrong, the entries written down anew read the same.
 */
#include <stdio.h>

#include "base/buf.h"
#include "base/text.h"
#include "config/ini.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct seen {
	struct vg_slice bytes;
	unsigned line;
	bool in_section;
	struct vg_buf text; /* all of it, one spelling */
};

static void append(struct seen *seen, struct vg_slice s)
{
	VG_ASSERT(vg_buf_append(&seen->text, s));
}

static void check_slice(const struct seen *seen, struct vg_slice s)
{
	VG_ASSERT(s.len == 0 ||
		  (s.ptr >= seen->bytes.ptr && s.ptr + s.len <= seen->bytes.ptr + seen->bytes.len));
	VG_ASSERT(s.len <= VG_INI_LINE_MAX && vg_is_utf8(s));
	VG_ASSERT(vg_slice_trim(s).len == s.len);
	for (size_t i = 0; i < s.len; i++)
		VG_ASSERT(((uint8_t)s.ptr[i] >= ' ' || s.ptr[i] == '\t') && s.ptr[i] != 0x7f);
}

static void on_section(void *user, struct vg_slice name, unsigned line)
{
	struct seen *seen = user;
	check_slice(seen, name);
	VG_ASSERT(name.len > 0 && name.len <= VG_INI_SECTION_MAX && line > seen->line);
	seen->line = line;
	seen->in_section = true;
	append(seen, VG_SLICE("["));
	append(seen, name);
	append(seen, VG_SLICE("]\n"));
}

static void on_entry(void *user, const struct vg_ini_entry *entry)
{
	struct seen *seen = user;
	check_slice(seen, entry->name);
	VG_ASSERT(seen->in_section && entry->name.len > 0 && entry->count > 0);
	append(seen, entry->name);
	for (size_t i = 0; i < entry->count; i++) {
		check_slice(seen, entry->pieces[i].text);
		VG_ASSERT(entry->pieces[i].line > seen->line);
		seen->line = entry->pieces[i].line;
		append(seen, i == 0 ? VG_SLICE("=") : VG_SLICE(" "));
		append(seen, entry->pieces[i].text);
		append(seen, VG_SLICE("\n"));
	}
}

/* True where nothing is wrong with it. */
static bool read_ini(struct seen *seen, struct vg_slice bytes)
{
	static const struct vg_ini_events events = {on_section, on_entry};
	struct vg_arena arena;
	struct vg_diags diags;
	*seen = (struct seen){.bytes = bytes};
	vg_arena_init(&arena, (size_t)1 << 24);
	vg_buf_init(&seen->text, (size_t)1 << 22);
	vg_diags_init(&diags, &arena);
	vg_ini_read(bytes, "x.ini", &arena, &diags, &events, seen);
	for (const struct vg_diag *diag = diags.first; diag != NULL; diag = diag->next)
		VG_ASSERT(strncmp(diag->text, "inih", 4) != 0 && diag->line > 0);
	bool good = !vg_diags_failed(&diags);
	vg_arena_fini(&arena);
	return good;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct seen first, second;
	bool good = read_ini(&first, vg_slice((const char *)data, size));
	struct vg_slice text = vg_buf_slice(&first.text);
	if (good) {
		VG_ASSERT(read_ini(&second, text));
		VG_ASSERT(vg_slice_eq(vg_buf_slice(&second.text), text));
		vg_buf_fini(&second.text);
	}
	vg_buf_fini(&first.text);
	return 0;
}
