/*
 * The only reader of clocks. The loop reads them once a turn and hands the values in.
 */
#ifndef VG_SYS_CLOCK_H
#define VG_SYS_CLOCK_H

#include <stdint.h>

#include "base/attr.h"

/* Wall clock: microseconds since 1970 UTC. For events, certificates, schedules. */
int64_t vg_clock_wall(void) VG_MUST_CHECK;

/* Monotonic: microseconds. For time-outs and durations. */
int64_t vg_clock_monotonic(void) VG_MUST_CHECK;

#endif
