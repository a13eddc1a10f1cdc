#include "proxy/forward.h"

#include "proxy/client.h"
#include "proxy/ctx.h"
#include "proxy/generation.h"

#define EXTRAS_MAX (8 + VG_IMG_SET_HEADERS_MAX)

/* The fields that the gateway adds, and the texts of those that are made here. */
struct extras {
	struct vg_http_extra rows[EXTRAS_MAX];
	size_t count;
	size_t chain; /* so many of them may stay away where the head would be too large */
	char addr[VG_ADDR_TEXT];
	char parent[VG_TRACEPARENT_LEN];
	char state[VG_TRACESTATE_MAX];
};

static void add(struct extras *extras, const char *name, struct vg_slice value)
{
	VG_ASSERT(extras->count < EXTRAS_MAX);
	extras->rows[extras->count++] = (struct vg_http_extra){name, value};
}

void vg_forward_trace(struct vg_exchange *x, const struct vg_http_head *head)
{
	struct vg_ids *ids = &x->worker->ids;
	struct vg_http_trace *trace = &x->trace;
	trace->continued = vg_http_trace_read(trace, head);
	if (!trace->continued) {
		/* The gateway records each request: whoever asks by its event should find more. */
		vg_ids_hex(ids, trace->id, VG_TRACE_BYTES);
		trace->flags = VG_TRACE_SAMPLED;
	}
	vg_ids_hex(ids, trace->span, VG_SPAN_BYTES);
}

static void add_trace(struct extras *extras, const struct vg_exchange *x,
		      const struct vg_http_head *head)
{
	size_t len = x->trace.continued ? vg_http_trace_state(extras->state, head) : 0;
	vg_http_trace_parent(extras->parent, &x->trace);
	add(extras, "traceparent", vg_slice(extras->parent, sizeof(extras->parent)));
	if (len > 0)
		add(extras, "tracestate", vg_slice(extras->state, len));
}

static bool add_vendor(struct extras *extras, const struct vg_exchange *x,
		       const struct vg_verdict *verdict)
{
	const struct vg_image *image = &x->client->generation->image;
	const struct vg_cert_facts *facts = x->client->peer->facts;
	vg_addr_text(extras->addr, &x->client->src);
	add(extras, "X-Vendor-Id", vg_img_str(image, vg_img_vendors(image)[x->client->vendor].id));
	add(extras, "X-Vendor-Access", vg_img_str(image, vg_img_rules(image)[verdict->rule].name));
	add(extras, "X-Vendor-Address", vg_slice_str(extras->addr));
	add(extras, "X-Vendor-Cert-Serial", facts->serial);
	add(extras, "X-Vendor-Cert-Sha256", vg_slice_str(facts->sha256));
	return true;
}

static bool add_told(struct extras *extras, const struct vg_exchange *x, const char *name,
		     enum vg_told form)
{
	struct vg_slice value;
	const struct vg_image *image = &x->client->generation->image;
	if (x->client->tls == NULL || !vg_tls_session_told(x->client->tls, image, form, &value))
		return false;
	if (value.len > 0)
		add(extras, name, value);
	return true;
}

static bool add_cert(struct extras *extras, const struct vg_exchange *x,
		     const struct vg_verdict *verdict VG_UNUSED)
{
	if (!add_told(extras, x, "Client-Cert", VG_TOLD_CERT))
		return false;
	size_t count = extras->count;
	bool good = add_told(extras, x, "Client-Cert-Chain", VG_TOLD_CHAIN);
	extras->chain = extras->count - count;
	return good;
}

static bool add_xfcc(struct extras *extras, const struct vg_exchange *x,
		     const struct vg_verdict *verdict VG_UNUSED)
{
	return add_told(extras, x, "X-Forwarded-Client-Cert", VG_TOLD_XFCC);
}

/* Who asks, as the gateway has proven it. False: memory. */
static bool (*const add_identity[VG_FORWARDS])(struct extras *extras, const struct vg_exchange *x,
					       const struct vg_verdict *verdict) = {
	[VG_FORWARD_HEADERS] = add_vendor,
	[VG_FORWARD_CLIENT_CERT] = add_cert,
	[VG_FORWARD_XFCC] = add_xfcc,
};

bool vg_forward_request(struct vg_exchange *x, const struct vg_http_head *head,
			const struct vg_verdict *verdict)
{
	const struct vg_image *image = &x->client->generation->image;
	const struct vg_img_service *service = &vg_img_services(image)[verdict->service];
	struct extras extras;
	extras.count = extras.chain = 0;
	add(&extras, "X-Request-Id", vg_slice(x->id, VG_ULID_TEXT - 1));
	add_trace(&extras, x, head);
	extras.count += vg_set_headers_add(&x->client->generation->set_headers, service,
					   extras.rows + extras.count);
	if (service->forward_identity != VG_FORWARD_NONE &&
	    !add_identity[service->forward_identity](&extras, x, verdict))
		return false;
	struct vg_http_request_out out = {
		.head = head,
		.path = verdict->path.text,
		.query = head->has_query ? x->worker->query.text : vg_slice(NULL, 0),
		.host = vg_img_str(image, service->upstream_host),
		.listed = &verdict->listed,
		.extras = extras.rows,
		.extra_count = extras.count,
	};
	if (vg_http_write_request(&x->request, &out, &x->dropped))
		return true;
	out.extra_count -= extras.chain;
	return extras.chain > 0 && vg_http_write_request(&x->request, &out, &x->dropped);
}
