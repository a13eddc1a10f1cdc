/* The log: what is committed is there after any end; what is torn isn't; seq goes on. */
#include "record_help.h"

#include <signal.h>
#include <sys/resource.h>

/* All events from the oldest on: their numbers must be 1, 2, …, and seqs what `seq_of` says. */
static uint64_t read_all(const struct vg_store *store, uint64_t first_seq)
{
	struct vg_store_reader reader;
	struct vg_logged event;
	uint64_t count = 0;
	cr_assert(vg_store_reader_init(&reader, store));
	while (vg_store_read(&reader, &event)) {
		count++;
		cr_assert_eq(number_of(&event.record), count);
		cr_assert_eq(event.seq, first_seq + count - 1);
		cr_assert_eq(event.boot, (uint64_t)GATEWAY_BOOT);
		cr_assert_eq(reader.place.seq, event.seq + 1);
	}
	vg_store_reader_fini(&reader);
	return count;
}

Test(record_store, goes_on_after_every_kind_of_end)
{
	struct place place = place_new();
	struct vg_store store;
	uint64_t after, written = 0;
	for (int i = 0; i < 6; i++) {
		store_open(&store, &place, boot_one);
		cr_assert_eq(store.gap.first, 0);
		cr_assert_eq(store.next_seq, written + 1);
		cr_assert_eq(vg_store_position(&store, 7, &after), i > 0);
		cr_assert(i == 0 || after == written);
		store_put(&store, written + 1, 10);
		written += 10;
		cr_assert_eq(read_all(&store, 1), written);
		if (i % 2 == 0)
			store_drop(&store);
		else
			vg_store_close(&store);
	}
	place_free(&place);
}

static void copy_file(int from_dir, const char *name, char *mem, size_t *len)
{
	int fd = openat(from_dir, name, O_RDONLY);
	ssize_t n = read(fd, mem, 1 << 20);
	cr_assert_gt(n, 0);
	*len = (size_t)n;
	close(fd);
}

