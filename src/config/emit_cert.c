#include "config/emit.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "cert/pem.h"

#define CERT_FILE_MAX ((size_t)1 << 20)
#define SOON ((time_t)30 * 86400) /* a certificate that ends before that is worth a word */

/* NULL, or what is wrong with a certificate as an anchor. */
static const char *check_ca(X509 *cert)
{
	return X509_check_ca(cert) != 0 ? NULL : "holds a certificate that is no CA's";
}

/* NULL, or what is odd about its validity at that time: no error, since a configuration that ends
   a vendor's access must still load on the day on which another one's CA ends. */
static const char *check_validity(X509 *cert, int64_t now)
{
	time_t at = (time_t)now, later = at + SOON;
	if (X509_cmp_time(X509_get0_notAfter(cert), &at) < 0)
		return "has expired";
	if (X509_cmp_time(X509_get0_notBefore(cert), &at) > 0)
		return "is not valid yet";
	if (X509_cmp_time(X509_get0_notAfter(cert), &later) < 0)
		return "expires within 30 days";
	return NULL;
}

static const char *emit_der(struct vg_emit *emit, struct vg_slice der, bool is_ca,
			    struct vg_str *row, const char **warning)
{
	X509 *cert = vg_pem_x509(der);
	if (cert == NULL)
		return "holds a certificate that can't be read";
	const char *fault = is_ca ? check_ca(cert) : NULL;
	const char *odd = check_validity(cert, emit->now);
	if (odd != NULL)
		*warning = odd;
	X509_free(cert);
	*row = vg_build_text(emit->build, der);
	(void)vg_build_row(emit->build, VG_SECTION_DER, row);
	return fault;
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
	file->ders.first = vg_build_count(emit->build, VG_SECTION_DER);
	file->ders.count = (uint32_t)certs.count;
	file->rows = vg_arena_array(emit->arena, certs.count, sizeof(*file->rows));
	if (file->rows == NULL)
		return "out of memory";
	for (size_t i = 0; i < certs.count && fault == NULL; i++)
		fault = emit_der(emit, certs.der[i], is_ca, &file->rows[i], warning);
	return fault;
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
		VG_EMIT_ERROR(emit, set, path->line, "%s \"%.*s\": %s", is_ca ? "ca" : "certificate",
			      VG_SLICE_FMT(path->value), fault);
	else if (warning != NULL)
		vg_diag_add(emit->diags, VG_SEVERITY_WARNING, set->input->shown, path->line,
			    "%s \"%.*s\" %s", is_ca ? "ca" : "certificate",
			    VG_SLICE_FMT(path->value), warning);
	return fault == NULL ? file : NULL;
}
