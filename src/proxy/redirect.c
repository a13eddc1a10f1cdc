#include "proxy/redirect.h"

#include <string.h>

#include "base/text.h"

/* Only what RFC 3986 lets stand in a reference, and no way up. */
static bool is_plain(struct vg_slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.ptr[i] <= ' ' || s.ptr[i] == '\\' || (unsigned char)s.ptr[i] >= 0x7f)
			return false;
	struct vg_slice path = vg_slice_first(s, vg_slice_find(s, '?'));
	struct vg_slice segment;
	path = vg_slice_first(path, vg_slice_find(path, '#'));
	while (vg_slice_cut(&path, '/', &segment))
		if (vg_slice_eq(segment, VG_SLICE("..")))
			return false;
	return true;
}

static bool below_prefix(struct vg_slice prefix, struct vg_slice path, struct vg_arena *arena,
			 struct vg_slice *mapped)
{
	char *text = vg_arena_alloc(arena, prefix.len + path.len + 1);
	if (text == NULL)
		return false;
	if (prefix.len > 0)
		memcpy(text, prefix.ptr, prefix.len);
	if (path.len > 0)
		memcpy(text + prefix.len, path.ptr, path.len);
	*mapped = vg_slice(text, prefix.len + path.len);
	return true;
}

/* "http://HOST[:PORT]": the upstream's own name, or its host with any port. */
static bool is_own(const struct vg_redirect *redirect, struct vg_slice authority)
{
	if (vg_slice_eq_case(authority, redirect->upstream))
		return true;
	struct vg_slice host = vg_slice_first(authority, vg_slice_find(authority, ':'));
	return vg_slice_eq_case(host, redirect->host);
}

bool vg_redirect_map(const struct vg_redirect *redirect, struct vg_slice location,
		     struct vg_arena *arena, struct vg_slice *mapped)
{
	if (location.len == 0 || !is_plain(location))
		return false;
	struct vg_slice rest = location;
	bool absolute = vg_slice_starts(location, VG_SLICE("http://")) ||
			vg_slice_starts(location, VG_SLICE("https://"));
	if (absolute) {
		rest = vg_slice_from(location, vg_slice_find(location, ':') + 3);
		struct vg_slice authority = vg_slice_first(rest, vg_slice_find(rest, '/'));
		if (!is_own(redirect, authority))
			return false;
		rest = vg_slice_from(rest, authority.len);
		if (rest.len == 0)
			rest = VG_SLICE("/");
	}
	if (vg_slice_starts(rest, VG_SLICE("//")))
		return false;
	if (rest.ptr[0] == '/')
		return below_prefix(redirect->prefix, rest, arena, mapped);
	/* Relative: what stands before the first slash must be no scheme. */
	struct vg_slice first = vg_slice_first(rest, vg_slice_find(rest, '/'));
	if (vg_slice_find(first, ':') < first.len)
		return false;
	*mapped = rest;
	return true;
}
