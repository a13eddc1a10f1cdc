#include "policy/path.h"

#include "base/text.h"
#include "policy/percent.h"

/* One %xx or, of a character beyond ASCII, all of them; 0 with *fault where it is refused. */
static size_t normalise_coded(char *out, size_t *len, struct vg_slice raw, const char **fault)
{
	int byte = vg_percent_byte(raw);
	size_t count = 1;
	if (byte < 0)
		*fault = "percent sign without two digits";
	else if (byte == '/' || byte == '\\')
		*fault = "encoded slash";
	else if (byte == ';')
		*fault = "encoded path parameter";
	else if (byte < 0x20 || byte == 0x7f)
		*fault = "encoded control byte";
	else if (byte >= 0x80 && (count = vg_percent_utf8(raw)) == 0)
		*fault = "encoded bytes that are not UTF-8";
	if (*fault != NULL)
		return 0;
	for (size_t i = 0; i < count; i++) {
		int coded = vg_percent_byte(vg_slice_from(raw, i * VG_PERCENT_LEN));
		*len += vg_percent_put(out + *len, (uint8_t)coded);
	}
	return count * VG_PERCENT_LEN;
}

/* RFC 3986 3.3, but for `;`, which would make parameters of a segment. */
static bool is_pchar(char c)
{
	return vg_is_unreserved(c) || (c != ';' && vg_percent_is_delim(c));
}

static const char *fault_of_byte(char c)
{
	switch (c) {
	case ';':
		return "path parameter";
	case '\\':
		return "backslash in the path";
	case '#':
		return "fragment in the path";
	default:
		return "byte that no path may hold";
	}
}

/* `out` has room for raw.len bytes; the text never grows. */
static const char *normalise(char *out, size_t *len, struct vg_slice raw)
{
	const char *fault = NULL;
	size_t at = 0;
	*len = 0;
	while (at < raw.len && fault == NULL) {
		char c = raw.ptr[at];
		if (c == '%') {
			at += normalise_coded(out, len, vg_slice_from(raw, at), &fault);
		} else if (c == '/' || is_pchar(c)) {
			out[(*len)++] = c;
			at++;
		} else {
			fault = fault_of_byte(c);
		}
	}
	return fault;
}

/* Looked for in the normalised text: %25%34%31 hides it as well as %2541. */
static bool is_double_coded(struct vg_slice text)
{
	for (size_t at = 0; at < text.len; at++) {
		at += vg_slice_find(vg_slice_from(text, at), '%');
		struct vg_slice behind = vg_slice_from(text, at + VG_PERCENT_LEN);
		if (vg_percent_byte(vg_slice_from(text, at)) == '%' && behind.len >= 2 &&
		    vg_hex_value(behind.ptr[0]) >= 0 && vg_hex_value(behind.ptr[1]) >= 0)
			return true;
	}
	return false;
}

static const char *check_segment(struct vg_slice segment, size_t count)
{
	if (segment.len == 0)
		return "empty segment";
	if (vg_slice_eq(segment, VG_SLICE(".")) || vg_slice_eq(segment, VG_SLICE("..")))
		return "dot segment";
	return count < VG_PATH_SEGMENTS_MAX ? NULL : "too many segments";
}

/* path->text begins with a slash; segments are what lies between slashes. */
static const char *split(struct vg_path *path)
{
	struct vg_slice rest = vg_slice_from(path->text, 1), segment;
	path->count = 0;
	path->slash = vg_slice_ends(path->text, VG_SLICE("/"));
	while (rest.len > 0 && vg_slice_cut(&rest, '/', &segment)) {
		const char *fault = check_segment(segment, path->count);
		if (fault != NULL)
			return fault;
		path->segments[path->count++] = segment;
	}
	return NULL;
}

bool vg_path_parse(struct vg_path *path, struct vg_slice raw, struct vg_arena *arena,
		   const char **fault)
{
	*fault = NULL;
	if (raw.len == 0 || raw.ptr[0] != '/')
		*fault = "path without a slash in front";
	else if (raw.len > VG_PATH_BYTES_MAX)
		*fault = "path too long";
	if (*fault != NULL)
		return false;

	size_t len = 0;
	char *text = vg_arena_alloc(arena, raw.len);
	if (text == NULL)
		*fault = "no memory for the path";
	else
		*fault = normalise(text, &len, raw);
	if (*fault != NULL)
		return false;

	path->text = vg_slice(text, len);
	*fault = is_double_coded(path->text) ? "double encoding" : split(path);
	return *fault == NULL;
}

bool vg_path_below(struct vg_path *below, const struct vg_path *path, struct vg_slice prefix)
{
	if (!vg_slice_starts(path->text, prefix) ||
	    (path->text.len > prefix.len && path->text.ptr[prefix.len] != '/'))
		return false;
	size_t skip = 0;
	for (size_t i = 0; i < prefix.len; i++)
		skip += prefix.ptr[i] == '/';
	if (skip > path->count)
		return false;
	bool itself = path->text.len == prefix.len;
	below->text = itself ? VG_SLICE("/") : vg_slice_from(path->text, prefix.len);
	below->slash = itself || path->slash;
	below->count = path->count - skip;
	memcpy(below->segments, path->segments + skip, below->count * sizeof(*below->segments));
	return true;
}
