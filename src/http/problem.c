#include "http/problem.h"

#include <stdio.h>

#include "http/chars.h"
#include "http/write.h"

#define ID_MAX 64
#define BODY_MAX 256
#define HEAD_MAX 512

/* It stands in a header field and in a JSON string, so it is made of what needs no quoting. */
static bool is_id(struct vg_slice id)
{
	return id.len > 0 && id.len <= ID_MAX && vg_chars_all(id, VG_CHAR_HOST);
}

/* RFC 9110 15: a status that nobody knows is taken for the first of its class. */
static const char *title_of(unsigned status)
{
	const char *phrase = vg_http_phrase(status);
	return phrase[0] != '\0' ? phrase : vg_http_phrase(status / 100 * 100);
}

bool vg_http_write_problem(struct vg_buf *out, const struct vg_http_problem *problem)
{
	char body[BODY_MAX], head[HEAD_MAX];
	const char *title = title_of(problem->status);
	if (problem->status < 400 || title[0] == '\0' || !is_id(vg_slice_str(problem->request_id)))
		return false;
	int body_len = snprintf(body, sizeof(body),
				"{\"type\":\"about:blank\",\"title\":\"%s\",\"status\":%u,"
				"\"request_id\":\"%s\"}",
				title, problem->status, problem->request_id);
	int head_len = snprintf(head, sizeof(head),
				"HTTP/1.1 %u %s\r\nContent-Type: application/problem+json\r\n"
				"Content-Length: %d\r\nX-Request-Id: %s\r\n"
				"Cache-Control: no-store\r\n%s\r\n",
				problem->status, title, body_len, problem->request_id,
				problem->close ? "Connection: close\r\n" : "");
	VG_ASSERT(body_len > 0 && (size_t)body_len < sizeof(body));
	VG_ASSERT(head_len > 0 && (size_t)head_len < sizeof(head));
	size_t before = out->len;
	if (vg_buf_append(out, vg_slice(head, (size_t)head_len)) &&
	    (problem->to_head || vg_buf_append(out, vg_slice(body, (size_t)body_len))))
		return true;
	out->len = before;
	return false;
}
