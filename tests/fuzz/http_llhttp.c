/*
 * Two parsers, one meaning (libFuzzer): what ours accepts, Node's llhttp reads the same way, or not
 * at all: start line, fields in their order, framing and keep-alive; then the body: its bytes, and
 * where it ends. The first byte tells whether it is a request, an answer, or an answer to HEAD.
 * llhttp is Debian's node-llhttp.
 */
#include <llhttp.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/text.h"
#include "http/body.h"
#include "http/parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct theirs {
	struct vg_slice url;
	struct vg_http_field fields[VG_HTTP_FIELDS_MAX];
	size_t count;
	bool complete, keep_alive, chunked;
	uint64_t length;
	bool has_length;
	bool to_head;
	struct vg_buf body;
	bool over;
};

/* llhttp hands out pieces; the text is in one place, so a piece goes on where the last ended. */
static void grow(struct vg_slice *s, const char *at, size_t len)
{
	if (s->len == 0)
		s->ptr = at;
	VG_ASSERT(len == 0 || s->ptr + s->len == at);
	s->len += len;
}

static int on_url(llhttp_t *parser, const char *at, size_t len)
{
	grow(&((struct theirs *)parser->data)->url, at, len);
	return 0;
}

static int on_name(llhttp_t *parser, const char *at, size_t len)
{
	struct theirs *t = parser->data;
	if (t->complete)
		return 0; /* a trailer */
	VG_ASSERT(t->count < VG_HTTP_FIELDS_MAX);
	grow(&t->fields[t->count].name, at, len);
	return 0;
}

static int on_value(llhttp_t *parser, const char *at, size_t len)
{
	struct theirs *t = parser->data;
	if (!t->complete)
		grow(&t->fields[t->count].value, at, len);
	return 0;
}

static int on_value_complete(llhttp_t *parser)
{
	struct theirs *t = parser->data;
	t->count += !t->complete;
	return 0;
}

static int on_headers_complete(llhttp_t *parser)
{
	struct theirs *t = parser->data;
	t->complete = true;
	t->keep_alive = llhttp_should_keep_alive(parser) != 0;
	t->chunked = (parser->flags & F_CHUNKED) != 0;
	t->has_length = (parser->flags & F_CONTENT_LENGTH) != 0;
	t->length = parser->content_length;
	return HPE_PAUSED;
}

static int on_body(llhttp_t *parser, const char *at, size_t len)
{
	VG_ASSERT(vg_buf_append(&((struct theirs *)parser->data)->body, vg_slice(at, len)));
	return 0;
}

static int on_message_complete(llhttp_t *parser)
{
	((struct theirs *)parser->data)->over = true;
	return HPE_PAUSED;
}

/* Fields that Connection names are gone from ours; the others stand there in their order. */
static void compare_fields(const struct vg_http_head *head, const struct theirs *t)
{
	size_t at = 0;
	for (size_t i = 0; i < head->field_count; i++, at++) {
		const struct vg_http_field *field = &head->fields[i];
		while (at < t->count && !vg_slice_eq(field->name, t->fields[at].name))
			at++;
		VG_ASSERT(at < t->count);
		VG_ASSERT(vg_slice_eq(field->value, vg_slice_trim(t->fields[at].value)));
	}
	VG_ASSERT(vg_http_find(head, VG_HEADER_CONNECTION) != NULL || at == t->count);
}

static void compare(const struct vg_http_head *head, const struct theirs *t, const llhttp_t *parser)
{
	VG_ASSERT(t->complete);
	VG_ASSERT(parser->http_major == 1 && parser->http_minor == head->minor);
	VG_ASSERT(vg_slice_eq(t->url, head->target));
	VG_ASSERT(head->status == 0 || parser->status_code == head->status);
	compare_fields(head, t);
	if (head->framing == VG_FRAMING_LENGTH)
		VG_ASSERT(t->has_length && !t->chunked && t->length == head->length);
	else if (head->framing == VG_FRAMING_CHUNKED)
		VG_ASSERT(t->chunked && !t->has_length);
	else if (head->framing == VG_FRAMING_CLOSE || head->status == 0)
		VG_ASSERT(!t->chunked && !t->has_length);
	/* Ours closes more often: HTTP/1.0 clients, a 205 without a length. */
	VG_ASSERT(t->keep_alive || !head->keep_alive || t->to_head);
}

