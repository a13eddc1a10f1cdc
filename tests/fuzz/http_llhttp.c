/*
 * Two parsers, one meaning (libFuzzer): what ours accepts, Node's llhttp reads the same way, or not
 * at all: start line, fields in their order, length of the body, keep-alive. The first byte
 * tells whether it is a request, an answer, or an answer to HEAD. llhttp is Debian's node-llhttp:
 *
 *   clang -fsanitize=fuzzer,address,undefined -Isrc -I/usr/share/include/llhttp
 *         tests/fuzz/http_llhttp.c /usr/share/llhttp/[a-z]*.c src/http/[a-z]*.c
 *         src/base/[a-z]*.c src/vocab/[a-z]*.c
 */
#include <llhttp.h>
#include <stdio.h>

#include "base/text.h"
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
	VG_ASSERT(t->count < VG_HTTP_FIELDS_MAX);
	grow(&t->fields[t->count].name, at, len);
	return 0;
}

static int on_value(llhttp_t *parser, const char *at, size_t len)
{
	struct theirs *t = parser->data;
	grow(&t->fields[t->count].value, at, len);
	return 0;
}

static int on_value_complete(llhttp_t *parser)
{
	((struct theirs *)parser->data)->count++;
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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct vg_http_head head;
	static struct theirs theirs;
	llhttp_settings_t settings;
	llhttp_t parser;
	if (size == 0)
		return 0;
	bool request = data[0] % 3 == 0;
	struct vg_slice text = {(const char *)data + 1, size - 1};
	struct vg_http_scan scan = {0};
	size_t len = 0;
	memset(&theirs, 0, sizeof(theirs));
	theirs.to_head = data[0] % 3 == 1;
	if (vg_http_scan(&scan, text, &len) != VG_SCAN_WHOLE)
		return 0;
	text = vg_slice_first(text, len);
	if (request ? vg_http_parse_request(&head, text) != VG_REASON_NONE
		    : !vg_http_parse_response(&head, text, theirs.to_head))
		return 0;
	llhttp_settings_init(&settings);
	settings.on_url = on_url;
	settings.on_header_field = on_name;
	settings.on_header_value = on_value;
	settings.on_header_value_complete = on_value_complete;
	settings.on_headers_complete = on_headers_complete;
	llhttp_init(&parser, request ? HTTP_REQUEST : HTTP_RESPONSE, &settings);
	parser.data = &theirs;
	llhttp_errno_t error = llhttp_execute(&parser, text.ptr, text.len);
	if (is_unknown(error))
		return 0;
	if (error != HPE_PAUSED)
		fprintf(stderr, "llhttp: %s: %s\n", llhttp_errno_name(error), parser.reason);
	VG_ASSERT(error == HPE_PAUSED);
	compare(&head, &theirs, &parser);
	return 0;
}
