/*
 * Answer heads (libFuzzer): what the parser accepts is written as an answer that says the same of
 * its body. The first byte tells whether it answers a HEAD.
 */
#include "http/parse.h"
#include "http/write.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_written(const struct vg_http_head *head, bool to_head)
{
	static struct vg_http_head again;
	struct vg_buf out;
	unsigned dropped;
	struct vg_http_response_out response = {
		.head = head, .framing = head->framing, .length = head->length};
	vg_buf_init(&out, 1 << 20);
	VG_ASSERT(vg_http_write_response(&out, &response, &dropped));
	VG_ASSERT(vg_http_parse_response(&again, vg_buf_slice(&out), to_head));
	VG_ASSERT(again.status == head->status && again.framing == head->framing);
	VG_ASSERT(again.framing != VG_FRAMING_LENGTH || again.length == head->length);
	VG_ASSERT(vg_http_find(&again, VG_HEADER_LOCATION) == NULL);
	vg_buf_fini(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct vg_http_head head;
	if (size == 0)
		return 0;
	bool to_head = (data[0] & 1) != 0;
	struct vg_slice text = {(const char *)data + 1, size - 1};
	struct vg_http_scan scan = {0};
	size_t len = 0;
	enum vg_scan found = vg_http_scan(&scan, text, &len);
	if (found == VG_SCAN_WHOLE)
		text = vg_slice_first(text, len);
	bool good = vg_http_parse_response(&head, text, to_head);
	VG_ASSERT(good == (head.fault == NULL));
	VG_ASSERT(!good || (found == VG_SCAN_WHOLE && head.status != 101));
	if (good)
		check_written(&head, to_head);
	return 0;
}
