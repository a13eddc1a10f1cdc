/* The gateway's own certificates, of [tls] and of services, and where their keys are. */
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

static uint32_t emit_row(struct vg_emit *emit, const struct vg_set *set,
			 const struct vg_cert_file *file, const struct vg_set_text *cert,
			 const struct vg_set_text *key, bool upstream)
{
	struct vg_img_cert row = {
		.chain = file->ders,
		.path = vg_emit_path(emit, set, cert->value),
		.key_path = vg_emit_path(emit, set, key->value),
		.where = vg_emit_where(emit, set),
		.key_line = key->line,
		.upstream = upstream,
		.stamp = file->stamp,
	};
	row.where.line = cert->line;
	vg_diag_add(
		emit->diags, VG_SEVERITY_NOTE, set->input->shown, key->line,
		"%sprivate_key \"%.*s\" is opened by the keys role alone, and was not looked at",
		upstream ? "upstream_" : "", VG_SLICE_FMT(key->value));
	return vg_build_row(emit->build, VG_SECTION_CERT, &row);
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
			(void)emit_row(emit, &tls->set, file, cert, &tls->private_key.items[i],
				       false);
	}
}

uint32_t vg_emit_upstream_cert(struct vg_emit *emit, const struct vg_set_service *service)
{
	const struct vg_set_text *cert = &service->upstream_certificate;
	const struct vg_set_text *key = &service->upstream_private_key;
	const struct vg_cert_file *file = NULL;
	if (cert->line != 0)
		file = vg_emit_chain(emit, &service->set, cert);
	if ((cert->line == 0) != (key->line == 0))
		VG_EMIT_ERROR(emit, &service->set, cert->line + key->line,
			      "%s needs %s, in [service %.*s] too",
			      cert->line != 0 ? "upstream_certificate" : "upstream_private_key",
			      cert->line != 0 ? "upstream_private_key" : "upstream_certificate",
			      VG_SLICE_FMT(service->set.name));
	else if (file != NULL)
		return emit_row(emit, &service->set, file, cert, key, true);
	return VG_NO_ROW;
}
