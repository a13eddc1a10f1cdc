#include "proxy/tell.h"

#include <stdio.h>

#include "proxy/client.h"
#include "proxy/ctx.h"
#include "proxy/generation.h"

static void put_text(struct vg_record_writer *w, enum vg_field field, const char *text)
{
	if (text != NULL)
		vg_record_text(w, field, vg_slice_str(text));
}

static void put_str(struct vg_record_writer *w, const struct vg_image *image, enum vg_field field,
		    struct vg_str text)
{
	vg_record_text(w, field, vg_img_str(image, text));
}

static void put_client(struct vg_record_writer *w, const struct vg_client *client)
{
	vg_record_addr(w, VG_FIELD_SRC, &client->src);
	vg_record_uint(w, VG_FIELD_SPORT, client->sport);
	put_text(w, VG_FIELD_CONN, client->id);
	put_text(w, VG_FIELD_GEN, client->generation->gen);
}

static void put_cert(struct vg_record_writer *w, const struct vg_cert_facts *facts)
{
	put_text(w, VG_FIELD_CERT_SHA256, facts->sha256);
	vg_record_text(w, VG_FIELD_CERT_SERIAL, facts->serial);
	vg_record_text(w, VG_FIELD_CERT_SUBJECT, facts->subject);
	vg_record_text(w, VG_FIELD_SAN, facts->san);
	vg_record_text(w, VG_FIELD_ISSUER, facts->issuer);
	vg_record_time(w, VG_FIELD_NOT_AFTER, facts->not_after);
}

/* Until its key is proven a certificate is a claim, and no vendor. */
static void put_peer(struct vg_record_writer *w, const struct vg_image *image,
		     const struct vg_tls_peer *peer)
{
	if (peer->vendor != VG_NO_ROW)
		put_str(w, image, peer->proven ? VG_FIELD_VENDOR : VG_FIELD_CLAIMED,
			vg_img_vendors(image)[peer->vendor].id);
	if (peer->has_cert) {
		put_text(w, VG_FIELD_PROOF, peer->proven ? "yes" : "no");
		put_cert(w, peer->facts);
	}
	vg_record_text(w, VG_FIELD_SNI, peer->sni);
	put_text(w, VG_FIELD_TLS, peer->version);
	put_text(w, VG_FIELD_CIPHER, peer->cipher);
}

static void put_asked(struct vg_record_writer *w, const struct vg_exchange *x)
{
	put_text(w, VG_FIELD_REQ, x->id);
	vg_record_text(w, VG_FIELD_METHOD, x->asked.method);
	vg_record_text(w, VG_FIELD_HOST, x->asked.host);
	vg_record_text(w, VG_FIELD_PATH, x->asked.path);
	vg_record_text(w, VG_FIELD_PATH_MARKS,
		       vg_slice((const char *)x->asked.marks, x->asked.mark_bytes));
	vg_record_text(w, VG_FIELD_QUERY_KEYS, x->asked.query_keys);
}

/* Not among the facts: where its worker was lost, nobody knows whether a span of it was sent. */
static void put_trace(struct vg_record_writer *w, const struct vg_exchange *x)
{
	if (x->trace.id[0] == '\0')
		return;
	vg_record_text(w, VG_FIELD_TRACE, vg_slice(x->trace.id, sizeof(x->trace.id) - 1));
	vg_record_text(w, VG_FIELD_SPAN, vg_slice(x->trace.span, sizeof(x->trace.span) - 1));
}

static void put_rule_line(struct vg_record_writer *w, struct vg_slice file, uint32_t line)
{
	char text[VG_RECORD_TEXT_MAX];
	(void)snprintf(text, sizeof(text), "%.*s:%u", VG_SLICE_FMT(vg_slice_first(file, 200)),
		       line);
	put_text(w, VG_FIELD_RULE_LINE, text);
}

static void put_rule(struct vg_record_writer *w, const struct vg_exchange *x)
{
	const struct vg_image *image = &x->client->generation->image;
	if (x->service != VG_NO_ROW)
		put_str(w, image, VG_FIELD_SERVICE, vg_img_services(image)[x->service].name);
	put_text(w, VG_FIELD_STEP, vg_step_word(x->step));
	vg_record_text(w, VG_FIELD_CONSTRAINT, x->constraint);
	if (x->rule == VG_NO_ROW)
		return;
	const struct vg_img_rule *rule = &vg_img_rules(image)[x->rule];
	put_str(w, image, VG_FIELD_ACCESS, rule->name);
	put_str(w, image, VG_FIELD_ROUTE, rule->pattern);
	put_rule_line(w, vg_img_str(image, rule->where.file), rule->where.line);
}

static void put_upstream(struct vg_record_writer *w, const struct vg_exchange *x)
{
	if (x->upstream == VG_NO_ROW)
		return;
	const struct vg_image *image = &x->client->generation->image;
	const struct vg_img_upstream *upstream = &vg_img_upstreams(image)[x->upstream];
	put_str(w, image, VG_FIELD_UPSTREAM, upstream->text);
	if (x->dialled)
		vg_record_addr(w, VG_FIELD_DST, &x->dst);
	vg_record_uint(w, VG_FIELD_DPORT, upstream->port);
	if (x->upstream_status > 0)
		vg_record_uint(w, VG_FIELD_UPSTREAM_STATUS, x->upstream_status);
	if (x->heard > x->sent)
		vg_record_uint(w, VG_FIELD_UPSTREAM_US, (uint64_t)(x->heard - x->sent));
}

