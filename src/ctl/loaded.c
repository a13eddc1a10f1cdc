#include "ctl/loaded.h"

#include "ctl/text.h"

/* Enough for the largest image and what it is made from. */
#define ARENA_MAX (4 * VG_IMAGE_MAX)

bool vg_loaded_init(struct vg_loaded *loaded, const char *path, const struct vg_image *serving)
{
	const char *fault = NULL;
	*loaded = (struct vg_loaded){0};
	vg_arena_init(&loaded->arena, ARENA_MAX);
	vg_diags_init(&loaded->diags, &loaded->arena);
	bool good = vg_config_compile(&loaded->compiled, path, serving, &loaded->arena,
				      &loaded->diags);
	if (good &&
	    !vg_image_open(&loaded->image, loaded->compiled.block, loaded->compiled.size, &fault))
		/* Ours, not the user's: still the one place where it is told. */
		vg_diag_add(&loaded->diags, VG_SEVERITY_ERROR, path, 0,
			    "the compiled image is not valid (a bug of vendgatectl): %s", fault);
	vg_diags_sort(&loaded->diags);
	return good && fault == NULL && !vg_diags_failed(&loaded->diags);
}

void vg_loaded_fini(struct vg_loaded *loaded)
{
	vg_arena_fini(&loaded->arena);
}

static void print_lost(const struct vg_diags *diags, FILE *out)
{
	if (diags->lost > 0)
		fprintf(out, "vendgatectl: error: %u more, for which memory was short\n",
			diags->lost);
}

void vg_diags_print(const struct vg_diags *diags, FILE *out, enum vg_severity least)
{
	for (const struct vg_diag *diag = diags->first; diag != NULL; diag = diag->next) {
		if (diag->severity < least)
			continue;
		vg_text_print(out,
			      vg_slice_str(diag->file[0] == '\0' ? "vendgatectl" : diag->file));
		if (diag->line > 0)
			fprintf(out, ":%u", diag->line);
		fprintf(out, ": %s: ", vg_severity_word(diag->severity));
		vg_text_print(out, vg_slice_str(diag->text));
		fputc('\n', out);
	}
	print_lost(diags, out);
}

void vg_loaded_print(const struct vg_loaded *loaded, FILE *out, enum vg_severity least)
{
	vg_diags_print(&loaded->diags, out, least);
}

void vg_loaded_print_json(const struct vg_loaded *loaded, FILE *out)
{
	for (const struct vg_diag *diag = loaded->diags.first; diag != NULL; diag = diag->next) {
		fprintf(out, "{\"severity\":\"%s\",\"file\":", vg_severity_word(diag->severity));
		vg_text_print_json(out, vg_slice_str(diag->file));
		fprintf(out, ",\"line\":%u,\"text\":", diag->line);
		vg_text_print_json(out, vg_slice_str(diag->text));
		fputs("}\n", out);
	}
	print_lost(&loaded->diags, stderr);
}
