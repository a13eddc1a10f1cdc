/*
 * Whole exchanges (libFuzzer) over the loop codec. The input is a play: bytes of the vendor and of
 * the upstream, and what else they do, each part begun by 0xff and a letter (enum below in
 * take_part). However it goes:
 *
 *   - what upstreams get is a row of requests that our own parser accepts, for the one host and
 *     the paths that the policy allows, each with an id of its own;
 *   - no slot stays open; each id that anybody saw has exactly one event;
 *   - what the vendor gets is a row of answers that our own parser accepts, of which each that the
 *     gateway calls allowed is whole, and none that it calls failed is.
 */
#include <errno.h>

#include "../unit/proxy_stage.h"
#include "http/body.h"
#include "http/parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define PARTS_MAX 64
#define EVENTS_MAX 4096

struct told {
	enum vg_reason reason;
	unsigned status;
	uint64_t res_bytes;
	bool head, interrupted;
	char id[VG_ULID_TEXT];
};

static struct stage stage;
static struct told told[EVENTS_MAX];
static size_t told_count;
static struct vg_http_head head;

static bool has_id(struct vg_slice text, const char *id)
{
	for (size_t i = 0; i + VG_ULID_TEXT - 1 <= text.len; i++)
		if (memcmp(text.ptr + i, id, VG_ULID_TEXT - 1) == 0)
			return true;
	return false;
}

/* Events. */

static void keep_event(const struct vg_record *record)
{
	struct told *one = &told[told_count++];
	struct vg_record_value value;
	size_t at = 0;
	VG_ASSERT(told_count < EVENTS_MAX);
	*one = (struct told){.reason = vg_record_reason(record)};
	while (vg_record_next(record, &at, &value)) {
		if (value.field == VG_FIELD_STATUS)
			one->status = (unsigned)value.number;
		else if (value.field == VG_FIELD_RES_BYTES)
			one->res_bytes = value.number;
		else if (value.field == VG_FIELD_CONSTRAINT)
			one->interrupted = vg_slice_starts(value.text, VG_SLICE("client ")) ||
					   vg_slice_eq(value.text, VG_SLICE("gateway closed"));
		else if (value.field == VG_FIELD_METHOD)
			one->head = vg_slice_eq(value.text, VG_SLICE("HEAD"));
		else if (value.field == VG_FIELD_REQ)
			memcpy(one->id, value.text.ptr, value.text.len);
	}
	for (size_t i = 0; i + 1 < told_count; i++)
		VG_ASSERT(memcmp(told[i].id, one->id, sizeof(one->id)) != 0);
}

static void read_events(void)
{
	struct vg_record record;
	while (vg_loopback_event(&stage.loop, &record))
		keep_event(&record);
}

static bool is_told(struct vg_slice id)
{
	for (size_t i = 0; i < told_count; i++)
		if (id.len == VG_ULID_TEXT - 1 && memcmp(told[i].id, id.ptr, id.len) == 0)
			return true;
	return false;
}

/* The rest of a message's body in *text: true where it is whole. */
static bool skip_body(struct vg_slice *text, enum vg_framing framing, uint64_t length, bool ended,
		      uint64_t *payload)
{
	struct vg_http_body body;
	*payload = 0;
	vg_http_body_init(&body, framing, length);
	for (;;) {
		size_t used;
		struct vg_slice part;
		enum vg_body found = vg_http_body_next(&body, *text, &used, &part);
		*text = vg_slice_from(*text, used);
		*payload += part.len;
		VG_ASSERT(found != VG_BODY_BAD);
		if (found == VG_BODY_END)
			return true;
		if (found == VG_BODY_MORE && text->len == 0)
			return ended && vg_http_body_closed(&body);
	}
}

/* Upstreams. */

static bool may_ask(void)
{
	if (!vg_slice_eq(head.host, VG_SLICE(STAGE_HOST)))
		return false;
	return vg_slice_starts(head.path, VG_SLICE("/v1/")) ||
	       vg_slice_eq(head.path, VG_SLICE("/small"));
}

static void check_upstream(struct vg_slice text)
{
	while (text.len > 0) {
		struct vg_http_scan scan = {0};
		size_t len = 0;
		uint64_t payload;
		enum vg_scan found = vg_http_scan(&scan, text, &len);
		VG_ASSERT(found != VG_SCAN_BAD);
		if (found == VG_SCAN_MORE)
			return;
		VG_ASSERT(vg_http_parse_request(&head, vg_slice_first(text, len)) ==
			  VG_REASON_NONE);
		VG_ASSERT(may_ask() && head.keep_alive);
		const struct vg_http_field *id = NULL;
		for (size_t i = 0; i < head.field_count; i++)
			if (vg_slice_eq_case(head.fields[i].name, VG_SLICE("X-Request-Id")))
				id = &head.fields[i];
		VG_ASSERT(id != NULL && is_told(id->value));
		text = vg_slice_from(text, len);
		if (!skip_body(&text, head.framing, head.length, false, &payload))
			VG_ASSERT(text.len == 0);
		VG_ASSERT(payload <= STAGE_MAX_BODY);
	}
}

/* The vendor. */

