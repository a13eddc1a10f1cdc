#include "config/compile.h"

#include <errno.h>
#include <string.h>

#include "config/emit.h"
#include "config/lint.h"
#include "config/load.h"
#include "sys/clock.h"

#define WORK_MAX ((size_t)2 << 30) /* of the model and all the files; let go at the end */

/* The model's rows, laid out as a block in `arena`. False where memory is short. */
static bool lay_out(struct vg_compiled *compiled, struct vg_emit *emit,
		    const struct vg_image *serving, struct vg_arena *arena)
{
	uint8_t gen[32], rest[32];
	emit->build = vg_build_new(arena);
	emit->reader = vg_brief_reader_new();
	vg_map_init(&emit->ca_files, emit->arena);
	vg_map_init(&emit->zones, emit->arena);
	vg_map_init(&emit->paths, emit->arena);
	vg_map_init(&emit->names, emit->arena);
	bool good = emit->build != NULL && emit->reader != NULL && vg_emit_recall(emit, serving);
	if (good) {
		vg_emit_gateway(emit);
		vg_emit_services(emit);
		vg_emit_vendors(emit);
		good = vg_inputs_gen(emit->inputs, gen, rest);
	}
	if (good) {
		vg_emit_rest(emit, rest);
		good = vg_build_finish(emit->build, gen, &compiled->block, &compiled->size);
	}
	vg_brief_reader_free(&emit->reader);
	vg_build_free(&emit->build);
	compiled->parsed = emit->parsed;
	compiled->recalled = emit->recalled;
	return good;
}

static void lint(const struct vg_compiled *compiled, const struct vg_emit *emit)
{
	struct vg_image image;
	const char *fault;
	if (!vg_image_open(&image, compiled->block, compiled->size, &fault)) {
		vg_diag_add(emit->diags, VG_SEVERITY_ERROR, "", 0,
			    "the image can't be opened, a fault of Vendgate's own: %s", fault);
		return;
	}
	struct vg_lint lint = {&image, emit->inputs, emit->arena, emit->diags};
	vg_lint_certs(&lint);
	vg_lint_ca_names(&lint, &emit->model->tls);
	vg_lint_identities(&lint);
	vg_lint_rules(&lint);
}

static struct vg_slice base_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	return vg_slice_str(slash == NULL ? path : slash + 1);
}

bool vg_config_compile(struct vg_compiled *compiled, const char *path,
		       const struct vg_image *serving, struct vg_arena *arena,
		       struct vg_diags *diags)
{
	struct vg_arena work;
	struct vg_inputs inputs;
	struct vg_model model;
	struct vg_emit emit = {.model = &model, .inputs = &inputs, .arena = &work, .diags = diags};
	*compiled = (struct vg_compiled){0};
	vg_arena_init(&work, WORK_MAX);
	if (!vg_inputs_init(&inputs, path, &work)) {
		vg_diag_add(diags, VG_SEVERITY_ERROR, path, 0, "can't be read: %s",
			    strerror(errno));
		goto out;
	}
	vg_load(&model, &inputs, base_name(path), &work, diags);
	if (model.input == NULL)
		goto out;
	emit.now = vg_clock_wall();
	if (lay_out(compiled, &emit, serving, arena))
		lint(compiled, &emit);
	else
		vg_diag_add(diags, VG_SEVERITY_ERROR, "", 0,
			    "out of memory, or the image would be over 1 GiB");
out:
	if (vg_diags_failed(diags))
		*compiled = (struct vg_compiled){0};
	vg_diags_sort(diags);
	vg_inputs_fini(&inputs);
	vg_arena_fini(&work);
	return !vg_diags_failed(diags);
}
