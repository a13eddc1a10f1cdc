#include "proxy/answer.h"

#include "policy/reply.h"
#include "proxy/conn.h"
#include "proxy/ctx.h"
#include "proxy/generation.h"
#include "proxy/origin.h"
#include "proxy/redirect.h"

/* Below so much room the vendor's side is let drain first. */
#define ROOM_MIN 4096
#define LINKS_MAX ((size_t)65536)

static enum vg_answer bad(struct vg_exchange *x, enum vg_reason reason, const char *why)
{
	x->reason = reason;
	x->constraint = vg_slice_str(why);
	return VG_ANSWER_BAD;
}

static struct vg_reply judge(const struct vg_exchange *x, const struct vg_http_head *head)
{
	const struct vg_image *image = &x->client->generation->image;
	const struct vg_http_field *type = vg_http_find(head, VG_HEADER_CONTENT_TYPE);
	bool told = head->framing == VG_FRAMING_LENGTH;
	struct vg_reply_facts facts = {
		.status = head->status,
		.has_body = told ? head->length > 0 : head->framing != VG_FRAMING_NONE,
		.length = told ? head->length : 0,
		.content_type = type == NULL ? VG_SLICE_EMPTY : type->value,
		.fields = vg_http_all_fields(head),
	};
	return vg_reply_judge(image, &vg_img_rules(image)[x->rule], &facts);
}

static enum vg_answer refuse(struct vg_exchange *x, const struct vg_reply *reply)
{
	struct vg_slice why = vg_slice_first(reply->constraint, VG_RECORD_TEXT_MAX);
	x->reason = reply->reason;
	x->constraint = vg_arena_dup(&x->arena, why);
	if (x->constraint.ptr == NULL)
		x->constraint = VG_SLICE_EMPTY;
	return VG_ANSWER_BAD;
}

static struct vg_redirect redirect_of(const struct vg_exchange *x)
{
	const struct vg_image *image = &x->client->generation->image;
	const struct vg_img_service *service = &vg_img_services(image)[x->service];
	struct vg_slice url = vg_img_str(image, vg_img_upstreams(image)[x->upstream].text);
	return (struct vg_redirect){
		.host = vg_img_str(image, service->upstream_host),
		.upstream = vg_slice_from(url, vg_slice_find(url, ':') + 3),
		.prefix = vg_img_str(image, service->prefix),
	};
}

static bool map_location(struct vg_exchange *x, const struct vg_http_head *head,
			 struct vg_slice *location)
{
	const struct vg_http_field *field = vg_http_find(head, VG_HEADER_LOCATION);
	struct vg_redirect redirect = redirect_of(x);
	*location = VG_SLICE_EMPTY;
	return field == NULL || vg_redirect_map(&redirect, field->value, &x->arena, location);
}

/* All Link fields, mapped, as one list (RFC 9110 5.3). */
static bool map_links(struct vg_exchange *x, const struct vg_http_head *head,
		      struct vg_slice *links)
{
	struct vg_redirect redirect = redirect_of(x);
	struct vg_buf text;
	vg_buf_init(&text, LINKS_MAX);
	bool good = true;
	for (size_t i = 0; good && i < head->field_count; i++)
		if (head->fields[i].id == VG_HEADER_LINK)
			good = vg_redirect_links(&redirect, head->fields[i].value, &x->arena,
						 &text);
	*links = VG_SLICE_EMPTY;
	if (good && text.len > 0) {
		*links = vg_arena_dup(&x->arena, vg_buf_slice(&text));
		good = links->ptr != NULL;
	}
	vg_buf_fini(&text);
	return good;
}

bool vg_answer_hides(const struct vg_exchange *x)
{
	return vg_img_vendors(&x->client->generation->image)[x->client->vendor].hide != 0;
}

/* An answer to HEAD has no body, and tells the length that one to GET would have had. */
static enum vg_framing told_framing(const struct vg_exchange *x, const struct vg_http_head *head)
{
	bool has_length = vg_http_find(head, VG_HEADER_CONTENT_LENGTH) != NULL;
	return x->asked.head && has_length ? VG_FRAMING_LENGTH : head->framing;
}

