/* The steps of step.def as a type: the event's `step`, and what explain prints. */
#ifndef VG_POLICY_STEP_H
#define VG_POLICY_STEP_H

#include "base/attr.h"

enum vg_step {
#define VG_STEP(NAME, word, function, question) VG_STEP_##NAME,
#include "policy/step.def"
#undef VG_STEP
	VG_STEP_COUNT
};

/* "" for VG_STEP_COUNT: no step decided. */
const char *vg_step_word(enum vg_step step) VG_MUST_CHECK;
const char *vg_step_question(enum vg_step step) VG_MUST_CHECK;

#endif
