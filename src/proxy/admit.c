#include "proxy/admit.h"

#include <string.h>

#include "http/parts.h"
#include "proxy/client.h"
#include "proxy/ctx.h"
#include "proxy/forward.h"
#include "proxy/generation.h"

/* Of what a vendor chose, only so much is kept for the event. */
static struct vg_slice keep(struct vg_exchange *x, struct vg_slice text)
{
	struct vg_slice copy = vg_arena_dup(&x->arena, vg_slice_first(text, VG_RECORD_TEXT_MAX));
	return copy.ptr == NULL ? VG_SLICE_EMPTY : copy;
}

static struct vg_slice keep_field(struct vg_exchange *x, const struct vg_http_head *head,
				  enum vg_header id)
{
	const struct vg_http_field *field = vg_http_find(head, id);
	return field == NULL ? VG_SLICE_EMPTY : keep(x, field->value);
}

static void keep_head(struct vg_exchange *x, const struct vg_http_head *head)
{
	struct vg_asked *asked = &x->asked;
	asked->minor = head->minor;
	asked->method = keep(x, head->method);
	asked->head = vg_slice_eq(head->method, VG_SLICE("HEAD"));
	asked->ua = keep_field(x, head, VG_HEADER_USER_AGENT);
	asked->ctype = keep_field(x, head, VG_HEADER_CONTENT_TYPE);
	asked->path = keep(x, head->path);
}

/* "page,size": names, never values. */
static void keep_query_keys(struct vg_exchange *x, const struct vg_query *query)
{
	char keys[VG_RECORD_TEXT_MAX];
	size_t len = 0;
	for (size_t i = 0; i < query->count; i++) {
		struct vg_slice name = query->pairs[i].name;
		if (name.len + 1 > sizeof(keys) - len)
			break;
		if (len > 0)
			keys[len++] = ',';
		memcpy(keys + len, name.ptr, name.len);
		len += name.len;
	}
	x->asked.query_keys = keep(x, vg_slice(keys, len));
}

static void mark_path(struct vg_exchange *x, uint32_t service, uint32_t rule)
{
	x->asked.mark_bytes = vg_capture_marks(x->asked.marks, &x->client->generation->image,
					       service, rule, &x->worker->path);
}

/*
 * What of the path are values, now that it was judged. A request that was refused before its
 * service was looked for has one all the same, by its host.
 */
static void mark_judged(struct vg_exchange *x, const struct vg_verdict *verdict)
{
	struct vg_path below;
	const struct vg_path *path = &x->worker->path;
	uint32_t service = verdict->service;
	if (x->asked.mark_bytes == 0)
		return; /* no segment, or never read */
	if (service == VG_NO_ROW)
		service = vg_route_service(&x->client->generation->image, x->asked.host, path,
					   &below);
	mark_path(x, service, verdict->rule);
}

enum vg_reason vg_admit_read(struct vg_exchange *x, const struct vg_http_head *head)
{
	struct vg_worker *worker = x->worker;
	keep_head(x, head);
	vg_forward_trace(x, head);
	x->req_framing = head->framing;
	x->req_whole = head->framing == VG_FRAMING_NONE ||
		       (head->framing == VG_FRAMING_LENGTH && head->length == 0);
	x->bodyless = x->req_whole;
	x->expects = head->expect_continue && !x->req_whole;
	struct vg_http_parts parts = {.path = &worker->path, .query = &worker->query};
	enum vg_reason reason = vg_http_parts(&parts, head, &x->arena);
	x->fault = parts.fault;
	x->asked.host = keep(x, vg_slice(parts.host, parts.host_len));
	if (worker->path.text.len > 0) {
		x->asked.path = worker->path.text;
		/* No rule is known yet: until then each segment may be somebody's name. */
		mark_path(x, VG_NO_ROW, VG_NO_ROW);
	}
	if (reason != VG_REASON_NONE)
		return reason;
	keep_query_keys(x, &worker->query);
	if (x->asked.host.len > 0)
		return VG_REASON_NONE;
	x->fault = "memory";
	return VG_REASON_GATEWAY_ERROR;
}

void vg_admit_raw(struct vg_exchange *x, const struct vg_http_head *head, struct vg_slice raw)
{
	if (head != NULL && head->method.len > 0) {
		keep_head(x, head);
		return;
	}
	/* Nothing of it can be believed; the event has its first words, escaped by the format. */
	struct vg_slice line = vg_slice_first(raw, vg_slice_find(raw, '\r'));
	struct vg_slice method, target;
	line = vg_slice_first(line, vg_slice_find(line, '\n'));
	if (!vg_slice_cut(&line, ' ', &method) || !vg_slice_cut(&line, ' ', &target))
		return;
	x->asked.method = keep(x, method);
	x->asked.head = vg_slice_eq(method, VG_SLICE("HEAD"));
	x->asked.path = keep(x, vg_slice_first(target, vg_slice_find(target, '?')));
}

static struct vg_facts facts_of(const struct vg_exchange *x, const struct vg_http_head *head,
				enum vg_reason malformed)
{
	struct vg_worker *worker = x->worker;
	const struct vg_http_field *type = vg_http_find(head, VG_HEADER_CONTENT_TYPE);
	bool has_path = malformed == VG_REASON_NONE;
	return (struct vg_facts){
		.now = vg_loop_wall(&worker->loop),
		.vendor = x->client->vendor,
		.ident = x->client->ident,
		.src = x->client->src,
		.sni = x->client->peer->sni,
		.malformed = malformed,
		.fault = x->fault,
		.host = x->asked.host,
		.method = head->method,
		.path = has_path ? &worker->path : NULL,
		.query = has_path && head->has_query ? &worker->query : NULL,
		.fields = vg_http_all_fields(head),
		.has_body = head->framing != VG_FRAMING_NONE,
		.body_length = head->framing == VG_FRAMING_LENGTH ? head->length : 0,
		.content_type = type == NULL ? VG_SLICE_EMPTY : type->value,
	};
}

enum vg_reason vg_admit(struct vg_exchange *x, const struct vg_http_head *head,
			enum vg_reason malformed)
{
	struct vg_facts facts = facts_of(x, head, malformed);
	struct vg_verdict verdict = vg_decide(&x->client->generation->image, &facts);
	x->step = verdict.step;
	x->constraint = keep(x, verdict.constraint);
	x->service = verdict.service;
	x->rule = verdict.rule;
	x->max_body = verdict.max_body;
	mark_judged(x, &verdict);
	if (verdict.reason != VG_REASON_ACCESS_ALLOWED)
		return verdict.reason;
	x->until = verdict.until;
	if (!vg_forward_request(x, head, &verdict)) {
		x->constraint = VG_SLICE("request head");
		return VG_REASON_GATEWAY_ERROR;
	}
	return VG_REASON_ACCESS_ALLOWED;
}