static enum vg_answer begin(struct vg_exchange *x, const struct vg_http_head *head)
{
	struct vg_slice location, links;
	x->upstream_status = head->status;
	struct vg_reply reply = judge(x, head);
	if (reply.form == VG_REPLY_PROBLEM || (head->status == 404 && vg_answer_hides(x)))
		return VG_ANSWER_STATUS;
	if (reply.reason != VG_REASON_ACCESS_ALLOWED)
		return refuse(x, &reply);
	if (!map_location(x, head, &location))
		return bad(x, VG_REASON_UPSTREAM_REDIRECT, "location");
	if (!map_links(x, head, &links))
		return bad(x, VG_REASON_UPSTREAM_REDIRECT, "link");
	bool empty = reply.form == VG_REPLY_HEAD;
	struct vg_http_extra extra = {"Link", links};
	struct vg_http_response_out out = {
		.head = head,
		.framing = empty ? VG_FRAMING_LENGTH : told_framing(x, head),
		.length = empty ? 0 : head->length,
		.close = !x->req_whole,
		.no_store = vg_img_services(&x->client->generation->image)[x->service].has_data !=
			    0,
		.location = location,
		.listed = &reply.listed,
		.extras = &extra,
		.extra_count = links.len > 0,
	};
	x->status = head->status;
	x->origin_reusable = head->keep_alive && head->framing != VG_FRAMING_CLOSE && !empty;
	vg_http_body_init(&x->body, empty ? VG_FRAMING_NONE : head->framing, head->length);
	if (!x->wire->head(x->codec, &out, &x->dropped))
		return VG_ANSWER_STUCK;
	x->answered = true;
	return VG_ANSWER_BEGUN;
}

enum vg_answer vg_answer_head(struct vg_exchange *x)
{
	struct vg_buf *in = &x->origin->in;
	struct vg_http_head *head = &x->worker->head;
	for (;;) {
		struct vg_slice text = vg_buf_slice(in);
		size_t len = 0;
		enum vg_scan scan = vg_http_scan(&x->scan, text, &len);
		if (scan == VG_SCAN_BAD)
			return bad(x, VG_REASON_UPSTREAM_MALFORMED, x->scan.fault);
		if (scan == VG_SCAN_MORE)
			return vg_buf_room(in) > 0
				       ? VG_ANSWER_MORE
				       : bad(x, VG_REASON_UPSTREAM_MALFORMED, "head too large");
		x->scan = (struct vg_http_scan){0};
		if (!vg_http_parse_response(head, vg_slice_first(text, len), x->asked.head))
			return bad(x, VG_REASON_UPSTREAM_MALFORMED, head->fault);
		if (head->status < 200 && ++x->interim > VG_INTERIM_MAX)
			return bad(x, VG_REASON_UPSTREAM_MALFORMED, "too many interim answers");
		enum vg_answer answer = head->status < 200 ? VG_ANSWER_MORE : begin(x, head);
		vg_buf_consume(in, len);
		if (answer != VG_ANSWER_MORE || in->len == 0)
			return answer;
	}
}

static uint64_t max_response(const struct vg_exchange *x)
{
	return vg_img_rules(&x->client->generation->image)[x->rule].max_response;
}

enum vg_answer vg_answer_body(struct vg_exchange *x)
{
	struct vg_buf *in = &x->origin->in;
	for (;;) {
		size_t room = x->wire->room(x->codec), used = 0;
		if (room < ROOM_MIN)
			room = 0; /* what has come whole is over all the same */
		struct vg_slice payload = VG_SLICE_EMPTY;
		struct vg_slice input = vg_slice_first(vg_buf_slice(in), room);
		enum vg_body body = vg_http_body_next(&x->body, input, &used, &payload);
		if (payload.len > max_response(x) - x->res_bytes)
			return bad(x, VG_REASON_FILTER_TOO_LARGE, "max_response");
		if (payload.len > 0 && !x->wire->data(x->codec, payload))
			return VG_ANSWER_STUCK;
		x->res_bytes += payload.len;
		vg_buf_consume(in, used);
		if (body == VG_BODY_END)
			return VG_ANSWER_WHOLE;
		if (body == VG_BODY_BAD)
			return bad(x, VG_REASON_UPSTREAM_MALFORMED, x->body.fault);
		if (body == VG_BODY_MORE && (in->len == 0 || room == 0))
			return VG_ANSWER_MORE;
	}
}

enum vg_answer vg_answer_closed(struct vg_exchange *x)
{
	x->origin_reusable = false;
	if (x->origin->in.len == 0 && vg_http_body_closed(&x->body))
		return VG_ANSWER_WHOLE;
	return bad(x, VG_REASON_UPSTREAM_CLOSED, "closed in its answer");
}
