#include "http/write.h"

#include <stdio.h>

#include "base/text.h"
#include "http/chars.h"
#include "http/fields.h"

/*
 * Writes, or counts only: each function below runs twice with the same pen, first without a place
 * to write. So the room is known, and taken, before the first byte.
 */
struct pen {
	char *at; /* NULL: count */
	size_t len;
};

static void put(struct pen *pen, struct vg_slice s)
{
	if (pen->at != NULL && s.len > 0)
		memcpy(pen->at + pen->len, s.ptr, s.len);
	pen->len += s.len;
}

static void put_line(struct pen *pen, struct vg_slice name, struct vg_slice value)
{
	put(pen, name);
	put(pen, VG_SLICE(": "));
	put(pen, value);
	put(pen, VG_SLICE("\r\n"));
}

static void put_u64(struct pen *pen, struct vg_slice name, uint64_t value)
{
	char digits[20];
	size_t at = sizeof(digits);
	do {
		digits[--at] = (char)('0' + value % 10);
		value /= 10;
	} while (value > 0);
	put_line(pen, name, vg_slice(digits + at, sizeof(digits) - at));
}

/* A name in the case that people write it in: the sender's own tells nothing. */
static void put_name(struct pen *pen, struct vg_slice name)
{
	bool first = true;
	put(pen, name);
	if (pen->at == NULL)
		return;
	for (char *at = pen->at + pen->len - name.len; at < pen->at + pen->len; at++) {
		char small = vg_lower(*at);
		*at = first && small >= 'a' && small <= 'z' ? (char)(small - ('a' - 'A')) : small;
		first = small == '-';
	}
}

static bool is_visible(struct vg_slice s)
{
	return vg_chars_all(s, VG_CHAR_VISIBLE);
}

/*
 * An extra's bytes are checked here, since they come from configuration and certificates. None can
 * be a second framing or Host. *ids are those of the extras: the message's own don't pass.
 */
static bool check_extras(const struct vg_http_extra *extras, size_t count, uint64_t *ids)
{
	*ids = 0;
	for (size_t i = 0; i < count; i++) {
		struct vg_slice name = vg_slice_str(extras[i].name);
		enum vg_header id = vg_header_of(name);
		if (name.len == 0 || !vg_chars_all(name, VG_CHAR_TOKEN) ||
		    !vg_chars_value(extras[i].value))
			return false;
		if (id == VG_HEADER_HOST || id == VG_HEADER_CONTENT_LENGTH ||
		    id == VG_HEADER_TRANSFER_ENCODING || id == VG_HEADER_CONNECTION)
			return false;
		if (id != VG_HEADER_COUNT)
			*ids |= VG_HEADER_BIT(id);
	}
	return true;
}

/* What of a message passes. */
struct passing {
	const struct vg_http_head *head;
	const struct vg_listed *listed;
	const struct vg_http_extra *extras;
	size_t extra_count;
	uint64_t without; /* known ones that don't */
	bool request;
};

static bool is_extra(const struct passing *passing, struct vg_slice name)
{
	for (size_t i = 0; i < passing->extra_count; i++)
		if (vg_slice_eq_case(vg_slice_str(passing->extras[i].name), name))
			return true;
	return false;
}

/* One that is DROP, or not known, passes only where it is listed. */
static bool is_listed(const struct passing *passing, size_t at)
{
	return passing->listed != NULL && vg_listed_has(passing->listed, at) &&
	       !is_extra(passing, passing->head->fields[at].name);
}

static void put_fields(struct pen *pen, const struct passing *passing, unsigned *dropped)
{
	*dropped = 0;
	for (size_t i = 0; i < passing->head->field_count; i++) {
		const struct vg_http_field *field = &passing->head->fields[i];
		enum vg_header_rule rule = VG_HEADER_DROP;
		if (field->id != VG_HEADER_COUNT) {
			const struct vg_header_row *row = vg_header_row(field->id);
			rule = passing->request ? row->request : row->response;
			if ((passing->without & VG_HEADER_BIT(field->id)) != 0)
				continue;
		}
		bool passes = rule == VG_HEADER_PASS ||
			      (rule == VG_HEADER_DROP && is_listed(passing, i));
		*dropped += !passes && rule != VG_HEADER_OWN;
		if (!passes)
			continue;
		put_name(pen, field->name);
		put(pen, VG_SLICE(": "));
		put(pen, field->value);
		put(pen, VG_SLICE("\r\n"));
	}
}

static void put_framing(struct pen *pen, enum vg_framing framing, uint64_t length)
{
	if (framing == VG_FRAMING_LENGTH)
		put_u64(pen, VG_SLICE("Content-Length"), length);
	else if (framing == VG_FRAMING_CHUNKED)
		put_line(pen, VG_SLICE("Transfer-Encoding"), VG_SLICE("chunked"));
}

static void put_extras(struct pen *pen, const struct vg_http_extra *extras, size_t count)
{
	for (size_t i = 0; i < count; i++)
		put_line(pen, vg_slice_str(extras[i].name), extras[i].value);
}

/* Room for exactly `len` bytes, or NULL. */
static char *reserve(struct vg_buf *out, size_t len)
{
	size_t avail = 0;
	if (len > vg_buf_room(out))
		return NULL;
	char *space = vg_buf_space(out, len, &avail);
	return avail >= len ? space : NULL;
}

