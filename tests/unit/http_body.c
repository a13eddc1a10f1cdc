#include "http.h"

#include "http/body.h"

/* All of `text`, `step` bytes at a time; the payload into out. Leaves what was used in *used. */
static enum vg_body decode(struct vg_http_body *body, struct vg_slice text, size_t step, char *out,
			   size_t *out_len, size_t *used)
{
	size_t at = 0, fed = 0;
	enum vg_body got = VG_BODY_MORE;
	*out_len = 0;
	for (;;) {
		size_t took;
		struct vg_slice payload;
		char *in = exact(vg_slice(text.ptr + at, fed - at));
		got = vg_http_body_next(body, vg_slice(in, fed - at), &took, &payload);
		cr_assert(took <= fed - at);
		cr_assert(payload.len <= took);
		memcpy(out + *out_len, payload.ptr, payload.len);
		*out_len += payload.len;
		free(in);
		at += took;
		*used = at;
		if (got == VG_BODY_DATA) {
			cr_assert(payload.len > 0);
			continue;
		}
		cr_assert(payload.len == 0);
		if (got != VG_BODY_MORE)
			return got;
		cr_assert(at == fed);
		if (fed == text.len)
			return got;
		fed = fed + step < text.len ? fed + step : text.len;
	}
}

static const size_t steps[] = {1, 2, 3, 7, 4096};

static const struct good_case {
	enum vg_framing framing;
	uint64_t length;
	struct vg_slice text, payload;
	enum vg_body end;
	size_t used;
} good_cases[] = {
	{VG_FRAMING_NONE, 0, TEXT("next"), TEXT(""), VG_BODY_END, 0},
	{VG_FRAMING_LENGTH, 0, TEXT("next"), TEXT(""), VG_BODY_END, 0},
	{VG_FRAMING_LENGTH, 5, TEXT("hello"), TEXT("hello"), VG_BODY_END, 5},
	{VG_FRAMING_LENGTH, 5, TEXT("hellonext"), TEXT("hello"), VG_BODY_END, 5},
	{VG_FRAMING_LENGTH, 6, TEXT("hello"), TEXT("hello"), VG_BODY_MORE, 5},
	{VG_FRAMING_LENGTH, UINT64_MAX, TEXT("hello"), TEXT("hello"), VG_BODY_MORE, 5},
	{VG_FRAMING_CLOSE, 0, TEXT("he\r\n0\r\n\r\nllo"), TEXT("he\r\n0\r\n\r\nllo"), VG_BODY_MORE,
	 12},
	{VG_FRAMING_CHUNKED, 0, TEXT("0\r\n\r\n"), TEXT(""), VG_BODY_END, 5},
	{VG_FRAMING_CHUNKED, 0, TEXT("0\r\n\r\nGET /"), TEXT(""), VG_BODY_END, 5},
	{VG_FRAMING_CHUNKED, 0, TEXT("5\r\nhello\r\n0\r\n\r\nnext"), TEXT("hello"), VG_BODY_END,
	 15},
	{VG_FRAMING_CHUNKED, 0, TEXT("1\r\nh\r\n00A\r\n0123456789\r\n0000\r\n\r\n"),
	 TEXT("h0123456789"), VG_BODY_END, 31},
	{VG_FRAMING_CHUNKED, 0, TEXT("a\r\n0123456789\r\nA\r\n0123\n\r\0\xff-9\r\n0\r\n\r\n"),
	 TEXT("01234567890123\n\r\0\xff-9"), VG_BODY_END, 35},
	{VG_FRAMING_CHUNKED, 0, TEXT("0000000000000005\r\nhello\r\n0000000000000000\r\n\r\n"),
	 TEXT("hello"), VG_BODY_END, 45},
	{VG_FRAMING_CHUNKED, 0, TEXT("ffffffffffffffff\r\nhello"), TEXT("hello"), VG_BODY_MORE, 23},
	{VG_FRAMING_CHUNKED, 0, TEXT("5;a=b; c=\"d\t;\"\r\nhello\r\n0;x\r\n\r\n"), TEXT("hello"),
	 VG_BODY_END, 30},
	{VG_FRAMING_CHUNKED, 0, TEXT("5;\r\nhello\r\n0\r\nA: b\r\nC_d:\t\xff\r\nE:\r\n\r\nnext"),
	 TEXT("hello"), VG_BODY_END, 34},
	{VG_FRAMING_CHUNKED, 0, TEXT("5\r\nhel"), TEXT("hel"), VG_BODY_MORE, 6},
	{VG_FRAMING_CHUNKED, 0, TEXT("5\r\nhello\r\n0\r\n\r"), TEXT("hello"), VG_BODY_MORE, 14},
};

