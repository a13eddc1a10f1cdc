/*
 * Location and Link (libFuzzer): what comes out, a client resolves to the vendor's host and to a
 * path below the service's prefix. The first byte tells the prefix, and whether it is a Location or
 * a Link; the rest is the field's value, as the parser lets it through.
 *
 * The client is written here after WHATWG URL 4.4, which is laxer than RFC 3986: it takes `\` for
 * a slash, skips control bytes, and knows %2e for a dot.
 */
#include "base/text.h"
#include "http/chars.h"
#include "proxy/redirect.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define TEXT_MAX ((size_t)1 << 16)

static struct vg_redirect redirect = {
	.host = {"api.agency.example", 18},
	.upstream = {"10.0.0.7:8080", 13},
};

static bool is_slash(char c)
{
	return c == '/' || c == '\\';
}

/* Whether the reference has a scheme. */
static bool has_scheme(struct vg_slice s)
{
	size_t i = 0;
	if (s.len == 0 || !vg_is_alpha(s.ptr[0]))
		return false;
	while (i < s.len &&
	       (vg_is_alpha(s.ptr[i]) || vg_is_digit(s.ptr[i]) || strchr("+-.", s.ptr[i]) != NULL))
		i++;
	return i < s.len && s.ptr[i] == ':';
}

static size_t dots(struct vg_slice segment)
{
	size_t count = 0;
	while (segment.len > 0) {
		if (segment.ptr[0] == '.')
			segment = vg_slice_from(segment, 1);
		else if (vg_slice_eq_case(vg_slice_first(segment, 3), VG_SLICE("%2e")))
			segment = vg_slice_from(segment, 3);
		else
			return 0;
		count++;
	}
	return count <= 2 ? count : 0;
}

/* The path that `text` leads to, its dot segments gone; its length. */
static size_t resolve(char *out, struct vg_slice text)
{
	size_t len = 0, at = 0;
	while (at < text.len && text.ptr[at] != '?' && text.ptr[at] != '#') {
		size_t end = ++at; /* behind the slash */
		while (end < text.len && !is_slash(text.ptr[end]) && text.ptr[end] != '?' &&
		       text.ptr[end] != '#')
			end++;
		struct vg_slice segment = vg_slice(text.ptr + at, end - at);
		bool last = end == text.len || !is_slash(text.ptr[end]);
		size_t up = dots(segment);
		while (up == 2 && len > 0 && out[--len] != '/')
			;
		if (up == 0 || last) {
			out[len++] = '/';
			if (up == 0)
				memcpy(out + len, segment.ptr, segment.len);
			len += up == 0 ? segment.len : 0;
		}
		at = end;
	}
	return len;
}

static void check_reference(struct vg_slice s)
{
	static char whole[2 * TEXT_MAX], path[2 * TEXT_MAX];
	static const char base[] = "/v1/people/";
	for (size_t i = 0; i < s.len; i++)
		VG_ASSERT(s.ptr[i] > ' ' && s.ptr[i] < 0x7f && s.ptr[i] != '<' && s.ptr[i] != '>');
	VG_ASSERT(!has_scheme(s));
	VG_ASSERT(s.len < 2 || !is_slash(s.ptr[0]) || !is_slash(s.ptr[1]));
	size_t len = 0;
	if (s.len == 0 || !is_slash(s.ptr[0])) {
		memcpy(whole, redirect.prefix.ptr, redirect.prefix.len);
		memcpy(whole + redirect.prefix.len, base, sizeof(base) - 1);
		len = redirect.prefix.len + sizeof(base) - 1;
	}
	memcpy(whole + len, s.ptr, s.len);
	struct vg_slice found = vg_slice(path, resolve(path, vg_slice(whole, len + s.len)));
	VG_ASSERT(vg_slice_starts(found, redirect.prefix));
	VG_ASSERT(found.len > redirect.prefix.len && path[redirect.prefix.len] == '/');
}

static void check_location(struct vg_slice value, struct vg_arena *arena)
{
	struct vg_slice mapped, again;
	if (!vg_redirect_map(&redirect, value, arena, &mapped))
		return;
	VG_ASSERT(mapped.len > 0);
	check_reference(mapped);
	VG_ASSERT(vg_redirect_map(&redirect, mapped, arena, &again));
	if (redirect.prefix.len == 0)
		VG_ASSERT(vg_slice_eq(again, mapped));
}

/* The list that we wrote: <reference>; name="value"; … , …, read by its quotes. */
static void check_list(struct vg_slice text)
{
	bool quoted = false;
	for (size_t i = 0; i < text.len; i++) {
		VG_ASSERT((vg_char(text.ptr[i]) & VG_CHAR_VALUE) != 0);
		if (quoted && text.ptr[i] == '\\') {
			i++;
			VG_ASSERT(i < text.len);
		} else if (text.ptr[i] == '"') {
			quoted = !quoted;
		} else if (!quoted && text.ptr[i] == '<') {
			struct vg_slice rest = vg_slice_from(text, i + 1);
			size_t end = vg_slice_find(rest, '>');
			VG_ASSERT(end < rest.len);
			check_reference(vg_slice_first(rest, end));
			i += end + 1;
		}
	}
	VG_ASSERT(!quoted);
}

/* `anchor` moves where a link begins: it is mapped like a target. */
static void check_anchors(struct vg_slice text)
{
	struct vg_slice mark = VG_SLICE("; anchor=\"");
	for (size_t i = 0; i < text.len; i++) {
		struct vg_slice rest = vg_slice_from(text, i);
		if (!vg_slice_eq_case(vg_slice_first(rest, mark.len), mark))
			continue;
		rest = vg_slice_from(rest, mark.len);
		check_reference(vg_slice_first(rest, vg_slice_find(rest, '"')));
	}
}

static void check_links(struct vg_slice value, struct vg_arena *arena)
{
	struct vg_buf out, again;
	vg_buf_init(&out, TEXT_MAX);
	vg_buf_init(&again, TEXT_MAX);
	if (vg_redirect_links(&redirect, value, arena, &out)) {
		struct vg_slice text = vg_buf_slice(&out);
		check_list(text);
		if (vg_slice_find(value, '"') == value.len)
			check_anchors(text);
		if (redirect.prefix.len == 0) {
			VG_ASSERT(vg_redirect_links(&redirect, text, arena, &again));
			VG_ASSERT(vg_slice_eq(vg_buf_slice(&again), text));
		}
	}
	vg_buf_fini(&out);
	vg_buf_fini(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct vg_arena arena;
	if (size == 0 || size > TEXT_MAX / 4)
		return 0;
	struct vg_slice value = vg_slice((const char *)data + 1, size - 1);
	if (!vg_chars_all(value, VG_CHAR_VALUE))
		return 0;
	redirect.prefix = (data[0] & 2) != 0 ? VG_SLICE("/residents") : VG_SLICE_EMPTY;
	vg_arena_init(&arena, (size_t)1 << 20);
	if ((data[0] & 1) != 0)
		check_location(vg_slice_trim(value), &arena);
	else
		check_links(vg_slice_trim(value), &arena);
	vg_arena_fini(&arena);
	return 0;
}
