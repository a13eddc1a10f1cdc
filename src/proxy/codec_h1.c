#include "proxy/codec_h1.h"

#include "http/problem.h"
#include "http/write.h"
#include "proxy/conn.h"
#include "proxy/ctx.h"
#include "proxy/exchange.h"
#include "proxy/generation.h"

/* The wire: what the exchange asks for. */

/* Whether this answer is the connection's last. */
static bool decide_close(struct vg_h1 *h1, bool asked)
{
	if (asked || !h1->keep_alive || h1->eof || h1->conn->worker->draining)
		h1->last = true;
	return h1->last;
}

static bool wire_head(void *codec, struct vg_http_response_out *response, unsigned *dropped)
{
	struct vg_h1 *h1 = codec;
	if (response->framing == VG_FRAMING_CHUNKED || response->framing == VG_FRAMING_CLOSE)
		response->framing = h1->minor_0 ? VG_FRAMING_CLOSE : VG_FRAMING_CHUNKED;
	h1->chunked = response->framing == VG_FRAMING_CHUNKED;
	response->close = decide_close(h1,
				       response->close || response->framing == VG_FRAMING_CLOSE);
	return vg_http_write_response(&h1->out, response, dropped);
}

/* Where nothing waits, it goes straight from the upstream's buffer to the vendor. */
static bool wire_data(void *codec, struct vg_slice payload)
{
	struct vg_h1 *h1 = codec;
	if (h1->chunked)
		return vg_http_write_chunk(&h1->out, payload);
	size_t went = 0;
	if (h1->out.len == 0 && !h1->blocked && !h1->broken && !h1->cut)
		went = vg_stream_push(&h1->conn->stream, payload);
	return vg_buf_append(&h1->out, vg_slice_from(payload, went));
}

static size_t wire_room(const void *codec)
{
	const struct vg_h1 *h1 = codec;
	return h1->out.len < VG_H1_OUT_HIGH ? VG_H1_OUT_HIGH - h1->out.len : 0;
}

static bool wire_end(void *codec)
{
	struct vg_h1 *h1 = codec;
	return !h1->chunked || vg_http_write_last_chunk(&h1->out);
}

static bool wire_problem(void *codec, const struct vg_http_problem *problem)
{
	struct vg_h1 *h1 = codec;
	struct vg_http_problem out = *problem;
	out.close = decide_close(h1, problem->close);
	return vg_http_write_problem(&h1->out, &out);
}

static bool wire_go_on(void *codec)
{
	struct vg_h1 *h1 = codec;
	return vg_http_write_continue(&h1->out);
}

static void wire_cut(void *codec)
{
	struct vg_h1 *h1 = codec;
	h1->cut = true;
}

static uint64_t wire_moved(const void *codec, bool in)
{
	const struct vg_h1 *h1 = codec;
	return vg_stream_moved(&h1->conn->stream, in);
}

static bool wire_stuck(const void *codec)
{
	const struct vg_h1 *h1 = codec;
	return h1->out.len > 0;
}

static void pump(struct vg_h1 *h1);

static void wire_kick(void *codec)
{
	pump(codec);
}

static void wire_done(void *codec, bool reusable)
{
	struct vg_h1 *h1 = codec;
	h1->exchange = NULL;
	if (!reusable)
		h1->last = true;
}

static const struct vg_wire_ops wire = {
	.head = wire_head,
	.data = wire_data,
	.room = wire_room,
	.end = wire_end,
	.problem = wire_problem,
	.go_on = wire_go_on,
	.cut = wire_cut,
	.moved = wire_moved,
	.stuck = wire_stuck,
	.kick = wire_kick,
	.done = wire_done,
};

/* The stream: bytes in and out. */

static void lose(struct vg_h1 *h1, const char *how)
{
	h1->broken = true;
	if (h1->exchange != NULL)
		vg_exchange_gone(h1->exchange, how);
}

