#include "http/fields.h"

#include "base/text.h"
#include "http/chars.h"

/* Where the lines are read, and for whom. */
struct reader {
	const char *at, *end;
	const char *fault;
	bool request;
};

static enum vg_header_rule rule_of(enum vg_header id, bool request)
{
	const struct vg_header_row *row = vg_header_row(id);
	return request ? row->request : row->response;
}

/* Equal but for case and all that is no letter and no digit. */
static bool looks_like(struct vg_slice odd, struct vg_slice name)
{
	size_t i = 0, j = 0;
	for (;;) {
		while (i < odd.len && !vg_is_alpha(odd.ptr[i]) && !vg_is_digit(odd.ptr[i]))
			i++;
		while (j < name.len && name.ptr[j] == '-')
			j++;
		if (i == odd.len || j == name.len)
			return i == odd.len && j == name.len;
		if (vg_lower(odd.ptr[i++]) != name.ptr[j++])
			return false;
	}
}

/* CGI and its heirs read `_` as `-`, others skip what they don't expect in a name. */
static bool is_look_alike(struct vg_slice odd, bool request)
{
	for (unsigned i = 0; i < VG_HEADER_COUNT; i++) {
		enum vg_header_rule rule = rule_of((enum vg_header)i, request);
		if ((rule == VG_HEADER_OWN || rule == VG_HEADER_REFUSE) &&
		    looks_like(odd, vg_header_name(vg_header_row((enum vg_header)i))))
			return true;
	}
	return false;
}

static const char *name_fault(const char *begin, const char *at)
{
	if (*at == ' ' || *at == '\t')
		return at == begin ? "folded line" : "white space in a field name";
	if (*at == '\r')
		return at == begin ? "text behind the empty line" : "field without a colon";
	return at == begin && *at == ':' ? "field without a name" : "bad byte in a field name";
}

/* Up to the colon, and behind it. */
static bool read_name(struct reader *in, struct vg_http_field *field)
{
	const char *begin = in->at;
	const char *at = vg_chars_run(begin, in->end, VG_CHAR_NAME);
	bool odd = *at != ':';
	if (odd)
		at = vg_chars_run(at, in->end, VG_CHAR_TOKEN);
	if (at == begin || *at != ':') {
		in->fault = name_fault(begin, at);
		return false;
	}
	field->name = vg_slice(begin, (size_t)(at - begin));
	in->at = at + 1;
	if (!odd) {
		field->id = vg_header_of(field->name);
		return true;
	}
	field->id = VG_HEADER_COUNT;
	if (is_look_alike(field->name, in->request)) {
		in->fault = "look-alike of a field that matters";
		return false;
	}
	return true;
}

/* Behind the line's CRLF; *opaque where the value has bytes from 0x80. */
static bool read_value(struct reader *in, struct vg_slice *value, bool *opaque)
{
	const char *begin = in->at, *at = begin;
	unsigned classes = 0;
	while (in->end - at >= 8 && vg_chars_odd(vg_chars_load(at)) == 0)
		at += 8;
	for (; (vg_char(*at) & (VG_CHAR_VALUE | VG_CHAR_OPAQUE)) != 0; at++)
		classes |= vg_char(*at);
	if (at[0] != '\r' || at[1] != '\n') {
		in->fault = "bad byte in a field value";
		return false;
	}
	*opaque = (classes & VG_CHAR_OPAQUE) != 0;
	*value = vg_slice_trim(vg_slice(begin, (size_t)(at - begin)));
	in->at = at + 2;
	return true;
}

/* What its row says of a known field: refused, given twice, or not ASCII where it is read. */
static bool is_allowed(struct reader *in, enum vg_header id, bool opaque, uint64_t seen)
{
	enum vg_header_rule rule = rule_of(id, in->request);
	if (rule == VG_HEADER_REFUSE)
		in->fault = "field that is never accepted";
	else if (vg_header_row(id)->one && (seen & VG_HEADER_BIT(id)) != 0)
		in->fault = "field given twice";
	else if (opaque && (rule == VG_HEADER_OWN ||
			    (in->request && rule == VG_HEADER_PASS && id != VG_HEADER_USER_AGENT)))
		in->fault = "bytes outside ASCII in a field that is read";
	return in->fault == NULL;
}

static enum vg_reason refuse(struct vg_http_head *head, const char *fault, enum vg_reason reason)
{
	head->fault = fault;
	return reason;
}

enum vg_reason vg_http_fields(struct vg_http_head *head, struct vg_slice lines, bool request,
			      uint64_t *seen)
{
	struct reader in = {.at = lines.ptr, .end = lines.ptr + lines.len, .request = request};
	*seen = 0;
	/* The CRLF at the end stops every run below before the end of the text. */
	if (!vg_slice_ends(lines, VG_SLICE("\r\n")))
		return refuse(head, "no empty line at the end", VG_REASON_HTTP_MALFORMED);
	while (in.end - in.at > 2) {
		struct vg_http_field *field = &head->fields[head->field_count];
		bool opaque;
		if (head->field_count == VG_HTTP_FIELDS_MAX)
			return refuse(head, "too many fields", VG_REASON_HTTP_HEAD_TOO_LARGE);
		if (!read_name(&in, field) || !read_value(&in, &field->value, &opaque))
			return refuse(head, in.fault, VG_REASON_HTTP_MALFORMED);
		head->field_count++;
		if (field->id == VG_HEADER_COUNT)
			continue;
		if (!is_allowed(&in, field->id, opaque, *seen))
			return refuse(head, in.fault, VG_REASON_HTTP_MALFORMED);
		*seen |= VG_HEADER_BIT(field->id);
	}
	if (in.end - in.at != 2 || in.at[0] != '\r')
		return refuse(head, "no empty line at the end", VG_REASON_HTTP_MALFORMED);
	return VG_REASON_NONE;
}
