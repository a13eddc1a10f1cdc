/*
 * What becomes of an upstream's answer: a pure function of the rule that let its request pass and
 * of the answer's head, as vg_decide() is of the request. Called by proxy/answer.c.
 *
 * An answer whose type or length the rule doesn't allow is not passed on. Where the rule says
 * `errors = problem`, no body passes but that of a 2xx: a redirection loses its own, an error gets
 * the gateway's.
 */
#ifndef VG_POLICY_REPLY_H
#define VG_POLICY_REPLY_H

#include "base/attr.h"
#include "policy/fields.h"
#include "policy/image.h"
#include "vocab/reason.h"

/* What is known of an answer; slices are borrowed for the call. */
struct vg_reply_facts {
	unsigned status;              /* 200 to 599 */
	bool has_body;                /* one comes, and it is not told that it is empty */
	uint64_t length;              /* of its Content-Length; 0 where it is not told */
	struct vg_slice content_type; /* the field's value; empty where absent */
	struct vg_fields fields;
};

enum vg_reply_form {
	VG_REPLY_WHOLE,  /* head and body */
	VG_REPLY_HEAD,   /* the head, and an empty body */
	VG_REPLY_PROBLEM /* the status alone */
};

struct vg_reply {
	enum vg_reason reason;      /* VG_REASON_ACCESS_ALLOWED, or why nothing of it may pass */
	struct vg_slice constraint; /* what exactly, or empty */
	enum vg_reply_form form;
	struct vg_listed listed; /* fields that pass beside the standard ones */
};

struct vg_reply vg_reply_judge(const struct vg_image *image, const struct vg_img_rule *rule,
			       const struct vg_reply_facts *facts) VG_MUST_CHECK;

#endif