static struct vg_slice skip_interim(struct vg_slice text)
{
	struct vg_slice interim = VG_SLICE("HTTP/1.1 100 Continue\r\n\r\n");
	return vg_slice_starts(text, interim) ? vg_slice_from(text, interim.len) : text;
}

/* One answer beside its event; what is behind it. */
static struct vg_slice check_answer(struct vg_slice text, const struct told *one, bool ended)
{
	struct vg_http_scan scan = {0};
	size_t len = 0;
	uint64_t payload;
	text = skip_interim(text);
	if (one->status == 0)
		return text;
	enum vg_scan found = vg_http_scan(&scan, text, &len);
	VG_ASSERT(found != VG_SCAN_BAD);
	if (found == VG_SCAN_MORE) {
		VG_ASSERT(!ended);
		return vg_slice_from(text, text.len);
	}
	struct vg_slice told_head = vg_slice_first(text, len);
	VG_ASSERT(vg_http_parse_response(&head, told_head, one->head));
	VG_ASSERT(head.status == one->status);
	bool problem = one->id[0] != '\0' && has_id(told_head, one->id);
	text = vg_slice_from(text, len);
	bool whole = skip_body(&text, head.framing, head.length, ended, &payload);
	VG_ASSERT(!problem || whole || !ended);
	if (!problem && one->reason != VG_REASON_ACCESS_ALLOWED)
		VG_ASSERT(!whole);
	if (!problem && one->reason == VG_REASON_ACCESS_ALLOWED && !one->interrupted)
		VG_ASSERT(whole && payload == one->res_bytes);
	return text;
}

/* `first`: the event that the connection's first exchange left. `ended`: in order. */
static void check_vendor(struct vg_slice text, size_t first, bool ended)
{
	for (size_t i = first; i < told_count; i++)
		text = check_answer(text, &told[i], ended);
	VG_ASSERT(skip_interim(text).len == 0);
}

/* The play. */

static size_t first_event;

static void end_connection(void)
{
	struct vg_memory *vendor = &stage.loop.vendor;
	bool ended = vendor->out_ended && !vendor->out_reset;
	if (vendor->stream != NULL) {
		vendor->broken = true;
		stage_run(&stage);
	}
	/* Who had ended its half before isn't listened to any more. */
	if (vendor->stream != NULL)
		vg_conn_close(stage.loop.conn);
	stage_run(&stage);
	VG_ASSERT(vendor->closed);
	VG_ASSERT(stage.loop.worker.ring.open == 0);
	read_events();
	check_vendor(vg_buf_slice(&vendor->out), first_event, ended);
	first_event = told_count;
}

static void append(struct vg_buf *to, struct vg_slice bytes)
{
	(void)!vg_buf_append(to, bytes);
}

static void take_part(char what, struct vg_slice rest)
{
	struct vg_memory *vendor = &stage.loop.vendor, *upstream = stage_upstream(&stage);
	switch (what) {
	case 'S': /* the vendor says */
		append(&vendor->in, rest);
		break;
	case 'L': /* the vendor ends its half */
		vendor->in_ended = true;
		break;
	case 'V': /* the vendor is gone */
		vendor->broken = true;
		break;
	case 'R': /* the vendor has only so much room */
		vendor->room = rest.len > 0 ? (size_t)(uint8_t)rest.ptr[0] << 6 : VG_LOOPBACK_MAX;
		break;
	case 'N': /* the vendor comes anew */
		end_connection();
		VG_ASSERT(vg_loopback_connect(&stage.loop, &stage.client));
		break;
	case 'T': /* time passes */
		(void)!vg_loopback_expire(&stage.loop);
		break;
	case 'D': /* dials fail, or succeed again */
		stage.dial_error = rest.len > 0 ? ECONNREFUSED : 0;
		break;
	default:
		if (upstream == NULL)
			break;
		if (what == 'A') /* the upstream answers */
			append(&upstream->in, rest);
		else if (what == 'H') /* it ends */
			upstream->in_ended = true;
		else if (what == 'B') /* it breaks */
			upstream->broken = true;
		else if (what == 'C') /* it has only so much room */
			upstream->room = rest.len > 0 ? (size_t)(uint8_t)rest.ptr[0] << 6
						      : VG_LOOPBACK_MAX;
	}
	stage_run(&stage);
	read_events();
}

static void play(struct vg_slice script)
{
	struct vg_slice part;
	for (int i = 0; i < PARTS_MAX && vg_slice_cut(&script, (char)0xff, &part); i++)
		if (part.len > 0)
			take_part(part.ptr[0], vg_slice_from(part, 1));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (stage.image == NULL) {
		stage_begin(&stage);
		VG_ASSERT(vg_loopback_init(&stage.loop, stage.image, 128));
	}
	told_count = first_event = 0;
	stage.dial_error = 0;
	VG_ASSERT(vg_loopback_connect(&stage.loop, &stage.client));
	play(vg_slice((const char *)data, size));
	end_connection();
	for (uint32_t i = 0; i < stage.loop.origin_count; i++)
		check_upstream(vg_buf_slice(&stage.loop.origins[i].memory.out));
	vg_loopback_reset(&stage.loop);
	return 0;
}
