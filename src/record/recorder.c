#include "record/recorder.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "net/child.h"
#include "record/drain.h"
#include "record/sink.h"
#include "record/store.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "sys/log.h"
#include "sys/sandbox.h"

#define BOOT_ID_FILE "/proc/sys/kernel/random/boot_id"
#define SINKS_MAX VG_STATUS_SINKS_MAX
#define LOCK_WAIT_MS 10000
#define TURNS 64           /* batches in a row before the channel is looked at */
#define PAUSE_MIN_US 10000 /* between two looks at the rings: no worker wakes us */
#define PAUSE_MAX_US 20000
#define SECOND_US INT64_C(1000000)
#define ORPHAN_US (2 * SECOND_US) /* without a supervisor: how long rings are waited for */
#define QUIET_US (SECOND_US / 2)  /* and when they count as still */

/* What the loop is asked to come to. */
enum ending { ENDING_NO, ENDING_DRAIN, ENDING_ORPHAN };

struct recorder {
	struct vg_child child;
	struct vg_store store;
	struct vg_drain drain;
	struct vg_sink sinks[SINKS_MAX];
	size_t sink_count;
	struct vg_sink_batch batch;
	struct vg_pseudonym *pseudonym;
	struct vg_map page_map; /* its status page; not mapped: nobody asks */
	int cursors;
	struct vg_reach reach; /* what the sandbox leaves: for good */
	struct event_base *base;
	struct event *timer, *channel;
	int64_t pause;
	int64_t second; /* when the last second's work was done */
	int64_t moved;  /* when an event came last */
	enum ending ending;
	int64_t deadline;
};

static bool read_boot_id(uint8_t id[VG_BOOT_ID])
{
	char text[64], digits[2 * VG_BOOT_ID];
	size_t count = 0;
	int fd = open(BOOT_ID_FILE, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text));
	vg_fd_close(&fd);
	for (ssize_t i = 0; i < n; i++)
		if (vg_hex_value(text[i]) >= 0 && count < sizeof(digits))
			digits[count++] = text[i];
	return vg_unhex(vg_slice(digits, count), id, VG_BOOT_ID);
}

/* Sinks */

static void close_sinks(struct recorder *r)
{
	for (size_t i = 0; i < r->sink_count; i++)
		vg_sink_close(&r->sinks[i]);
	r->sink_count = 0;
}

static bool has_places(const struct vg_image *image)
{
	uint32_t count = vg_img_sink_count(image);
	if (count > SINKS_MAX)
		vg_log(VG_LOG_ERROR, "%u sinks are more than %d", count, SINKS_MAX);
	return count <= SINKS_MAX;
}

/* A sink without a cursor can't be kept account of: false. */
static bool open_sinks(struct recorder *r)
{
	const struct vg_image *image = &r->child.image;
	uint32_t count = vg_img_sink_count(image);
	struct vg_format_env env = {.node = vg_img_str(image, vg_img_gateway(image)->node),
				    .pid = (uint32_t)getpid(),
				    .pseudonym = r->pseudonym};
	bool ok = has_places(image);
	while (ok && r->sink_count < count) {
		size_t i = r->sink_count++;
		ok = vg_sink_open(&r->sinks[i], image, &vg_img_sinks(image)[i], &env, r->cursors,
				  &r->store);
	}
	return ok;
}

static bool is_needed(const struct recorder *r, uint64_t segment)
{
	for (size_t i = 0; i < r->sink_count; i++)
		if (vg_sink_needs(&r->sinks[i], segment))
			return true;
	return false;
}

static void tell_gap(struct recorder *r, const struct vg_sink *sink, const struct vg_store_gap *gap)
{
	vg_drain_tell(&r->drain, VG_REASON_LOG_GAP, sink->name, gap, gap->last - gap->first + 1,
		      vg_clock_wall());
}

/* Segments that nobody needs go; sinks that are too far behind are told what they miss. */
static void trim_log(struct recorder *r)
{
	for (size_t i = r->store.segment_count - 1; i-- > 0;)
		if (!is_needed(r, r->store.segments[i]))
			vg_store_forget(&r->store, i);
	vg_store_trim(&r->store, 0);
	for (size_t i = 0; i < r->sink_count; i++) {
		struct vg_store_gap gap;
		if (vg_sink_skip(&r->sinks[i], &gap))
			tell_gap(r, &r->sinks[i], &gap);
	}
}

