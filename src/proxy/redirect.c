#include "proxy/redirect.h"

#include <string.h>

#include "base/text.h"

/* "..", as a client reads it: it takes %2e for a dot (WHATWG URL 4.4). */
static bool is_up(struct vg_slice segment)
{
	size_t dots = 0;
	for (size_t i = 0; i < segment.len; dots++) {
		struct vg_slice rest = vg_slice_from(segment, i);
		if (rest.ptr[0] == '.')
			i++;
		else if (vg_slice_eq_case(vg_slice_first(rest, 3), VG_SLICE("%2e")))
			i += 3;
		else
			return false;
	}
	return dots == 2;
}

/* Only what RFC 3986 lets stand in a reference, and no way up. */
static bool is_plain(struct vg_slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.ptr[i] <= ' ' || s.ptr[i] == '\\' || s.ptr[i] == '<' || s.ptr[i] == '>' ||
		    s.ptr[i] == '"' || (unsigned char)s.ptr[i] >= 0x7f)
			return false;
	struct vg_slice path = vg_slice_first(s, vg_slice_find(s, '?'));
	struct vg_slice segment;
	path = vg_slice_first(path, vg_slice_find(path, '#'));
	while (vg_slice_cut(&path, '/', &segment))
		if (is_up(segment))
			return false;
	return true;
}

static bool below_prefix(struct vg_slice prefix, struct vg_slice path, struct vg_slice rest,
			 struct vg_arena *arena, struct vg_slice *mapped)
{
	const struct vg_slice parts[] = {prefix, path, rest};
	char *text = vg_arena_alloc(arena, prefix.len + path.len + rest.len + 1);
	*mapped = vg_slice(text, 0);
	for (size_t i = 0; text != NULL && i < VG_COUNT(parts); i++) {
		if (parts[i].len > 0)
			memcpy(text + mapped->len, parts[i].ptr, parts[i].len);
		mapped->len += parts[i].len;
	}
	return text != NULL;
}

/* ":8080": all else behind a host would make it somebody's password (RFC 3986 3.2.1). */
static bool is_port(struct vg_slice s)
{
	uint64_t port;
	return s.len == 0 ||
	       (s.ptr[0] == ':' &&
		(s.len == 1 || (vg_slice_u64(vg_slice_from(s, 1), &port) && port <= 65535)));
}

/* A port that nobody writes down where the scheme says it (RFC 3986 3.2.3). */
static struct vg_slice without_default_port(struct vg_slice authority)
{
	size_t port = vg_slice_ends(authority, VG_SLICE(":80"))    ? 3
		      : vg_slice_ends(authority, VG_SLICE(":443")) ? 4
								   : 0;
	return vg_slice_first(authority, authority.len - port);
}

/* Without its port; an IPv6 address has colons of its own, in brackets. */
static struct vg_slice host_of(struct vg_slice authority)
{
	bool bracket = authority.len > 0 && authority.ptr[0] == '[';
	size_t end = vg_slice_find(authority, bracket ? ']' : ':');
	return vg_slice_first(authority, bracket ? end + 1 : end);
}

/* "HOST[:PORT]": the upstream's own name, or the service's host with any port. */
static bool is_own(const struct vg_redirect *redirect, struct vg_slice authority)
{
	if (vg_slice_eq_case(authority, redirect->upstream) ||
	    vg_slice_eq_case(authority, without_default_port(redirect->upstream)))
		return true;
	struct vg_slice host = host_of(authority);
	return vg_slice_eq_case(host, host_of(redirect->host)) &&
	       is_port(vg_slice_from(authority, host.len));
}

/* What ends an authority (RFC 3986 3.2). */
static size_t authority_len(struct vg_slice s)
{
	size_t len = 0;
	while (len < s.len && s.ptr[len] != '/' && s.ptr[len] != '?' && s.ptr[len] != '#')
		len++;
	return len;
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
		struct vg_slice authority = vg_slice_first(rest, authority_len(rest));
		if (!is_own(redirect, authority))
			return false;
		rest = vg_slice_from(rest, authority.len);
	}
	if (vg_slice_starts(rest, VG_SLICE("//")))
		return false;
	/* RFC 3986 6.2.3: behind an authority an empty path is "/". */
	if (absolute && !vg_slice_starts(rest, VG_SLICE("/")))
		return below_prefix(redirect->prefix, VG_SLICE("/"), rest, arena, mapped);
	if (vg_slice_starts(rest, VG_SLICE("/")))
		return below_prefix(redirect->prefix, rest, VG_SLICE_EMPTY, arena, mapped);
	/* Relative: what stands before the first slash must be no scheme. */
	struct vg_slice first = vg_slice_first(rest, vg_slice_find(rest, '/'));
	if (vg_slice_find(first, ':') < first.len)
		return false;
	*mapped = rest;
	return true;
}

/* A Link field that is read from its begin to its end. */
struct reader {
	struct vg_slice rest;
	bool bad;
};

static void skip_blanks(struct reader *in)
{
	while (in->rest.len > 0 && (in->rest.ptr[0] == ' ' || in->rest.ptr[0] == '\t'))
		in->rest = vg_slice_from(in->rest, 1);
}

