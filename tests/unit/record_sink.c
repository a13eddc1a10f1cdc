/* Sinks: each message at least once and in order, whatever ends in between. */
#include "config.h"

#include "record_help.h"

#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "record/sink.h"

/* An image with nothing in it but what a sink asks for. */
struct tiny_image {
	struct vg_image_header header;
	char text[512];
	struct vg_image image;
	struct vg_img_sink row;
};

static struct vg_str add_text(struct tiny_image *tiny, const char *text)
{
	uint64_t *used = &tiny->header.section[VG_SECTION_TEXT].count;
	struct vg_str str = {(uint32_t)*used, (uint32_t)strlen(text)};
	memcpy(tiny->text + str.offset, text, str.len);
	*used += str.len;
	return str;
}

static void make_image(struct tiny_image *tiny, enum vg_sink_kind kind, const char *path,
		       uint16_t port)
{
	*tiny = (struct tiny_image){0};
	tiny->header.section[VG_SECTION_TEXT].offset = offsetof(struct tiny_image, text);
	tiny->image = (struct vg_image){&tiny->header, sizeof(*tiny)};
	tiny->row = (struct vg_img_sink){.name = add_text(tiny, "siem"),
					 .path = add_text(tiny, path),
					 .addr = vg_addr_v4((const uint8_t[]){127, 0, 0, 1}),
					 .port = port,
					 .kind = (uint8_t)kind,
					 .format = VG_FORMAT_SD,
					 .facility = 20,
					 .events = VG_SINK_EVENTS_ALL,
					 .spool = 1 << 30};
	memset(tiny->row.fields, 0xff, sizeof(tiny->row.fields));
}

static const struct vg_format_env env = {.node = {"gw", 2}, .pid = 1};

/* Store, cursors and one sink, as the recorder has them. */
struct bench {
	struct place place;
	struct tiny_image tiny;
	struct vg_store store;
	struct vg_sink sink;
	struct vg_sink_batch batch;
	int cursors;
	int64_t now; /* each call is a second later */
	char path[128];
};

static void bench_open(struct bench *b)
{
	store_open(&b->store, &b->place, boot_one);
	b->cursors = vg_cursor_directory(b->place.fd);
	cr_assert_geq(b->cursors, 0);
	cr_assert(
		vg_sink_open(&b->sink, &b->tiny.image, &b->tiny.row, &env, b->cursors, &b->store));
}

static void bench_close(struct bench *b)
{
	vg_sink_close(&b->sink);
	store_drop(&b->store);
	close(b->cursors);
}

static struct bench *bench_new(enum vg_sink_kind kind, uint16_t port)
{
	static struct bench b;
	b = (struct bench){.place = place_new()};
	snprintf(b.path, sizeof(b.path), "%s/events", b.place.path);
	make_image(&b.tiny, kind, b.path, port);
	bench_open(&b);
	return &b;
}

static bool turn(struct bench *b)
{
	return vg_sink_turn(&b->sink, &b->batch, b->now += 1000000);
}

static void deliver(struct bench *b)
{
	while (turn(b))
		;
}

/* The seqs of the file's lines; a line that isn't whole is 0. */
static size_t read_seqs(const char *path, uint64_t *seqs, size_t max)
{
	static char line[VG_MESSAGE_MAX + 2];
	size_t count = 0;
	FILE *file = fopen(path, "r");
	cr_assert_not_null(file);
	while (fgets(line, sizeof(line), file) != NULL) {
		const char *seq = strstr(line, " seq=\"");
		bool whole = line[0] == '<' && strstr(line, "] allowed for acme\n") != NULL;
		cr_assert_lt(count, max);
		seqs[count++] = whole && seq != NULL ? strtoull(seq + 6, NULL, 10) : 0;
	}
	fclose(file);
	return count;
}

static void expect_exactly(const char *path, uint64_t first, uint64_t last)
{
	static uint64_t seqs[10000];
	size_t count = read_seqs(path, seqs, VG_COUNT(seqs));
	cr_assert_eq(count, last - first + 1, "%zu lines", count);
	for (size_t i = 0; i < count; i++)
		cr_assert_eq(seqs[i], first + i);
}

Test(record_sink, file_gets_each_message_once_while_nothing_ends)
{
	struct bench *b = bench_new(VG_SINK_FILE, 0);
	deliver(b);
	for (uint64_t n = 0; n < 20; n++) {
		store_put(&b->store, 1 + n * 50, 50);
		deliver(b);
		cr_assert(vg_sink_is_done(&b->sink));
	}
	bench_close(b);
	bench_open(b);
	store_put(&b->store, 1001, 7);
	deliver(b);
	expect_exactly(b->path, 1, 1007);
	bench_close(b);
	place_free(&b->place);
}

