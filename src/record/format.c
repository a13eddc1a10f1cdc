#include "record/format.h"

#include <string.h>

#include "base/text.h"

struct format_row {
	const char *word;
	size_t max;
	const char *nil;
	void (*write)(struct vg_message *message, const struct vg_event *event);
};

static const struct format_row rows[] = {
#define VG_FORMAT(NAME, word, max, nil, write) [VG_FORMAT_##NAME] = {word, max, nil, write},
#include "record/format.def"
#undef VG_FORMAT
};

_Static_assert(VG_COUNT(rows) == VG_FORMATS, "a row for each format of the image");

#define VG_FORMAT(NAME, word, max, nil, write)                                                     \
	_Static_assert((max) <= VG_MESSAGE_MAX, word " is longer than a message");
#include "record/format.def"
#undef VG_FORMAT

static void set_text(struct vg_event *event, enum vg_field field, struct vg_slice text)
{
	event->has[field] = text.len > 0;
	event->values[field] = (struct vg_record_value){
		.field = field, .type = VG_TYPE_TEXT, .text = text};
}

static void set_number(struct vg_event *event, enum vg_field field, uint64_t number)
{
	event->has[field] = true;
	event->values[field] = (struct vg_record_value){
		.field = field, .type = vg_field_row(field)->type, .number = number};
}

static void gather_log(struct vg_event *event, const struct vg_logged *logged)
{
	set_number(event, VG_FIELD_TIME, (uint64_t)logged->record.head.time);
	set_text(event, VG_FIELD_NODE, vg_slice_first(event->env->node, VG_NODE_MAX));
	vg_time_text(event->boot, (int64_t)logged->boot);
	set_text(event, VG_FIELD_BOOT, vg_slice_str(event->boot));
	set_number(event, VG_FIELD_SEQ, logged->seq);
	set_number(event, VG_FIELD_SCHEMA, VG_SCHEMA);
}

static void gather_row(struct vg_event *event)
{
	const struct vg_reason_row *row = event->row;
	char number[VG_U64_TEXT];
	memcpy(event->code, "VG", 2);
	memcpy(event->code + 2, number, vg_u64_text(number, row->code) + 1);
	set_text(event, VG_FIELD_CODE, vg_slice_str(event->code));
	set_text(event, VG_FIELD_EVENT, vg_slice_str(row->event));
	set_number(event, VG_FIELD_SEV, row->severity);
	set_text(event, VG_FIELD_DECISION, vg_slice_str(vg_decision_word(row->decision)));
	set_text(event, VG_FIELD_REASON, vg_slice_str(row->word));
	set_text(event, VG_FIELD_ATTACK, vg_slice_str(row->technique));
}

static struct vg_slice text_of(const struct vg_event *event, enum vg_field field)
{
	return event->has[field] ? event->values[field].text : VG_SLICE_EMPTY;
}

/* Marks tell what of the path are values, and have no more to say afterwards. */
static void hide_values(struct vg_event *event)
{
	struct vg_slice marks = text_of(event, VG_FIELD_PATH_MARKS);
	if (event->has[VG_FIELD_PATH] && marks.len > 0)
		set_text(event, VG_FIELD_PATH,
			 vg_format_path(event->path, event->env, text_of(event, VG_FIELD_VENDOR),
					text_of(event, VG_FIELD_PATH), marks));
	event->has[VG_FIELD_PATH_MARKS] = false;
}

static void leave_out(struct vg_event *event)
{
	const uint8_t *fields = event->env->fields;
	for (unsigned i = 0; fields != NULL && i < VG_FIELD_COUNT; i++) {
		uint8_t number = vg_field_row((enum vg_field)i)->number;
		if ((fields[number / 8] >> number % 8 & 1) == 0)
			event->has[i] = false;
	}
}

void vg_event_gather(struct vg_event *event, const struct vg_format_env *env,
		     const struct vg_logged *logged)
{
	struct vg_record_value value;
	memset(event->has, 0, sizeof(event->has));
	event->env = env;
	event->row = vg_reason_row(vg_record_reason(&logged->record));
	event->time = logged->record.head.time;
	gather_log(event, logged);
	gather_row(event);
	for (size_t at = 0; vg_record_next(&logged->record, &at, &value);) {
		if (event->has[value.field])
			continue;
		event->has[value.field] = true;
		event->values[value.field] = value;
	}
	hide_values(event);
	leave_out(event);
}

bool vg_event_shorten(struct vg_event *event)
{
	unsigned victim = VG_FIELD_COUNT, least = UINT8_MAX;
	for (unsigned i = 0; i < VG_FIELD_COUNT; i++) {
		const struct vg_field_row *row = vg_field_row((enum vg_field)i);
		/* Of those that never go, a hostile writer's may: the message has a bound. */
		if (!event->has[i] || i == VG_FIELD_TRUNC ||
		    (row->keep == 9 && row->source != VG_SOURCE_RECORD) || row->keep > least)
			continue;
		victim = i;
		least = row->keep;
	}
	if (victim == VG_FIELD_COUNT)
		return false;
	event->has[victim] = false;
	set_number(event, VG_FIELD_TRUNC, 1);
	return true;
}

