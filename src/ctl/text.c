#include "ctl/text.h"

#include "base/text.h"

static bool is_control(char c)
{
	return (unsigned char)c < 0x20 || c == 0x7f;
}

void vg_text_print(FILE *out, struct vg_slice text)
{
	while (text.len > 0) {
		size_t len = vg_utf8_len(text);
		/* U+0080 to U+009F are controls too, as C2 80 to C2 9F. */
		bool plain = len > 2 || (len == 1 && !is_control(text.ptr[0])) ||
			     (len == 2 && !((unsigned char)text.ptr[0] == 0xc2 &&
					    (unsigned char)text.ptr[1] < 0xa0));
		if (len == 0)
			len = 1;
		if (plain)
			fprintf(out, "%.*s", (int)len, text.ptr);
		for (size_t i = 0; !plain && i < len; i++)
			fprintf(out, "\\x%02x", (unsigned)(unsigned char)text.ptr[i]);
		text = vg_slice_from(text, len);
	}
}

void vg_text_print_json(FILE *out, struct vg_slice text)
{
	fputc('"', out);
	while (text.len > 0) {
		size_t len = vg_utf8_len(text);
		if (len == 0)
			fputs("\\ufffd", out);
		else if (len == 1 && is_control(text.ptr[0]))
			fprintf(out, "\\u%04x", (unsigned)(unsigned char)text.ptr[0]);
		else if (text.ptr[0] == '"' || text.ptr[0] == '\\')
			fprintf(out, "\\%c", text.ptr[0]);
		else
			fprintf(out, "%.*s", (int)len, text.ptr);
		text = vg_slice_from(text, len == 0 ? 1 : len);
	}
	fputc('"', out);
}
