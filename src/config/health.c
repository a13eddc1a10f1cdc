#include "config/health.h"

#include "config/units.h"
#include "http/chars.h"

#define EVERY_MIN 1000
#define EVERY_MAX 3600000

bool vg_health_check(struct vg_slice s, struct vg_health_check *check)
{
	struct vg_slice words[4], more;
	uint64_t every;
	for (size_t i = 0; i < VG_COUNT(words); i++)
		if (!vg_slice_word(&s, &words[i]))
			return false;
	if (vg_slice_word(&s, &more) || !vg_slice_eq(words[0], VG_SLICE("GET")) ||
	    !vg_slice_eq(words[2], VG_SLICE("every")) || !vg_units_duration(words[3], &every))
		return false;
	*check = (struct vg_health_check){words[1], (uint32_t)every};
	return words[1].ptr[0] == '/' && vg_chars_all(words[1], VG_CHAR_VISIBLE) &&
	       vg_slice_find(words[1], '#') == words[1].len && every >= EVERY_MIN &&
	       every <= EVERY_MAX;
}