static void put_request(struct pen *pen, const struct vg_http_request_out *request, uint64_t ids,
			unsigned *dropped)
{
	struct passing passing = {
		request->head, request->listed, request->extras, request->extra_count, ids, true};
	put(pen, request->head->method);
	put(pen, VG_SLICE(" "));
	put(pen, request->path);
	if (request->query.ptr != NULL) {
		put(pen, VG_SLICE("?"));
		put(pen, request->query);
	}
	put(pen, VG_SLICE(" HTTP/1.1\r\nHost: "));
	put(pen, request->host);
	put(pen, VG_SLICE("\r\n"));
	put_fields(pen, &passing, dropped);
	put_framing(pen, request->head->framing, request->head->length);
	put_extras(pen, request->extras, request->extra_count);
	put(pen, VG_SLICE("\r\n"));
}

bool vg_http_write_request(struct vg_buf *out, const struct vg_http_request_out *request,
			   unsigned *dropped)
{
	struct pen pen = {0};
	struct vg_slice path = request->path;
	uint64_t ids;
	if (request->head->framing == VG_FRAMING_CLOSE || path.len == 0 ||
	    (path.ptr[0] != '/' && !vg_slice_eq(path, VG_SLICE("*"))))
		return false;
	if (request->head->method.len == 0 || !vg_chars_all(request->head->method, VG_CHAR_TOKEN) ||
	    !is_visible(path) || (request->query.ptr != NULL && !is_visible(request->query)) ||
	    request->host.len == 0 || !is_visible(request->host) ||
	    !check_extras(request->extras, request->extra_count, &ids))
		return false;
	put_request(&pen, request, ids, dropped);
	pen.at = reserve(out, pen.len);
	if (pen.at == NULL)
		return false;
	pen.len = 0;
	put_request(&pen, request, ids, dropped);
	vg_buf_added(out, pen.len);
	return true;
}

static void put_status_line(struct pen *pen, unsigned status)
{
	char line[] = "HTTP/1.1 000 ";
	line[9] = (char)('0' + status / 100);
	line[10] = (char)('0' + status / 10 % 10);
	line[11] = (char)('0' + status % 10);
	put(pen, vg_slice(line, sizeof(line) - 1));
	put(pen, vg_slice_str(vg_http_phrase(status)));
	put(pen, VG_SLICE("\r\n"));
}

static void put_response(struct pen *pen, const struct vg_http_response_out *response, uint64_t ids,
			 unsigned *dropped)
{
	unsigned status = response->head->status;
	struct passing passing = {
		response->head, response->listed, response->extras, response->extra_count, ids,
		false};
	if (response->no_store)
		passing.without |= VG_HEADER_BIT(VG_HEADER_CACHE_CONTROL);
	put_status_line(pen, status);
	put_fields(pen, &passing, dropped);
	if (status == 205)
		put_framing(pen, VG_FRAMING_LENGTH, 0);
	else if (!vg_http_no_body(status))
		put_framing(pen, response->framing, response->length);
	if (response->location.len > 0)
		put_line(pen, VG_SLICE("Location"), response->location);
	if (response->no_store)
		put_line(pen, VG_SLICE("Cache-Control"), VG_SLICE("no-store"));
	if (response->close || response->framing == VG_FRAMING_CLOSE)
		put_line(pen, VG_SLICE("Connection"), VG_SLICE("close"));
	put_extras(pen, response->extras, response->extra_count);
	put(pen, VG_SLICE("\r\n"));
}

/* What is said of the body must fit the status: a body behind a 204 would be the next answer. */
static bool is_framing_right(unsigned status, enum vg_framing framing, uint64_t length)
{
	if (vg_http_no_body(status))
		return framing == VG_FRAMING_NONE || framing == VG_FRAMING_LENGTH;
	return status != 205 || framing == VG_FRAMING_NONE ||
	       (framing == VG_FRAMING_LENGTH && length == 0);
}

bool vg_http_write_response(struct vg_buf *out, const struct vg_http_response_out *response,
			    unsigned *dropped)
{
	struct pen pen = {0};
	unsigned status = response->head->status;
	uint64_t ids;
	if (status < 100 || status > 599 || status == 101 ||
	    !is_framing_right(status, response->framing, response->length) ||
	    !vg_chars_all(response->location, VG_CHAR_VISIBLE) ||
	    !check_extras(response->extras, response->extra_count, &ids))
		return false;
	put_response(&pen, response, ids, dropped);
	pen.at = reserve(out, pen.len);
	if (pen.at == NULL)
		return false;
	pen.len = 0;
	put_response(&pen, response, ids, dropped);
	vg_buf_added(out, pen.len);
	return true;
}

bool vg_http_write_continue(struct vg_buf *out)
{
	return vg_buf_append(out, VG_SLICE("HTTP/1.1 100 Continue\r\n\r\n"));
}

bool vg_http_write_chunk(struct vg_buf *out, struct vg_slice payload)
{
	char size[VG_HTTP_CHUNK_FRAME];
	VG_ASSERT(payload.len > 0); /* an empty chunk would end the body */
	struct vg_slice line = {size, (size_t)snprintf(size, sizeof(size), "%zx\r\n", payload.len)};
	struct pen pen = {.at = reserve(out, line.len + payload.len + 2)};
	if (pen.at == NULL)
		return false;
	put(&pen, line);
	put(&pen, payload);
	put(&pen, VG_SLICE("\r\n"));
	vg_buf_added(out, pen.len);
	return true;
}

bool vg_http_write_last_chunk(struct vg_buf *out)
{
	return vg_buf_append(out, VG_SLICE("0\r\n\r\n"));
}