Test(http_body, says_the_same_in_any_parts)
{
	char out[256];
	for (size_t i = 0; i < VG_COUNT(good_cases); i++) {
		const struct good_case *c = &good_cases[i];
		for (size_t s = 0; s < VG_COUNT(steps); s++) {
			struct vg_http_body body;
			size_t len, used;
			vg_http_body_init(&body, c->framing, c->length);
			enum vg_body end = decode(&body, c->text, steps[s], out, &len, &used);
			cr_expect(end == c->end && used == c->used, "%s by %zu: %d, %zu",
				  shown(c->text), steps[s], (int)end, used);
			cr_expect(vg_slice_eq(vg_slice(out, len), c->payload), "%s by %zu",
				  shown(c->text), steps[s]);
			cr_expect(body.fault == NULL);
			struct vg_slice payload;
			if (end == VG_BODY_END) {
				cr_expect(vg_http_body_next(&body, VG_SLICE("x"), &used,
							    &payload) == VG_BODY_END);
				cr_expect(used == 0 && payload.len == 0);
			}
			cr_expect(vg_http_body_closed(&body) ==
				  (end == VG_BODY_END || c->framing == VG_FRAMING_CLOSE));
			if (end == VG_BODY_MORE && c->framing != VG_FRAMING_CLOSE)
				cr_expect_str_eq(body.fault, "body cut short");
		}
	}
}

