/* Secrets of set_header: from their files, through the keys' channel, to the worker. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "config/build.h"
#include "sys/file.h"
#include "tls/secrets.h"

static struct vg_arena arena;
static struct vg_image image;
static struct vg_chan keys_end, worker_end, supervisor_end, told;
static char path[] = "/tmp/vg-test-secret-XXXXXX";

/* Two fields: one that the image holds whole, and one with a secret. */
static void setup(void)
{
	static const uint8_t gen[32];
	const char *fault = "";
	void *block;
	size_t size = 0;
	int fds[2], up[2], fd = mkstemp(path);
	vg_arena_init(&arena, 1 << 20);
	struct vg_build *b = vg_build_new(&arena);
	struct vg_img_gateway gateway = {.tls_min = 0x0304};
	struct vg_img_set_header rows[2] = {
		{.name = vg_build_text(b, VG_SLICE("X-Plain")),
		 .value = vg_build_text(b, VG_SLICE("1"))},
		{.name = vg_build_text(b, VG_SLICE("Authorization")),
		 .value = vg_build_text(b, VG_SLICE("Bearer ")),
		 .path = vg_build_text(b, vg_slice_str(path)),
		 .where = {vg_build_text(b, VG_SLICE("vendgate.ini")), 7, 0}}};
	vg_build_row(b, VG_SECTION_GATEWAY, &gateway);
	vg_build_row(b, VG_SECTION_SET_HEADER, &rows[0]);
	vg_build_row(b, VG_SECTION_SET_HEADER, &rows[1]);
	cr_assert(fd >= 0 && vg_build_finish(b, gen, &block, &size));
	vg_build_free(&b);
	cr_assert(vg_image_open(&image, block, size, &fault), "%s", fault);
	cr_assert(vg_chan_pair(fds) && vg_chan_pair(up));
	keys_end = (struct vg_chan){fds[0], VG_ROLE_KEYS, VG_ROLE_WORKER};
	worker_end = (struct vg_chan){fds[1], VG_ROLE_WORKER, VG_ROLE_KEYS};
	told = (struct vg_chan){up[0], VG_ROLE_KEYS, VG_ROLE_SUPERVISOR};
	supervisor_end = (struct vg_chan){up[1], VG_ROLE_SUPERVISOR, VG_ROLE_KEYS};
	close(fd);
}

static void teardown(void)
{
	vg_chan_close(&keys_end);
	vg_chan_close(&worker_end);
	vg_chan_close(&told);
	vg_chan_close(&supervisor_end);
	vg_arena_fini(&arena);
	unlink(path);
}

TestSuite(secrets, .init = setup, .fini = teardown);

static void put(struct vg_slice text)
{
	FILE *file = fopen(path, "w");
	cr_assert(file != NULL && fwrite(text.ptr, 1, text.len, file) == text.len);
	fclose(file);
}

Test(secrets, reach_the_worker)
{
	static const char *const ends[] = {"", "\n", "\r\n"};
	struct vg_secrets secrets;
	for (size_t i = 0; i < VG_COUNT(ends); i++) {
		char text[32];
		snprintf(text, sizeof(text), "abc 123=%s", ends[i]);
		put(vg_slice_str(text));
		cr_assert(vg_secrets_send(&image, &keys_end, &told));
		cr_assert(vg_secrets_take(&secrets, &image, &worker_end));
		cr_expect_eq(vg_secrets_get(&secrets, 0).len, 0);
		cr_expect(vg_slice_eq(vg_secrets_get(&secrets, 1), VG_SLICE("abc 123=")));
		vg_secrets_free(&secrets);
		cr_expect_null(secrets.bytes);
	}
}

static const struct {
	struct vg_slice text;
	const char *fault;
} bad[] = {
	{{"", 0}, "is empty"},          {{"\n", 1}, "is empty"},
	{{"a\n\n", 3}, "holds a byte"}, {{"a\nb", 3}, "holds a byte"},
	{{"a\0b", 3}, "holds a byte"},  {{"a\x7f", 2}, "holds a byte"},
	{{"a\x80", 2}, "holds a byte"},
};

Test(secrets, that_can_not_be_sent_are_told)
{
	struct vg_msg msg;
	for (size_t i = 0; i < VG_COUNT(bad); i++) {
		put(bad[i].text);
		cr_expect_not(vg_secrets_send(&image, &keys_end, &told), "%zu", i);
		cr_assert_eq(vg_chan_recv(&supervisor_end, &msg), VG_CHAN_OK);
		cr_assert_eq(msg.type, VG_MSG_FAULT);
		cr_expect_not_null(strstr(msg.fault.text, "vendgate.ini:7: error: set_header "
							  "Authorization: "),
				   "%s", msg.fault.text);
		cr_expect_not_null(strstr(msg.fault.text, bad[i].fault), "%s", msg.fault.text);
	}
	unlink(path);
	cr_expect_not(vg_secrets_send(&image, &keys_end, NULL), "there is no file");
}

/* A block as somebody else than the keys would make it. */
static void send_block(const void *bytes, size_t len, bool sealed)
{
	struct vg_msg_index size = {.index = len};
	int fd = vg_shm_memfd("secrets");
	cr_assert(fd >= 0 && vg_file_write_all(fd, bytes, len) && (!sealed || vg_shm_seal(fd)));
	cr_assert_eq(vg_chan_send(&keys_end, VG_MSG_SECRETS, &size, &fd), VG_CHAN_OK);
	close(fd);
}

Test(secrets, that_lie_outside_are_not_taken)
{
	static const struct vg_str blocks[][3] = {
		{{0, 0}, {16, 8}, {0, 0}},         /* good: what follows fails for its own fault */
		{{0, 0}, {17, 8}, {0, 0}},         /* past the end */
		{{0, 0}, {UINT32_MAX, 1}, {0, 0}}, /* far past it */
		{{0, 0}, {0, UINT32_MAX}, {0, 0}}, /* longer than all of it */
	};
	struct vg_secrets secrets;
	for (size_t i = 0; i < VG_COUNT(blocks); i++) {
		send_block(blocks[i], sizeof(blocks[i]), true);
		cr_expect_eq(vg_secrets_take(&secrets, &image, &worker_end), i == 0, "%zu", i);
		vg_secrets_free(&secrets);
	}
	send_block(blocks[0], sizeof(blocks[0]), false);
	cr_expect_not(vg_secrets_take(&secrets, &image, &worker_end), "not sealed");
	send_block(blocks[0], sizeof(struct vg_str), true);
	cr_expect_not(vg_secrets_take(&secrets, &image, &worker_end), "no whole table");
	struct vg_msg_signed other = {0};
	cr_assert_eq(vg_chan_send(&keys_end, VG_MSG_SIGNED, &other, NULL), VG_CHAN_OK);
	cr_expect_not(vg_secrets_take(&secrets, &image, &worker_end), "another message");
	vg_chan_close(&keys_end);
	cr_expect_not(vg_secrets_take(&secrets, &image, &worker_end), "nobody there");
}
