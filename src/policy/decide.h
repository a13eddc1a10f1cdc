/*
 * The decision: a pure function of the policy image and the facts of one request. The worker, and
 * `vendgatectl explain`, call the same code; it allocates nothing and reads no clock.
 *
 * The steps stand in step.def in their order, and the first refusal wins.
 */
#ifndef VG_POLICY_DECIDE_H
#define VG_POLICY_DECIDE_H

#include "base/addr.h"
#include "base/attr.h"
#include "policy/fields.h"
#include "policy/image.h"
#include "policy/path.h"
#include "policy/query.h"
#include "policy/route.h"
#include "policy/step.h"
#include "vocab/method.h"
#include "vocab/reason.h"

/* What is known of a request when it is decided; slices are borrowed for the call. */
struct vg_facts {
	int64_t now; /* microseconds since 1970 UTC */

	/* The connection: its identity is proven. */
	uint32_t vendor;
	uint32_t ident;
	struct vg_addr src;
	struct vg_slice sni; /* lower case, no final dot; empty where the client sent none */

	/* The message. */
	enum vg_reason malformed; /* what its parser refused, else VG_REASON_NONE */
	const char *fault;        /* why, in a few words; NULL where well formed */
	struct vg_slice host;     /* lower case, no port, no final dot */
	struct vg_slice method;
	const struct vg_path *path;   /* NULL only where malformed */
	const struct vg_query *query; /* NULL where there is none */
	struct vg_fields fields;
	bool has_body;                /* it announces one, be it empty */
	uint64_t body_length;         /* of a Content-Length; 0 where chunked */
	struct vg_slice content_type; /* the field's value; empty where absent */
};

struct vg_verdict {
	enum vg_reason reason;      /* VG_REASON_ACCESS_ALLOWED, or why not */
	enum vg_step step;          /* that refused; VG_STEP_COUNT for an allow */
	uint32_t service;           /* VG_NO_ROW where none was found */
	uint32_t rule;              /* that decided: allowed, or was the nearest; VG_NO_ROW */
	struct vg_slice constraint; /* what exactly refused: a name, a fault; or empty */
	struct vg_path path;        /* below the service's prefix: what goes upstream */
	struct vg_route route;
	uint64_t max_body;       /* of an allowed request */
	struct vg_listed listed; /* fields of it that pass beside the standard ones */
	int64_t until;           /* as vg_term's */
};

/*
 * facts->ident is one of facts->vendor's, both of this image. A rule without request_type lets a
 * body of any type pass where the method has bodies (vocab/method.def), and none elsewhere.
 */
struct vg_verdict vg_decide(const struct vg_image *image, const struct vg_facts *facts)
	VG_MUST_CHECK;

/* Whether what was allowed is so still, as far as that depends on the time. */
struct vg_term {
	enum vg_reason reason; /* NONE, or why not */
	enum vg_step step;     /* that refuses */
	int64_t until;         /* where NONE: a moment before which it can't change; INT64_MAX */
};
struct vg_term vg_decide_again(const struct vg_image *image, uint32_t vendor, uint32_t rule,
			       int64_t now) VG_MUST_CHECK;

/* What each step said: VG_REASON_ACCESS_ALLOWED passed, VG_REASON_NONE not reached. */
struct vg_trace {
	enum vg_reason step[VG_STEP_COUNT];
};

/* The same decision, step by step for explain. */
struct vg_verdict vg_decide_traced(const struct vg_image *image, const struct vg_facts *facts,
				   struct vg_trace *trace) VG_MUST_CHECK;

#endif
