/*
 * From a logged event to the text of a message. format.c gathers the event's fields, whatever
 * their source (vocab/field.def); the files of format.def write them; what is too long loses
 * fields by their `keep`, never bytes of one. Used by the sinks. No input makes it fail.
 */
#ifndef VG_RECORD_FORMAT_H
#define VG_RECORD_FORMAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"
#include "event/record.h"
#include "policy/capture.h"
#include "policy/image.h"
#include "record/pseudonym.h"
#include "record/store.h"
#include "vocab/field.h"
#include "vocab/reason.h"

#define VG_MESSAGE_MAX 8192 /* the longest of format.def */
#define VG_NODE_MAX 255     /* RFC 5424 6.2.4; longer names are cut */

/* What doesn't change from event to event: the sink's, and the gateway's. */
struct vg_format_env {
	struct vg_slice node;
	uint32_t pid;                   /* the recorder's */
	uint8_t facility;               /* syslog's number */
	uint8_t head;                   /* enum vg_syslog_head */
	uint8_t identifiers;            /* enum vg_identifiers */
	const uint8_t *fields;          /* as in struct vg_img_sink; NULL: all */
	struct vg_pseudonym *pseudonym; /* NULL: values that need one are left out */
};

/* A path of 256 bytes with pseudonyms in place of its segments, or of what they capture. */
#define VG_EVENT_PATH_MAX (256 + VG_PATH_SEGMENTS_MAX * VG_PSEUDONYM_TEXT)

/* An event with all its fields; texts that were made for it lie in it. */
struct vg_event {
	const struct vg_format_env *env;
	const struct vg_reason_row *row;
	int64_t time;
	struct vg_record_value values[VG_FIELD_COUNT];
	bool has[VG_FIELD_COUNT];
	char code[8]; /* "VG1001" */
	char boot[VG_TIME_TEXT];
	char path[VG_EVENT_PATH_MAX];
};

/* Borrows all three. Values of the path become what `identifiers` says. */
void vg_event_gather(struct vg_event *event, const struct vg_format_env *env,
		     const struct vg_logged *logged);

/*
 * Takes away the field that goes first (the lowest keep, the last of them) and sets `trunc`; false
 * where nothing more may go.
 */
bool vg_event_shorten(struct vg_event *event) VG_MUST_CHECK;

/* The value as text: TEXT as it is, the others in `mem`. */
#define VG_VALUE_TEXT_MAX 64
struct vg_slice vg_event_text(const struct vg_record_value *value, char mem[VG_VALUE_TEXT_MAX])
	VG_MUST_CHECK;

/* Writing into a bounded place: what has no room is counted all the same. */
struct vg_message {
	char *mem;
	size_t cap;
	size_t len; /* more than cap: it didn't fit */
};

void vg_message_put(struct vg_message *message, struct vg_slice text);

enum vg_quoting {
	VG_QUOTING_NONE,
	VG_QUOTING_SD,  /* RFC 5424 6.3.3: " \ ] */
	VG_QUOTING_JSON /* RFC 8259 7: " \ */
};

/*
 * A value as the wire has it, in every format: a backslash doubled; bytes below 0x20, 0x7f and
 * what is no UTF-8 as \xNN. The format's own escapes come on top of it.
 */
void vg_message_value(struct vg_message *message, struct vg_slice value, enum vg_quoting quoting);

/* The head that the sink asks for (format_head.c). `nil` stands where RFC 5424 wants structured
   data, of a format that has none. */
void vg_message_head(struct vg_message *message, const struct vg_event *event, struct vg_slice nil);

/* The path with its marked values as `identifiers` has them; made in `mem` (format_path.c). */
struct vg_slice vg_format_path(char mem[VG_EVENT_PATH_MAX], const struct vg_format_env *env,
			       struct vg_slice vendor, struct vg_slice path, struct vg_slice marks)
	VG_MUST_CHECK;

/* The event as a short sentence of plain English, in the wire's escapes. */
void vg_message_sentence(struct vg_message *message, const struct vg_event *event);

/* Writes the event at `out` (VG_MESSAGE_MAX bytes), no line end; the length. */
size_t vg_format_write(enum vg_format format, char *out, const struct vg_format_env *env,
		       const struct vg_logged *logged) VG_MUST_CHECK;

/* The writers of format.def. */
#define VG_FORMAT(NAME, word, max, nil, write)                                                     \
	void write(struct vg_message *message, const struct vg_event *event);
#include "record/format.def"
#undef VG_FORMAT

#endif