static const struct bad_case {
	struct vg_slice bad;
	const char *fault;
	struct vg_slice twin;
} bad_cases[] = {
	{TEXT("\r\n"), "bad chunk size", TEXT("0\r\n\r\n")},
	{TEXT(" 5\r\nhello\r\n0\r\n\r\n"), "bad chunk size", TEXT("5\r\nhello\r\n0\r\n\r\n")},
	{TEXT("5 \r\nhello\r\n0\r\n\r\n"), "bad chunk size", TEXT("5\r\nhello\r\n0\r\n\r\n")},
	{TEXT("5 ;a\r\nhello\r\n0\r\n\r\n"), "bad chunk size", TEXT("5;a\r\nhello\r\n0\r\n\r\n")},
	{TEXT("5\t\r\nhello\r\n0\r\n\r\n"), "bad chunk size", TEXT("5\r\nhello\r\n0\r\n\r\n")},
	{TEXT("+5\r\nhello\r\n0\r\n\r\n"), "bad chunk size", TEXT("05\r\nhello\r\n0\r\n\r\n")},
	{TEXT("-5\r\nhello\r\n0\r\n\r\n"), "bad chunk size", TEXT("5\r\nhello\r\n0\r\n\r\n")},
	{TEXT("0x5\r\nhello\r\n0\r\n\r\n"), "bad chunk size", TEXT("05\r\nhello\r\n0\r\n\r\n")},
	{TEXT("5,5\r\nhello\r\n0\r\n\r\n"), "bad chunk size", TEXT("5\r\nhello\r\n0\r\n\r\n")},
	{TEXT("g\r\nhello\r\n0\r\n\r\n"), "bad chunk size", TEXT("5\r\nhello\r\n0\r\n\r\n")},
	{TEXT(";a\r\nhello\r\n0\r\n\r\n"), "bad chunk size", TEXT("5;a\r\nhello\r\n0\r\n\r\n")},
	{TEXT("5\nhello\r\n0\r\n\r\n"), "bad chunk size", TEXT("5\r\nhello\r\n0\r\n\r\n")},
	{TEXT("5\r\nhello\r\n0\n\r\n"), "bad chunk size", TEXT("5\r\nhello\r\n0\r\n\r\n")},
	{TEXT("5\0\r\nhello\r\n0\r\n\r\n"), "bad chunk size", TEXT("5\r\nhello\r\n0\r\n\r\n")},
	{TEXT("00000000000000005\r\nhello\r\n0\r\n\r\n"), "chunk size of too many digits",
	 TEXT("0000000000000005\r\nhello\r\n0\r\n\r\n")},
	{TEXT("10000000000000005\r\nhello\r\n0\r\n\r\n"), "chunk size of too many digits",
	 TEXT("5\r\nhello\r\n0\r\n\r\n")},
	{TEXT("5\r\nhello\r\n00000000000000000\r\n\r\n"), "chunk size of too many digits",
	 TEXT("5\r\nhello\r\n0000000000000000\r\n\r\n")},
	{TEXT("5\rhello\r\n0\r\n\r\n"), "CR without LF", TEXT("5\r\nhello\r\n0\r\n\r\n")},
	{TEXT("5\r\r\nhello\r\n0\r\n\r\n"), "CR without LF", TEXT("5\r\nhello\r\n0\r\n\r\n")},
	{TEXT("5;a\nhello\r\n0\r\n\r\n"), "bad byte in a chunk extension",
	 TEXT("5;a\r\nhello\r\n0\r\n\r\n")},
	{TEXT("5;\0\r\nhello\r\n0\r\n\r\n"), "bad byte in a chunk extension",
	 TEXT("5;\t\r\nhello\r\n0\r\n\r\n")},
	{TEXT("5;a\x7f\r\nhello\r\n0\r\n\r\n"), "bad byte in a chunk extension",
	 TEXT("5;a\r\nhello\r\n0\r\n\r\n")},
	{TEXT("5;a\xff\r\nhello\r\n0\r\n\r\n"), "bad byte in a chunk extension",
	 TEXT("5;a\r\nhello\r\n0\r\n\r\n")},
	{TEXT("5;a\rb\r\nhello\r\n0\r\n\r\n"), "CR without LF", TEXT("5;ab\r\nhello\r\n0\r\n\r\n")},
	{TEXT("5\r\nhello\n0\r\n\r\n"), "chunk longer than its size",
	 TEXT("5\r\nhello\r\n0\r\n\r\n")},
	{TEXT("4\r\nhello\r\n0\r\n\r\n"), "chunk longer than its size",
	 TEXT("5\r\nhello\r\n0\r\n\r\n")},
	{TEXT("5\r\nhello0\r\n\r\n"), "chunk longer than its size",
	 TEXT("5\r\nhello\r\n0\r\n\r\n")},
	{TEXT("5\r\nhello\r0\r\n\r\n"), "CR without LF", TEXT("5\r\nhello\r\n0\r\n\r\n")},
	{TEXT("6\r\nhello\r\n0\r\n\r\n"), "chunk longer than its size",
	 TEXT("7\r\nhello\r\n\r\n0\r\n\r\n")},
	{TEXT("5\r\nhello\r\n\r\n0\r\n\r\n"), "bad chunk size", TEXT("5\r\nhello\r\n0\r\n\r\n")},
	{TEXT("0\r\n\n"), "bad trailer", TEXT("0\r\n\r\n")},
	{TEXT("0\r\n\rx"), "CR without LF", TEXT("0\r\n\r\n")},
	{TEXT("0\r\nA: b\n\r\n"), "bad byte in a trailer", TEXT("0\r\nA: b\r\n\r\n")},
	{TEXT("0\r\nA: b\r\n\n"), "bad trailer", TEXT("0\r\nA: b\r\n\r\n")},
	{TEXT("0\r\nA: \0\r\n\r\n"), "bad byte in a trailer", TEXT("0\r\nA: \r\n\r\n")},
	{TEXT("0\r\nA: b\rc\r\n\r\n"), "CR without LF", TEXT("0\r\nA: bc\r\n\r\n")},
	{TEXT("0\r\nA: b\r\n c\r\n\r\n"), "bad trailer", TEXT("0\r\nA: b c\r\n\r\n")},
	{TEXT("0\r\n A: b\r\n\r\n"), "bad trailer", TEXT("0\r\nA: b\r\n\r\n")},
	{TEXT("0\r\nA : b\r\n\r\n"), "bad trailer", TEXT("0\r\nA: b\r\n\r\n")},
	{TEXT("0\r\n: b\r\n\r\n"), "bad trailer", TEXT("0\r\nA: b\r\n\r\n")},
	{TEXT("0\r\nA\r\n\r\n"), "bad trailer", TEXT("0\r\nA:\r\n\r\n")},
	{TEXT("0\r\nGET / HTTP/1.1\r\n\r\n"), "bad trailer", TEXT("0\r\n\r\nGET / HTTP/1.1\r\n")},
};

