/*
 * Bodies (libFuzzer): any split of the input decodes to the same payload, end and place. The first
 * byte tells the framing, the second the length or the size of the parts.
 */
#include "http/body.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct result {
	enum vg_body end;
	size_t used, payload;
	uint64_t sum; /* of the payload's bytes, in their order */
	bool whole;
};

static struct result decode(struct vg_slice text, enum vg_framing framing, uint64_t length,
			    size_t step)
{
	struct result result = {.end = VG_BODY_MORE};
	struct vg_http_body body;
	size_t fed = 0;
	vg_http_body_init(&body, framing, length);
	for (;;) {
		size_t used;
		struct vg_slice payload, in = {text.ptr + result.used, fed - result.used};
		result.end = vg_http_body_next(&body, in, &used, &payload);
		VG_ASSERT(used <= in.len && payload.len <= used);
		VG_ASSERT((payload.len > 0) == (result.end == VG_BODY_DATA));
		VG_ASSERT((body.fault != NULL) == (result.end == VG_BODY_BAD));
		for (size_t i = 0; i < payload.len; i++)
			result.sum = result.sum * 31 + (uint8_t)payload.ptr[i];
		result.payload += payload.len;
		result.used += used;
		if (result.end == VG_BODY_DATA)
			continue;
		if (result.end != VG_BODY_MORE || fed == text.len)
			break;
		VG_ASSERT(result.used == fed);
		fed = text.len - fed > step ? fed + step : text.len;
	}
	result.whole = vg_http_body_closed(&body);
	return result;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const enum vg_framing framings[] = {VG_FRAMING_CHUNKED, VG_FRAMING_LENGTH,
						   VG_FRAMING_CLOSE, VG_FRAMING_NONE};
	if (size < 2)
		return 0;
	enum vg_framing framing = framings[data[0] & 3];
	struct vg_slice text = {(const char *)data + 2, size - 2};
	struct result whole = decode(text, framing, data[1], text.len);
	const size_t steps[] = {1, 2, 3, 7, (size_t)data[1] + 1};
	for (size_t i = 0; i < VG_COUNT(steps); i++) {
		struct result parts = decode(text, framing, data[1], steps[i]);
		VG_ASSERT(parts.end == whole.end && parts.used == whole.used);
		VG_ASSERT(parts.payload == whole.payload && parts.sum == whole.sum);
		VG_ASSERT(parts.whole == whole.whole);
	}
	VG_ASSERT(framing != VG_FRAMING_LENGTH || whole.payload <= data[1]);
	return 0;
}