/* What llhttp doesn't know can't be read by it in another way. */
static bool is_unknown(llhttp_errno_t error)
{
	return error == HPE_INVALID_METHOD || error == HPE_INVALID_URL;
}

/* False where it reads the head not at all. */
static bool read_head(llhttp_t *parser, struct theirs *t, bool request, struct vg_slice head)
{
	static llhttp_settings_t settings;
	llhttp_settings_init(&settings);
	settings.on_url = on_url;
	settings.on_header_field = on_name;
	settings.on_header_value = on_value;
	settings.on_header_value_complete = on_value_complete;
	settings.on_headers_complete = on_headers_complete;
	settings.on_body = on_body;
	settings.on_message_complete = on_message_complete;
	llhttp_init(parser, request ? HTTP_REQUEST : HTTP_RESPONSE, &settings);
	parser->data = t;
	llhttp_errno_t error = llhttp_execute(parser, head.ptr, head.len);
	if (is_unknown(error))
		return false;
	if (error != HPE_PAUSED)
		fprintf(stderr, "llhttp: %s: %s\n", llhttp_errno_name(error), parser->reason);
	VG_ASSERT(error == HPE_PAUSED);
	return true;
}

/* Our reading of the body, appended to `out`; *used bytes of the text are its. */
static enum vg_body read_body(const struct vg_http_head *head, struct vg_slice text,
			      struct vg_buf *out, size_t *used)
{
	struct vg_http_body body;
	vg_http_body_init(&body, head->framing, head->length);
	*used = 0;
	for (;;) {
		size_t taken;
		struct vg_slice payload;
		enum vg_body found = vg_http_body_next(&body, vg_slice_from(text, *used), &taken,
						       &payload);
		*used += taken;
		VG_ASSERT(vg_buf_append(out, payload));
		if (found != VG_BODY_DATA)
			return found;
	}
}

/*
 * llhttp has its own mind where a status rules a body out: it reads one behind a 304 that tells its
 * 200's length, and to the connection's end behind a 205.
 */
static bool is_bodyless(const struct vg_http_head *head)
{
	return head->status != 0 && (vg_http_no_body(head->status) || head->status == 205);
}

static void compare_body(const struct vg_http_head *head, llhttp_t *parser, struct theirs *t,
			 struct vg_slice text)
{
	struct vg_buf ours;
	size_t used;
	vg_buf_init(&ours, (size_t)1 << 22);
	enum vg_body found = read_body(head, text, &ours, &used);
	if (t->to_head)
		parser->flags |= F_SKIPBODY;
	llhttp_resume(parser);
	llhttp_errno_t error = llhttp_execute(parser, text.ptr, text.len);
	/* Refused by either is refused; what was read before must be the same all the same. */
	if (found != VG_BODY_BAD && (error == HPE_OK || error == HPE_PAUSED)) {
		VG_ASSERT(t->over == (found == VG_BODY_END));
		VG_ASSERT(vg_slice_eq(vg_buf_slice(&ours), vg_buf_slice(&t->body)));
		if (t->over)
			VG_ASSERT(llhttp_get_error_pos(parser) == text.ptr + used);
	}
	vg_buf_fini(&ours);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct vg_http_head head;
	static struct theirs theirs;
	llhttp_t parser;
	if (size == 0)
		return 0;
	bool request = data[0] % 3 == 0;
	struct vg_slice text = {(const char *)data + 1, size - 1}, rest;
	struct vg_http_scan scan = {0};
	size_t len = 0;
	memset(&theirs, 0, sizeof(theirs));
	theirs.to_head = data[0] % 3 == 1;
	if (vg_http_scan(&scan, text, &len) != VG_SCAN_WHOLE)
		return 0;
	rest = vg_slice_from(text, len);
	text = vg_slice_first(text, len);
	if (request ? vg_http_parse_request(&head, text) != VG_REASON_NONE
		    : !vg_http_parse_response(&head, text, theirs.to_head))
		return 0;
	if (!read_head(&parser, &theirs, request, text))
		return 0;
	compare(&head, &theirs, &parser);
	vg_buf_init(&theirs.body, (size_t)1 << 22);
	if (!is_bodyless(&head))
		compare_body(&head, &parser, &theirs, rest);
	vg_buf_fini(&theirs.body);
	return 0;
}
