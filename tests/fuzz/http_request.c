/*
 * Request heads (libFuzzer): the scan says the same in any parts, and what the parser accepts comes
 * back the same from our own writer. An input that breaks this ends the process.
 */
#include "http/parse.h"
#include "http/write.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum vg_scan scan_bytewise(struct vg_slice text, size_t *len)
{
	struct vg_http_scan scan = {0};
	enum vg_scan found = VG_SCAN_MORE;
	for (size_t fed = 1; fed <= text.len && found == VG_SCAN_MORE; fed++)
		found = vg_http_scan(&scan, vg_slice_first(text, fed), len);
	return found;
}

static void check_fields(const struct vg_http_head *head)
{
	for (size_t i = 0; i < head->field_count; i++) {
		struct vg_slice value = head->fields[i].value;
		VG_ASSERT(head->fields[i].name.len > 0);
		for (size_t at = 0; at < value.len; at++)
			VG_ASSERT((uint8_t)value.ptr[at] >= ' ' || value.ptr[at] == '\t');
	}
}

static void check_written(const struct vg_http_head *head)
{
	static struct vg_http_head again;
	struct vg_buf out;
	unsigned dropped;
	struct vg_http_request_out request = {
		.head = head,
		.path = head->path,
		.query = head->has_query ? head->query : vg_slice(NULL, 0),
		.host = head->host,
	};
	vg_buf_init(&out, 1 << 20);
	VG_ASSERT(vg_http_write_request(&out, &request, &dropped));
	VG_ASSERT(vg_http_parse_request(&again, vg_buf_slice(&out)) == VG_REASON_NONE);
	VG_ASSERT(vg_slice_eq(again.method, head->method) && vg_slice_eq(again.path, head->path));
	VG_ASSERT(again.has_query == head->has_query && vg_slice_eq(again.query, head->query));
	VG_ASSERT(vg_slice_eq(again.host, head->host) && again.keep_alive);
	VG_ASSERT(again.framing == head->framing && again.length == head->length);
	VG_ASSERT(again.field_count <= head->field_count);
	vg_buf_fini(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct vg_http_head head;
	struct vg_slice text = {(const char *)data, size};
	struct vg_http_scan scan = {0};
	size_t len = 0, bytewise = 0;
	text = vg_slice_from(text, vg_http_skip(text));
	enum vg_scan found = vg_http_scan(&scan, text, &len);
	VG_ASSERT(text.len == 0 || found == scan_bytewise(text, &bytewise));
	VG_ASSERT(found != VG_SCAN_WHOLE || len == bytewise);
	if (found == VG_SCAN_WHOLE)
		text = vg_slice_first(text, len);
	enum vg_reason reason = vg_http_parse_request(&head, text);
	VG_ASSERT((reason == VG_REASON_NONE) == (head.fault == NULL));
	VG_ASSERT(reason != VG_REASON_NONE || found == VG_SCAN_WHOLE);
	if (reason != VG_REASON_NONE)
		return 0;
	check_fields(&head);
	check_written(&head);
	return 0;
}
