/*
 * Opening hours: whether a moment lies in one of the windows that a policy names. A window is a
 * span of local time in a zone, on days of the week or of the month; the zone's offsets from UTC
 * lie in the image (config/zone.h), so that nothing here needs a file.
 *
 * A window that goes over midnight belongs to the day on which it opens: that day is the one that
 * must be listed, and not closed. Local time that a change of offset skips is in no window, and
 * what it repeats is in the window both times.
 */
#ifndef VG_POLICY_CALENDAR_H
#define VG_POLICY_CALENDAR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "policy/image.h"

/* `now` in microseconds since 1970 UTC. Hours without windows are always open. */
bool vg_calendar_is_open(const struct vg_image *image, const struct vg_img_hours *hours,
			 int64_t now) VG_MUST_CHECK;

/*
 * A moment after `now` until which that doesn't change: no window opens or closes before it. It may
 * come before the next one that does, by at most a day, and is INT64_MAX where there is no window.
 */
int64_t vg_calendar_edge(const struct vg_image *image, const struct vg_img_hours *hours,
			 int64_t now) VG_MUST_CHECK;

#endif
