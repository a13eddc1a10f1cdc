#include "policy/step.h"

static const struct {
	const char *word, *question;
} rows[VG_STEP_COUNT + 1] = {
#define VG_STEP(NAME, word, function, question) {word, question},
#include "policy/step.def"
#undef VG_STEP
	{"", ""},
};

const char *vg_step_word(enum vg_step step)
{
	return rows[step < VG_STEP_COUNT ? step : VG_STEP_COUNT].word;
}

const char *vg_step_question(enum vg_step step)
{
	return rows[step < VG_STEP_COUNT ? step : VG_STEP_COUNT].question;
}
