#include "config/lint.h"

#include <openssl/evp.h>
#include <openssl/x509v3.h>

#include "cert/ca_names.h"
#include "cert/pem.h"
#include "cert/verify.h"

/* A certificate of the gateway's own. */
struct own {
	X509 *leaf; /* NULL where it can't be parsed */
	bool rsa;
	bool shown; /* somebody is shown it */
};

static const char *shown(const struct vg_lint *lint, const struct vg_where *where)
{
	return vg_input_shown(lint->inputs, vg_img_str(lint->image, where->file));
}

static void tell_useless(const struct vg_lint *lint, const struct vg_img_cert *row)
{
	vg_diag_add(lint->diags, VG_SEVERITY_ERROR, shown(lint, &row->where), row->where.line,
		    "certificate \"%.*s\": its key can't be read, or is of a kind that nobody here "
		    "signs with",
		    VG_SLICE_FMT(vg_img_str(lint->image, row->path)));
}

static void open_all(const struct vg_lint *lint, struct own *owns)
{
	const struct vg_image *image = lint->image;
	for (uint32_t i = 0; i < vg_img_cert_count(image); i++) {
		struct vg_str der = vg_img_ders(image)[vg_img_certs(image)[i].chain.first].bytes;
		owns[i].leaf = vg_pem_x509(vg_img_str(image, der));
		/* Kept as it was written where libcrypto can't decode it: NULL then. */
		EVP_PKEY *key = owns[i].leaf == NULL ? NULL : X509_get0_pubkey(owns[i].leaf);
		owns[i].rsa = key != NULL && EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA;
		if (key == NULL)
			tell_useless(lint, &vg_img_certs(image)[i]);
	}
}

/* An upstream would refuse it, which shows only when it is asked for. */
static void check_upstream_cert(const struct vg_lint *lint, const struct vg_img_cert *row,
				X509 *leaf)
{
	if (leaf != NULL && X509_check_purpose(leaf, X509_PURPOSE_SSL_CLIENT, 0) != 1)
		vg_diag_add(lint->diags, VG_SEVERITY_WARNING, shown(lint, &row->where),
			    row->where.line,
			    "upstream_certificate \"%.*s\" is not for a client: its extended key "
			    "usage leaves clientAuth out",
			    VG_SLICE_FMT(vg_img_str(lint->image, row->path)));
}

/* As tls/server.c chooses: the first one of each kind of key that names the host. */
static bool show(struct own *owns, uint32_t count, struct vg_slice host)
{
	bool have[2] = {false, false};
	for (uint32_t i = 0; i < count; i++) {
		if (owns[i].leaf == NULL || have[owns[i].rsa] ||
		    !vg_cert_names_host(owns[i].leaf, host))
			continue;
		have[owns[i].rsa] = owns[i].shown = true;
	}
	return have[0] || have[1];
}

static void check_hosts(const struct vg_lint *lint, struct own *owns, uint32_t count)
{
	const struct vg_image *image = lint->image;
	struct vg_slice last = VG_SLICE_EMPTY; /* services are sorted by host */
	for (uint32_t i = 0; i < vg_img_service_count(image); i++) {
		const struct vg_img_service *service = &vg_img_services(image)[i];
		struct vg_slice host = vg_img_str(image, service->host);
		if (!vg_slice_eq(host, last) && !show(owns, count, host))
			vg_diag_add(lint->diags, VG_SEVERITY_WARNING, shown(lint, &service->where),
				    service->where.line,
				    "no certificate of [tls] names %.*s: who asks for it is shown "
				    "the first one",
				    VG_SLICE_FMT(host));
		last = host;
	}
}

void vg_lint_certs(const struct vg_lint *lint)
{
	const struct vg_image *image = lint->image;
	uint32_t count = vg_img_cert_count(image);
	struct own *owns = vg_arena_array(lint->arena, count + 1, sizeof(*owns));
	/* Where there are errors, one that is missing may name the host. */
	if (owns == NULL || count == 0 || vg_diags_failed(lint->diags))
		return;
	open_all(lint, owns);
	owns[0].shown = true; /* to who asks for a host that none names */
	check_hosts(lint, owns, vg_img_own_count(image));
	for (uint32_t i = 0; i < count; i++) {
		const struct vg_img_cert *row = &vg_img_certs(image)[i];
		if (row->upstream != 0)
			check_upstream_cert(lint, row, owns[i].leaf);
		else if (!owns[i].shown)
			vg_diag_add(lint->diags, VG_SEVERITY_WARNING, shown(lint, &row->where),
				    row->where.line,
				    "certificate %.*s is shown to nobody: it names no service's "
				    "host, or one before it does, with the same kind of key",
				    VG_SLICE_FMT(vg_img_str(image, row->path)));
		X509_free(owns[i].leaf);
	}
}

void vg_lint_ca_names(const struct vg_lint *lint, const struct vg_set_tls *tls)
{
	size_t bytes = 0;
	if (tls->disclose_ca.value == 0 || vg_diags_failed(lint->diags))
		return;
	STACK_OF(X509_NAME) *names = vg_ca_names(lint->image, &bytes);
	if (names == NULL)
		vg_diag_add(lint->diags, VG_SEVERITY_ERROR, tls->set.input->shown,
			    tls->disclose_ca.line, "disclose_ca: the CAs' names can't be read");
	else if (bytes > VG_CA_NAMES_MAX)
		vg_diag_add(lint->diags, VG_SEVERITY_ERROR, tls->set.input->shown,
			    tls->disclose_ca.line,
			    "disclose_ca: the names of %d CAs are %zu bytes in each handshake; at "
			    "most %zu may be",
			    sk_X509_NAME_num(names), bytes, VG_CA_NAMES_MAX);
	sk_X509_NAME_pop_free(names, X509_NAME_free);
}
