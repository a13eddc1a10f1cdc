#include "tls/secrets.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "base/arena.h"
#include "sys/file.h"
#include "sys/log.h"
#include "tls/keys.h"

/* Why it can't stand in a header, or NULL. The end of its last line is none of it. */
static const char *unfit(struct vg_slice *secret)
{
	if (vg_slice_ends(*secret, VG_SLICE("\n")))
		secret->len--;
	if (vg_slice_ends(*secret, VG_SLICE("\r")))
		secret->len--;
	if (secret->len == 0)
		return "is empty";
	for (size_t i = 0; i < secret->len; i++)
		if (secret->ptr[i] < ' ' || secret->ptr[i] > '~')
			return "holds a byte that is no blank and no visible ASCII";
	return NULL;
}

/* A path of the image ends without a NUL: a copy. */
static const char *read_one(const struct vg_image *image, const struct vg_img_set_header *row,
			    struct vg_arena *arena, struct vg_slice *secret)
{
	struct vg_slice path = vg_arena_dup(arena, vg_img_str(image, row->path));
	if (path.ptr == NULL || !vg_file_read(arena, path.ptr, VG_SECRET_MAX, secret))
		return strerror(errno);
	return unfit(secret);
}

/* Appends that of the row to the block; false, and told. */
static bool add_one(const struct vg_image *image, uint32_t at, struct vg_secrets *block,
		    const struct vg_chan *supervisor)
{
	const struct vg_img_set_header *row = &vg_img_set_headers(image)[at];
	struct vg_arena arena;
	struct vg_slice secret = VG_SLICE_EMPTY;
	if (row->path.len == 0)
		return true;
	vg_arena_init(&arena, (size_t)4 * VG_SECRET_MAX);
	const char *fault = read_one(image, row, &arena, &secret);
	if (fault == NULL) {
		struct vg_str place = {(uint32_t)block->size, (uint32_t)secret.len};
		memcpy(block->bytes + at * sizeof(place), &place, sizeof(place));
		memcpy(block->bytes + block->size, secret.ptr, secret.len);
		block->size += secret.len;
	} else {
		vg_keys_tell(supervisor, "%.*s:%u: error: set_header %.*s: \"%.*s\": %s",
			     VG_SLICE_FMT(vg_img_str(image, row->where.file)), row->where.line,
			     VG_SLICE_FMT(vg_img_str(image, row->name)),
			     VG_SLICE_FMT(vg_img_str(image, row->path)), fault);
	}
	/* The arena's memory, which nobody else reads. */
	OPENSSL_cleanse((void *)(uintptr_t)secret.ptr, secret.ptr == NULL ? 0 : secret.len);
	vg_arena_fini(&arena);
	return fault == NULL;
}

static bool hand_over(const struct vg_secrets *block, const struct vg_chan *worker)
{
	struct vg_msg_index size = {.index = block->size};
	int fd = vg_shm_memfd("vendgate-secrets");
	bool ok = fd >= 0 && vg_file_write_all(fd, block->bytes, block->size) && vg_shm_seal(fd) &&
		  vg_chan_send(worker, VG_MSG_SECRETS, &size, &fd) == VG_CHAN_OK;
	if (!ok)
		vg_log(VG_LOG_ERROR, "the secrets can't be handed over: %m");
	vg_fd_close(&fd);
	return ok;
}

bool vg_secrets_send(const struct vg_image *image, const struct vg_chan *worker,
		     const struct vg_chan *supervisor)
{
	uint32_t count = vg_img_set_header_count(image);
	size_t most = vg_secrets_table(image) + (size_t)count * VG_SECRET_MAX;
	if (!vg_secrets_wanted(image))
		return true;
	struct vg_secrets block = {calloc(1, most), vg_secrets_table(image)};
	bool ok = block.bytes != NULL;
	for (uint32_t i = 0; block.bytes != NULL && i < count; i++)
		ok &= add_one(image, i, &block, supervisor);
	ok = ok && hand_over(&block, worker);
	vg_secrets_free(&block);
	return ok;
}