void vg_tell_untold(struct vg_worker *worker)
{
	struct vg_record_writer w;
	if (worker->untold == 0 || !vg_ring_may_begin(&worker->ring))
		return;
	vg_record_begin(&w, worker->record, VG_SLOT_FACTS);
	vg_record_uint(&w, VG_FIELD_DROPPED, worker->untold);
	size_t len = vg_record_end(&w, VG_REASON_TELEMETRY_FULL, vg_loop_wall(&worker->loop));
	uint32_t slot = vg_ring_begin(&worker->ring, worker->record, len);
	if (slot == VG_NO_SLOT)
		return;
	vg_ring_end(&worker->ring, slot, worker->record, len);
	worker->untold = 0;
}

/* An exchange is an access, of which there must be a record: a sink may forbid it. */
static uint32_t open_slot(struct vg_worker *worker, struct vg_record_writer *w, bool access)
{
	size_t len = vg_record_end(w, VG_REASON_GATEWAY_WORKER_LOST, vg_loop_wall(&worker->loop));
	uint32_t slot = VG_NO_SLOT;
	if (!access || vg_ring_may_begin(&worker->ring))
		slot = vg_ring_begin(&worker->ring, worker->record, len);
	if (slot == VG_NO_SLOT)
		worker->untold++;
	else
		vg_tell_untold(worker);
	return slot;
}

static void put_facts(struct vg_record_writer *w, const struct vg_exchange *x)
{
	const struct vg_image *image = &x->client->generation->image;
	vg_record_begin(w, x->worker->record, VG_SLOT_FACTS);
	put_str(w, image, VG_FIELD_VENDOR, vg_img_vendors(image)[x->client->vendor].id);
	put_client(w, x->client);
	put_asked(w, x);
}

bool vg_tell_begin(struct vg_exchange *x)
{
	struct vg_record_writer w;
	put_facts(&w, x);
	x->slot = open_slot(x->worker, &w, true);
	return x->slot != VG_NO_SLOT;
}

void vg_tell_judged(struct vg_exchange *x)
{
	struct vg_worker *worker = x->worker;
	struct vg_record_writer w;
	put_facts(&w, x);
	size_t len = vg_record_end(&w, VG_REASON_GATEWAY_WORKER_LOST, vg_loop_wall(&worker->loop));
	vg_ring_update(&worker->ring, x->slot, worker->record, len);
}

void vg_tell_end(struct vg_exchange *x)
{
	struct vg_worker *worker = x->worker;
	struct vg_record_writer w;
	if (x->slot == VG_NO_SLOT)
		return;
	vg_record_begin(&w, worker->record, VG_RECORD_MAX);
	put_peer(&w, &x->client->generation->image, x->client->peer);
	put_client(&w, x->client);
	put_asked(&w, x);
	put_trace(&w, x);
	put_rule(&w, x);
	if (x->status > 0)
		vg_record_uint(&w, VG_FIELD_STATUS, x->status);
	put_upstream(&w, x);
	vg_record_text(&w, VG_FIELD_UA, x->asked.ua);
	vg_record_text(&w, VG_FIELD_CTYPE, x->asked.ctype);
	vg_record_uint(&w, VG_FIELD_REQ_BYTES, x->req_bytes);
	vg_record_uint(&w, VG_FIELD_RES_BYTES, x->res_bytes);
	vg_record_uint(&w, VG_FIELD_DURATION_US,
		       (uint64_t)(vg_loop_monotonic(&worker->loop) - x->began));
	put_text(&w, VG_FIELD_PROTO, x->asked.minor == 0 ? "HTTP/1.0" : "HTTP/1.1");
	size_t len = vg_record_end(&w, x->reason, vg_loop_wall(&worker->loop));
	vg_ring_end(&worker->ring, x->slot, worker->record, len);
	x->slot = VG_NO_SLOT;
}

uint32_t vg_tell_handshake_begin(struct vg_worker *worker, const struct vg_client *client)
{
	struct vg_record_writer w;
	vg_record_begin(&w, worker->record, VG_SLOT_FACTS);
	put_client(&w, client);
	return open_slot(worker, &w, false);
}

void vg_tell_handshake_failed(struct vg_worker *worker, const struct vg_client *client,
			      uint32_t slot, enum vg_reason reason, const char *fault)
{
	struct vg_record_writer w;
	vg_record_begin(&w, worker->record, VG_RECORD_MAX);
	if (client->peer != NULL)
		put_peer(&w, &client->generation->image, client->peer);
	put_client(&w, client);
	put_text(&w, VG_FIELD_STEP, "handshake");
	put_text(&w, VG_FIELD_CONSTRAINT, fault);
	vg_record_uint(&w, VG_FIELD_DURATION_US,
		       (uint64_t)(vg_loop_monotonic(&worker->loop) - client->began));
	size_t len = vg_record_end(&w, reason, vg_loop_wall(&worker->loop));
	vg_ring_end(&worker->ring, slot, worker->record, len);
}
