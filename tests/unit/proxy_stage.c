#include "proxy_stage.h"

#include "proxy/exchange.h"

static void adjust_gateway(struct fixture *fixture)
{
	struct vg_img_gateway *row = vg_build_rows(fixture->build, VG_SECTION_GATEWAY);
	VG_ASSERT(row != NULL);
	row->header_bytes = STAGE_HEADER_BYTES;
	row->header_timeout_ms = 10000;
	row->idle_timeout_ms = 60000;
	row->max_body = STAGE_MAX_BODY;
	row->body_rate = 1024;
	row->request_timeout_ms = 600000;
}

void stage_begin(struct stage *stage)
{
	struct fixture *fixture = &stage->fixture;
	*stage = (struct stage){0};
	fixture_begin(fixture);
	adjust_gateway(fixture);
	fixture_service(fixture, STAGE_HOST, "");
	fixture_vendor(fixture, "acme", VG_MODE_ENFORCE);
	fixture_ident(fixture, "uri:spiffe://acme.example/gateway", "");
	fixture_rule(fixture, (struct fixture_rule){0, "POST", "/small", NULL, NULL, 8});
	fixture_rule(fixture,
		     (struct fixture_rule){
			     0, "GET, POST", "/listed", NULL, NULL, STAGE_MAX_BODY,
			     .headers = "accept:application|text, x-note, x-session!:slug<=8",
			     .answer_headers = "x-page", .answer_types = "application/json",
			     .max_response = 10, .errors = VG_ERRORS_PROBLEM});
	fixture_rule(fixture, (struct fixture_rule){0, "GET", "/max", .max_response = 10});
	fixture_rule(fixture, (struct fixture_rule){0, "GET, PUT, POST", "/v1/**", "page:int", NULL,
						    STAGE_MAX_BODY});
	stage->image = fixture_open(fixture);
	stage->peer = (struct vg_tls_peer){
		.proven = true, .version = "TLSv1.3", .sni = VG_SLICE(STAGE_HOST)};
	stage->client = (struct vg_client){.sport = 4711, .peer = &stage->peer};
}

void stage_end(struct stage *stage)
{
	fixture_end(&stage->fixture);
}

void stage_open(struct stage *stage, uint32_t slots)
{
	stage->said = 0;
	VG_ASSERT(vg_loopback_init(&stage->loop, stage->image, slots));
	VG_ASSERT(vg_loopback_connect(&stage->loop, &stage->client));
}

void stage_close(struct stage *stage)
{
	vg_loopback_fini(&stage->loop);
}

void stage_say(struct stage *stage, struct vg_slice bytes)
{
	VG_ASSERT(vg_buf_append(&stage->loop.vendor.in, bytes));
	stage->said += bytes.len;
}

struct vg_memory *stage_upstream(struct stage *stage)
{
	struct vg_loopback *loop = &stage->loop;
	return loop->origin_count == 0 ? NULL : &loop->origins[loop->origin_count - 1].memory;
}

void stage_answer(struct stage *stage, struct vg_slice bytes)
{
	struct vg_memory *upstream = stage_upstream(stage);
	VG_ASSERT(upstream != NULL && vg_buf_append(&upstream->in, bytes));
}

static bool answer_dials(struct stage *stage)
{
	struct vg_loopback *loop = &stage->loop;
	for (uint32_t i = 0; i < loop->origin_count; i++) {
		if (loop->origins[i].dial == 0)
			continue;
		vg_loopback_dialed(loop, i, stage->dial_error);
		return true;
	}
	return false;
}

void stage_run(struct stage *stage)
{
	do
		VG_ASSERT(vg_loopback_run(&stage->loop));
	while (answer_dials(stage));
}
