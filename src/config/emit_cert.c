#include "config/emit.h"

#include <errno.h>
#include <string.h>

#include "cert/pem.h"

#define CERT_FILE_MAX ((size_t)1 << 20)
#define SOON (INT64_C(30) * 86400 * 1000000) /* who ends before that is worth a word */

/*
 * NULL, or what is odd about its validity now: no error, since a configuration that ends a vendor's
 * access must still load on the day on which another vendor's CA ends.
 */
static const char *check_validity(const struct vg_brief *brief, int64_t now)
{
	if (brief->not_after < now)
		return "has expired";
	if (brief->not_before > now)
		return "is not valid yet";
	return brief->not_after - now < SOON ? "expires within 30 days" : NULL;
}

/* The rows of all of them; NULL, or why not. */
static const char *emit_ders(struct vg_emit *emit, struct vg_cert_file *file,
			     const struct vg_pem_certs *certs, bool is_ca, const char **warning)
{
	file->ders.first = vg_build_count(emit->build, VG_SECTION_DER);
	file->ders.count = (uint32_t)certs->count;
	file->rows = vg_arena_array(emit->arena, certs->count, sizeof(*file->rows));
	if (file->rows == NULL)
		return "out of memory";
	for (size_t i = 0; i < certs->count; i++) {
		struct vg_brief brief;
		if (!vg_brief_read(emit->reader, &brief, certs->der[i]))
			return "holds a certificate that can't be read";
		const char *odd = check_validity(&brief, emit->now);
		if (odd != NULL)
			*warning = odd;
		if (is_ca && !brief.is_ca)
			return "holds a certificate that is no CA's";
		file->rows[i] = vg_build_text(emit->build, certs->der[i]);
		(void)vg_build_row(emit->build, VG_SECTION_DER, &file->rows[i]);
	}
	return NULL;
}

/* NULL, or why not. */
static const char *read_certs(struct vg_emit *emit, struct vg_cert_file *file, struct vg_slice name,
			      bool is_ca, const char **warning)
{
	struct vg_pem_certs certs;
	const char *fault = NULL;
	const struct vg_input *input = vg_input_read(emit->inputs, name, CERT_FILE_MAX);
	if (input == NULL)
		return strerror(errno);
	if (!vg_pem_certs(&certs, input->bytes, emit->arena, &fault))
		return fault;
	return emit_ders(emit, file, &certs, is_ca, warning);
}

const struct vg_cert_file *vg_emit_certs(struct vg_emit *emit, const struct vg_set *set,
					 const struct vg_set_text *path, bool is_ca)
{
	struct vg_slice name = vg_input_name(emit->inputs, set->input, path->value);
	const char *warning = NULL;
	struct vg_cert_file *file = vg_map_get(&emit->cert_files, name);
	if (file == NULL) {
		file = vg_arena_alloc(emit->arena, sizeof(*file));
		if (file != NULL) {
			file->fault = read_certs(emit, file, name, is_ca, &warning);
			file = vg_map_add(&emit->cert_files, name, file);
		}
	}
	const char *fault = file == NULL ? "out of memory" : file->fault;
	if (fault != NULL)
		VG_EMIT_ERROR(emit, set, path->line, "%s \"%.*s\": %s",
			      is_ca ? "ca" : "certificate", VG_SLICE_FMT(path->value), fault);
	else if (warning != NULL)
		vg_diag_add(emit->diags, VG_SEVERITY_WARNING, set->input->shown, path->line,
			    "%s \"%.*s\" %s", is_ca ? "ca" : "certificate",
			    VG_SLICE_FMT(path->value), warning);
	return fault == NULL ? file : NULL;
}