static void deliver_and_die(struct bench *b, unsigned batches, bool before_the_cursor)
{
	pid_t pid = fork();
	cr_assert_geq(pid, 0);
	if (pid == 0) {
		bench_open(b);
		for (unsigned i = 0; i < batches; i++)
			if (!turn(b))
				_exit(0);
		if (before_the_cursor) {
			/* The batch is out, and its cursor isn't written. */
			close(b->sink.cursor.fd);
			b->sink.cursor.fd = -1;
			if (turn(b))
				raise(SIGKILL);
		}
		raise(SIGKILL);
	}
	int status;
	cr_assert_eq(waitpid(pid, &status, 0), pid);
}

Test(record_sink, restarts_repeat_and_lose_nothing)
{
	static uint64_t seqs[20000];
	struct bench *b = bench_new(VG_SINK_FILE, 0);
	store_put(&b->store, 1, 500);
	store_put(&b->store, 501, 500);
	bench_close(b);
	srandom(5);
	for (unsigned i = 0; i < 20; i++)
		deliver_and_die(b, (unsigned)random() % 2, i % 2 == 0);
	bench_open(b);
	deliver(b);
	uint64_t most = 0, repeats = 0;
	size_t count = read_seqs(b->path, seqs, VG_COUNT(seqs));
	for (size_t i = 0; i < count; i++) {
		cr_assert(seqs[i] >= 1 && seqs[i] <= most + 1, "line %zu", i);
		repeats += seqs[i] <= most;
		most = seqs[i] > most ? seqs[i] : most;
	}
	cr_assert_eq(most, 1000);
	cr_assert_gt(repeats, 0, "it was killed between a batch and its cursor");
	bench_close(b);
	place_free(&b->place);
}

Test(record_sink, a_torn_line_is_ended_before_its_message_comes_again)
{
	static uint64_t seqs[100];
	struct bench *b = bench_new(VG_SINK_FILE, 0);
	store_put(&b->store, 1, 3);
	bench_close(b);
	int fd = open(b->path, O_WRONLY | O_CREAT | O_APPEND, 0600);
	cr_assert_eq(write(fd, "<166>1 half of", 14), 14);
	close(fd);
	bench_open(b);
	deliver(b);
	cr_assert_eq(read_seqs(b->path, seqs, 100), 4);
	cr_assert(seqs[0] == 0 && seqs[1] == 1 && seqs[3] == 3);
	bench_close(b);
	place_free(&b->place);
}

Test(record_sink, a_full_disk_is_gone_on_at_the_byte)
{
	struct bench *b = bench_new(VG_SINK_FILE, 0);
	struct rlimit old, small;
	cr_assert_eq(getrlimit(RLIMIT_FSIZE, &old), 0);
	signal(SIGXFSZ, SIG_IGN);
	store_put(&b->store, 1, 100);
	for (rlim_t size = 1; size < 40000; size += 211) {
		small = old;
		small.rlim_cur = size;
		cr_assert_eq(setrlimit(RLIMIT_FSIZE, &small), 0);
		deliver(b);
		cr_assert_eq(setrlimit(RLIMIT_FSIZE, &old), 0);
	}
	deliver(b);
	expect_exactly(b->path, 1, 100);
	bench_close(b);
	place_free(&b->place);
}

Test(record_sink, a_file_that_is_moved_away_is_made_anew)
{
	char moved[160];
	struct bench *b = bench_new(VG_SINK_FILE, 0);
	snprintf(moved, sizeof(moved), "%s.1", b->path);
	store_put(&b->store, 1, 10);
	deliver(b);
	b->sink.ops->tick(&b->sink);
	cr_assert_eq(rename(b->path, moved), 0);
	b->sink.ops->tick(&b->sink);
	store_put(&b->store, 11, 10);
	deliver(b);
	expect_exactly(moved, 1, 10);
	expect_exactly(b->path, 11, 20);
	bench_close(b);
	place_free(&b->place);
}

Test(record_sink, a_file_that_cannot_be_made_is_waited_for)
{
	struct bench *b = bench_new(VG_SINK_FILE, 0);
	bench_close(b);
	unlink(b->path);
	cr_assert_eq(mkdir(b->path, 0700), 0);
	bench_open(b);
	store_put(&b->store, 1, 10);
	deliver(b);
	cr_assert_not(vg_sink_is_done(&b->sink));
	cr_assert_eq(rmdir(b->path), 0);
	deliver(b);
	expect_exactly(b->path, 1, 10);
	bench_close(b);
	place_free(&b->place);
}

