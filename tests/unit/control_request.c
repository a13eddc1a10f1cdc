/* What is said on the control socket, and what is answered. */
#include "config.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/attr.h"
#include "control/answer.h"
#include "control/request.h"

static const struct {
	const char *line;
	const char
		*parts; /* "json|text COMMAND [ARGUMENT]…", one line end behind each; NULL: none */
} requests[] = {
	{"text status", "text\nstatus\n"},
	{"json status", "json\nstatus\n"},
	{"text reload r1", "text\nreload\nr1\n"},
	{"text reload change%204711%3a%0Ax", "text\nreload\nchange 4711:\nx\n"},
	{"text reload %c3%a9%25", "text\nreload\n\xc3\xa9%\n"},
	{"text a 1 2 3 4 5 6 7 8", "text\na\n1\n2\n3\n4\n5\n6\n7\n8\n"},
	{"text a 1 2 3 4 5 6 7 8 9", NULL},
	{"", NULL},
	{"text", NULL},
	{"text ", NULL},
	{" text status", NULL},
	{"text  status", NULL},
	{"text status ", NULL},
	{"text status\r", NULL},
	{"text\tstatus", NULL},
	{"TEXT status", NULL},
	{"xml status", NULL},
	{"text reload %", NULL},
	{"text reload %4", NULL},
	{"text reload %zz", NULL},
	{"text reload \xc3\xa9", NULL},
	{"text reload \x7f", NULL},
	{"GET / HTTP/1.1", NULL},
};

static void write_parts(char *out, size_t size, const struct vg_request *request)
{
	size_t len = (size_t)snprintf(out, size, "%s\n%.*s\n", request->json ? "json" : "text",
				      VG_SLICE_FMT(request->command));
	for (unsigned i = 0; i < request->argument_count; i++)
		len += (size_t)snprintf(out + len, size - len, "%.*s\n",
					VG_SLICE_FMT(request->arguments[i]));
}

Test(control_request, table)
{
	for (size_t i = 0; i < VG_COUNT(requests); i++) {
		char line[VG_REQUEST_MAX], parts[VG_REQUEST_MAX];
		struct vg_request request;
		snprintf(line, sizeof(line), "%s", requests[i].line);
		bool ok = vg_request_parse(&request, line, strlen(line));
		cr_expect_eq(ok, requests[i].parts != NULL, "\"%s\"", requests[i].line);
		if (!ok || requests[i].parts == NULL)
			continue;
		write_parts(parts, sizeof(parts), &request);
		cr_expect_str_eq(parts, requests[i].parts, "\"%s\"", requests[i].line);
	}
}

Test(control_request, a_nul_is_no_end)
{
	char line[] = "text status\0x";
	struct vg_request request;
	cr_expect_not(vg_request_parse(&request, line, sizeof(line) - 1));
}

static const char *written(struct vg_answer *answer, struct vg_buf *out)
{
	vg_buf_init(out, VG_ANSWER_MAX + 32);
	cr_assert(vg_answer_write(answer, out));
	cr_assert(vg_buf_append(out, vg_slice("", 1)));
	vg_answer_fini(answer);
	return vg_buf_slice(out).ptr;
}

Test(control_answer, has_its_length_and_escapes)
{
	static const char hostile[] = "a\"\\\n\x1b[2J\xff\xc2\x9b\xc3\xa9";
	struct vg_answer answer;
	struct vg_buf out;
	vg_answer_init(&answer);
	vg_answer_put_json(&answer, vg_slice(hostile, sizeof(hostile) - 1));
	cr_expect_str_eq(written(&answer, &out),
			 "ok 32\n\"a\\\"\\\\\\u000a\\u001b[2J\\ufffd\xc2\x9b\xc3\xa9\"");
	vg_buf_fini(&out);
	vg_answer_init(&answer);
	answer.status = VG_ANSWER_REFUSED;
	vg_answer_put_text(&answer, vg_slice(hostile, sizeof(hostile) - 1));
	cr_expect_str_eq(written(&answer, &out),
			 "refused 25\na\"\\\n\\x1b[2J\\xff\\xc2\\x9b\xc3\xa9");
	vg_buf_fini(&out);
}

Test(control_answer, too_much_is_said_so)
{
	struct vg_answer answer;
	struct vg_buf out;
	vg_answer_init(&answer);
	for (size_t i = 0; i < VG_ANSWER_MAX / 10 + 1; i++)
		vg_answer_put(&answer, "0123456789");
	cr_expect_str_eq(written(&answer, &out), "refused 24\nthe answer is too large\n");
	vg_buf_fini(&out);
}
