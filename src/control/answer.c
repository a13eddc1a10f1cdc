#include "control/answer.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/text.h"

#define PUT_MAX 513

static const char *const words[] = {
	[VG_ANSWER_OK] = "ok", [VG_ANSWER_REFUSED] = "refused", [VG_ANSWER_WRONG] = "wrong"};

void vg_answer_init(struct vg_answer *answer)
{
	*answer = (struct vg_answer){.status = VG_ANSWER_OK};
	vg_buf_init(&answer->text, VG_ANSWER_MAX);
}

void vg_answer_fini(struct vg_answer *answer)
{
	vg_buf_fini(&answer->text);
}

static void append(struct vg_answer *answer, struct vg_slice text)
{
	answer->failed |= !vg_buf_append(&answer->text, text);
}

void vg_answer_put(struct vg_answer *answer, const char *format, ...)
{
	char text[PUT_MAX];
	va_list args;
	va_start(args, format);
	int n = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	VG_ASSERT(n >= 0 && n < PUT_MAX);
	append(answer, vg_slice(text, (size_t)n));
}

static bool is_control(char c)
{
	return (unsigned char)c < 0x20 || c == 0x7f;
}

void vg_answer_put_json(struct vg_answer *answer, struct vg_slice text)
{
	append(answer, VG_SLICE("\""));
	while (text.len > 0) {
		size_t len = vg_utf8_len(text);
		if (len == 0)
			append(answer, VG_SLICE("\\ufffd"));
		else if (len == 1 && is_control(text.ptr[0]))
			vg_answer_put(answer, "\\u%04x", (unsigned)(unsigned char)text.ptr[0]);
		else if (text.ptr[0] == '"' || text.ptr[0] == '\\')
			vg_answer_put(answer, "\\%c", text.ptr[0]);
		else
			append(answer, vg_slice_first(text, len));
		text = vg_slice_from(text, len == 0 ? 1 : len);
	}
	append(answer, VG_SLICE("\""));
}

void vg_answer_put_text(struct vg_answer *answer, struct vg_slice text)
{
	while (text.len > 0) {
		size_t len = vg_utf8_len(text);
		/* U+0080 to U+009F are controls too, as C2 80 to C2 9F. */
		bool plain = len > 2 ||
			     (len == 1 && (text.ptr[0] == '\n' || !is_control(text.ptr[0]))) ||
			     (len == 2 && !((unsigned char)text.ptr[0] == 0xc2 &&
					    (unsigned char)text.ptr[1] < 0xa0));
		if (len == 0)
			len = 1;
		if (plain)
			append(answer, vg_slice_first(text, len));
		for (size_t i = 0; !plain && i < len; i++)
			vg_answer_put(answer, "\\x%02x", (unsigned)(unsigned char)text.ptr[i]);
		text = vg_slice_from(text, len);
	}
}

bool vg_answer_write(struct vg_answer *answer, struct vg_buf *out)
{
	char head[32];
	if (answer->failed) {
		vg_answer_fini(answer);
		vg_answer_init(answer);
		answer->status = VG_ANSWER_REFUSED;
		vg_answer_put(answer, "the answer is too large\n");
	}
	int n = snprintf(head, sizeof(head), "%s %zu\n", words[answer->status], answer->text.len);
	VG_ASSERT(n > 0 && (size_t)n < sizeof(head));
	return vg_buf_append(out, vg_slice(head, (size_t)n)) &&
	       vg_buf_append(out, vg_buf_slice(&answer->text));
}
