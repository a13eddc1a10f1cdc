/* RFC 5424, the fields as structured data, a sentence as the message. */
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

static void put_header(struct vg_message *message, const struct vg_event *event)
{
	char text[VG_TIME_TEXT + 32];
	char time[VG_TIME_TEXT];
	vg_time_text(time, event->time);
	(void)snprintf(text, sizeof(text), "<%u>1 %s ",
		       (unsigned)event->env->facility * 8 + event->row->severity, time);
	vg_message_put(message, vg_slice_str(text));
	put_node(message, event->env->node);
	(void)snprintf(text, sizeof(text), " vendgate %u VG%u ", event->env->pid,
		       (unsigned)event->row->code);
	vg_message_put(message, vg_slice_str(text));
}

void vg_format_sd(struct vg_message *message, const struct vg_event *event)
{
	char mem[VG_VALUE_TEXT_MAX];
	put_header(message, event);
	vg_message_put(message, VG_SLICE("[vendgate@32473"));
	for (unsigned i = 0; i < VG_FIELD_COUNT; i++) {
		if (!event->has[i])
			continue;
		vg_message_put(message, VG_SLICE(" "));
		vg_message_put(message, vg_slice_str(vg_field_row((enum vg_field)i)->name));
		vg_message_put(message, VG_SLICE("=\""));
		vg_message_value(message, vg_event_text(&event->values[i], mem), true);
		vg_message_put(message, VG_SLICE("\""));
	}
	vg_message_put(message, VG_SLICE("] "));
	vg_message_sentence(message, event);
}
