#include "base/slice.h"

#include "base/text.h"

bool vg_slice_eq_case(struct vg_slice a, struct vg_slice b)
{
	if (a.len != b.len)
		return false;
	for (size_t i = 0; i < a.len; i++)
		if (vg_lower(a.ptr[i]) != vg_lower(b.ptr[i]))
			return false;
	return true;
}

int vg_slice_cmp(struct vg_slice a, struct vg_slice b)
{
	size_t n = a.len < b.len ? a.len : b.len;
	int order = n == 0 ? 0 : memcmp(a.ptr, b.ptr, n);
	if (order != 0)
		return order;
	return a.len < b.len ? -1 : a.len > b.len;
}

size_t vg_slice_find(struct vg_slice s, char c)
{
	const char *hit = s.len == 0 ? NULL : memchr(s.ptr, c, s.len);
	return hit == NULL ? s.len : (size_t)(hit - s.ptr);
}

bool vg_slice_cut(struct vg_slice *rest, char sep, struct vg_slice *part)
{
	if (rest->ptr == NULL)
		return false;
	size_t at = vg_slice_find(*rest, sep);
	*part = vg_slice_first(*rest, at);
	*rest = at == rest->len ? vg_slice(NULL, 0) : vg_slice_from(*rest, at + 1);
	return true;
}

struct vg_slice vg_slice_trim(struct vg_slice s)
{
	while (s.len > 0 && (s.ptr[0] == ' ' || s.ptr[0] == '\t')) {
		s.ptr++;
		s.len--;
	}
	while (s.len > 0 && (s.ptr[s.len - 1] == ' ' || s.ptr[s.len - 1] == '\t'))
		s.len--;
	return s;
}

bool vg_slice_text(char *out, size_t size, struct vg_slice s)
{
	if (s.len >= size || (s.len > 0 && memchr(s.ptr, '\0', s.len) != NULL))
		return false;
	if (s.len > 0)
		memcpy(out, s.ptr, s.len);
	out[s.len] = '\0';
	return true;
}

bool vg_slice_word(struct vg_slice *rest, struct vg_slice *word)
{
	size_t len = 0;
	*rest = vg_slice_trim(*rest);
	while (len < rest->len && rest->ptr[len] != ' ' && rest->ptr[len] != '\t' &&
	       rest->ptr[len] != '\r')
		len++;
	*word = vg_slice_first(*rest, len);
	*rest = vg_slice_from(*rest, len);
	return len > 0;
}

bool vg_slice_u64(struct vg_slice s, uint64_t *value)
{
	uint64_t v = 0;
	if (s.len == 0)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		if (s.ptr[i] < '0' || s.ptr[i] > '9')
			return false;
		if (__builtin_mul_overflow(v, 10U, &v) ||
		    __builtin_add_overflow(v, (uint64_t)(s.ptr[i] - '0'), &v))
			return false;
	}
	*value = v;
	return true;
}
