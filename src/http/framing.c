#include "http/framing.h"

#include "http/chars.h"
#include "http/fields.h"

#define OPTIONS_MAX 16

/* Fields that header.def doesn't know, and that the gateway may yet write or be asked for. */
static const char *const reserved[] = {
	"authorization",
	"client-cert",
	"client-cert-chain",
	"cookie",
	"forwarded",
	"set-cookie",
	"traceparent",
	"tracestate",
	"trailer",
	"via",
	"x-forwarded-client-cert",
	"x-forwarded-for",
	"x-forwarded-host",
	"x-forwarded-prefix",
	"x-forwarded-proto",
	"x-real-ip",
	"x-request-id",
	"x-vendor-access",
	"x-vendor-address",
	"x-vendor-cert-serial",
	"x-vendor-cert-sha256",
	"x-vendor-id",
};

static bool fail(struct vg_http_head *head, const char *fault)
{
	head->fault = fault;
	return false;
}

/* RFC 9110 5.6.3 lets a HTAB stand behind a value; but there are parsers that then read another
   framing, or none. The value lies in its line, so that a CR ends the run. */
static bool has_tab_behind(struct vg_slice value)
{
	const char *at = value.ptr + value.len;
	while (*at == ' ')
		at++;
	return *at == '\t';
}

/* RFC 9110 8.6, but for leading zeros: one spelling of a length. */
static bool read_length(struct vg_http_head *head)
{
	struct vg_slice value = vg_http_find(head, VG_HEADER_CONTENT_LENGTH)->value;
	if (!vg_slice_u64(value, &head->length))
		return fail(head, "bad Content-Length");
	if (value.len > 1 && value.ptr[0] == '0')
		return fail(head, "Content-Length with leading zeros");
	if (has_tab_behind(value))
		return fail(head, "tab behind Content-Length");
	head->framing = VG_FRAMING_LENGTH;
	return true;
}

static bool read_encoding(struct vg_http_head *head, uint64_t seen)
{
	size_t count = 0;
	for (size_t i = 0; i < head->field_count; i++) {
		if (head->fields[i].id != VG_HEADER_TRANSFER_ENCODING)
			continue;
		if (!vg_slice_eq_case(head->fields[i].value, VG_SLICE("chunked")))
			return fail(head, "Transfer-Encoding other than chunked");
		if (has_tab_behind(head->fields[i].value))
			return fail(head, "tab behind Transfer-Encoding");
		count++;
	}
	if (count > 1)
		return fail(head, "several Transfer-Encodings");
	if (head->minor == 0)
		return fail(head, "Transfer-Encoding on HTTP/1.0");
	if ((seen & VG_HEADER_BIT(VG_HEADER_CONTENT_LENGTH)) != 0)
		return fail(head, "both Content-Length and Transfer-Encoding");
	head->framing = VG_FRAMING_CHUNKED;
	return true;
}

static bool is_reserved(struct vg_slice name, bool request)
{
	enum vg_header id = vg_header_of(name);
	if (id != VG_HEADER_COUNT && id != VG_HEADER_UPGRADE) {
		const struct vg_header_row *row = vg_header_row(id);
		enum vg_header_rule rule = request ? row->request : row->response;
		if (rule == VG_HEADER_OWN || rule == VG_HEADER_REFUSE)
			return true;
	}
	for (size_t i = 0; i < VG_COUNT(reserved); i++)
		if (vg_slice_eq_case(name, vg_slice_str(reserved[i])))
			return true;
	return false;
}

static void take_out(struct vg_http_head *head, struct vg_slice name)
{
	size_t kept = 0;
	for (size_t i = 0; i < head->field_count; i++) {
		if (head->fields[i].id != VG_HEADER_UPGRADE &&
		    vg_slice_eq_case(head->fields[i].name, name))
			continue;
		if (kept != i)
			head->fields[kept] = head->fields[i];
		kept++;
	}
	head->field_count = kept;
}

struct options {
	bool close, keep_alive;
	size_t count;
	struct vg_slice others[OPTIONS_MAX]; /* names of fields that go */
	size_t other_count;
};

static bool read_option(struct vg_http_head *head, struct vg_slice option, struct options *options)
{
	if (option.len == 0)
		return true; /* RFC 9110 5.6.1.2: an empty element counts for nothing */
	if (!vg_chars_all(option, VG_CHAR_TOKEN))
		return fail(head, "bad Connection option");
	if (++options->count > OPTIONS_MAX)
		return fail(head, "too many Connection options");
	if (vg_slice_eq_case(option, VG_SLICE("close")))
		options->close = true;
	else if (vg_slice_eq_case(option, VG_SLICE("keep-alive")))
		options->keep_alive = true;
	else if (is_reserved(option, head->status == 0))
		return fail(head, "Connection names a field that matters");
	else
		options->others[options->other_count++] = option;
	return true;
}

/* RFC 9112 9.3; a proxy keeps no connection with a client that speaks HTTP/1.0. */
static bool read_connection(struct vg_http_head *head, uint64_t seen)
{
	struct options options = {0};
	if ((seen & VG_HEADER_BIT(VG_HEADER_CONNECTION)) != 0) {
		for (size_t i = 0; i < head->field_count; i++) {
			struct vg_slice rest = head->fields[i].value, option;
			if (head->fields[i].id != VG_HEADER_CONNECTION)
				continue;
			while (vg_slice_cut(&rest, ',', &option))
				if (!read_option(head, vg_slice_trim(option), &options))
					return false;
		}
	}
	/* Only now: what is taken out moves the fields that are still to be read. */
	for (size_t i = 0; i < options.other_count; i++)
		take_out(head, options.others[i]);
	bool kept = head->minor == 1 || (head->status != 0 && options.keep_alive);
	head->keep_alive = kept && !options.close;
	return true;
}

bool vg_http_framing(struct vg_http_head *head, uint64_t seen)
{
	if ((seen & VG_HEADER_BIT(VG_HEADER_CONTENT_LENGTH)) != 0 && !read_length(head))
		return false;
	if ((seen & VG_HEADER_BIT(VG_HEADER_TRANSFER_ENCODING)) != 0 && !read_encoding(head, seen))
		return false;
	return read_connection(head, seen);
}