/* True where bytes came. */
static bool fill(struct vg_h1 *h1)
{
	if (h1->eof || h1->broken)
		return false;
	switch (vg_stream_fill(&h1->conn->stream, &h1->in, VG_H1_READ, &h1->more)) {
	case VG_IO_OK:
		return true;
	case VG_IO_EOF:
		h1->eof = true;
		return false;
	case VG_IO_ERROR:
		lose(h1, "client closed");
		return false;
	case VG_IO_AGAIN:
	case VG_IO_FULL:
	default:
		return false;
	}
}

static void flush(struct vg_h1 *h1)
{
	if (h1->out.len == 0 || h1->blocked || h1->broken)
		return;
	enum vg_io io = vg_stream_flush(&h1->conn->stream, &h1->out);
	h1->blocked = io == VG_IO_AGAIN;
	if (io == VG_IO_ERROR)
		lose(h1, "client closed");
}

/* Requests. */

static struct vg_exchange *start(struct vg_h1 *h1)
{
	h1->exchange = vg_exchange_new(h1->conn->worker, &wire, h1, &h1->conn->client);
	h1->head_begun = h1->skipped = false;
	vg_conn_deadline(h1->conn, 0);
	if (h1->exchange == NULL)
		h1->broken = true;
	return h1->exchange;
}

static void refuse(struct vg_h1 *h1, enum vg_reason reason, const char *fault)
{
	struct vg_exchange *x = start(h1);
	h1->last = true;
	if (x != NULL)
		vg_exchange_refuse(x, reason, fault, NULL, vg_buf_slice(&h1->in));
}

static void serve(struct vg_h1 *h1, size_t len)
{
	struct vg_http_head *head = &h1->conn->worker->head;
	struct vg_slice text = vg_slice_first(vg_buf_slice(&h1->in), len);
	enum vg_reason stranger = vg_conn_follow(h1->conn);
	enum vg_reason reason = vg_http_parse_request(head, text);
	struct vg_exchange *x = start(h1);
	if (x == NULL)
		return;
	h1->minor_0 = head->minor == 0;
	h1->keep_alive = reason == VG_REASON_NONE && head->keep_alive;
	if (stranger != VG_REASON_NONE) {
		h1->last = true;
		vg_exchange_refuse(x, stranger, "no longer this vendor", head, text);
	} else if (reason == VG_REASON_NONE) {
		vg_http_body_init(&h1->body, head->framing, head->length);
		vg_exchange_head(x, head);
	} else {
		vg_exchange_refuse(x, reason, head->fault, head, text);
	}
	vg_buf_consume(&h1->in, len);
}

/* The next head, as far as it is there. True where something was done. */
static bool next_request(struct vg_h1 *h1)
{
	size_t len = 0;
	if (h1->scan.at == 0 && !h1->skipped) {
		size_t blank = vg_http_skip(vg_buf_slice(&h1->in));
		h1->skipped = blank > 0;
		vg_buf_consume(&h1->in, blank);
	}
	if (h1->in.len == 0)
		return h1->more && fill(h1);
	enum vg_scan scan = vg_http_scan(&h1->scan, vg_buf_slice(&h1->in), &len);
	if (scan == VG_SCAN_MORE && vg_buf_room(&h1->in) > 0) {
		if (!h1->head_begun)
			vg_conn_deadline(h1->conn,
					 h1->conn->client.generation->gateway->header_timeout_ms);
		h1->head_begun = true;
		return h1->more && fill(h1);
	}
	const char *fault = h1->scan.fault;
	h1->scan = (struct vg_http_scan){0};
	if (scan == VG_SCAN_MORE)
		refuse(h1, VG_REASON_HTTP_HEAD_TOO_LARGE, "header_bytes");
	else if (scan == VG_SCAN_BAD)
		refuse(h1, VG_REASON_HTTP_MALFORMED, fault);
	else
		serve(h1, len);
	return true;
}