/* Sinks whose spool is full: what they drop is in the log before they do, and what they forbid is
   in the rings. */
static void limit_sinks(struct recorder *r)
{
	enum vg_ring_refuse refuse = VG_RING_REFUSE_NONE;
	for (size_t i = 0; i < r->sink_count; i++) {
		struct vg_sink *sink = &r->sinks[i];
		struct vg_store_gap gap;
		struct vg_store_place next;
		if (!r->drain.failing && vg_sink_limit(sink, &gap, &next)) {
			tell_gap(r, sink, &gap);
			if (vg_store_commit(&r->store))
				vg_sink_jump(sink, next);
		}
		if (sink->refuses > refuse)
			refuse = sink->refuses;
	}
	vg_drain_refuse(&r->drain, refuse);
}

static bool deliver(struct recorder *r, int64_t now)
{
	bool any = false;
	for (size_t i = 0; i < r->sink_count; i++)
		for (unsigned n = 0; n < TURNS && vg_sink_turn(&r->sinks[i], &r->batch, now); n++)
			any = true;
	return any;
}

/* The channel */

static void take_ring(struct recorder *r, uint32_t index, bool writer_dead, int file_fd,
		      int tail_fd)
{
	struct vg_msg_index done = {.index = index};
	struct vg_drain_ring *ring = vg_drain_add(&r->drain, index, file_fd, tail_fd);
	if (ring == NULL || !writer_dead)
		return;
	vg_drain_recover(&r->drain, ring, vg_clock_wall());
	if (vg_chan_send(&r->child.supervisor, VG_MSG_RECOVERED, &done, NULL) != VG_CHAN_OK)
		vg_log(VG_LOG_ERROR, "the supervisor can't be told that worker %u is swept", index);
}

static void take_tell(struct recorder *r, const struct vg_msg_tell *msg)
{
	enum vg_reason reason = vg_reason_of_code((uint16_t)msg->code);
	if (msg->code > UINT16_MAX || reason == VG_REASON_NONE)
		vg_log(VG_LOG_ERROR, "the supervisor told a code that is none: %u", msg->code);
	else
		vg_drain_say(&r->drain, reason, msg, vg_clock_wall());
}

/* Its sinks, each from the cursor that it has. */
static bool use_image(struct recorder *r, const struct vg_map *map, const struct vg_image *image)
{
	close_sinks(r);
	r->child.image_map = *map;
	r->child.image = *image;
	return open_sinks(r);
}

/* Its sinks, or, where they aren't all to be had, those that were. */
static bool change_sinks(struct recorder *r, struct vg_map *map, const struct vg_image *image)
{
	struct vg_map old_map = r->child.image_map;
	struct vg_image old = r->child.image;
	bool ok = use_image(r, map, image);
	if (!ok && !use_image(r, &old_map, &old))
		vg_log(VG_LOG_ERROR, "not all sinks are served as they were");
	vg_shm_unmap(ok ? &old_map : map);
	return ok;
}

/* What its sinks open, beside log and cursors. */
static void name_sinks(struct vg_reach *reach, const struct vg_image *image)
{
	for (uint32_t i = 0; i < vg_img_sink_count(image); i++)
		vg_sink_reach(reach, image, &vg_img_sinks(image)[i]);
}

/* True where our sandbox leaves what its sinks open: else a new recorder must serve them. */
static bool can_reach(const struct recorder *r, const struct vg_image *image)
{
	struct vg_reach wanted = {0};
	name_sinks(&wanted, image);
	vg_reach_close(&wanted);
	return vg_reach_covers(&r->reach, &wanted);
}

static void take_image(struct recorder *r, const struct vg_msg *msg)
{
	struct vg_msg_image_ack ack = {.generation = msg->image.generation};
	struct vg_map map;
	struct vg_image image;
	if (!vg_shm_image(&map, &image, msg->fds[0])) {
		ack.error = EINVAL;
	} else if (!can_reach(r, &image)) {
		/* That one would have to serve them, whatever it finds. */
		ack.error = has_places(&image) ? ERESTART : EIO;
		vg_shm_unmap(&map);
	} else if (change_sinks(r, &map, &image)) {
		r->child.generation = msg->image.generation;
	} else {
		ack.error = EIO;
	}
	if (vg_chan_send(&r->child.supervisor, VG_MSG_IMAGE_ACK, &ack, NULL) != VG_CHAN_OK)
		vg_log(VG_LOG_ERROR, "the supervisor can't be answered");
}

