/*
 * The event record: what lies in rings and log. Written by the worker (an exchange, a handshake),
 * the recorder and the supervisor; read by the recorder, whose formats turn it into messages, and
 * by whoever reads the log.
 *
 *   head   uint32 len     bytes of the whole record, a multiple of 8
 *          uint16 code    the reason's VG number (vocab/reason.def)
 *          uint16 count   fields that follow
 *          int64  time    microseconds since 1970 UTC: the end of what it tells
 *   field  uint8  number  (vocab/field.def)
 *          uint8  type    enum vg_field_type
 *          uint16 len     bytes of the value
 *          value          TEXT as it came; UINT and TIME 8 bytes; ADDR 16 bytes; no padding
 *   zeroes up to len
 *
 * Host byte order. A reader trusts nothing in it: the writer may have been taken over.
 */
#ifndef VG_EVENT_RECORD_H
#define VG_EVENT_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/attr.h"
#include "base/slice.h"
#include "vocab/field.h"
#include "vocab/reason.h"

#define VG_RECORD_MAX ((size_t)4096)
#define VG_RECORD_TEXT_MAX 256 /* of one value: more is cut, and `trunc` set */

struct vg_record_head {
	uint32_t len;
	uint16_t code;
	uint16_t count;
	int64_t time;
};

_Static_assert(sizeof(struct vg_record_head) == 16, "it lies in rings and log");

/* A record being built. A field given twice stands twice, and the first is what a reader gets. */
struct vg_record_writer {
	uint8_t *mem;
	size_t cap; /* a multiple of 8, at most VG_RECORD_MAX */
	size_t len;
	uint16_t count;
	bool trunc; /* a text was cut, or a field had no room */
};

/* `mem` is aligned to 8. */
void vg_record_begin(struct vg_record_writer *writer, void *mem, size_t cap);

/* Empty texts, and fields that have no room, are left out. */
void vg_record_text(struct vg_record_writer *writer, enum vg_field field, struct vg_slice text);
void vg_record_uint(struct vg_record_writer *writer, enum vg_field field, uint64_t value);
void vg_record_time(struct vg_record_writer *writer, enum vg_field field, int64_t us);
void vg_record_addr(struct vg_record_writer *writer, enum vg_field field,
		    const struct vg_addr *addr);

/* Writes the head; the record is the first (returned) bytes of mem. */
size_t vg_record_end(struct vg_record_writer *writer, enum vg_reason reason, int64_t time);

/* A record that was checked. It borrows the memory, which nobody may change meanwhile. */
struct vg_record {
	const uint8_t *mem;
	struct vg_record_head head;
};

struct vg_record_value {
	enum vg_field field;
	enum vg_field_type type;
	struct vg_slice text; /* of TEXT */
	uint64_t number;      /* of UINT, and TIME */
	struct vg_addr addr;  /* of ADDR */
};

/*
 * Checks the record at `mem`, of which at most `len` bytes are there. False where it is none: a
 * length that doesn't fit, a field that overruns it, a number or type that this build doesn't
 * know, a code that no reason has.
 */
bool vg_record_open(struct vg_record *record, const void *mem, size_t len) VG_MUST_CHECK;

enum vg_reason vg_record_reason(const struct vg_record *record) VG_MUST_CHECK;

/* The next field from *at (0 at first) on; false at the end. */
bool vg_record_next(const struct vg_record *record, size_t *at, struct vg_record_value *value)
	VG_MUST_CHECK;

/* The first value of a field; false where the record has none. */
bool vg_record_get(const struct vg_record *record, enum vg_field field,
		   struct vg_record_value *value) VG_MUST_CHECK;

#endif
