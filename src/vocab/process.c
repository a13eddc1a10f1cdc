#include "vocab/process.h"

static const char *const words[VG_PROCESS_STATES] = {
#define VG_PROCESS(NAME, word) [VG_PROCESS_##NAME] = (word),
#include "vocab/process.def"
#undef VG_PROCESS
};

const char *vg_process_word(enum vg_process_state state)
{
	VG_ASSERT(state < VG_PROCESS_STATES);
	return words[state];
}
