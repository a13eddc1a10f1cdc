/*
 * A request as a person writes it down (method, URL, header lines) → the head that the gateway
 * would read, through the gateway's own parsers. Used by explain.
 */
#ifndef VG_CTL_ASKED_H
#define VG_CTL_ASKED_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/attr.h"
#include "http/message.h"
#include "http/parts.h"
#include "policy/decide.h"

#define VG_ASKED_HEADERS_MAX 64

struct vg_asked_options {
	const char *method;
	const char *url; /* https://HOST[:PORT][/PATH][?QUERY], sent as it stands */
	const char *headers[VG_ASKED_HEADERS_MAX];
	size_t header_count;
};

struct vg_asked {
	struct vg_http_head head;
	struct vg_path path;
	struct vg_query query;
	struct vg_http_parts parts;
};

/*
 * Fills the parts of `facts` that the message decides; what the parsers refuse is in
 * facts->malformed. Texts lie in the arena, and `asked` must outlive the facts. False where the
 * URL is none, or a header line could not be sent: *fault says why.
 */
bool vg_asked_facts(struct vg_asked *asked, struct vg_facts *facts,
		    const struct vg_asked_options *options, struct vg_arena *arena,
		    const char **fault) VG_MUST_CHECK;

#endif