Test(http_body, each_bad_one_is_refused_for_its_reason_and_its_twin_is_not)
{
	char out[256];
	for (size_t i = 0; i < VG_COUNT(bad_cases); i++) {
		const struct bad_case *c = &bad_cases[i];
		for (size_t s = 0; s < VG_COUNT(steps); s++) {
			struct vg_http_body body;
			size_t len, used;
			struct vg_slice payload;
			vg_http_body_init(&body, VG_FRAMING_CHUNKED, 0);
			cr_expect(decode(&body, c->bad, steps[s], out, &len, &used) == VG_BODY_BAD,
				  "%s by %zu", shown(c->bad), steps[s]);
			cr_expect(body.fault != NULL && strcmp(body.fault, c->fault) == 0,
				  "%s by %zu: %s", shown(c->bad), steps[s], body.fault);
			/* It stays so, whatever comes. */
			cr_expect(vg_http_body_next(&body, VG_SLICE("0\r\n\r\n"), &used,
						    &payload) == VG_BODY_BAD);
			cr_expect(!vg_http_body_closed(&body));
			vg_http_body_init(&body, VG_FRAMING_CHUNKED, 0);
			cr_expect(decode(&body, c->twin, steps[s], out, &len, &used) == VG_BODY_END,
				  "%s by %zu: %s", shown(c->twin), steps[s], body.fault);
		}
	}
}

/* The caps, each at its last good value and one past it. */
static enum vg_body decode_long(const char *before, size_t count, const char *after,
				const char **fault)
{
	static char text[20000], out[64];
	struct vg_http_body body;
	size_t len = strlen(before), used, out_len;
	memcpy(text, before, len);
	memset(text + len, 'x', count);
	len += count;
	memcpy(text + len, after, strlen(after));
	len += strlen(after);
	vg_http_body_init(&body, VG_FRAMING_CHUNKED, 0);
	enum vg_body end = decode(&body, vg_slice(text, len), 997, out, &out_len, &used);
	*fault = body.fault;
	return end;
}

Test(http_body, caps)
{
	const char *fault;
	/* The `;` counts: 256 bytes of extension in all. */
	cr_expect(decode_long("1;", 255, "\r\nh\r\n0\r\n\r\n", &fault) == VG_BODY_END);
	cr_expect(decode_long("1;", 256, "\r\nh\r\n0\r\n\r\n", &fault) == VG_BODY_BAD);
	cr_expect_str_eq(fault, "chunk extension too long");
	cr_expect(decode_long("1\r\nh\r\n0;", 256, "\r\n\r\n", &fault) == VG_BODY_BAD);
	cr_expect_str_eq(fault, "chunk extension too long");
	/* Each chunk has its own. */
	cr_expect(decode_long("1;123\r\nh\r\n0;", 255, "\r\n\r\n", &fault) == VG_BODY_END);
	/* Trailers in all, with their line ends but the LFs. */
	cr_expect(decode_long("0\r\nA:", 8192 - 4, "\r\n\r\n", &fault) == VG_BODY_END);
	cr_expect(decode_long("0\r\nA:", 8192 - 3, "\r\n\r\n", &fault) == VG_BODY_BAD);
	cr_expect_str_eq(fault, "trailers too long");
	cr_expect(decode_long("0\r\nA: b\r\nC:", 8192, "\r\n\r\n", &fault) == VG_BODY_BAD);
	cr_expect_str_eq(fault, "trailers too long");
}

Test(http_body, every_cut_is_known_as_cut)
{
	struct vg_slice text = VG_SLICE("5;a\r\nhello\r\n0\r\nA: b\r\n\r\n");
	for (size_t len = 0; len <= text.len; len++) {
		char out[64];
		struct vg_http_body body;
		size_t out_len, used;
		vg_http_body_init(&body, VG_FRAMING_CHUNKED, 0);
		enum vg_body end = decode(&body, vg_slice_first(text, len), 64, out, &out_len,
					  &used);
		cr_expect(end == (len < text.len ? VG_BODY_MORE : VG_BODY_END));
		cr_expect(vg_http_body_closed(&body) == (len == text.len));
	}
}
