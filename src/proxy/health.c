#include "proxy/health.h"

#include <errno.h>
#include <stdlib.h>

#include "proxy/ctx.h"
#include "proxy/follow.h"
#include "proxy/generation.h"
#include "proxy/origin.h"
#include "proxy/reach.h"
#include "sys/log.h"

#define IN_A_ROW 2

static const struct vg_img_service *service_of(const struct vg_check *check)
{
	return &vg_img_services(&check->generation->image)[check->service];
}

static void tell(const struct vg_check *check, bool down, const char *why)
{
	const struct vg_image *image = &check->generation->image;
	struct vg_slice text = vg_img_str(image, vg_img_upstreams(image)[check->upstream].text);
	if (down)
		vg_log(VG_LOG_WARNING, "upstream %.*s is down: %s", VG_SLICE_FMT(text), why);
	else
		vg_log(VG_LOG_INFO, "upstream %.*s is up again", VG_SLICE_FMT(text));
}

/* NULL: it is well; else what is wrong. */
static void judge(struct vg_check *check, const char *fault)
{
	struct vg_pool_row *row = &check->generation->pool.rows[check->upstream];
	bool bad = fault != NULL;
	check->judged = true;
	if (bad == row->down) {
		check->in_a_row = 0;
	} else if (++check->in_a_row >= IN_A_ROW) {
		check->in_a_row = 0;
		row->down = bad;
		if (bad)
			check->generation->health.down++;
		else
			check->generation->health.down--;
		tell(check, bad, fault);
	}
}

static void end(struct vg_check *check, const char *fault)
{
	vg_origin_free(&check->origin);
	if (!check->judged)
		judge(check, fault);
}

/* A request as vendors' are, of nobody. */
static bool write_request(struct vg_check *check)
{
	const struct vg_image *image = &check->generation->image;
	const struct vg_img_service *service = service_of(check);
	static const struct vg_http_head head = {.method = {"GET", 3}, .framing = VG_FRAMING_NONE};
	struct vg_http_extra extras[VG_IMG_SET_HEADERS_MAX];
	unsigned dropped;
	size_t count = vg_set_headers_add(&check->generation->set_headers, service, extras);
	struct vg_http_request_out out = {
		.head = &head,
		.path = vg_img_str(image, service->health_path),
		.query = vg_slice(NULL, 0),
		.host = vg_img_str(image, service->upstream_host),
		.extras = extras,
		.extra_count = count,
	};
	return vg_http_write_request(&check->origin->out, &out, &dropped);
}

static void flush(struct vg_check *check)
{
	if (vg_origin_flush(check->origin))
		vg_origin_watch(check->origin, true);
	else
		end(check, "closed");
}

static void ask(struct vg_check *check)
{
	if (write_request(check))
		flush(check);
	else
		end(check, "its request can't be written");
}

static void secure(struct vg_check *check)
{
	const char *fault;
	enum vg_io io = vg_origin_secure(check->origin, &fault);
	if (io == VG_IO_OK)
		ask(check);
	else if (io != VG_IO_AGAIN)
		end(check, fault);
}

/* What of the answer's head has come. */
static void read_head(struct vg_check *check)
{
	struct vg_buf *in = &check->origin->in;
	struct vg_http_head *head = &check->generation->worker->head;
	size_t len = 0;
	enum vg_scan scan;
	while ((scan = vg_http_scan(&check->scan, vg_buf_slice(in), &len)) == VG_SCAN_WHOLE) {
		check->scan = (struct vg_http_scan){0};
		if (!vg_http_parse_response(head, vg_slice_first(vg_buf_slice(in), len), false)) {
			end(check, head->fault);
			return;
		}
		unsigned status = head->status;
		vg_buf_consume(in, len);
		if (status >= 200) {
			end(check, status < 300 ? NULL : "its status is not 2xx");
			return;
		}
		if (++check->interim > VG_INTERIM_MAX) {
			end(check, "too many interim answers");
			return;
		}
	}
	if (scan == VG_SCAN_BAD || vg_buf_room(in) == 0)
		end(check, "its answer is malformed");
	else
		vg_origin_watch(check->origin, true);
}

