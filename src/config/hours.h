/*
 * Times as people write them in a policy: `Mon-Fri 07:30-19:00 Europe/Paris`, a day, a span of
 * days. Pure functions of the text; which zones there are is seen when the image is made.
 */
#ifndef VG_CONFIG_HOURS_H
#define VG_CONFIG_HOURS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/slice.h"

#define VG_HOURS_EVERY_WEEKDAY UINT8_C(0x7f)
#define VG_HOURS_EVERY_MONTHDAY UINT32_C(0xfffffffe)

/* One item of `allow` or `hours`. */
struct vg_hours_item {
	uint8_t weekdays;   /* bit 0: Monday */
	uint32_t monthdays; /* bit N: day N of the month */
	uint16_t from, to;  /* minutes of the day; not the same; to <= from goes over midnight */
	struct vg_slice zone;
};

/*
 * `[DAYS] HH:MM-HH:MM ZONE`: DAYS are days of the week, `Mon` or `Mon-Fri` (`Fri-Mon` wraps), or of
 * the month, `24` or `24..28`; without them it is each day. 24:00 may stand as an end.
 */
bool vg_hours_item(struct vg_hours_item *item, struct vg_slice text) VG_MUST_CHECK;

/*
 * `BEGIN .. END`: microseconds since 1970 UTC. A day as END is inside, whole; a time (RFC 3339) is
 * exact, and not inside. BEGIN comes first.
 */
bool vg_hours_span(struct vg_slice text, int64_t *from, int64_t *until) VG_MUST_CHECK;

#endif
