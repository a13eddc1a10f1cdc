#include "http/parse.h"

#include "base/text.h"
#include "http/chars.h"
#include "http/fields.h"
#include "http/framing.h"
#include "http/host.h"

size_t vg_http_skip(struct vg_slice text)
{
	return vg_slice_starts(text, VG_SLICE("\r\n")) ? 2 : 0;
}

static enum vg_scan scan_bad(struct vg_http_scan *scan, const char *fault)
{
	scan->fault = fault;
	return VG_SCAN_BAD;
}

enum vg_scan vg_http_scan(struct vg_http_scan *scan, struct vg_slice text, size_t *len)
{
	const char *at = text.ptr + scan->at, *end = text.ptr + text.len;
	if (scan->fault != NULL)
		return VG_SCAN_BAD;
	while (at < end) {
		if (end - at >= 8 && vg_chars_low(vg_chars_load(at)) == 0) {
			at += 8;
			continue;
		}
		if (*at == '\n')
			return scan_bad(scan, "bare LF");
		if (*at == '\0')
			return scan_bad(scan, "NUL");
		if (*at != '\r') {
			at++;
			continue;
		}
		if (end - at < 2)
			break;
		if (at[1] != '\n')
			return scan_bad(scan, "bare CR");
		/* A LF that was let through ended a line: this one is empty. */
		if (at == text.ptr || at[-1] == '\n') {
			*len = (size_t)(at - text.ptr) + 2;
			scan->at = (size_t)(at - text.ptr);
			return VG_SCAN_WHOLE;
		}
		at += 2;
	}
	scan->at = (size_t)(at - text.ptr);
	return VG_SCAN_MORE;
}

static bool fail(struct vg_http_head *head, const char *fault)
{
	head->fault = fault;
	return false;
}

static enum vg_reason refuse(struct vg_http_head *head, const char *fault, enum vg_reason reason)
{
	head->fault = fault;
	return reason;
}

/* All but the array: its elements are written as they are counted. */
static void head_init(struct vg_http_head *head)
{
	head->method = head->target = head->path = head->query = head->host = VG_SLICE_EMPTY;
	head->has_query = head->keep_alive = head->expect_continue = false;
	head->status = head->minor = 0;
	head->field_count = 0;
	head->framing = VG_FRAMING_NONE;
	head->length = 0;
	head->fault = NULL;
}

/* "HTTP/1.0" or "HTTP/1.1" and then `stop`; 0 where it is neither, else the bytes of both. */
static size_t read_version(struct vg_http_head *head, struct vg_slice text, struct vg_slice stop)
{
	struct vg_slice rest = vg_slice_from(text, 8);
	if (!vg_slice_starts(text, VG_SLICE("HTTP/1.")) || text.len < 8 ||
	    (text.ptr[7] != '0' && text.ptr[7] != '1') || !vg_slice_starts(rest, stop))
		return 0;
	head->minor = (unsigned)(text.ptr[7] - '0');
	return 8 + stop.len;
}

/* Path and query of what stands behind the authority, or of an origin-form. */
static void split_target(struct vg_http_head *head, struct vg_slice text)
{
	size_t mark = vg_slice_find(text, '?');
	head->path = vg_slice_first(text, mark);
	head->has_query = mark < text.len;
	head->query = head->has_query ? vg_slice_from(text, mark + 1) : VG_SLICE_EMPTY;
}

/* RFC 9112 3.2.2; an empty path is `/`, and `*` of OPTIONS (3.2.4, RFC 9110 4.2.3). */
static bool read_absolute(struct vg_http_head *head, size_t scheme, struct vg_slice *authority)
{
	struct vg_slice rest = vg_slice_from(head->target, scheme);
	size_t end = 0;
	while (end < rest.len && rest.ptr[end] != '/' && rest.ptr[end] != '?')
		end++;
	*authority = vg_slice_first(rest, end);
	if (authority->len == 0)
		return fail(head, "target without a host");
	split_target(head, vg_slice_from(rest, end));
	if (head->path.len == 0)
		head->path = !head->has_query && vg_slice_eq(head->method, VG_SLICE("OPTIONS"))
				     ? VG_SLICE("*")
				     : VG_SLICE("/");
	return true;
}