void vg_check_ready(struct vg_check *check, unsigned what)
{
	if (vg_origin_is_bare(check->origin)) {
		secure(check);
		return;
	}
	if ((what & VG_STREAM_WRITE) != 0 && check->origin->out.len > 0)
		flush(check);
	if (check->origin == NULL || (what & VG_STREAM_READ) == 0)
		return;
	enum vg_io io = vg_origin_fill(check->origin);
	if (io == VG_IO_OK)
		read_head(check);
	else if (io != VG_IO_AGAIN)
		end(check, "closed before its answer");
}

void vg_check_dialed(struct vg_check *check, struct vg_origin *origin, int error)
{
	check->dialling = false;
	if (origin == NULL) {
		/* Of what is our own fault the upstream is not told to be down. */
		if (!vg_reach_is_ours(error))
			end(check, vg_reach_text(error));
		return;
	}
	if (check->judged) { /* too late */
		vg_origin_free(&origin);
		return;
	}
	check->origin = origin;
	origin->check = check;
	if (vg_origin_is_bare(origin))
		secure(check);
	else
		ask(check);
}

static void begin(struct vg_check *check)
{
	struct vg_generation *generation = check->generation;
	check->judged = false;
	check->interim = 0;
	check->scan = (struct vg_http_scan){0};
	check->dialling = vg_dials_begin_check(&generation->worker->dials, check, generation,
					       check->upstream);
}

static void on_timer(evutil_socket_t fd VG_UNUSED, short what VG_UNUSED, void *arg)
{
	struct vg_check *check = arg;
	struct vg_generation *own = vg_generation_ref(check->generation);
	/* In an idle worker nobody else looks whether there is a newer one, which may end this. */
	bool serves = vg_follow_current(own->worker) == own && !own->worker->draining;
	vg_loop_arm(&check->timer, service_of(check)->health_every_ms);
	if (check->dialling || check->origin != NULL)
		end(check, "no answer in time");
	if (!check->dialling && serves)
		begin(check);
	vg_generation_unref(&own);
}

static uint32_t count_checks(const struct vg_image *image)
{
	uint32_t count = 0;
	for (uint32_t i = 0; i < vg_img_service_count(image); i++)
		if (vg_img_services(image)[i].health_path.len > 0)
			count += vg_img_services(image)[i].upstreams.count;
	return count;
}

static void add(struct vg_health *health, struct vg_generation *generation, uint32_t service)
{
	const struct vg_img_service *row = &vg_img_services(&generation->image)[service];
	for (uint32_t i = 0; row->health_path.len > 0 && i < row->upstreams.count; i++) {
		struct vg_check *check = &health->checks[health->count++];
		check->generation = generation;
		check->service = service;
		check->upstream = row->upstreams.first + i;
		VG_ASSERT(evtimer_assign(&check->timer, generation->worker->loop.base, on_timer,
					 check) == 0);
		vg_loop_arm(&check->timer, 0);
	}
}

bool vg_health_init(struct vg_health *health, struct vg_generation *generation)
{
	uint32_t count = count_checks(&generation->image);
	*health = (struct vg_health){.checks = calloc((size_t)count + 1, sizeof(struct vg_check))};
	if (health->checks == NULL)
		return false;
	for (uint32_t i = 0; i < vg_img_service_count(&generation->image); i++)
		add(health, generation, i);
	return true;
}

void vg_health_fini(struct vg_health *health)
{
	for (uint32_t i = 0; i < health->count; i++) {
		(void)evtimer_del(&health->checks[i].timer);
		vg_origin_free(&health->checks[i].origin);
	}
	free(health->checks);
	*health = (struct vg_health){0};
}
