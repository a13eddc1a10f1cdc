/*
 * The values in a path: who a request was about. A SIEM has to see that two requests were about
 * the same one, and seldom who that is: a pseudonym does, and it can be left out altogether.
 */
#include "record/format.h"

/* A value that the event doesn't have whole has no pseudonym: it would be somebody else's. */
static void put_value(struct vg_message *message, const struct vg_format_env *env,
		      struct vg_slice vendor, struct vg_slice value, bool whole)
{
	char text[VG_PSEUDONYM_TEXT];
	if (env->identifiers == VG_IDENTIFIERS_HMAC && env->pseudonym != NULL && whole &&
	    vg_pseudonym_make(env->pseudonym, text, vendor, value))
		vg_message_put(message, vg_slice_str(text));
	else
		vg_message_put(message, VG_SLICE("*"));
}

struct vg_slice vg_format_path(char mem[VG_EVENT_PATH_MAX], const struct vg_format_env *env,
			       struct vg_slice vendor, struct vg_slice path, struct vg_slice marks)
{
	struct vg_message out = {.mem = mem, .cap = VG_EVENT_PATH_MAX};
	size_t at = 0;
	if (env->identifiers == VG_IDENTIFIERS_PLAIN)
		return path;
	/* Marks that mean nothing, of a worker that was taken over: then nothing is told. */
	if (path.len > VG_MARKED_PATH_MAX || marks.len > VG_MARKS_MAX || marks.len % 2 != 0)
		return VG_SLICE("*");
	for (size_t i = 0; i < marks.len; i += 2) {
		size_t from = (uint8_t)marks.ptr[i], len = (uint8_t)marks.ptr[i + 1];
		if (from < at || from >= path.len)
			return VG_SLICE("*");
		bool whole = len > 0 && len <= path.len - from;
		vg_message_put(&out, vg_slice(path.ptr + at, from - at));
		put_value(&out, env, vendor, vg_slice(path.ptr + from, whole ? len : 0), whole);
		at = whole ? from + len : path.len;
	}
	vg_message_put(&out, vg_slice_from(path, at));
	VG_ASSERT(out.len <= out.cap);
	return vg_slice(mem, out.len);
}
