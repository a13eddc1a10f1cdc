/* Buffers and arenas: what was put in comes out, and never more than the maximum. */
#include <criterion/criterion.h>

#include "base/arena.h"
#include "base/buf.h"

Test(base_buf, all_or_nothing)
{
	struct vg_buf buf;
	vg_buf_init(&buf, 8);
	cr_expect_null(buf.mem, "storage comes with the first byte");
	cr_expect(vg_buf_append(&buf, VG_SLICE("")));
	cr_expect_null(buf.mem);
	cr_expect(vg_buf_append(&buf, VG_SLICE("12345")));
	cr_expect_not(vg_buf_append(&buf, VG_SLICE("6789")));
	cr_expect(vg_slice_eq(vg_buf_slice(&buf), VG_SLICE("12345")));
	cr_expect(vg_buf_append(&buf, VG_SLICE("678")));
	cr_expect_eq(vg_buf_room(&buf), 0);
	size_t avail;
	cr_expect_null(vg_buf_space(&buf, 1, &avail));
	vg_buf_consume(&buf, 3);
	cr_expect(vg_buf_append(&buf, VG_SLICE("9ab")), "consumed room is room again");
	cr_expect(vg_slice_eq(vg_buf_slice(&buf), VG_SLICE("456789ab")));
	vg_buf_release(&buf);
	cr_expect_eq(buf.len, 8, "nothing is let go while there is something in it");
	vg_buf_consume(&buf, 8);
	vg_buf_release(&buf);
	cr_expect_null(buf.mem);
	cr_expect(vg_buf_append(&buf, VG_SLICE("again")));
	vg_buf_fini(&buf);
}

/* A plain array beside it does the same, for some thousand steps. */
Test(base_buf, same_as_a_model)
{
	enum { MAX = 5000 };
	static char model[MAX];
	size_t len = 0;
	uint32_t state = 7;
	char next = 0;
	struct vg_buf buf;
	vg_buf_init(&buf, MAX);
	for (int step = 0; step < 20000; step++) {
		state = state * 1664525 + 1013904223;
		size_t want = state >> 20, avail = 0;
		if (state >> 8 & 1) {
			size_t n = want < len ? want : len;
			vg_buf_consume(&buf, n);
			memmove(model, model + n, len - n);
			len -= n;
		} else {
			char *space = vg_buf_space(&buf, want, &avail);
			cr_assert_eq(space == NULL, want == 0 || len == MAX);
			if (space == NULL)
				continue;
			cr_assert_gt(avail, 0);
			size_t n = want < avail ? want : avail;
			for (size_t i = 0; i < n; i++)
				space[i] = model[len + i] = next++;
			vg_buf_added(&buf, n);
			len += n;
		}
		cr_assert_leq(buf.cap, MAX);
		cr_assert(vg_slice_eq(vg_buf_slice(&buf), vg_slice(model, len)), "step %d", step);
	}
	vg_buf_fini(&buf);
}

Test(base_arena, bounds)
{
	struct vg_arena arena;
	vg_arena_init(&arena, 100);
	cr_expect_not_null(vg_arena_alloc(&arena, 60));
	cr_expect_null(vg_arena_alloc(&arena, 41));
	cr_expect_not_null(vg_arena_alloc(&arena, 40));
	cr_expect_null(vg_arena_alloc(&arena, 1));
	vg_arena_reset(&arena);
	cr_expect_not_null(vg_arena_alloc(&arena, 100));
	cr_expect_null(vg_arena_array(&arena, SIZE_MAX / 2, 4), "the product overflows");
	vg_arena_fini(&arena);

	vg_arena_init(&arena, SIZE_MAX);
	cr_expect_null(vg_arena_alloc(&arena, SIZE_MAX));
	cr_expect_null(vg_arena_dup(&arena, vg_slice("", SIZE_MAX)).ptr);
	vg_arena_fini(&arena);
}

Test(base_arena, zeroed_and_aligned)
{
	struct vg_arena arena;
	vg_arena_init(&arena, 1 << 20);
	for (int round = 0; round < 3; round++) {
		for (size_t size = 1; size < 9000; size = size * 3 + 1) {
			unsigned char *mem = vg_arena_alloc(&arena, size);
			cr_assert_not_null(mem);
			cr_expect_eq((uintptr_t)mem % 16, 0);
			for (size_t i = 0; i < size; i++)
				cr_assert_eq(mem[i], 0);
			memset(mem, 0xa5, size);
		}
		vg_arena_reset(&arena);
		cr_expect_eq(arena.used, 0);
	}
	struct vg_slice copy = vg_arena_dup(&arena, VG_SLICE("abc"));
	cr_assert_not_null(copy.ptr);
	cr_expect_eq(copy.len, 3);
	cr_expect_str_eq(copy.ptr, "abc", "a NUL stands behind it");
	vg_arena_fini(&arena);
}