static void end_within(struct recorder *r, enum ending ending, int64_t us)
{
	int64_t now = vg_clock_monotonic();
	r->ending = ending;
	r->deadline = now + us;
	r->moved = now;
	r->pause = PAUSE_MIN_US;
}

static void take(struct recorder *r, const struct vg_msg *msg)
{
	if (msg->type == VG_MSG_RING) {
		take_ring(r, msg->ring.index, msg->ring.writer_dead != 0, msg->fds[0], msg->fds[1]);
	} else if (msg->type == VG_MSG_TELL) {
		take_tell(r, &msg->tell);
	} else if (msg->type == VG_MSG_IMAGE) {
		take_image(r, msg);
	} else if (msg->type == VG_MSG_DRAIN) {
		int64_t ms = msg->index.index > INT32_MAX ? INT32_MAX : (int64_t)msg->index.index;
		end_within(r, ENDING_DRAIN, ms * 1000);
	} else {
		vg_log(VG_LOG_WARNING, "the supervisor says %s, which is too late",
		       vg_msg_row(msg->type)->name);
	}
}

static void on_channel(evutil_socket_t fd, short what, void *arg)
{
	struct recorder *r = arg;
	struct vg_msg msg;
	(void)fd;
	(void)what;
	for (;;) {
		enum vg_chan_status status = vg_chan_recv(&r->child.supervisor, &msg);
		if (status == VG_CHAN_AGAIN)
			return;
		if (status != VG_CHAN_OK)
			break;
		take(r, &msg);
		vg_msg_close(&msg);
	}
	/* Workers may live on: nothing is swept, and what they still tell is waited for. */
	(void)event_del(r->channel);
	if (r->ending == ENDING_NO)
		end_within(r, ENDING_ORPHAN, ORPHAN_US);
}

/* The turn of the loop */

static bool is_over(const struct recorder *r, int64_t now)
{
	if (r->ending == ENDING_NO)
		return false;
	if (now >= r->deadline)
		return true;
	if (r->drain.failing || (r->ending == ENDING_ORPHAN && now - r->moved < QUIET_US))
		return false;
	for (size_t i = 0; i < r->sink_count; i++)
		if (!vg_sink_is_done(&r->sinks[i]) && !r->sinks[i].failing)
			return false;
	return true;
}

static void tell_status(struct recorder *r)
{
	static struct vg_status_sinks status; /* too large for a stack */
	if (r->page_map.mem == NULL)
		return;
	memset(&status, 0, sizeof(status));
	status.count = r->sink_count;
	for (size_t i = 0; i < r->sink_count; i++)
		vg_sink_status(&r->sinks[i], &status.sinks[i]);
	vg_status_page_write(r->page_map.mem, VG_STATUS_SINKS, &status);
}

static void each_second(struct recorder *r, int64_t now)
{
	vg_store_sync(&r->store, now);
	if (now - r->second < SECOND_US)
		return;
	r->second = now;
	trim_log(r);
	for (size_t i = 0; i < r->sink_count; i++)
		vg_sink_tick(&r->sinks[i], now);
	tell_status(r);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct recorder *r = arg;
	int64_t now = vg_clock_monotonic();
	bool drained = false;
	(void)fd;
	(void)what;
	for (unsigned i = 0; i < TURNS && vg_drain_turn(&r->drain, vg_clock_wall()); i++)
		drained = true;
	bool delivered = deliver(r, now);
	limit_sinks(r);
	each_second(r, now);
	if (drained)
		r->moved = now;
	if (!drained && is_over(r, now)) {
		(void)event_base_loopbreak(r->base);
		return;
	}
	r->pause = drained || delivered ? PAUSE_MIN_US : r->pause * 2;
	if (r->pause > PAUSE_MAX_US)
		r->pause = PAUSE_MAX_US;
	struct timeval pause = {.tv_usec = (suseconds_t)r->pause};
	if (event_add(r->timer, &pause) != 0)
		abort();
}

/* Begin and end */