/* Takes that byte, and the blanks around it; false where another one stands there. */
static bool take(struct reader *in, char c)
{
	skip_blanks(in);
	if (in->rest.len == 0 || in->rest.ptr[0] != c)
		return false;
	in->rest = vg_slice_from(in->rest, 1);
	skip_blanks(in);
	return true;
}

static struct vg_slice take_first(struct reader *in, size_t len)
{
	struct vg_slice taken = vg_slice_first(in->rest, len);
	in->rest = vg_slice_from(in->rest, len);
	return taken;
}

static struct vg_slice take_token(struct reader *in)
{
	size_t len = 0;
	while (len < in->rest.len && vg_is_tchar(in->rest.ptr[len]))
		len++;
	in->bad |= len == 0;
	return take_first(in, len);
}

/* Up to that byte, and behind it. */
static struct vg_slice take_until(struct reader *in, char end)
{
	struct vg_slice taken = take_first(in, vg_slice_find(in->rest, end));
	in->bad |= in->rest.len == 0;
	in->rest = vg_slice_from(in->rest, 1);
	return taken;
}

/* Without its quotes, escapes as they stand. */
static struct vg_slice take_quoted(struct reader *in)
{
	size_t len = 0;
	while (len < in->rest.len && in->rest.ptr[len] != '"')
		len += in->rest.ptr[len] == '\\' ? 2 : 1;
	if (len >= in->rest.len) {
		in->bad = true;
		return VG_SLICE_EMPTY;
	}
	struct vg_slice taken = take_first(in, len);
	in->rest = vg_slice_from(in->rest, 1);
	return taken;
}

/* Media types stand without quotes, too: what is no token for its `/`. */
static struct vg_slice take_bare(struct reader *in)
{
	size_t len = 0;
	while (len < in->rest.len && (vg_is_tchar(in->rest.ptr[len]) || in->rest.ptr[len] == '/'))
		len++;
	in->bad |= len == 0;
	return take_first(in, len);
}

static bool is_known(struct vg_slice name)
{
	static const struct vg_slice known[] = {{"rel", 3},   {"rev", 3},  {"hreflang", 8},
						{"media", 5}, {"type", 4}, {"title", 5},
						{"title*", 6}};
	for (size_t i = 0; i < VG_COUNT(known); i++)
		if (vg_slice_eq_case(name, known[i]))
			return true;
	return false;
}

static bool map_target(const struct vg_redirect *redirect, struct vg_slice target,
		       struct vg_arena *arena, struct vg_slice *mapped)
{
	*mapped = target; /* the document itself */
	return target.len == 0 || vg_redirect_map(redirect, target, arena, mapped);
}

static bool put(struct vg_buf *out, struct vg_slice a, struct vg_slice b, struct vg_slice c)
{
	return vg_buf_append(out, a) && vg_buf_append(out, b) && vg_buf_append(out, c);
}

static bool map_param(const struct vg_redirect *redirect, struct reader *in, struct vg_arena *arena,
		      struct vg_buf *out)
{
	struct vg_slice name = take_token(in), value = VG_SLICE_EMPTY;
	if (in->bad)
		return false;
	if (!take(in, '='))
		return put(out, VG_SLICE("; "), name, VG_SLICE_EMPTY);
	bool quoted = take(in, '"'), extended = vg_slice_ends(name, VG_SLICE("*"));
	value = quoted ? take_quoted(in) : take_bare(in);
	if (in->bad)
		return false;
	if (vg_slice_eq_case(name, VG_SLICE("anchor"))) {
		if (!map_target(redirect, value, arena, &value))
			return false;
	} else if (!is_known(name) && (vg_slice_find(value, '/') < value.len ||
				       vg_slice_find(value, '%') < value.len)) {
		return true;
	}
	/* title* is never quoted (RFC 8187 3.2): what needed quotes would end the link without. */
	if (extended && quoted)
		return true;
	struct vg_slice quote = extended ? VG_SLICE_EMPTY : VG_SLICE("\"");
	return put(out, VG_SLICE("; "), name, VG_SLICE("=")) && put(out, quote, value, quote);
}

static bool map_link(const struct vg_redirect *redirect, struct reader *in, struct vg_arena *arena,
		     struct vg_buf *out)
{
	struct vg_slice mapped;
	if (!take(in, '<'))
		return false;
	struct vg_slice target = vg_slice_trim(take_until(in, '>'));
	if (in->bad || !map_target(redirect, target, arena, &mapped) ||
	    !put(out, out->len > 0 ? VG_SLICE(", <") : VG_SLICE("<"), mapped, VG_SLICE(">")))
		return false;
	while (take(in, ';')) {
		bool empty = in->rest.len == 0 || in->rest.ptr[0] == ';' || in->rest.ptr[0] == ',';
		if (!empty && !map_param(redirect, in, arena, out))
			return false;
	}
	return true;
}

bool vg_redirect_links(const struct vg_redirect *redirect, struct vg_slice value,
		       struct vg_arena *arena, struct vg_buf *out)
{
	struct reader in = {.rest = value};
	skip_blanks(&in);
	while (in.rest.len > 0) {
		if (take(&in, ','))
			continue;
		if (!map_link(redirect, &in, arena, out))
			return false;
		skip_blanks(&in);
		if (in.rest.len > 0 && in.rest.ptr[0] != ',')
			return false;
	}
	return true;
}
