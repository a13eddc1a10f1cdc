/*
 * PROXY headers (libFuzzer): however the bytes come, the answer is the same, and nothing behind the
 * header, nor past its bound, is looked at or asked for.
 */
#include "http/proxy_protocol.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect_alike(const struct vg_proxy_header *a, const struct vg_proxy_header *b)
{
	VG_ASSERT(a->named == b->named && a->sport == b->sport && vg_addr_eq(&a->src, &b->src));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct vg_slice text = {(const char *)data, size};
	struct vg_proxy_header whole, part;
	enum vg_proxy_status end = vg_proxy_header_parse(text, &whole);
	VG_ASSERT((whole.fault != NULL) == (end == VG_PROXY_BAD));
	VG_ASSERT(end != VG_PROXY_MORE || whole.size > size);
	VG_ASSERT(end == VG_PROXY_BAD || whole.size <= VG_PROXY_HEADER_MAX);
	enum vg_proxy_status status = VG_PROXY_MORE;
	for (size_t len = 0; len <= size && status == VG_PROXY_MORE; len++) {
		/* As the worker does: no fewer bytes than were asked for. */
		status = vg_proxy_header_parse(vg_slice_first(text, len), &part);
		VG_ASSERT(status != VG_PROXY_MORE || part.size > len);
		VG_ASSERT(status != VG_PROXY_WHOLE || part.size == len);
		VG_ASSERT(end != VG_PROXY_WHOLE || part.size <= whole.size);
	}
	VG_ASSERT(status == end);
	if (end == VG_PROXY_WHOLE)
		expect_alike(&whole, &part);
	VG_ASSERT(end != VG_PROXY_WHOLE || vg_proxy_header_begins(text));
	return 0;
}