static bool open_log(struct recorder *r)
{
	uint8_t boot_id[VG_BOOT_ID];
	int state = r->child.state_fd;
	if (state < 0 || !read_boot_id(boot_id)) {
		vg_log(VG_LOG_ERROR, "no state directory, or no boot id");
		return false;
	}
	if (!vg_store_open(&r->store, state, boot_id, r->child.hello.boot, LOCK_WAIT_MS))
		return false;
	vg_drain_init(&r->drain, &r->store);
	r->cursors = vg_cursor_directory(state);
	if (r->cursors < 0) {
		vg_log(VG_LOG_ERROR, "no directory for cursors: %m");
		return false;
	}
	r->pseudonym = vg_pseudonym_new(state);
	return r->pseudonym != NULL;
}

/* All that it opens again behind the filter. */
static bool enter_sandbox(struct recorder *r)
{
	name_sinks(&r->reach, &r->child.image);
	bool ok = vg_reach_folder(&r->reach, VG_REACH_KEEP, r->store.dir) &&
		  vg_reach_folder(&r->reach, VG_REACH_KEEP, r->cursors) &&
		  vg_sandbox_enter(VG_ROLE_RECORDER, &r->reach);
	vg_reach_close(&r->reach);
	return ok;
}

static bool open_page(struct recorder *r)
{
	int *fd = &r->child.page_fds[VG_PAGE_SINKS];
	if (*fd < 0)
		return true;
	return vg_shm_take(&r->page_map, fd, true) &&
	       r->page_map.size >= vg_status_page_size(VG_STATUS_SINKS);
}

static bool open_loop(struct recorder *r)
{
	r->base = event_base_new();
	if (r->base == NULL || !vg_fd_nonblocking(r->child.supervisor.fd))
		return false;
	r->timer = event_new(r->base, -1, 0, on_timer, r);
	r->channel = event_new(r->base, r->child.supervisor.fd, EV_READ | EV_PERSIST, on_channel,
			       r);
	r->pause = PAUSE_MIN_US;
	struct timeval soon = {0};
	return r->timer != NULL && r->channel != NULL && event_add(r->timer, &soon) == 0 &&
	       event_add(r->channel, NULL) == 0;
}

static void take_first_rings(struct recorder *r)
{
	for (uint32_t i = 0; i < r->child.ring_count; i++) {
		struct vg_child_ring *ring = &r->child.rings[i];
		take_ring(r, ring->index, ring->writer_dead, ring->file_fd, ring->tail_fd);
		vg_fd_close(&ring->file_fd);
		vg_fd_close(&ring->tail_fd);
	}
	r->child.ring_count = 0;
}

static void finish(struct recorder *r)
{
	if (r->timer != NULL)
		event_free(r->timer);
	if (r->channel != NULL)
		event_free(r->channel);
	if (r->base != NULL)
		event_base_free(r->base);
	close_sinks(r);
	vg_pseudonym_free(&r->pseudonym);
	vg_drain_fini(&r->drain);
	if (r->store.batch != NULL)
		vg_store_close(&r->store);
	vg_fd_close(&r->cursors);
	vg_fd_close(&r->child.state_fd);
	vg_shm_unmap(&r->page_map);
	vg_shm_unmap(&r->child.image_map);
	vg_chan_close(&r->child.supervisor);
}

/* All that is opened, then the filter; what workers wrote is read behind it. */
static bool begin(struct recorder *r)
{
	if (!open_log(r) || !open_sinks(r) || !open_page(r) || !open_loop(r) || !enter_sandbox(r))
		return false;
	if (r->store.gap.first != 0)
		vg_drain_tell(&r->drain, VG_REASON_LOG_GAP, VG_SLICE("the log's end was lost"),
			      &r->store.gap, 0, vg_clock_wall());
	limit_sinks(r);
	take_first_rings(r);
	return vg_child_ready(&r->child);
}

int vg_recorder_run(void)
{
	struct recorder *r = calloc(1, sizeof(*r));
	if (r == NULL)
		return EXIT_FAILURE;
	r->cursors = -1;
	int status = EXIT_FAILURE;
	if (vg_child_start(&r->child, VG_ROLE_RECORDER)) {
		if (begin(r) && event_base_dispatch(r->base) >= 0)
			status = EXIT_SUCCESS;
		finish(r);
	}
	free(r);
	return status;
}
