#include "http/body.h"

#include "base/text.h"
#include "http/chars.h"

#define DIGITS_MAX 16 /* of a chunk's size: 64 bits */
#define EXTENSION_MAX 256
#define TRAILER_MAX 8192

/* Where the chunked decoder stands (RFC 9112 7.1): what the next byte is. */
enum state {
	SIZE,
	EXTENSION,
	SIZE_LF,
	DATA,
	DATA_CR,
	DATA_LF,
	TRAILER, /* the first byte of a trailer line, or the CR of the empty line */
	TRAILER_NAME,
	TRAILER_VALUE,
	TRAILER_LF,
	LAST_LF,
	OVER
};

void vg_http_body_init(struct vg_http_body *body, enum vg_framing framing, uint64_t length)
{
	*body = (struct vg_http_body){.framing = framing, .state = SIZE};
	if (framing == VG_FRAMING_LENGTH)
		body->left = length;
}

static bool fail(struct vg_http_body *body, const char *fault)
{
	body->fault = fault;
	return false;
}

static bool size_byte(struct vg_http_body *body, char c)
{
	int digit = vg_hex_value(c);
	if (digit >= 0) {
		if (++body->digits > DIGITS_MAX)
			return fail(body, "chunk size of too many digits");
		body->left = body->left << 4 | (uint64_t)digit;
		return true;
	}
	if (body->digits == 0 || (c != ';' && c != '\r'))
		return fail(body, "bad chunk size");
	body->state = c == ';' ? EXTENSION : SIZE_LF;
	return true;
}

static bool extension_byte(struct vg_http_body *body, char c)
{
	if (c == '\r') {
		body->state = SIZE_LF;
		return true;
	}
	if ((vg_char(c) & VG_CHAR_VALUE) == 0)
		return fail(body, "bad byte in a chunk extension");
	return ++body->extension < EXTENSION_MAX || fail(body, "chunk extension too long");
}

/* The next line is a size again, or the first trailer. */
static void size_done(struct vg_http_body *body)
{
	body->state = body->left > 0 ? DATA : TRAILER;
	body->digits = 0;
	body->extension = 0;
}

/* A name begins a line, and a colon is behind it: no folding. The lines themselves are dropped. */
static bool trailer_byte(struct vg_http_body *body, char c)
{
	if (++body->trailer > TRAILER_MAX)
		return fail(body, "trailers too long");
	if (body->state == TRAILER_VALUE) {
		if (c == '\r')
			body->state = TRAILER_LF;
		else if ((vg_char(c) & (VG_CHAR_VALUE | VG_CHAR_OPAQUE)) == 0)
			return fail(body, "bad byte in a trailer");
		return true;
	}
	if (body->state == TRAILER && c == '\r')
		body->state = LAST_LF;
	else if (body->state == TRAILER_NAME && c == ':')
		body->state = TRAILER_VALUE;
	else if ((vg_char(c) & VG_CHAR_TOKEN) != 0)
		body->state = TRAILER_NAME;
	else
		return fail(body, "bad trailer");
	return true;
}

static bool expect_byte(struct vg_http_body *body, char c, char expected, enum state next)
{
	if (c != expected)
		return fail(body, body->state == DATA_CR ? "chunk longer than its size"
							 : "CR without LF");
	body->state = (uint8_t)next;
	return true;
}

/* One byte of the chunks' frame. */
static bool frame_byte(struct vg_http_body *body, char c)
{
	switch ((enum state)body->state) {
	case SIZE:
		return size_byte(body, c);
	case EXTENSION:
		return extension_byte(body, c);
	case SIZE_LF:
		if (!expect_byte(body, c, '\n', DATA))
			return false;
		size_done(body);
		return true;
	case DATA_CR:
		return expect_byte(body, c, '\r', DATA_LF);
	case DATA_LF:
		return expect_byte(body, c, '\n', SIZE);
	case TRAILER_LF:
		return expect_byte(body, c, '\n', TRAILER);
	case LAST_LF:
		return expect_byte(body, c, '\n', OVER);
	case TRAILER:
	case TRAILER_NAME:
	case TRAILER_VALUE:
		return trailer_byte(body, c);
	case DATA:
	case OVER:
		break;
	}
	abort(); /* neither state has a frame */
}

/* Up to `left` bytes of the input at `at` as payload. */
static enum vg_body take(struct vg_http_body *body, struct vg_slice in, size_t at, size_t *used,
			 struct vg_slice *payload)
{
	*payload = vg_slice_from(in, at);
	if (body->left < payload->len)
		payload->len = (size_t)body->left;
	body->left -= payload->len;
	*used = at + payload->len;
	return payload->len > 0 ? VG_BODY_DATA : VG_BODY_MORE;
}

static enum vg_body next_chunked(struct vg_http_body *body, struct vg_slice in, size_t *used,
				 struct vg_slice *payload)
{
	size_t at = 0;
	while (body->state != OVER) {
		if (body->state == DATA) {
			enum vg_body got = take(body, in, at, used, payload);
			if (body->left == 0)
				body->state = DATA_CR;
			return got;
		}
		*used = at;
		if (at == in.len)
			return VG_BODY_MORE;
		if (!frame_byte(body, in.ptr[at]))
			return VG_BODY_BAD;
		at++;
	}
	*used = at;
	return VG_BODY_END;
}

enum vg_body vg_http_body_next(struct vg_http_body *body, struct vg_slice in, size_t *used,
			       struct vg_slice *payload)
{
	enum vg_body got = VG_BODY_END;
	*used = 0;
	*payload = VG_SLICE_EMPTY;
	if (body->fault != NULL)
		return VG_BODY_BAD;
	if (body->ended)
		return VG_BODY_END;
	switch (body->framing) {
	case VG_FRAMING_NONE:
		break;
	case VG_FRAMING_LENGTH:
		if (body->left > 0)
			got = take(body, in, 0, used, payload);
		break;
	case VG_FRAMING_CHUNKED:
		got = next_chunked(body, in, used, payload);
		break;
	case VG_FRAMING_CLOSE:
		*payload = in;
		*used = in.len;
		got = in.len > 0 ? VG_BODY_DATA : VG_BODY_MORE;
		break;
	}
	body->ended = got == VG_BODY_END;
	return got;
}

bool vg_http_body_closed(struct vg_http_body *body)
{
	if (body->fault != NULL)
		return false;
	if (body->framing == VG_FRAMING_CLOSE || body->framing == VG_FRAMING_NONE ||
	    (body->framing == VG_FRAMING_LENGTH && body->left == 0))
		body->ended = true;
	if (!body->ended)
		body->fault = "body cut short";
	return body->ended;
}
