#include "http/barred.h"

#include "http/header.h"

#define REQUEST 1U
#define ANSWER 2U
#define BOTH (REQUEST | ANSWER)

static const struct {
	const char *name;
	unsigned where;
	const char *why;
} rows[] = {
#define VG_BARRED(name, where, why) {name, where, why},
#include "http/barred.def"
#undef VG_BARRED
};

static bool is_name(struct vg_slice name, struct vg_slice pattern)
{
	if (!vg_slice_ends(pattern, VG_SLICE("*")))
		return vg_slice_eq_case(name, pattern);
	pattern.len--;
	return vg_slice_eq_case(vg_slice_first(name, pattern.len), pattern);
}

const char *vg_http_barred(struct vg_slice name, bool request)
{
	enum vg_header id = vg_header_of(name);
	unsigned where = request ? REQUEST : ANSWER;
	if (id != VG_HEADER_COUNT) {
		const struct vg_header_row *row = vg_header_row(id);
		enum vg_header_rule rule = request ? row->request : row->response;
		if (rule == VG_HEADER_REFUSE)
			return "is never accepted";
		if (rule == VG_HEADER_OWN)
			return "is read by the gateway, which writes its own";
	}
	for (size_t i = 0; i < VG_COUNT(rows); i++)
		if ((rows[i].where & where) != 0 && is_name(name, vg_slice_str(rows[i].name)))
			return rows[i].why;
	return NULL;
}
