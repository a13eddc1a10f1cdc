/* What stands before a message: syslog's headers, new and old. Times are UTC in all of them. */
#include "record/format.h"

#include <stdio.h>

/* RFC 5424 6: header fields are printable ASCII without spaces. */
static void put_node(struct vg_message *message, struct vg_slice node)
{
	char text[VG_NODE_MAX];
	size_t len = node.len < sizeof(text) ? node.len : sizeof(text);
	for (size_t i = 0; i < len; i++)
		text[i] = node.ptr[i] > ' ' && node.ptr[i] < 0x7f ? node.ptr[i] : '?';
	vg_message_put(message, len == 0 ? VG_SLICE("-") : vg_slice(text, len));
}

static void put_priority(struct vg_message *message, const struct vg_event *event)
{
	char text[16];
	(void)snprintf(text, sizeof(text), "<%u>",
		       (unsigned)event->env->facility * 8 + event->row->severity);
	vg_message_put(message, vg_slice_str(text));
}

static void put_rfc5424(struct vg_message *message, const struct vg_event *event,
			struct vg_slice nil)
{
	char text[64], time[VG_TIME_TEXT];
	vg_time_text(time, event->time);
	put_priority(message, event);
	(void)snprintf(text, sizeof(text), "1 %s ", time);
	vg_message_put(message, vg_slice_str(text));
	put_node(message, event->env->node);
	(void)snprintf(text, sizeof(text), " vendgate %u VG%u ", event->env->pid,
		       (unsigned)event->row->code);
	vg_message_put(message, vg_slice_str(text));
	vg_message_put(message, nil);
}

/* "Jun  1 10:00:00 ", RFC 3164 4.1.2, out of the text of RFC 3339. */
static void put_old_time(struct vg_message *message, int64_t us)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	char text[VG_TIME_TEXT], out[32];
	vg_time_text(text, us);
	unsigned month = (unsigned)((text[5] - '0') * 10 + (text[6] - '0'));
	(void)snprintf(out, sizeof(out), "%.3s %c%c %.8s ", months + (size_t)(month - 1) * 3,
		       text[8] == '0' ? ' ' : text[8], text[9], text + 11);
	vg_message_put(message, vg_slice_str(out));
}

static void put_rfc3164(struct vg_message *message, const struct vg_event *event, bool with_node)
{
	char text[32];
	put_priority(message, event);
	put_old_time(message, event->time);
	if (with_node) {
		put_node(message, event->env->node);
		vg_message_put(message, VG_SLICE(" "));
	}
	(void)snprintf(text, sizeof(text), "vendgate[%u]: ", event->env->pid);
	vg_message_put(message, vg_slice_str(text));
}

void vg_message_head(struct vg_message *message, const struct vg_event *event, struct vg_slice nil)
{
	switch ((enum vg_syslog_head)event->env->head) {
	case VG_HEAD_RFC5424:
		put_rfc5424(message, event, nil);
		return;
	case VG_HEAD_RFC3164:
	case VG_HEAD_LOCAL:
		put_rfc3164(message, event, event->env->head == VG_HEAD_RFC3164);
		return;
	case VG_HEAD_NONE:
	case VG_HEADS:
		return;
	}
}
