/*
 * What the gateway tells its operator: lines on stderr, "vendgate[ROLE INDEX]: LEVEL: TEXT". Not
 * the events (those go the way of event/ring.h). Text from outside is escaped; a line is at most
 * 1 KiB. Never blocks for longer than one write(2) of one line.
 */
#ifndef VG_SYS_LOG_H
#define VG_SYS_LOG_H

#include "base/attr.h"

enum vg_log_level { VG_LOG_ERROR, VG_LOG_WARNING, VG_LOG_INFO, VG_LOG_DEBUG };

/* Who speaks: once, at a process's start. `who` is a static string such as "worker 0". */
void vg_log_open(const char *who, enum vg_log_level level);

void vg_log(enum vg_log_level level, const char *format, ...) VG_PRINTF(2, 3);

#endif