/* RFC 9112 3.2: which form it is. authority-form is CONNECT's alone, and that is refused. */
static bool read_target(struct vg_http_head *head, struct vg_slice *authority)
{
	struct vg_slice target = head->target;
	if (target.ptr[0] == '/') {
		split_target(head, target);
		return true;
	}
	if (vg_slice_eq(target, VG_SLICE("*"))) {
		head->path = target;
		return vg_slice_eq(head->method, VG_SLICE("OPTIONS")) ||
		       fail(head, "target * without OPTIONS");
	}
	if (vg_slice_eq_case(vg_slice_first(target, 7), VG_SLICE("http://")))
		return read_absolute(head, 7, authority);
	if (vg_slice_eq_case(vg_slice_first(target, 8), VG_SLICE("https://")))
		return read_absolute(head, 8, authority);
	return fail(head, "target of an unknown form");
}

/* RFC 9112 3: three parts, one space between them. *lines is what follows the line. */
static bool read_request_line(struct vg_http_head *head, struct vg_slice text,
			      struct vg_slice *authority, struct vg_slice *lines)
{
	const char *end = text.ptr + text.len;
	const char *at = vg_chars_run(text.ptr, end, VG_CHAR_TOKEN);
	head->method = vg_slice(text.ptr, (size_t)(at - text.ptr));
	if (at == end || at == text.ptr || *at != ' ')
		return fail(head, "bad method");
	const char *target = at + 1;
	at = vg_chars_run(target, end, VG_CHAR_VISIBLE);
	head->target = vg_slice(target, (size_t)(at - target));
	if (at == target)
		return fail(head, "no target");
	if (at == end || (*at != ' ' && *at != '\r'))
		return fail(head, "bad byte in the target");
	if (*at == '\r')
		return fail(head, "no HTTP version");
	at++;
	size_t version = read_version(head, vg_slice(at, (size_t)(end - at)), VG_SLICE("\r\n"));
	if (version == 0)
		return fail(head, "bad HTTP version");
	*lines = vg_slice(at + version, (size_t)(end - at) - version);
	if (vg_slice_eq(head->method, VG_SLICE("CONNECT")) ||
	    vg_slice_eq(head->method, VG_SLICE("TRACE")))
		return fail(head, "method that is never accepted");
	return read_target(head, authority);
}

/* RFC 9112 3.2: one Host, on HTTP/1.0 too, and an absolute-form target says the same. */
static bool read_host(struct vg_http_head *head, uint64_t seen, struct vg_slice authority)
{
	if ((seen & VG_HEADER_BIT(VG_HEADER_HOST)) == 0)
		return fail(head, "no Host");
	struct vg_slice value = vg_http_find(head, VG_HEADER_HOST)->value;
	if (!vg_http_authority(value, &head->host, &head->fault))
		return false;
	return authority.len == 0 || vg_slice_eq_case(authority, value) ||
	       fail(head, "target and Host differ");
}

/* RFC 9110 7.8. */
static bool has_h2c(const struct vg_http_head *head)
{
	for (size_t i = 0; i < head->field_count; i++) {
		struct vg_slice rest = head->fields[i].value, protocol;
		if (head->fields[i].id != VG_HEADER_UPGRADE)
			continue;
		while (vg_slice_cut(&rest, ',', &protocol)) {
			protocol = vg_slice_first(protocol, vg_slice_find(protocol, '/'));
			if (vg_slice_eq_case(vg_slice_trim(protocol), VG_SLICE("h2c")))
				return true;
		}
	}
	return false;
}

/* RFC 9110 10.1.1: it means nothing on HTTP/1.0, nor where there is no body to wait for. */
static bool read_expect(struct vg_http_head *head)
{
	if (!vg_slice_eq_case(vg_http_find(head, VG_HEADER_EXPECT)->value,
			      VG_SLICE("100-continue")))
		return fail(head, "expectation other than 100-continue");
	head->expect_continue = head->minor == 1 &&
				(head->framing == VG_FRAMING_CHUNKED || head->length > 0);
	return true;
}

