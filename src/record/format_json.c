/* The fields as one object of JSON (RFC 8259): numbers where the table has some, else strings. */
#include "record/format.h"

void vg_format_json(struct vg_message *message, const struct vg_event *event)
{
	char mem[VG_VALUE_TEXT_MAX];
	struct vg_slice before = VG_SLICE("{\"");
	for (unsigned i = 0; i < VG_FIELD_COUNT; i++) {
		const struct vg_field_row *row = vg_field_row((enum vg_field)i);
		struct vg_slice quote = row->type == VG_TYPE_UINT ? VG_SLICE_EMPTY : VG_SLICE("\"");
		if (!event->has[i])
			continue;
		vg_message_put(message, before);
		vg_message_put(message, vg_slice_str(row->name));
		vg_message_put(message, VG_SLICE("\":"));
		vg_message_put(message, quote);
		vg_message_value(message, vg_event_text(&event->values[i], mem), VG_QUOTING_JSON);
		vg_message_put(message, quote);
		before = VG_SLICE(",\"");
	}
	/* A sink may ask for fields that this event has none of. */
	vg_message_put(message,
		       vg_slice_eq(before, VG_SLICE("{\"")) ? VG_SLICE("{}") : VG_SLICE("}"));
}