/* The request's body, as far as it is there and the exchange takes it. */
static bool feed(struct vg_h1 *h1)
{
	struct vg_exchange *x = h1->exchange;
	size_t used = 0;
	struct vg_slice payload = VG_SLICE_EMPTY;
	struct vg_slice input = vg_slice_first(vg_buf_slice(&h1->in), vg_exchange_body_room(x));
	enum vg_body body = vg_http_body_next(&h1->body, input, &used, &payload);
	if (payload.len > 0)
		vg_exchange_body(x, payload);
	vg_buf_consume(&h1->in, used);
	if (h1->exchange == x && body == VG_BODY_END)
		vg_exchange_body_end(x);
	else if (h1->exchange == x && body == VG_BODY_BAD)
		vg_exchange_body_bad(x, h1->body.fault);
	if (used > 0 || body == VG_BODY_END || body == VG_BODY_BAD)
		return true;
	if (h1->more)
		return fill(h1);
	if (h1->eof)
		vg_exchange_gone(x, "closed in its request");
	return false;
}

/* One thing that can be done now; false where all wait for somebody. */
static bool step(struct vg_h1 *h1)
{
	flush(h1);
	if (h1->broken || h1->cut)
		return false;
	if (h1->exchange != NULL) {
		if (h1->out.len == 0 && vg_exchange_flushed(h1->exchange))
			return true;
		return h1->exchange != NULL && vg_exchange_wants_body(h1->exchange) && feed(h1);
	}
	return !h1->last && next_request(h1);
}

static void rest(struct vg_h1 *h1)
{
	vg_buf_release(&h1->in);
	vg_buf_release(&h1->out);
	if (!h1->head_begun)
		vg_conn_deadline(h1->conn, h1->conn->client.generation->gateway->idle_timeout_ms);
}

/* All that could be done is done: what is waited for, or the end. */
static void settle(struct vg_h1 *h1)
{
	struct vg_conn *conn = h1->conn;
	if (h1->cut) {
		vg_stream_reset(&conn->stream);
		vg_conn_close(conn);
	} else if (h1->broken) {
		vg_conn_close(conn);
	} else if (h1->exchange == NULL && h1->out.len == 0 && (h1->last || h1->eof)) {
		vg_conn_finish(conn);
	} else {
		if (h1->exchange == NULL)
			rest(h1);
		else
			vg_exchange_waits(h1->exchange);
		vg_stream_want(&conn->stream, !h1->eof && vg_buf_room(&h1->in) > 0,
			       h1->out.len > 0);
	}
}

static void pump(struct vg_h1 *h1)
{
	if (h1->pumping || h1->conn->state != VG_CONN_SERVING)
		return;
	h1->pumping = true;
	while (step(h1))
		;
	h1->pumping = false;
	settle(h1);
}

void vg_h1_init(struct vg_h1 *h1, struct vg_conn *conn, size_t header_bytes)
{
	*h1 = (struct vg_h1){.conn = conn};
	vg_buf_init(&h1->in, header_bytes);
	vg_buf_init(&h1->out, VG_H1_OUT_MAX);
}

void vg_h1_fini(struct vg_h1 *h1)
{
	h1->pumping = true;
	h1->broken = true;
	/* An end in order would make half an answer a whole one, where its length isn't told. */
	if (h1->exchange != NULL && h1->exchange->answered)
		vg_stream_reset(&h1->conn->stream);
	if (h1->exchange != NULL)
		vg_exchange_gone(h1->exchange, "gateway closed");
	vg_buf_fini(&h1->in);
	vg_buf_fini(&h1->out);
}

void vg_h1_ready(struct vg_h1 *h1, unsigned what)
{
	if ((what & VG_STREAM_WRITE) != 0)
		h1->blocked = false;
	if ((what & VG_STREAM_READ) != 0)
		(void)fill(h1);
	pump(h1);
}

void vg_h1_timeout(struct vg_h1 *h1)
{
	if (h1->exchange != NULL)
		return;
	if (h1->in.len > 0)
		refuse(h1, VG_REASON_HTTP_TOO_SLOW, "request head");
	h1->last = true;
	pump(h1);
}

void vg_h1_drain(struct vg_h1 *h1)
{
	h1->keep_alive = false;
	if (h1->exchange == NULL && h1->in.len == 0)
		h1->last = true;
	pump(h1);
}
