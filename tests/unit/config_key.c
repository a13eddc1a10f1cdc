/* The rows of keys: each default and bound is a value of the row's own type. */
#include <criterion/criterion.h>

#include "config/key.h"

static bool is_value(const struct vg_key *key, const char *text, uint64_t *number)
{
	return vg_check(key->type, vg_slice_str(text), number);
}

Test(config_key, bounds)
{
	size_t count;
	const struct vg_key *keys = vg_keys(&count);
	for (size_t i = 0; i < count; i++) {
		const struct vg_key *key = &keys[i];
		uint64_t low = 0, high = 0;
		cr_expect_gt(strlen(key->help), 5, "%s", key->name);
		/* Of a list of words, how many it may have is bounded, as of every list. */
		bool words = vg_check_words(key->type) != NULL;
		cr_expect(!words || key->store != VG_KEY_TEXT, "%s", key->name);
		if (words && key->store == VG_KEY_NUMBER)
			continue;
		cr_expect(words || vg_check_text(key->type) != NULL, "%s", key->name);
		bool good = key->store == VG_KEY_NUMBER
				    ? is_value(key, key->low, &low) &&
					      is_value(key, key->high, &high)
				    : vg_slice_u64(vg_slice_str(key->low), &low) &&
					      vg_slice_u64(vg_slice_str(key->high), &high);
		cr_assert(good, "%s", key->name);
		cr_expect_lt(low, high, "%s", key->name);
	}
}

Test(config_key, defaults)
{
	static union {
		struct vg_set set;
		char bytes[1024];
	} any;
	for (unsigned kind = 0; kind < VG_SET_KINDS; kind++) {
		struct vg_arena arena;
		struct vg_diags diags;
		size_t count;
		const struct vg_key *keys = vg_keys(&count);
		vg_arena_init(&arena, 1 << 20);
		vg_diags_init(&diags, &arena);
		cr_assert_leq(vg_set_row((enum vg_set_kind)kind)->size, sizeof(any));
		memset(&any, 0, sizeof(any));
		vg_key_defaults(&(struct vg_key_sink){&arena, &diags}, (enum vg_set_kind)kind,
				&any.set);
		cr_expect_not(vg_diags_failed(&diags), "%s",
			      vg_set_row((enum vg_set_kind)kind)->word);
		for (size_t i = 0; i < count; i++)
			cr_expect(keys[i].value == NULL || (keys[i].flags & VG_KEY_REQUIRED) == 0,
				  "%s is required, and has a default", keys[i].name);
		vg_arena_fini(&arena);
	}
}

/* Every row is found by its name, in its section alone. */
Test(config_key, found)
{
	size_t count;
	const struct vg_key *keys = vg_keys(&count);
	for (size_t i = 0; i < count; i++)
		cr_expect_eq(vg_key_find(keys[i].kind, vg_slice_str(keys[i].name)), &keys[i], "%s",
			     keys[i].name);
	for (unsigned kind = 0; kind < VG_SET_KINDS; kind++)
		cr_expect_eq(vg_set_kind_of(vg_slice_str(vg_set_row((enum vg_set_kind)kind)->word)),
			     kind);
	cr_expect_null(vg_key_find(VG_SET_TLS, VG_SLICE("listen")));
	cr_expect_eq(vg_set_kind_of(VG_SLICE("geo")), VG_SET_KINDS);
}