/* What the fields say of the exchange; malformed goes before what is merely not served. */
static enum vg_reason read_meaning(struct vg_http_head *head, uint64_t seen,
				   struct vg_slice authority)
{
	bool upgrade = (seen & VG_HEADER_BIT(VG_HEADER_UPGRADE)) != 0;
	if (!read_host(head, seen, authority) || !vg_http_framing(head, seen))
		return VG_REASON_HTTP_MALFORMED;
	if (upgrade && has_h2c(head))
		return refuse(head, "upgrade to h2c", VG_REASON_HTTP_MALFORMED);
	if ((seen & VG_HEADER_BIT(VG_HEADER_EXPECT)) != 0 && !read_expect(head))
		return VG_REASON_HTTP_EXPECT;
	if (upgrade)
		return refuse(head, "upgrade", VG_REASON_HTTP_UPGRADE);
	return VG_REASON_NONE;
}

enum vg_reason vg_http_parse_request(struct vg_http_head *head, struct vg_slice text)
{
	struct vg_slice authority = VG_SLICE_EMPTY, lines;
	uint64_t seen;
	head_init(head);
	if (!read_request_line(head, text, &authority, &lines))
		return VG_REASON_HTTP_MALFORMED;
	enum vg_reason reason = vg_http_fields(head, lines, true, &seen);
	if (reason == VG_REASON_NONE)
		reason = read_meaning(head, seen, authority);
	head->keep_alive = head->keep_alive && reason == VG_REASON_NONE;
	return reason;
}

/* RFC 9112 4: the space behind the status stands even where there is no phrase. */
static bool read_status_line(struct vg_http_head *head, struct vg_slice text,
			     struct vg_slice *lines)
{
	const char *end = text.ptr + text.len;
	size_t version = read_version(head, text, VG_SLICE(" "));
	if (version == 0)
		return fail(head, "bad HTTP version");
	struct vg_slice code = vg_slice_first(vg_slice_from(text, version), 3);
	const char *at = code.ptr + code.len;
	uint64_t status;
	if (code.len != 3 || !vg_slice_u64(code, &status) || status < 100 || status > 599)
		return fail(head, "bad status");
	head->status = (unsigned)status;
	if (at == end || *at != ' ')
		return fail(head, "no space behind the status");
	at = vg_chars_run(at, end, VG_CHAR_VALUE | VG_CHAR_OPAQUE);
	if (end - at < 2 || at[0] != '\r' || at[1] != '\n')
		return fail(head, "bad byte in the reason phrase");
	*lines = vg_slice(at + 2, (size_t)(end - at) - 2);
	return true;
}

/*
 * RFC 9112 6.3. A status that has no body takes what would announce one as malformed, but for
 * `Content-Length: 0`, and for the length that a 304 tells of its 200.
 */
static bool read_status_framing(struct vg_http_head *head, bool to_head)
{
	unsigned status = head->status;
	bool announced = head->framing == VG_FRAMING_CHUNKED || head->length > 0;
	if (status == 101)
		return fail(head, "101 that nobody asked for");
	if (status < 200 && head->framing != VG_FRAMING_NONE)
		return fail(head, "1xx with a body");
	if ((status == 204 || status == 205) && announced)
		return fail(head, status == 204 ? "204 with a body" : "205 with a body");
	/* A 205 that says no length: some wait for the end of the connection, some don't. */
	if (status == 205 && head->framing == VG_FRAMING_NONE)
		head->keep_alive = false;
	if (to_head || vg_http_no_body(status) || status == 205) {
		head->framing = VG_FRAMING_NONE;
	} else if (head->framing == VG_FRAMING_NONE) {
		head->framing = VG_FRAMING_CLOSE;
		head->keep_alive = false;
	}
	return true;
}

bool vg_http_parse_response(struct vg_http_head *head, struct vg_slice text, bool to_head)
{
	struct vg_slice lines;
	uint64_t seen;
	head_init(head);
	bool good = read_status_line(head, text, &lines) &&
		    vg_http_fields(head, lines, false, &seen) == VG_REASON_NONE &&
		    vg_http_framing(head, seen) && read_status_framing(head, to_head);
	head->keep_alive = head->keep_alive && good;
	return good;
}
