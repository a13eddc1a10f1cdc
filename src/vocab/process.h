/* The states of process.def: kept by the supervisor, told by the controller. */
#ifndef VG_VOCAB_PROCESS_H
#define VG_VOCAB_PROCESS_H

#include "base/attr.h"

enum vg_process_state {
#define VG_PROCESS(NAME, word) VG_PROCESS_##NAME,
#include "vocab/process.def"
#undef VG_PROCESS
	VG_PROCESS_STATES
};

const char *vg_process_word(enum vg_process_state state) VG_MUST_CHECK;

#endif