Test(record_sink, cursors)
{
	static const char *const bad[] = {"", ".", "..", ".x", "a/b", "/etc/x", "a\nb"};
	struct bench *b = bench_new(VG_SINK_FILE, 0);
	store_put(&b->store, 1, 10);
	struct vg_cursor cursor;
	for (size_t i = 0; i < VG_COUNT(bad); i++)
		cr_assert_not(vg_cursor_open(&cursor, b->cursors, vg_slice_str(bad[i]), &b->store));
	cr_assert(vg_cursor_open(&cursor, b->cursors, VG_SLICE("new"), &b->store));
	cr_assert_eq(cursor.place.seq, 11, "a new sink begins at the end");
	for (uint64_t i = 1; i < 9; i++)
		vg_cursor_move(&cursor, (struct vg_store_place){1, i * 8, i});
	vg_cursor_close(&cursor);

	/* Each byte of the newer entry: the older one counts. */
	for (off_t at = 0; at < 40; at++) {
		int fd = openat(b->cursors, "new", O_RDWR);
		char byte, wrong;
		cr_assert_eq(pread(fd, &byte, 1, 64 + at), 1);
		wrong = (char)(byte ^ 4);
		cr_assert_eq(pwrite(fd, &wrong, 1, 64 + at), 1);
		cr_assert(vg_cursor_open(&cursor, b->cursors, VG_SLICE("new"), &b->store));
		cr_assert_eq(cursor.place.seq, 7, "byte %d", (int)at);
		vg_cursor_close(&cursor);
		cr_assert_eq(pwrite(fd, &byte, 1, 64 + at), 1);
		close(fd);
	}
	int fd = openat(b->cursors, "new", O_RDWR | O_TRUNC);
	close(fd);
	cr_assert(vg_cursor_open(&cursor, b->cursors, VG_SLICE("new"), &b->store));
	cr_assert_eq(cursor.place.seq, 1, "one that can't be read begins at the oldest");
	vg_cursor_close(&cursor);
	bench_close(b);
	place_free(&b->place);
}

Test(record_sink, one_too_far_behind_is_told_what_it_misses)
{
	struct vg_store_gap gap;
	struct bench *b = bench_new(VG_SINK_FILE, 0);
	b->store.segment_max = 4096;
	uint64_t n = 1;
	for (; b->store.segment_count < 6; n++)
		store_put(&b->store, n, 1);
	cr_assert_not(vg_sink_skip(&b->sink, &gap));
	uint64_t oldest = b->store.segments[3];
	vg_store_trim(&b->store, oldest);
	cr_assert(vg_sink_skip(&b->sink, &gap));
	cr_assert_eq(gap.first, 1);
	cr_assert_eq(gap.last, oldest - 1);
	cr_assert_not(vg_sink_skip(&b->sink, &gap), "told once");
	deliver(b);
	expect_exactly(b->path, oldest, n - 1);
	bench_close(b);
	place_free(&b->place);
}

static int receiver(uint16_t *port)
{
	struct sockaddr_in addr = {.sin_family = AF_INET,
				   .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(addr);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	cr_assert_eq(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	cr_assert_eq(getsockname(fd, (struct sockaddr *)&addr, &len), 0);
	*port = ntohs(addr.sin_port);
	return fd;
}

Test(record_sink, udp_gets_a_datagram_for_each_message)
{
	char text[VG_MESSAGE_MAX + 1];
	uint16_t port;
	int fd = receiver(&port);
	struct bench *b = bench_new(VG_SINK_UDP, port);
	uint64_t got = 0;
	for (uint64_t round = 0; round < 10; round++) {
		store_put(&b->store, 1 + round * 50, 50);
		deliver(b);
		ssize_t n;
		while ((n = recv(fd, text, sizeof(text) - 1, 0)) > 0) {
			text[n] = '\0';
			const char *seq = strstr(text, " seq=\"");
			cr_assert_not_null(seq);
			cr_assert_eq(strtoull(seq + 6, NULL, 10), ++got);
			cr_assert_eq(strncmp(text, "<166>1 ", 7), 0);
		}
	}
	cr_assert_eq(got, 500);
	close(fd);
	bench_close(b);
	place_free(&b->place);
}

Test(record_sink, udp_without_a_collector_holds_nobody)
{
	uint16_t port;
	int fd = receiver(&port);
	close(fd);
	struct bench *b = bench_new(VG_SINK_UDP, port);
	store_put(&b->store, 1, 500);
	for (int i = 0; i < 100 && !vg_sink_is_done(&b->sink); i++)
		(void)turn(b);
	cr_assert(vg_sink_is_done(&b->sink));
	bench_close(b);
	place_free(&b->place);
}
