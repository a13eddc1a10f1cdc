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
static const char *check_validity(const struct vg_img_der *row, int64_t now)
{
	if (row->not_after < now)
		return "has expired";
	if (row->not_before > now)
		return "is not valid yet";
	return row->not_after - now < SOON ? "expires within 30 days" : NULL;
}

bool vg_emit_recall(struct vg_emit *emit, const struct vg_image *serving)
{
	uint32_t count = serving == NULL ? 0 : vg_img_der_count(serving);
	struct vg_img_der *rows = vg_arena_array(emit->arena, (size_t)count + 1, sizeof(*rows));
	vg_map_init(&emit->known, emit->arena);
	for (uint32_t i = 0; rows != NULL && i < count; i++) {
		rows[i] = vg_img_ders(serving)[i];
		if (vg_map_add(&emit->known, vg_img_str(serving, rows[i].bytes), &rows[i]) == NULL)
			return false;
	}
	return rows != NULL;
}

/* A function of the bytes alone: who has them has their row, whatever file they were in. */
static bool look_at(struct vg_emit *emit, struct vg_img_der *row, struct vg_slice der)
{
	const struct vg_img_der *known = vg_map_get(&emit->known, der);
	struct vg_brief brief;
	if (known != NULL) {
		*row = *known;
		emit->recalled++;
	} else if (vg_brief_read(emit->reader, &brief, der)) {
		*row = (struct vg_img_der){.not_before = brief.not_before,
					   .not_after = brief.not_after,
					   .is_ca = brief.is_ca};
		emit->parsed++;
	} else {
		return false;
	}
	row->bytes = vg_build_text(emit->build, der);
	return true;
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
		struct vg_img_der *row = &file->rows[i];
		if (!look_at(emit, row, certs->der[i]))
			return "holds a certificate that can't be read";
		const char *odd = check_validity(row, emit->now);
		if (odd != NULL)
			*warning = odd;
		if (is_ca && row->is_ca == 0)
			return "holds a certificate that is no CA's";
		(void)vg_build_row(emit->build, VG_SECTION_DER, row);
	}
	return NULL;
}

/* NULL, or why not. */
static const char *read_certs(struct vg_emit *emit, struct vg_cert_file *file, struct vg_slice name,
			      bool is_ca, const char **warning)
{
	struct vg_pem_certs certs;
	const char *fault = NULL;
	const struct vg_input *input = vg_input_read(emit->inputs, name, CERT_FILE_MAX,
						     is_ca ? VG_INPUT_POLICY : VG_INPUT_OWN);
	if (input == NULL)
		return strerror(errno);
	file->stamp = input->stamp;
	if (!vg_pem_certs(&certs, input->bytes, emit->arena, &fault))
		return fault;
	return emit_ders(emit, file, &certs, is_ca, warning);
}

/* What is to be said of it, where its value stands. NULL where it can't be used. */
static const struct vg_cert_file *tell(struct vg_emit *emit, const struct vg_set *set,
				       const struct vg_set_text *path,
				       const struct vg_cert_file *file, bool is_ca,
				       const char *warning)
{
	const char *word = is_ca ? "ca" : "certificate";
	const char *fault = file == NULL ? "out of memory" : file->fault;
	if (fault != NULL)
		VG_EMIT_ERROR(emit, set, path->line, "%s \"%.*s\": %s", word,
			      VG_SLICE_FMT(path->value), fault);
	else if (warning != NULL)
		vg_diag_add(emit->diags, VG_SEVERITY_WARNING, set->input->shown, path->line,
			    "%s \"%.*s\" %s", word, VG_SLICE_FMT(path->value), warning);
	return fault == NULL ? file : NULL;
}

const struct vg_cert_file *vg_emit_cas(struct vg_emit *emit, const struct vg_set *set,
				       const struct vg_set_text *path)
{
	struct vg_slice name = vg_input_name(emit->inputs, set->input, path->value);
	const char *warning = NULL;
	struct vg_cert_file *file = vg_map_get(&emit->ca_files, name);
	if (file == NULL) {
		file = vg_arena_alloc(emit->arena, sizeof(*file));
		if (file != NULL) {
			file->fault = read_certs(emit, file, name, true, &warning);
			file = vg_map_add(&emit->ca_files, name, file);
		}
	}
	return tell(emit, set, path, file, true, warning);
}

const struct vg_cert_file *vg_emit_chain(struct vg_emit *emit, const struct vg_set *set,
					 const struct vg_set_text *path)
{
	const char *warning = NULL;
	struct vg_cert_file *file = vg_arena_alloc(emit->arena, sizeof(*file));
	if (file != NULL)
		file->fault = read_certs(emit, file,
					 vg_input_name(emit->inputs, set->input, path->value),
					 false, &warning);
	return tell(emit, set, path, file, false, warning);
}
