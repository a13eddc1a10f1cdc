/* Files, descriptors and shared memory: the errors, and that what is sealed stays as it is. */
#include "config.h"

#include "sys/file.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sys/shm.h"

#define ROOM ((size_t)1 << 20)

static struct vg_arena arena;
static char path[] = "/tmp/vendgate-file-XXXXXX";
static int file;

static void setup(void)
{
	vg_arena_init(&arena, ROOM);
	file = mkstemp(path);
	cr_assert_geq(file, 0);
}

static void teardown(void)
{
	vg_arena_fini(&arena);
	(void)unlink(path);
	vg_fd_close(&file);
}

TestSuite(sys_file, .init = setup, .fini = teardown);

Test(sys_file, reads_the_whole_or_says_why)
{
	struct vg_slice bytes;
	cr_assert(vg_file_write_all(file, "0123456789", 10));
	cr_assert(vg_file_read(&arena, path, 10, &bytes));
	cr_expect(vg_slice_eq(bytes, VG_SLICE("0123456789")));
	cr_expect_eq(bytes.ptr[bytes.len], '\0');
	errno = 0;
	cr_expect(!vg_file_read(&arena, path, 9, &bytes));
	cr_expect_eq(errno, EFBIG);
	cr_expect(!vg_file_read(&arena, "/nonexistent/x", 9, &bytes));
	cr_expect_eq(errno, ENOENT);
	cr_expect(!vg_file_read(&arena, "/tmp", 1 << 20, &bytes));
	cr_expect_eq(errno, EISDIR);
	cr_expect(!vg_file_read(&arena, "/dev/zero", 1 << 20, &bytes));
	cr_expect_eq(errno, EINVAL);
	cr_assert_eq(ftruncate(file, 0), 0);
	cr_assert(vg_file_read(&arena, path, 9, &bytes));
	cr_expect_eq(bytes.len, 0);
}

Test(sys_file, a_fifo_holds_nobody)
{
	struct vg_slice bytes;
	cr_assert_eq(unlink(path), 0);
	cr_assert_eq(mkfifo(path, 0600), 0);
	cr_expect(!vg_file_read(&arena, path, 10, &bytes));
	cr_expect_eq(errno, EINVAL);
}

Test(sys_file, more_than_the_arena_holds)
{
	struct vg_slice bytes;
	cr_assert_eq(ftruncate(file, (off_t)(2 * ROOM)), 0);
	cr_expect(!vg_file_read(&arena, path, 4 * ROOM, &bytes));
	cr_expect_eq(errno, ENOMEM);
}

Test(sys_file, flags_of_descriptors)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	cr_assert_geq(fd, 0);
	cr_expect(vg_fd_nonblocking(fd));
	cr_expect((fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
	cr_expect(vg_fd_keep(fd));
	cr_expect_eq(fcntl(fd, F_GETFD), 0);
	errno = ENOENT;
	vg_fd_close(&fd);
	cr_expect_eq(fd, -1);
	cr_expect_eq(errno, ENOENT);
	vg_fd_close(&fd);
	cr_expect(!vg_fd_nonblocking(-1));
	cr_expect(!vg_fd_keep(-1));
}

Test(sys_file, a_sealed_block_never_changes)
{
	int fd = vg_shm_memfd("test");
	cr_assert_geq(fd, 0);
	struct vg_map map;
	cr_expect(!vg_shm_map(&map, fd, false), "an empty one has nothing to map");
	cr_assert(vg_file_write_all(fd, "0123456789", 10));
	cr_assert(vg_shm_seal(fd));
	cr_expect(!vg_shm_map(&map, fd, true));
	cr_expect(!vg_file_write_all(fd, "x", 1));
	cr_expect_neq(ftruncate(fd, 0), 0);
	cr_assert(vg_shm_map(&map, fd, false));
	cr_expect_eq(map.size, 10);
	cr_expect_eq(memcmp(map.mem, "0123456789", 10), 0);
	cr_expect_neq(mprotect(map.mem, map.size, PROT_READ | PROT_WRITE), 0);
	vg_shm_unmap(&map);
	cr_expect_null(map.mem);
	vg_fd_close(&fd);
}

Test(sys_file, an_image_must_be_sealed_and_good)
{
	struct vg_map map;
	struct vg_image image;
	int fd = vg_shm_memfd("test");
	cr_assert(vg_file_write_all(fd, "0123456789abcdef", 16));
	cr_expect(!vg_shm_image(&map, &image, fd), "not sealed");
	cr_assert(vg_shm_seal(fd));
	cr_expect(!vg_shm_image(&map, &image, fd), "no image");
	cr_expect_null(map.mem);
	vg_fd_close(&fd);
	cr_expect(!vg_shm_image(&map, &image, file), "not even a memfd");
}
