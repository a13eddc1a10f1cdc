#include "http.h"

#include "http/trace.h"

#define END "\r\n\r\n"
#define GET "GET / HTTP/1.1\r\nHost: a\r\n"
#define ID "4bf92f3577b34da6a3ce929d0e0e4736"
#define SPAN "00f067aa0ba902b7"
#define VALID "traceparent: 00-" ID "-" SPAN "-01"

static struct vg_http_head head;

static void read_head(struct vg_slice text)
{
	cr_assert(vg_http_parse_request(&head, text) == VG_REASON_NONE, "%s: %s", shown(text),
		  head.fault);
}

/* None of them is malformed: what can't be continued counts for nothing. */
static const struct {
	struct vg_slice text;
	const char *flags; /* that go upstream; NULL: not continued */
} parents[] = {
	{TEXT(GET VALID END), "01"},
	{TEXT(GET "TraceParent:\t00-" ID "-" SPAN "-00 " END), "00"},
	{TEXT(GET "traceparent: 00-" ID "-" SPAN "-03" END), "03"},
	/* Reserved flags are not passed on. */
	{TEXT(GET "traceparent: 00-" ID "-" SPAN "-ff" END), "03"},
	{TEXT(GET "traceparent: 00-" ID "-" SPAN "-fc" END), "00"},
	{TEXT("GET / HTTP/1.1\r\nHost: a" END), NULL},
	{TEXT(GET "traceparent:" END), NULL},
	{TEXT(GET VALID "\r\n" VALID END), NULL},
	{TEXT(GET VALID "\r\nTRACEPARENT: x" END), NULL},
	{TEXT(GET "traceparent: 00-" ID "-" SPAN "-01, 00-" ID "-" SPAN "-01" END), NULL},
	{TEXT(GET "traceparent: 01-" ID "-" SPAN "-01" END), NULL},
	{TEXT(GET "traceparent: 01-" ID "-" SPAN "-01-more" END), NULL},
	{TEXT(GET "traceparent: ff-" ID "-" SPAN "-01" END), NULL},
	{TEXT(GET "traceparent: 00-" ID "-" SPAN "-01-" END), NULL},
	{TEXT(GET "traceparent: 00-" ID "-" SPAN "-1" END), NULL},
	{TEXT(GET "traceparent: 00-" ID "-" SPAN "-0g" END), NULL},
	{TEXT(GET "traceparent: 00-" ID "-" SPAN END), NULL},
	{TEXT(GET "traceparent: 0-" ID "-" SPAN "-01" END), NULL},
	{TEXT(GET "traceparent: 00_" ID "_" SPAN "_01" END), NULL},
	{TEXT(GET "traceparent: 00-4BF92F3577B34DA6A3CE929D0E0E4736-" SPAN "-01" END), NULL},
	{TEXT(GET "traceparent: 00-" ID "-00F067AA0BA902B7-01" END), NULL},
	{TEXT(GET "traceparent: 00-00000000000000000000000000000000-" SPAN "-01" END), NULL},
	{TEXT(GET "traceparent: 00-" ID "-0000000000000000-01" END), NULL},
	{TEXT(GET "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e473-0" SPAN "-01" END), NULL},
	{TEXT(GET "traceparent: 00-" ID "-00f067aa0ba902 7-01" END), NULL},
	{TEXT(GET "traceparent: 00-" ID "-00f067aa0ba902\xff"
		  "7-01" END),
	 NULL},
	/* What merely looks like it. */
	{TEXT(GET "trace_parent: 00-" ID "-" SPAN "-01" END), NULL},
	{TEXT(GET "traceparent_: 00-" ID "-" SPAN "-01" END), NULL},
};

Test(http_trace, parents)
{
	for (size_t i = 0; i < VG_COUNT(parents); i++) {
		struct vg_http_trace trace = {.span = "b7ad6b7169203331"};
		char out[VG_TRACEPARENT_LEN + 1] = "", want[VG_TRACEPARENT_LEN + 1];
		read_head(parents[i].text);
		bool continued = vg_http_trace_read(&trace, &head);
		cr_expect(continued == (parents[i].flags != NULL), "%s", shown(parents[i].text));
		if (!continued || parents[i].flags == NULL)
			continue;
		cr_expect_str_eq(trace.id, ID);
		vg_http_trace_parent(out, &trace);
		snprintf(want, sizeof(want), "00-%s-b7ad6b7169203331-%s", ID, parents[i].flags);
		cr_expect_str_eq(out, want);
	}
}

#define KEYS(n)                                                                                    \
	"k" #n "0=1,k" #n "1=1,k" #n "2=1,k" #n "3=1,k" #n "4=1,k" #n "5=1,k" #n "6=1,k" #n "7=1"
#define A50 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define A250 A50 A50 A50 A50 A50

static const struct {
	struct vg_slice text;
	const char *state; /* ""; none passes */
} states[] = {
	{TEXT("GET / HTTP/1.1\r\nHost: a" END), ""},
	{TEXT(GET "tracestate:" END), ""},
	{TEXT(GET "tracestate: congo=t61rcWkgMzE" END), "congo=t61rcWkgMzE"},
	{TEXT(GET "Tracestate: rojo=00f067 ,\tcongo=a b" END), "rojo=00f067,congo=a b"},
	{TEXT(GET "tracestate: a=1\r\nX: y\r\ntracestate: ,b=2,," END), "a=1,b=2"},
	{TEXT(GET "tracestate: fw529a3039@dt=FfPpx-~!\r\ntracestate: 0a_-*/z=~" END),
	 "fw529a3039@dt=FfPpx-~!,0a_-*/z=~"},
	{TEXT(GET "tracestate: " KEYS(a) "," KEYS(b) "," KEYS(c) "," KEYS(d) END),
	 KEYS(a) "," KEYS(b) "," KEYS(c) "," KEYS(d)},
	{TEXT(GET "tracestate: " KEYS(a) "," KEYS(b) "," KEYS(c) "," KEYS(d) ",e=1" END), ""},
	{TEXT(GET "tracestate: a=" A250 ",b=" A250 "12345678" END), ""}, /* a value of 258 */
	{TEXT(GET "tracestate: a=" A250 ",b=" A250 ",c=1234" END), "a=" A250 ",b=" A250 ",c=1234"},
	{TEXT(GET "tracestate: a=" A250 ",b=" A250 ",c=12345" END), ""}, /* 513 */
	{TEXT(GET "tracestate: a=1,a=2" END), ""},
	{TEXT(GET "tracestate: a=1\r\ntracestate: a=1" END), ""},
	{TEXT(GET "tracestate: a=1,b" END), ""},
	{TEXT(GET "tracestate: a=" END), ""},
	{TEXT(GET "tracestate: =1" END), ""},
	{TEXT(GET "tracestate: a=1=2" END), ""},
	{TEXT(GET "tracestate: A=1" END), ""},
	{TEXT(GET "tracestate: a b=1" END), ""},
	{TEXT(GET "tracestate: a =1" END), ""},
	{TEXT(GET "tracestate: @a=1" END), ""},
	{TEXT(GET "tracestate: a=b\tc" END), ""},
	{TEXT(GET "tracestate: a=\xc3\xa9" END), ""},
};

Test(http_trace, states)
{
	for (size_t i = 0; i < VG_COUNT(states); i++) {
		char out[VG_TRACESTATE_MAX];
		read_head(states[i].text);
		size_t len = vg_http_trace_state(out, &head);
		cr_expect(vg_slice_eq(vg_slice(out, len), vg_slice_str(states[i].state)),
			  "%s: %.*s", shown(states[i].text), (int)len, out);
	}
}
