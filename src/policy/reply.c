#include "policy/reply.h"

static enum vg_reply_form form_of(const struct vg_img_rule *rule,
				  const struct vg_reply_facts *facts)
{
	if (rule->errors == VG_ERRORS_PASS || facts->status < 300)
		return VG_REPLY_WHOLE;
	if (facts->status >= 400)
		return VG_REPLY_PROBLEM;
	return facts->has_body ? VG_REPLY_HEAD : VG_REPLY_WHOLE;
}

/* Of an answer without a body (to HEAD, 205) only a type that it names can be wrong; 204 has none. */
static bool is_type_right(const struct vg_image *image, const struct vg_img_rule *rule,
			  const struct vg_reply_facts *facts, struct vg_slice type)
{
	bool is_promised = facts->status >= 200 && facts->status < 300 && facts->status != 204;
	if (rule->answer_types.count == 0 || !is_promised || (type.len == 0 && !facts->has_body))
		return true;
	return vg_media_is_listed(image, rule->answer_types, type);
}

struct vg_reply vg_reply_judge(const struct vg_image *image, const struct vg_img_rule *rule,
			       const struct vg_reply_facts *facts)
{
	struct vg_reply reply = {.reason = VG_REASON_ACCESS_ALLOWED,
				 .constraint = VG_SLICE_EMPTY,
				 .form = form_of(rule, facts)};
	struct vg_slice type = vg_media_type(facts->content_type);
	if (reply.form == VG_REPLY_PROBLEM)
		return reply;
	if (!is_type_right(image, rule, facts, type)) {
		reply.reason = VG_REASON_FILTER_TYPE;
		reply.constraint = type;
	} else if (reply.form == VG_REPLY_WHOLE && facts->length > rule->max_response) {
		reply.reason = VG_REASON_FILTER_TOO_LARGE;
		reply.constraint = VG_SLICE("Content-Length");
	}
	if (rule->answer_headers.count > 0)
		vg_fields_mark(image, rule->answer_headers, &facts->fields, &reply.listed);
	return reply;
}