struct vg_slice vg_event_text(const struct vg_record_value *value, char mem[VG_VALUE_TEXT_MAX])
{
	switch (value->type) {
	case VG_TYPE_TEXT:
		return value->text;
	case VG_TYPE_UINT:
		return vg_slice(mem, vg_u64_text(mem, value->number));
	case VG_TYPE_TIME:
		vg_time_text(mem, (int64_t)value->number);
		break;
	case VG_TYPE_ADDR:
		vg_addr_text(mem, &value->addr);
		break;
	}
	return vg_slice_str(mem);
}

void vg_message_put(struct vg_message *message, struct vg_slice text)
{
	if (message->len < message->cap && text.len <= message->cap - message->len)
		memcpy(message->mem + message->len, text.ptr, text.len);
	message->len += text.len;
}

static bool is_special(char c, enum vg_quoting quoting)
{
	return c == '"' || c == '\\' || (c == ']' && quoting == VG_QUOTING_SD);
}

/* A run of characters of our own escape, in those of the format. */
static void put_quoted(struct vg_message *message, struct vg_slice text, enum vg_quoting quoting)
{
	size_t from = 0;
	for (size_t i = 0; quoting != VG_QUOTING_NONE && i < text.len; i++) {
		if (!is_special(text.ptr[i], quoting))
			continue;
		vg_message_put(message, vg_slice(text.ptr + from, i - from));
		vg_message_put(message, VG_SLICE("\\"));
		from = i;
	}
	vg_message_put(message, vg_slice_from(text, from));
}

/* How many bytes from the begin are as they may be, and no backslash. */
static size_t clean_run(struct vg_slice s)
{
	size_t at = 0;
	while (at < s.len) {
		unsigned char c = (unsigned char)s.ptr[at];
		if (c < 0x20 || c == 0x7f || c == '\\')
			break;
		size_t n = c < 0x80 ? 1 : vg_utf8_len(vg_slice_from(s, at));
		if (n == 0)
			break;
		at += n;
	}
	return at;
}

/* How many bytes from the begin stand as they are in every format. */
static size_t plain_run(struct vg_slice s)
{
	static const bool plain[256] = {
		[' ' ... '!'] = true, ['#' ... '['] = true, ['^' ... '~'] = true};
	size_t at = 0;
	while (at < s.len && plain[(unsigned char)s.ptr[at]])
		at++;
	return at;
}

void vg_message_value(struct vg_message *message, struct vg_slice value, enum vg_quoting quoting)
{
	while (value.len > 0) {
		size_t plain = plain_run(value);
		vg_message_put(message, vg_slice_first(value, plain));
		value = vg_slice_from(value, plain);
		size_t run = clean_run(value);
		put_quoted(message, vg_slice_first(value, run), quoting);
		value = vg_slice_from(value, run);
		if (value.len == 0)
			return;
		char escape[5] = "\\\\";
		if (value.ptr[0] != '\\') {
			escape[1] = 'x';
			vg_hex(escape + 2, value.ptr, 1);
		}
		put_quoted(message, vg_slice_str(escape), quoting);
		value = vg_slice_from(value, 1);
	}
}

#define SENTENCE_NAME_MAX 64

/* " PREFIX VALUE", where the event has the field. */
static void put_field(struct vg_message *message, const struct vg_event *event, enum vg_field field,
		      struct vg_slice prefix)
{
	char mem[VG_VALUE_TEXT_MAX];
	if (!event->has[field])
		return;
	vg_message_put(message, prefix);
	struct vg_slice text = vg_event_text(&event->values[field], mem);
	if (text.len > SENTENCE_NAME_MAX)
		text = VG_SLICE("(long)");
	vg_message_value(message, text, VG_QUOTING_NONE);
}

void vg_message_sentence(struct vg_message *message, const struct vg_event *event)
{
	static const char *const begin[] = {
		[VG_DECISION_NONE] = "gateway:",
		[VG_DECISION_ALLOW] = "allowed",
		[VG_DECISION_REFUSE] = "refused",
		[VG_DECISION_ALERT] = "alert:",
	};
	vg_message_put(message, vg_slice_str(begin[event->row->decision]));
	if (event->row->decision == VG_DECISION_NONE) {
		vg_message_put(message, VG_SLICE(" "));
		vg_message_put(message, vg_slice_str(event->row->event));
		return;
	}
	put_field(message, event, VG_FIELD_METHOD, VG_SLICE(" "));
	put_field(message, event, VG_FIELD_VENDOR, VG_SLICE(" for "));
	if (!event->has[VG_FIELD_VENDOR])
		put_field(message, event, VG_FIELD_CLAIMED, VG_SLICE(" for one who claims to be "));
	put_field(message, event, VG_FIELD_SRC, VG_SLICE(" from "));
	if (event->row->decision != VG_DECISION_ALLOW) {
		vg_message_put(message, VG_SLICE(": "));
		vg_message_put(message, vg_slice_str(event->row->word));
	}
}

size_t vg_format_write(enum vg_format format, char *out, const struct vg_format_env *env,
		       const struct vg_logged *logged)
{
	VG_ASSERT(format < VG_FORMATS);
	const struct format_row *row = &rows[format];
	struct vg_event event;
	vg_event_gather(&event, env, logged);
	for (;;) {
		struct vg_message message = {.mem = out, .cap = row->max};
		vg_message_head(&message, &event, vg_slice_str(row->nil));
		row->write(&message, &event);
		if (message.len <= message.cap)
			return message.len;
		/* What the row and the log give is far shorter than a message. */
		VG_ASSERT(vg_event_shorten(&event));
	}
}
