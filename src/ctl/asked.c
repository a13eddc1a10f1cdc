#include "ctl/asked.h"

#include "base/buf.h"
#include "http/parse.h"

#define HEAD_MAX ((size_t)1 << 20)

struct url {
	struct vg_slice authority, target;
};

static bool cut_url(struct url *url, struct vg_slice text)
{
	struct vg_slice scheme = VG_SLICE("https://");
	if (!vg_slice_eq_case(vg_slice_first(text, scheme.len), scheme))
		return false;
	text = vg_slice_from(text, scheme.len);
	size_t end = 0;
	while (end < text.len && text.ptr[end] != '/' && text.ptr[end] != '?')
		end++;
	url->authority = vg_slice_first(text, end);
	url->target = vg_slice_from(text, end);
	return url->authority.len > 0;
}

/* A line end would begin another field, or end the head. */
static bool is_one_line(struct vg_slice text)
{
	return vg_slice_find(text, '\r') == text.len && vg_slice_find(text, '\n') == text.len;
}

static bool append(struct vg_buf *buf, struct vg_slice a, struct vg_slice b, struct vg_slice c)
{
	return vg_buf_append(buf, a) && vg_buf_append(buf, b) && vg_buf_append(buf, c);
}

static bool write_head(struct vg_buf *buf, const struct vg_asked_options *options,
		       const char **fault)
{
	struct url url;
	struct vg_slice method = vg_slice_str(options->method), end = VG_SLICE("\r\n");
	*fault = "the URL must be https://HOST[:PORT]/PATH[?QUERY], on one line";
	if (!cut_url(&url, vg_slice_str(options->url)) || !is_one_line(url.authority) ||
	    !is_one_line(url.target))
		return false;
	*fault = "the method must be on one line";
	if (!is_one_line(method))
		return false;
	*fault = "the request is too long";
	/* RFC 9112 3.2.1: an empty path is sent as "/". */
	struct vg_slice slash = vg_slice_starts(url.target, VG_SLICE("/")) ? VG_SLICE_EMPTY
									   : VG_SLICE("/");
	if (!append(buf, method, VG_SLICE(" "), slash) ||
	    !append(buf, url.target, VG_SLICE(" HTTP/1.1\r\nHost: "), url.authority) ||
	    !vg_buf_append(buf, end))
		return false;
	for (size_t i = 0; i < options->header_count; i++) {
		struct vg_slice line = vg_slice_str(options->headers[i]);
		if (!is_one_line(line)) {
			*fault = "a header must be on one line";
			return false;
		}
		if (!append(buf, line, end, VG_SLICE_EMPTY))
			return false;
	}
	return vg_buf_append(buf, end);
}

static enum vg_reason read_parts(struct vg_asked *asked, struct vg_facts *facts,
				 struct vg_arena *arena)
{
	struct vg_http_parts *parts = &asked->parts;
	*parts = (struct vg_http_parts){.path = &asked->path, .query = &asked->query};
	enum vg_reason reason = vg_http_parts(parts, &asked->head, arena);
	facts->fault = parts->fault;
	facts->host = facts->sni = vg_slice(parts->host, parts->host_len);
	if (reason != VG_REASON_NONE)
		return reason;
	facts->path = &asked->path;
	facts->query = asked->head.has_query ? &asked->query : NULL;
	return VG_REASON_NONE;
}

static void read_body_facts(const struct vg_http_head *head, struct vg_facts *facts)
{
	const struct vg_http_field *type = vg_http_find(head, VG_HEADER_CONTENT_TYPE);
	facts->method = head->method;
	facts->fields = vg_http_all_fields(head);
	facts->has_body = head->framing != VG_FRAMING_NONE;
	facts->body_length = head->framing == VG_FRAMING_LENGTH ? head->length : 0;
	facts->content_type = type == NULL ? VG_SLICE_EMPTY : type->value;
}

static void read_head(struct vg_asked *asked, struct vg_facts *facts, struct vg_slice text,
		      struct vg_arena *arena)
{
	struct vg_http_scan scan = {0};
	size_t len = 0;
	facts->malformed = VG_REASON_HTTP_MALFORMED;
	if (vg_http_scan(&scan, text, &len) != VG_SCAN_WHOLE) {
		facts->fault = scan.fault;
		return;
	}
	facts->malformed = vg_http_parse_request(&asked->head, text);
	facts->fault = asked->head.fault;
	if (facts->malformed != VG_REASON_NONE)
		return;
	facts->malformed = read_parts(asked, facts, arena);
	read_body_facts(&asked->head, facts);
}

bool vg_asked_facts(struct vg_asked *asked, struct vg_facts *facts,
		    const struct vg_asked_options *options, struct vg_arena *arena,
		    const char **fault)
{
	struct vg_buf buf;
	vg_buf_init(&buf, HEAD_MAX);
	bool good = write_head(&buf, options, fault);
	struct vg_slice text = vg_arena_dup(arena, vg_buf_slice(&buf));
	vg_buf_fini(&buf);
	if (!good || text.ptr == NULL)
		return false;
	read_head(asked, facts, text, arena);
	return true;
}
