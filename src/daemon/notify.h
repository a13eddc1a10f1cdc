/* Telling systemd: one datagram to $NOTIFY_SOCKET, where there is one (sd_notify(3)). */
#ifndef VG_DAEMON_NOTIFY_H
#define VG_DAEMON_NOTIFY_H

/* "READY=1", "STOPPING=1". Nobody waits for it, and a failure is nobody's. */
void vg_notify(const char *state);

#endif
