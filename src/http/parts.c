#include "http/parts.h"

enum vg_reason vg_http_parts(struct vg_http_parts *parts, const struct vg_http_head *head,
			     struct vg_arena *arena)
{
	parts->path->text = VG_SLICE_EMPTY;
	parts->query->count = 0;
	parts->fault = "host";
	parts->host_len = 0;
	if (!vg_http_host(parts->host, head->host, &parts->host_len)) {
		parts->host_len = 0;
		return VG_REASON_HTTP_MALFORMED;
	}
	if (!vg_path_parse(parts->path, head->path, arena, &parts->fault)) {
		parts->path->text = VG_SLICE_EMPTY;
		return VG_REASON_HTTP_PATH;
	}
	if (head->has_query && !vg_query_parse(parts->query, head->query, arena, &parts->fault))
		return VG_REASON_HTTP_MALFORMED;
	parts->fault = NULL;
	return VG_REASON_NONE;
}
