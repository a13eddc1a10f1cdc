#include "http/trace.h"

#include <string.h>

#include "base/text.h"

/* Where the parts of a traceparent stand: "00-" id "-" span "-" flags. */
#define ID_AT 3
#define SPAN_AT (ID_AT + 2 * VG_TRACE_BYTES + 1)
#define FLAGS_AT (SPAN_AT + 2 * VG_SPAN_BYTES + 1)
#define KEY_MAX 256
#define VALUE_MAX 256

_Static_assert(FLAGS_AT + 2 == VG_TRACEPARENT_LEN, "W3C Trace Context 3.2.2");

static bool is_lower_hex(char c)
{
	return vg_is_digit(c) || (c >= 'a' && c <= 'f');
}

/* Lower-case digits, not all of them zero where that has no meaning. */
static bool is_hex(const char *at, size_t len, bool zero)
{
	for (size_t i = 0; i < len; i++) {
		if (!is_lower_hex(at[i]))
			return false;
		zero |= at[i] != '0';
	}
	return zero;
}

static bool is_parent(struct vg_slice s)
{
	return s.len == VG_TRACEPARENT_LEN && vg_slice_starts(s, VG_SLICE("00-")) &&
	       s.ptr[SPAN_AT - 1] == '-' && s.ptr[FLAGS_AT - 1] == '-' &&
	       is_hex(s.ptr + ID_AT, (size_t)2 * VG_TRACE_BYTES, false) &&
	       is_hex(s.ptr + SPAN_AT, (size_t)2 * VG_SPAN_BYTES, false) &&
	       is_hex(s.ptr + FLAGS_AT, 2, true);
}

bool vg_http_trace_read(struct vg_http_trace *trace, const struct vg_http_head *head)
{
	const struct vg_http_field *found = NULL;
	for (size_t i = 0; i < head->field_count; i++) {
		if (head->fields[i].id != VG_HEADER_TRACEPARENT)
			continue;
		if (found != NULL)
			return false;
		found = &head->fields[i];
	}
	if (found == NULL || !is_parent(found->value))
		return false;
	memcpy(trace->id, found->value.ptr + ID_AT, sizeof(trace->id) - 1);
	trace->id[sizeof(trace->id) - 1] = '\0';
	trace->flags = (uint8_t)vg_hex_value(found->value.ptr[FLAGS_AT + 1]) &
		       (VG_TRACE_SAMPLED | VG_TRACE_RANDOM);
	return true;
}

void vg_http_trace_parent(char out[VG_TRACEPARENT_LEN], const struct vg_http_trace *trace)
{
	memcpy(out, "00-", ID_AT);
	memcpy(out + ID_AT, trace->id, (size_t)2 * VG_TRACE_BYTES);
	out[SPAN_AT - 1] = '-';
	memcpy(out + SPAN_AT, trace->span, (size_t)2 * VG_SPAN_BYTES);
	out[FLAGS_AT - 1] = '-';
	out[FLAGS_AT] = '0';
	out[FLAGS_AT + 1] = (char)('0' + trace->flags);
}

/* 3.3.1.3.1, as level 2 has it: `tenant@system` is only one of its spellings. */
static bool is_key(struct vg_slice key)
{
	if (key.len == 0 || key.len > KEY_MAX)
		return false;
	for (size_t i = 0; i < key.len; i++) {
		char c = key.ptr[i];
		bool first = (c >= 'a' && c <= 'z') || vg_is_digit(c);
		if (!first && (i == 0 || memchr("_-*/@", c, 5) == NULL))
			return false;
	}
	return true;
}

/* 3.3.1.3.2: visible bytes and inner spaces. `,` has ended it before. */
static bool is_value(struct vg_slice value)
{
	for (size_t i = 0; i < value.len; i++)
		if (value.ptr[i] < ' ' || value.ptr[i] > '~' || value.ptr[i] == '=')
			return false;
	return value.len > 0 && value.len <= VALUE_MAX && value.ptr[value.len - 1] != ' ';
}

/* The list as it grows. */
struct state {
	char *out;
	size_t len, count;
	struct vg_slice keys[VG_TRACESTATE_MEMBERS];
};

static bool add_member(struct state *state, struct vg_slice member)
{
	size_t equals = vg_slice_find(member, '=');
	struct vg_slice key = vg_slice_first(member, equals);
	size_t comma = state->count > 0 ? 1 : 0;
	if (equals == member.len || !is_key(key) || !is_value(vg_slice_from(member, equals + 1)) ||
	    state->count == VG_TRACESTATE_MEMBERS ||
	    member.len + comma > VG_TRACESTATE_MAX - state->len)
		return false;
	for (size_t i = 0; i < state->count; i++)
		if (vg_slice_eq(state->keys[i], key))
			return false;
	if (comma > 0)
		state->out[state->len++] = ',';
	memcpy(state->out + state->len, member.ptr, member.len);
	state->len += member.len;
	state->keys[state->count++] = key;
	return true;
}

size_t vg_http_trace_state(char out[VG_TRACESTATE_MAX], const struct vg_http_head *head)
{
	struct state state = {.out = out};
	for (size_t i = 0; i < head->field_count; i++) {
		struct vg_slice rest = head->fields[i].value, member;
		if (head->fields[i].id != VG_HEADER_TRACESTATE)
			continue;
		while (vg_slice_cut(&rest, ',', &member)) {
			member = vg_slice_trim(member);
			if (member.len > 0 && !add_member(&state, member))
				return 0;
		}
	}
	return state.len;
}
