/*
 * The reasons of reason.def as a type: decisions return one, refusals and events are made from its
 * row, and the manual is checked against the rows.
 */
#ifndef VG_VOCAB_REASON_H
#define VG_VOCAB_REASON_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/slice.h"

enum vg_decision { VG_DECISION_NONE, VG_DECISION_ALLOW, VG_DECISION_REFUSE, VG_DECISION_ALERT };

enum vg_reason {
	VG_REASON_NONE, /* not decided; in no event */
#define VG_REASON(name, word, code, event, decision, severity, status, technique) VG_REASON_##name,
#include "vocab/reason.def"
#undef VG_REASON
	VG_REASON_COUNT
};

struct vg_reason_row {
	const char *word;
	const char *event;
	const char *technique;
	uint16_t code;
	uint16_t status;
	uint8_t severity;
	enum vg_decision decision;
};

/* The row of a reason; that of VG_REASON_NONE has the word "none" and code 0. */
const struct vg_reason_row *vg_reason_row(enum vg_reason reason) VG_MUST_CHECK;

/*
 * Codes are what is written to rings and log, since enum values move when a row is added; NONE for
 * a code that this build doesn't know.
 */
enum vg_reason vg_reason_of_code(uint16_t code) VG_MUST_CHECK;

/* By word; VG_REASON_NONE where there is none. */
enum vg_reason vg_reason_of_word(struct vg_slice word) VG_MUST_CHECK;

/* "none", "allow", "refuse", "alert". */
const char *vg_decision_word(enum vg_decision decision) VG_MUST_CHECK;

#endif
