/*
 * What a head asks for: its host, path and query in the one form that is judged. The worker's
 * admission and `vendgatectl explain` call the same, so that both judge the same words.
 */
#ifndef VG_HTTP_PARTS_H
#define VG_HTTP_PARTS_H

#include "base/arena.h"
#include "base/attr.h"
#include "http/message.h"
#include "policy/path.h"
#include "policy/query.h"
#include "vocab/reason.h"

struct vg_http_parts {
	char host[VG_HOST_MAX + 1]; /* lower case, no final dot */
	size_t host_len;            /* 0: it can't be read */
	struct vg_path *path;       /* its text is empty where it can't be read */
	struct vg_query *query;     /* count 0 where there is none */
	const char *fault;          /* why not, in a few words; NULL */
};

/*
 * Host, then path, then query; the first that fails is the reason, else VG_REASON_NONE. The caller
 * sets `path` and `query`; texts lie in the arena.
 */
enum vg_reason vg_http_parts(struct vg_http_parts *parts, const struct vg_http_head *head,
			     struct vg_arena *arena) VG_MUST_CHECK;

#endif
