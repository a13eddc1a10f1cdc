/* The upstream's answer: its head, judged and written for the vendor; its body, passed on. */
#ifndef VG_PROXY_ANSWER_H
#define VG_PROXY_ANSWER_H

#include "base/attr.h"
#include "proxy/exchange.h"

/* How far it got. */
enum vg_answer {
	VG_ANSWER_MORE,   /* what was there is used up */
	VG_ANSWER_BEGUN,  /* the head is queued to the vendor */
	VG_ANSWER_WHOLE,  /* all of it is */
	VG_ANSWER_STATUS, /* of it the status alone may pass: exchange->upstream_status */
	VG_ANSWER_BAD,    /* not an answer that may pass: exchange->reason and constraint say why */
	VG_ANSWER_STUCK   /* the vendor's side could not take it (memory) */
};

/* Whether the vendor must not tell what it may not have from what there is not (`hide`). */
bool vg_answer_hides(const struct vg_exchange *exchange) VG_MUST_CHECK;

/* A head, out of origin->in; interim ones (1xx) are passed over. */
enum vg_answer vg_answer_head(struct vg_exchange *exchange) VG_MUST_CHECK;

/* As much of the body as the vendor's side has room for. */
enum vg_answer vg_answer_body(struct vg_exchange *exchange) VG_MUST_CHECK;

/* The upstream has closed: WHOLE where that ends the body rightly, else BAD. */
enum vg_answer vg_answer_closed(struct vg_exchange *exchange) VG_MUST_CHECK;

#endif
