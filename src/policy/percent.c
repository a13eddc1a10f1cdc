#include "policy/percent.h"

#include "base/text.h"

bool vg_percent_is_delim(char c)
{
	return c != '\0' && strchr("!$&'()*+,;=:@", c) != NULL;
}

int vg_percent_byte(struct vg_slice s)
{
	if (s.len < VG_PERCENT_LEN || s.ptr[0] != '%')
		return -1;
	int high = vg_hex_value(s.ptr[1]), low = vg_hex_value(s.ptr[2]);
	return high < 0 || low < 0 ? -1 : high << 4 | low;
}

size_t vg_percent_put(char *out, uint8_t byte)
{
	static const char digits[] = "0123456789ABCDEF";
	if (vg_is_unreserved((char)byte)) {
		out[0] = (char)byte;
		return 1;
	}
	out[0] = '%';
	out[1] = digits[byte >> 4];
	out[2] = digits[byte & 15];
	return VG_PERCENT_LEN;
}

size_t vg_percent_utf8(struct vg_slice s)
{
	char bytes[4];
	size_t count = 0;
	for (; count < sizeof(bytes); count++) {
		int byte = vg_percent_byte(vg_slice_from(s, count * VG_PERCENT_LEN));
		if (byte < 0x80)
			break;
		bytes[count] = (char)byte;
	}
	return vg_utf8_len(vg_slice(bytes, count));
}

bool vg_percent_take(struct vg_slice *s, uint8_t *byte)
{
	if (s->len == 0)
		return false;
	int coded = vg_percent_byte(*s);
	*byte = coded < 0 ? (uint8_t)s->ptr[0] : (uint8_t)coded;
	*s = vg_slice_from(*s, coded < 0 ? 1 : VG_PERCENT_LEN);
	return true;
}

size_t vg_percent_count(struct vg_slice s)
{
	size_t count = 0;
	uint8_t byte;
	while (vg_percent_take(&s, &byte))
		count++;
	return count;
}

int vg_percent_cmp(struct vg_slice a, struct vg_slice b)
{
	for (;;) {
		uint8_t x, y;
		bool has_x = vg_percent_take(&a, &x), has_y = vg_percent_take(&b, &y);
		if (!has_x || !has_y)
			return (int)has_x - (int)has_y;
		if (x != y)
			return x < y ? -1 : 1;
	}
}
