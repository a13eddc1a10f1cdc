/*
 * Time zones of the IANA database (tzdata), as a table of offsets that the image takes along: the
 * roles can open no file, and libc would silently give UTC for a zone that it can't read.
 *
 * Called by the compiler alone: it sets TZ of its own process while it looks.
 */
#ifndef VG_CONFIG_ZONE_H
#define VG_CONFIG_ZONE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/slice.h"

#define VG_ZONE_DIRECTORY "/usr/share/zoneinfo/"
#define VG_ZONE_FILE_MAX ((size_t)65536)
#define VG_ZONE_SHIFTS_MAX 1024

/* From `at` on, until the next one's. */
struct vg_zone_shift {
	int64_t at;     /* seconds since 1970 UTC; of the first INT64_MIN */
	int32_t offset; /* of local time, in seconds east of UTC */
};

struct vg_zone {
	const struct vg_zone_shift *shifts;
	size_t count;
};

/* Whether it could be a zone's name, such as Europe/Paris: no path leads out of the database. */
bool vg_zone_is_name(struct vg_slice name) VG_MUST_CHECK;

/*
 * The zone's shifts from 2000 to 2069; what comes before or after has the offset of its nearest
 * end. `bytes` is its file. False where the file is none of time zones, or memory is short. The
 * shifts lie in the arena.
 */
bool vg_zone_read(struct vg_zone *zone, struct vg_slice name, struct vg_slice bytes,
		  struct vg_arena *arena) VG_MUST_CHECK;

#endif
