#include <stdlib.h>

#include "base/buf.h"
#include "cert/told.h"
#include "tls/session.h"

#define TEXT_MAX ((size_t)65536) /* the largest certificate is half of it, in DER */
#define CHAIN_MAX ((size_t)8192) /* what common servers take in one line */

static bool write_form(struct vg_buf *out, const struct vg_tls_session *session,
		       const struct vg_image *image, enum vg_told form)
{
	const struct vg_img_ident *ident = &vg_img_idents(image)[session->peer.ident];
	switch (form) {
	case VG_TOLD_CERT:
		return vg_told_cert(out, SSL_get0_peer_certificate(session->ssl));
	case VG_TOLD_CHAIN:
		if (vg_told_chain(out, SSL_get0_peer_certificate(session->ssl),
				  SSL_get_peer_cert_chain(session->ssl)))
			return true;
		vg_buf_consume(out, out->len);
		return true;
	case VG_TOLD_XFCC:
		return vg_told_xfcc(out, session->facts, image, ident);
	case VG_TOLDS:
	default:
		return false;
	}
}

/* NULL: no memory. */
static struct vg_tls_told *make(const struct vg_tls_session *session, const struct vg_image *image,
				enum vg_told form)
{
	struct vg_tls_told *told = NULL;
	struct vg_buf text;
	vg_buf_init(&text, form == VG_TOLD_CHAIN ? CHAIN_MAX : TEXT_MAX);
	if (write_form(&text, session, image, form))
		told = malloc(sizeof(*told) + text.len);
	if (told != NULL) {
		told->len = text.len;
		if (text.len > 0)
			memcpy(told->text, vg_buf_slice(&text).ptr, text.len);
	}
	vg_buf_fini(&text);
	return told;
}

bool vg_tls_session_told(struct vg_tls_session *session, const struct vg_image *image,
			 enum vg_told form, struct vg_slice *text)
{
	VG_ASSERT(session->peer.proven && form < VG_TOLDS);
	if (session->told[form] == NULL)
		session->told[form] = make(session, image, form);
	if (session->told[form] == NULL)
		return false;
	*text = vg_slice(session->told[form]->text, session->told[form]->len);
	return true;
}

void vg_tls_session_untell(struct vg_tls_session *session)
{
	for (size_t i = 0; i < VG_TOLDS; i++) {
		free(session->told[i]);
		session->told[i] = NULL;
	}
}
