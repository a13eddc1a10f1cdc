/* [service] set_header: the rows; what stands in files is read by the keys role alone. */
#include "config/emit.h"
#include "config/set_header.h"

/* A field has one value: who wants two writes them as one. */
static bool is_first(struct vg_emit *emit, const struct vg_set_service *service, size_t at)
{
	const struct vg_set_text *items = service->set_header.items;
	struct vg_set_header header, before;
	bool good = vg_set_header(items[at].value, &header);
	for (size_t i = 0; good && i < at; i++) {
		if (!vg_set_header(items[i].value, &before) ||
		    !vg_slice_eq_case(before.name, header.name))
			continue;
		VG_EMIT_ERROR(emit, &service->set, items[at].line,
			      "set_header sets %.*s twice; it was set in line %u",
			      VG_SLICE_FMT(header.name), items[i].line);
		good = false;
	}
	return good;
}

static void emit_row(struct vg_emit *emit, const struct vg_set *set,
		     const struct vg_set_text *written)
{
	struct vg_set_header header;
	if (!vg_set_header(written->value, &header))
		return;
	struct vg_img_set_header row = {
		.name = vg_build_text(emit->build, header.name),
		.value = vg_build_text(emit->build, header.value),
		.where = vg_emit_where(emit, set),
	};
	row.where.line = written->line;
	if (header.file.len > 0) {
		row.path = vg_emit_path(emit, set, header.file);
		vg_diag_add(emit->diags, VG_SEVERITY_NOTE, set->input->shown, written->line,
			    "set_header: \"%.*s\" is opened by the keys role alone, and was not "
			    "looked at",
			    VG_SLICE_FMT(header.file));
	}
	(void)vg_build_row(emit->build, VG_SECTION_SET_HEADER, &row);
}

struct vg_span vg_emit_set_headers(struct vg_emit *emit, const struct vg_set_service *service)
{
	struct vg_span span = {vg_build_count(emit->build, VG_SECTION_SET_HEADER), 0};
	for (size_t i = 0; i < service->set_header.count; i++)
		if (is_first(emit, service, i))
			emit_row(emit, &service->set, &service->set_header.items[i]);
	span.count = vg_build_count(emit->build, VG_SECTION_SET_HEADER) - span.first;
	return span;
}
