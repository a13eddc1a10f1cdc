/*
 * The recorder role: drains the workers' rings into the one durable log, and delivers the log to
 * the sinks, each from its own cursor.
 */
#ifndef VG_RECORD_RECORDER_H
#define VG_RECORD_RECORDER_H

#include "base/attr.h"

/* Serves on the channel to the supervisor (descriptor 3) until told to end; an exit status. */
int vg_recorder_run(void) VG_MUST_CHECK;

#endif
