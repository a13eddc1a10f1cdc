/*
 * The text of an answer: bounded, and with what other people wrote escaped. A client gets it whole
 * or not at all.
 */
#ifndef VG_CONTROL_ANSWER_H
#define VG_CONTROL_ANSWER_H

#include <stdbool.h>

#include "base/attr.h"
#include "base/buf.h"

#define VG_ANSWER_MAX ((size_t)1 << 20)

enum vg_answer_status { VG_ANSWER_OK, VG_ANSWER_REFUSED, VG_ANSWER_WRONG };

struct vg_answer {
	enum vg_answer_status status;
	struct vg_buf text;
	bool failed; /* something didn't fit */
};

void vg_answer_init(struct vg_answer *answer);
void vg_answer_fini(struct vg_answer *answer);

/* At most 512 bytes at a time. */
void vg_answer_put(struct vg_answer *answer, const char *format, ...) VG_PRINTF(2, 3);

/* A JSON string with its quotes (RFC 8259 7); what is no UTF-8 becomes U+FFFD. */
void vg_answer_put_json(struct vg_answer *answer, struct vg_slice text);

/* As it came, without controls but for line ends: for a terminal. */
void vg_answer_put_text(struct vg_answer *answer, struct vg_slice text);

/* Status, length and text, into `out` (empty, at least VG_ANSWER_MAX + 32). False: no memory. */
bool vg_answer_write(struct vg_answer *answer, struct vg_buf *out) VG_MUST_CHECK;

#endif
