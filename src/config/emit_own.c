/* [tls]: the gateway's own certificates, and where their keys are. */
#include "config/emit.h"

/* Each certificate has its key in the same place; a list that isn't there was told. */
static bool is_paired(struct vg_emit *emit, const struct vg_set_tls *tls)
{
	const struct vg_set_list *certs = &tls->certificate, *keys = &tls->private_key;
	if (certs->count == 0 || keys->count == 0)
		return false;
	if (certs->count != keys->count)
		VG_EMIT_ERROR(emit, &tls->set, keys->line,
			      "private_key has %zu, certificate in line %u has %zu: each "
			      "certificate needs its key, in the same place of the list",
			      keys->count, certs->line, certs->count);
	return certs->count == keys->count;
}

static void emit_row(struct vg_emit *emit, const struct vg_cert_file *file,
		     const struct vg_set_text *cert, const struct vg_set_text *key)
{
	const struct vg_set *set = &emit->model->tls.set;
	struct vg_img_cert row = {
		.chain = file->ders,
		.path = vg_emit_path(emit, set, cert->value),
		.key_path = vg_emit_path(emit, set, key->value),
		.where = vg_emit_where(emit, set),
		.key_line = key->line,
		.stamp = file->stamp,
	};
	row.where.line = cert->line;
	(void)vg_build_row(emit->build, VG_SECTION_CERT, &row);
	vg_diag_add(emit->diags, VG_SEVERITY_NOTE, set->input->shown, key->line,
		    "private_key \"%.*s\" is opened by the keys role alone, and was not looked at",
		    VG_SLICE_FMT(key->value));
}

/* Every file is looked at, whatever else is wrong; rows are of use only where nothing is. */
void vg_emit_own(struct vg_emit *emit)
{
	const struct vg_set_tls *tls = &emit->model->tls;
	bool paired = is_paired(emit, tls) && !tls->set.faulty;
	for (size_t i = 0; i < tls->certificate.count; i++) {
		const struct vg_set_text *cert = &tls->certificate.items[i];
		const struct vg_cert_file *file = vg_emit_chain(emit, &tls->set, cert);
		if (file != NULL && paired)
			emit_row(emit, file, cert, &tls->private_key.items[i]);
	}
}
