#include "vocab/reason.h"

static const struct vg_reason_row rows[VG_REASON_COUNT] = {
	[VG_REASON_NONE] = {"none", "none", "", 0, 0, 7, VG_DECISION_NONE},
#define VG_REASON(name, word, code, event, decision, severity, status, technique)                  \
	[VG_REASON_##                                                                              \
		name] = {word, event, technique, code, status, severity, VG_DECISION_##decision},
#include "vocab/reason.def"
#undef VG_REASON
};

const struct vg_reason_row *vg_reason_row(enum vg_reason reason)
{
	return &rows[reason < VG_REASON_COUNT ? reason : VG_REASON_NONE];
}

enum vg_reason vg_reason_of_code(uint16_t code)
{
	for (unsigned i = 0; i < VG_REASON_COUNT; i++)
		if (rows[i].code == code)
			return (enum vg_reason)i;
	return VG_REASON_NONE;
}

enum vg_reason vg_reason_of_word(struct vg_slice word)
{
	for (unsigned i = 0; i < VG_REASON_COUNT; i++)
		if (vg_slice_eq(word, vg_slice_str(rows[i].word)))
			return (enum vg_reason)i;
	return VG_REASON_NONE;
}

const char *vg_decision_word(enum vg_decision decision)
{
	static const char *const words[] = {"none", "allow", "refuse", "alert"};
	return words[decision];
}
