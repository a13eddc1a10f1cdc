#include "event/record.h"

#define HEAD_SIZE sizeof(struct vg_record_head)
#define FIELD_HEAD 4
#define TRUNC_SIZE (FIELD_HEAD + 8) /* kept free, so that `trunc` always finds room */

struct field_head {
	uint8_t number;
	uint8_t type;
	uint16_t len;
};

_Static_assert(sizeof(struct field_head) == FIELD_HEAD, "it lies in rings and log");

static size_t aligned(size_t len)
{
	return (len + 7) & ~(size_t)7;
}

void vg_record_begin(struct vg_record_writer *writer, void *mem, size_t cap)
{
	VG_ASSERT((uintptr_t)mem % 8 == 0 && cap % 8 == 0);
	VG_ASSERT(cap >= aligned(HEAD_SIZE + TRUNC_SIZE) && cap <= VG_RECORD_MAX);
	*writer = (struct vg_record_writer){.mem = mem, .cap = cap, .len = HEAD_SIZE};
}

static void put(struct vg_record_writer *writer, enum vg_field field, const void *value, size_t len)
{
	const struct vg_field_row *row = vg_field_row(field);
	struct field_head head = {row->number, (uint8_t)row->type, (uint16_t)len};
	memcpy(writer->mem + writer->len, &head, sizeof(head));
	memcpy(writer->mem + writer->len + sizeof(head), value, len);
	writer->len += sizeof(head) + len;
	writer->count++;
}

static void add(struct vg_record_writer *writer, enum vg_field field, enum vg_field_type type,
		const void *value, size_t len)
{
	const struct vg_field_row *row = vg_field_row(field);
	VG_ASSERT(row->type == type && vg_field_is_stored(field));
	if (writer->cap - writer->len < FIELD_HEAD + len + TRUNC_SIZE) {
		writer->trunc = true;
		return;
	}
	put(writer, field, value, len);
}

/* At most `max` bytes, and no part of a UTF-8 character: its other bytes would look like noise. */
static size_t cut_length(struct vg_slice text, size_t max)
{
	size_t len = max;
	while (max - len < 3 && len > 0 && ((unsigned char)text.ptr[len] & 0xc0) == 0x80)
		len--;
	return ((unsigned char)text.ptr[len] & 0xc0) == 0x80 ? max : len;
}

void vg_record_text(struct vg_record_writer *writer, enum vg_field field, struct vg_slice text)
{
	size_t len = text.len;
	if (len > VG_RECORD_TEXT_MAX) {
		len = cut_length(text, VG_RECORD_TEXT_MAX);
		writer->trunc = true;
	}
	if (len > 0)
		add(writer, field, VG_TYPE_TEXT, text.ptr, len);
}

void vg_record_uint(struct vg_record_writer *writer, enum vg_field field, uint64_t value)
{
	add(writer, field, VG_TYPE_UINT, &value, sizeof(value));
}

void vg_record_time(struct vg_record_writer *writer, enum vg_field field, int64_t us)
{
	add(writer, field, VG_TYPE_TIME, &us, sizeof(us));
}

void vg_record_addr(struct vg_record_writer *writer, enum vg_field field,
		    const struct vg_addr *addr)
{
	add(writer, field, VG_TYPE_ADDR, addr->bytes, sizeof(addr->bytes));
}

size_t vg_record_end(struct vg_record_writer *writer, enum vg_reason reason, int64_t time)
{
	static const uint64_t one = 1;
	if (writer->trunc)
		put(writer, VG_FIELD_TRUNC, &one, sizeof(one));
	size_t len = aligned(writer->len);
	memset(writer->mem + writer->len, 0, len - writer->len);
	struct vg_record_head head = {(uint32_t)len, vg_reason_row(reason)->code, writer->count,
				      time};
	VG_ASSERT(head.code != 0);
	memcpy(writer->mem, &head, sizeof(head));
	return len;
}

/* The field at `at`, which may be anything: the reader's only way into the bytes. */
static bool field_at(const struct vg_record *record, size_t at, struct vg_record_value *value,
		     size_t *end)
{
	struct field_head head;
	size_t len = record->head.len;
	if (at > len || len - at < sizeof(head))
		return false;
	memcpy(&head, record->mem + at, sizeof(head));
	at += sizeof(head);
	enum vg_field field = vg_field_of_number(head.number);
	if (len - at < head.len || field == VG_FIELD_COUNT)
		return false;
	const struct vg_field_row *row = vg_field_row(field);
	if (head.type != row->type || !vg_field_is_stored(field))
		return false;

	*value = (struct vg_record_value){.field = field, .type = row->type};
	*end = at + head.len;
	switch (row->type) {
	case VG_TYPE_TEXT:
		value->text = vg_slice((const char *)record->mem + at, head.len);
		return head.len > 0 && head.len <= VG_RECORD_TEXT_MAX;
	case VG_TYPE_UINT:
	case VG_TYPE_TIME:
		if (head.len != sizeof(value->number))
			return false;
		memcpy(&value->number, record->mem + at, sizeof(value->number));
		return true;
	case VG_TYPE_ADDR:
		if (head.len != sizeof(value->addr))
			return false;
		memcpy(&value->addr, record->mem + at, sizeof(value->addr));
		return true;
	}
	return false;
}

bool vg_record_open(struct vg_record *record, const void *mem, size_t len)
{
	*record = (struct vg_record){.mem = mem};
	struct vg_record_head *head = &record->head;
	if (len < HEAD_SIZE)
		return false;
	memcpy(head, mem, sizeof(*head));
	if (head->len < HEAD_SIZE || head->len > len || head->len > VG_RECORD_MAX ||
	    head->len % 8 != 0 || vg_reason_of_code(head->code) == VG_REASON_NONE)
		return false;

	size_t at = HEAD_SIZE;
	for (unsigned i = 0; i < head->count; i++) {
		struct vg_record_value value;
		if (!field_at(record, at, &value, &at))
			return false;
	}
	if (aligned(at) != head->len)
		return false;
	for (; at < head->len; at++)
		if (record->mem[at] != 0)
			return false;
	return true;
}

enum vg_reason vg_record_reason(const struct vg_record *record)
{
	return vg_reason_of_code(record->head.code);
}

bool vg_record_next(const struct vg_record *record, size_t *at, struct vg_record_value *value)
{
	if (*at == 0)
		*at = HEAD_SIZE;
	/* No field is as short as the padding, and the padding is zeroes: number 0 is no field. */
	return field_at(record, *at, value, at);
}

bool vg_record_get(const struct vg_record *record, enum vg_field field,
		   struct vg_record_value *value)
{
	for (size_t at = 0; vg_record_next(record, &at, value);)
		if (value->field == field)
			return true;
	return false;
}
