#include "policy/query.h"

#include "base/text.h"
#include "policy/percent.h"

/*
 * RFC 3986 3.4, but for `&`, at which pairs are split, and `;`, at which some servers split them
 * too.
 */
static bool is_query_byte(char c)
{
	return vg_is_unreserved(c) || c == '/' || c == '?' ||
	       (c != '&' && c != ';' && vg_percent_is_delim(c));
}

/* The part normalised, appended to query->text; false where a byte may not be there. */
static bool append(struct vg_query *query, char *out, struct vg_slice part, struct vg_slice *where)
{
	char *begin = out + query->text.len;
	size_t len = 0;
	while (part.len > 0) {
		int byte = vg_percent_byte(part);
		if (byte < 0 && !is_query_byte(part.ptr[0]))
			return false;
		if (byte < 0)
			begin[len++] = part.ptr[0];
		else
			len += vg_percent_put(begin + len, (uint8_t)byte);
		part = vg_slice_from(part, byte < 0 ? 1 : VG_PERCENT_LEN);
	}
	query->text.len += len;
	*where = vg_slice(begin, len);
	return true;
}

static void append_byte(struct vg_query *query, char *out, char c)
{
	out[query->text.len++] = c;
}

static bool is_given(const struct vg_query *query, struct vg_slice name)
{
	for (size_t i = 0; i < query->count; i++)
		if (vg_percent_cmp(query->pairs[i].name, name) == 0)
			return true;
	return false;
}

static const char *add_pair(struct vg_query *query, char *out, struct vg_slice raw)
{
	size_t equals = vg_slice_find(raw, '=');
	struct vg_query_pair pair = {.value = VG_SLICE_EMPTY, .has_value = equals < raw.len};
	if (equals == 0)
		return raw.len == 0 ? "empty query pair" : "query value without a name";
	if (query->count == VG_QUERY_PAIRS_MAX)
		return "too many query parameters";
	if (query->count > 0)
		append_byte(query, out, '&');
	if (!append(query, out, vg_slice_first(raw, equals), &pair.name))
		return "byte that no query may hold";
	if (is_given(query, pair.name))
		return "query parameter given twice";
	if (pair.has_value) {
		append_byte(query, out, '=');
		if (!append(query, out, vg_slice_from(raw, equals + 1), &pair.value))
			return "byte that no query may hold";
	}
	query->pairs[query->count++] = pair;
	return NULL;
}

bool vg_query_parse(struct vg_query *query, struct vg_slice raw, struct vg_arena *arena,
		    const char **fault)
{
	/* The text never grows; one byte more, so that an empty one is no failure. */
	char *out = raw.len > VG_QUERY_BYTES_MAX ? NULL : vg_arena_alloc(arena, raw.len + 1);
	struct vg_slice rest = raw, part;
	query->count = 0;
	query->text = vg_slice(out, 0);
	*fault = out == NULL ? "query too long" : NULL;
	if (*fault == NULL && raw.len == 0)
		*fault = "empty query pair";
	while (*fault == NULL && vg_slice_cut(&rest, '&', &part))
		*fault = add_pair(query, out, part);
	return *fault == NULL;
}
