/* The fields as structured data of RFC 5424, a sentence as the message. */
#include "record/format.h"

void vg_format_sd(struct vg_message *message, const struct vg_event *event)
{
	char mem[VG_VALUE_TEXT_MAX];
	vg_message_put(message, VG_SLICE("[vendgate@32473"));
	for (unsigned i = 0; i < VG_FIELD_COUNT; i++) {
		if (!event->has[i])
			continue;
		vg_message_put(message, VG_SLICE(" "));
		vg_message_put(message, vg_slice_str(vg_field_row((enum vg_field)i)->name));
		vg_message_put(message, VG_SLICE("=\""));
		vg_message_value(message, vg_event_text(&event->values[i], mem), VG_QUOTING_SD);
		vg_message_put(message, VG_SLICE("\""));
	}
	vg_message_put(message, VG_SLICE("] "));
	vg_message_sentence(message, event);
}
