/*
 * PROXY headers (libFuzzer): a header says the same however it comes and whatever lies behind it.
 * Each answer on the way to it is that there must be more, never more than there may be; what is
 * bad stays bad.
 */
#include "http/proxy_protocol.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is_same(const struct vg_proxy_header *a, const struct vg_proxy_header *b)
{
	return a->size == b->size && a->named == b->named && a->sport == b->sport &&
	       memcmp(&a->src, &b->src, sizeof(a->src)) == 0;
}

static void check_whole(struct vg_slice text, const struct vg_proxy_header *header)
{
	struct vg_proxy_header alone;
	struct vg_slice own = vg_slice_first(text, header->size);
	VG_ASSERT(header->size > 0 && header->size <= text.len);
	VG_ASSERT(header->size <= VG_PROXY_HEADER_MAX && header->fault == NULL);
	VG_ASSERT(vg_proxy_header_begins(text));
	VG_ASSERT(vg_proxy_header_parse(own, &alone) == VG_PROXY_WHOLE);
	VG_ASSERT(is_same(&alone, header));
	if (!header->named)
		return;
	/* Of version 1 nothing but the line's own words. */
	if (text.ptr[0] == 'P')
		VG_ASSERT(vg_slice_ends(own, VG_SLICE("\r\n")) &&
			  vg_slice_find(own, '\0') == own.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct vg_slice text = vg_slice((const char *)data, size);
	struct vg_proxy_header header, part;
	enum vg_proxy_status whole = vg_proxy_header_parse(text, &header);
	VG_ASSERT((whole == VG_PROXY_BAD) == (header.fault != NULL));
	for (size_t fed = 0; fed <= size; fed++) {
		enum vg_proxy_status found = vg_proxy_header_parse(vg_slice_first(text, fed),
								   &part);
		if (found == VG_PROXY_MORE) {
			VG_ASSERT(part.size > fed && part.size <= VG_PROXY_HEADER_MAX);
			VG_ASSERT(fed < size || whole == VG_PROXY_MORE);
			continue;
		}
		VG_ASSERT(found == whole);
		if (found == VG_PROXY_WHOLE)
			VG_ASSERT(fed == part.size && is_same(&part, &header));
		break;
	}
	if (whole == VG_PROXY_WHOLE)
		check_whole(text, &header);
	return 0;
}