static void write_file(int dir, const char *name, const char *mem, size_t len)
{
	int fd = openat(dir, name, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	cr_assert_eq(write(fd, mem, len), (ssize_t)len);
	close(fd);
}

#define FIRST "log/0000000000000001.log"

Test(record_store, torn_at_every_byte_of_the_last_frame)
{
	static char mem[1 << 20];
	struct place place = place_new();
	struct vg_store store;
	size_t len, before;
	store_open(&store, &place, boot_one);
	store_put(&store, 1, 5);
	before = store.size;
	store_put(&store, 6, 1);
	store_drop(&store);
	copy_file(place.fd, FIRST, mem, &len);
	for (size_t cut = before; cut <= len; cut++) {
		uint64_t whole = cut == len ? 6 : 5;
		write_file(place.fd, FIRST, mem, cut);
		store_open(&store, &place, boot_one);
		cr_assert_eq(store.next_seq, whole + 1, "cut at %zu", cut);
		cr_assert_eq(store.gap.first, 0);
		store_put(&store, whole + 1, 3);
		cr_assert_eq(read_all(&store, 1), whole + 3);
		store_drop(&store);
	}
	/* Zeroes in place of bytes, as a file system leaves them after a power loss. */
	for (size_t cut = before; cut < len; cut++) {
		static char zeroed[1 << 20];
		memcpy(zeroed, mem, len);
		memset(zeroed + cut, 0, len - cut);
		write_file(place.fd, FIRST, zeroed, len);
		store_open(&store, &place, boot_one);
		cr_assert(store.next_seq == 6 || memcmp(zeroed, mem, len) == 0);
		store_drop(&store);
	}
	place_free(&place);
}

Test(record_store, any_byte_of_the_last_frame_may_be_wrong)
{
	static char mem[1 << 20];
	struct place place = place_new();
	struct vg_store store;
	size_t len, before;
	store_open(&store, &place, boot_one);
	store_put(&store, 1, 5);
	before = store.size;
	store_put(&store, 6, 1);
	store_drop(&store);
	copy_file(place.fd, FIRST, mem, &len);
	for (size_t at = before; at < len; at++) {
		mem[at] ^= 0x10;
		write_file(place.fd, FIRST, mem, len);
		mem[at] ^= 0x10;
		store_open(&store, &place, boot_one);
		cr_assert_eq(store.next_seq, 6, "byte %zu", at);
		store_drop(&store);
	}
	place_free(&place);
}

Test(record_store, a_wrong_byte_in_the_middle_is_a_gap_that_is_told)
{
	static char mem[1 << 20];
	struct place place = place_new();
	struct vg_store store;
	size_t len, before;
	uint64_t after;
	store_open(&store, &place, boot_one);
	store_put(&store, 1, 5);
	before = store.size;
	store_put(&store, 6, 1);
	store_put(&store, 7, 5);
	store_drop(&store);
	copy_file(place.fd, FIRST, mem, &len);
	mem[before + 60] ^= 1;
	write_file(place.fd, FIRST, mem, len);
	store_open(&store, &place, boot_one);
	cr_assert_eq(store.gap.first, 6);
	cr_assert_eq(store.gap.last, 6);
	cr_assert_eq(store.next_seq, 12, "no seq is given twice");
	cr_assert(vg_store_position(&store, 7, &after) && after == 11);
	store_drop(&store);
	place_free(&place);
}

Test(record_store, what_looks_like_a_frame_is_none)
{
	/* The bytes of a whole frame from another segment, behind the last one of this. */
	static char mem[1 << 20], other[1 << 20];
	struct place place = place_new(), elsewhere = place_new();
	struct vg_store store;
	size_t len, other_len, before;
	store_open(&store, &elsewhere, boot_one);
	store_put(&store, 1, 5);
	before = store.size;
	store_put(&store, 6, 1);
	store_drop(&store);
	copy_file(elsewhere.fd, FIRST, other, &other_len);
	store_open(&store, &place, boot_one);
	store_put(&store, 1, 5);
	cr_assert_eq(store.size, before);
	store_drop(&store);
	copy_file(place.fd, FIRST, mem, &len);
	memcpy(mem + len, other + before, other_len - before);
	write_file(place.fd, FIRST, mem, other_len);
	store_open(&store, &place, boot_one);
	cr_assert_eq(store.next_seq, 6);
	store_drop(&store);
	place_free(&place);
	place_free(&elsewhere);
}

Test(record_store, newest_segment_torn_at_its_begin)
{
	/* Killed while a segment is made: empty, half a head, a head alone. */
	static char mem[1 << 20];
	static const size_t lengths[] = {0, 1, 39, 40, 41, 87};
	for (size_t i = 0; i < VG_COUNT(lengths); i++) {
		struct place place = place_new();
		struct vg_store store;
		size_t len;
		uint64_t after;
		store_open(&store, &place, boot_one);
		store.segment_max = 4096;
		for (uint64_t n = 1; store.segment_count < 2; n++)
			store_put(&store, n, 1);
		uint64_t last = store.segments[1];
		char name[32];
		snprintf(name, sizeof(name), "log/%016lx.log", (unsigned long)last);
		store_drop(&store);
		copy_file(place.fd, name, mem, &len);
		write_file(place.fd, name, mem, lengths[i]);
		store_open(&store, &place, boot_one);
		cr_assert_eq(store.next_seq, last, "%zu bytes", lengths[i]);
		cr_assert_eq(store.gap.first, 0);
		cr_assert(vg_store_position(&store, 7, &after) && after == last - 1);
		store_put(&store, last, 4);
		cr_assert_eq(read_all(&store, 1), last + 3);
		store_drop(&store);
		place_free(&place);
	}
}

Test(record_store, first_segment_torn_at_its_begin)
{
	for (size_t len = 0; len < 88; len += 8) {
		static const char zeroes[88];
		struct place place = place_new();
		struct vg_store store;
		cr_assert_eq(mkdirat(place.fd, "log", 0700), 0);
		write_file(place.fd, FIRST, zeroes, len);
		store_open(&store, &place, boot_one);
		cr_assert_eq(store.next_seq, 1);
		store_put(&store, 1, 1);
		cr_assert_eq(read_all(&store, 1), 1);
		store_drop(&store);
		place_free(&place);
	}
}

Test(record_store, after_a_power_loss_seq_jumps_and_says_so)
{
	static const struct {
		bool clean;
		const uint8_t *boot_id;
		bool jumps;
	} table[] = {
		{true, boot_one, false},
		{false, boot_one, false},
		{true, boot_two, false},
		{false, boot_two, true},
	};
	for (size_t i = 0; i < VG_COUNT(table); i++) {
		struct place place = place_new();
		struct vg_store store;
		uint64_t after;
		store_open(&store, &place, boot_one);
		store_put(&store, 1, 5);
		if (table[i].clean)
			vg_store_close(&store);
		else
			store_drop(&store);
		store_open(&store, &place, table[i].boot_id);
		cr_assert_eq(store.gap.first, table[i].jumps ? 6 : 0, "row %zu", i);
		cr_assert_eq(store.next_seq, table[i].jumps ? store.gap.last + 1 : 6);
		cr_assert(!table[i].jumps || store.next_seq > 100000);
		cr_assert(vg_store_position(&store, 7, &after) && after == 5);
		uint64_t next = store.next_seq;
		store_put(&store, 6, 5);
		store_drop(&store);
		store_open(&store, &place, table[i].boot_id);
		cr_assert_eq(store.next_seq, next + 5);
		cr_assert_eq(store.gap.first, 0, "told once");
		store_drop(&store);
		place_free(&place);
	}
}

Test(record_store, segments_follow_each_other_and_go)
{
	struct place place = place_new();
	struct vg_store store;
	struct vg_logged event;
	uint64_t after, n = 1;
	store_open(&store, &place, boot_one);
	store.segment_max = 4096;
	for (; store.segment_count < 10; n++)
		store_put(&store, n, 1);
	cr_assert_eq(read_all(&store, 1), n - 1);
	store_drop(&store);

	store_open(&store, &place, boot_one);
	cr_assert_eq(store.segment_count, 10);
	cr_assert(vg_store_position(&store, 7, &after) && after == n - 1);
	cr_assert_eq(store.next_seq, n);

	uint64_t oldest = store.segments[4];
	vg_store_trim(&store, oldest);
	cr_assert_eq(store.segments[0], oldest);
	struct vg_store_reader reader;
	cr_assert(vg_store_reader_init(&reader, &store));
	vg_store_seek(&reader, (struct vg_store_place){.segment = 1, .offset = 200, .seq = 2});
	cr_assert(vg_store_read(&reader, &event));
	cr_assert_eq(event.seq, oldest, "the segment is gone: the oldest that is there");
	vg_store_reader_fini(&reader);
	vg_store_trim(&store, UINT64_MAX);
	cr_assert_eq(store.segment_count, 1, "never the newest");

	store.segment_max = 512;
	for (unsigned i = 0; i < 2 * VG_STORE_SEGMENTS_MAX; i++, n++)
		store_put(&store, n, 1);
	cr_assert_leq(store.segment_count, VG_STORE_KEPT + 1);
	store_drop(&store);
	place_free(&place);
}

Test(record_store, positions_of_many_rings_go_on)
{
	_Alignas(8) static uint8_t mem[VG_RECORD_MAX];
	struct place place = place_new();
	struct vg_store store;
	uint64_t after;
	store_open(&store, &place, boot_one);
	store.segment_max = 16384;
	for (uint64_t i = 1; i <= 2000; i++) {
		cr_assert(vg_store_add(&store, 1 + i % 100, i * 8, mem, numbered(mem, i)));
		cr_assert(i % 10 != 0 || vg_store_commit(&store));
	}
	cr_assert_gt(store.segment_count, 3);
	for (uint64_t i = 0; i < 300; i++) {
		cr_assert(vg_store_add(&store, 1000 + i, i * 8, mem, numbered(mem, 2001 + i)));
		cr_assert(vg_store_commit(&store));
	}
	store_drop(&store);
	store_open(&store, &place, boot_one);
	cr_assert_eq(store.ring_count, VG_STORE_RINGS_MAX);
	for (uint64_t i = 300 - VG_STORE_RINGS_MAX + 100; i < 300; i++)
		cr_assert(vg_store_position(&store, 1000 + i, &after) && after == i * 8);
	store_drop(&store);
	place_free(&place);
}

Test(record_store, a_second_recorder_waits_and_gives_up)
{
	struct place place = place_new();
	struct vg_store store, second;
	store_open(&store, &place, boot_one);
	cr_assert_not(vg_store_open(&second, place.fd, boot_one, 1, 30));
	vg_store_close(&store);
	cr_assert(vg_store_open(&second, place.fd, boot_one, 1, 30));
	vg_store_close(&second);
	place_free(&place);
}

Test(record_store, a_full_disk_loses_nothing_that_waits)
{
	_Alignas(8) static uint8_t mem[VG_RECORD_MAX];
	struct place place = place_new();
	struct vg_store store;
	store_open(&store, &place, boot_one);
	store_put(&store, 1, 5);
	struct rlimit old, small;
	cr_assert_eq(getrlimit(RLIMIT_FSIZE, &old), 0);
	signal(SIGXFSZ, SIG_IGN);
	for (uint64_t more = 1; more < 400; more += 37) {
		/* The write stops in the middle of the batch. */
		small = old;
		small.rlim_cur = store.size + more;
		cr_assert_eq(setrlimit(RLIMIT_FSIZE, &small), 0);
		uint64_t next = store.next_seq;
		for (uint64_t i = 0; i < 4; i++)
			cr_assert(vg_store_add(&store, 7, next + i, mem, numbered(mem, next + i)));
		cr_assert_not(vg_store_commit(&store));
		cr_assert_not(vg_store_commit(&store));
		cr_assert_eq(store.next_seq, next);
		cr_assert_eq(read_all(&store, 1), next - 1);
		cr_assert_eq(setrlimit(RLIMIT_FSIZE, &old), 0);
		cr_assert(vg_store_commit(&store));
		cr_assert_eq(read_all(&store, 1), next + 3);
	}
	uint64_t next = store.next_seq;
	store_drop(&store);
	store_open(&store, &place, boot_one);
	cr_assert_eq(store.next_seq, next);
	store_drop(&store);
	place_free(&place);
}

Test(record_store, a_directory_that_is_none)
{
	struct place place = place_new();
	struct vg_store store;
	write_file(place.fd, "log", "x", 1);
	cr_assert_not(vg_store_open(&store, place.fd, boot_one, 1, 0));
	unlinkat(place.fd, "log", 0);
	cr_assert_eq(symlinkat("/tmp", place.fd, "log"), 0);
	cr_assert_not(vg_store_open(&store, place.fd, boot_one, 1, 0), "no link is followed");
	unlinkat(place.fd, "log", 0);
	place_free(&place);
}
