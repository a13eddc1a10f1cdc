#include "config/input.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "sys/file.h"

static bool is_absolute(struct vg_slice name)
{
	return name.len > 0 && name.ptr[0] == '/';
}

/* Both, one behind the other; ptr is NULL where memory is short. */
static struct vg_slice join(struct vg_arena *arena, struct vg_slice a, struct vg_slice b)
{
	char *text = vg_arena_alloc(arena, a.len + b.len + 1);
	if (text == NULL)
		return vg_slice(NULL, 0);
	if (a.len > 0)
		memcpy(text, a.ptr, a.len);
	if (b.len > 0)
		memcpy(text + a.len, b.ptr, b.len);
	return vg_slice(text, a.len + b.len);
}

/* With its slash; empty where there is none. */
static struct vg_slice directory_of(struct vg_slice name)
{
	while (name.len > 0 && name.ptr[name.len - 1] != '/')
		name.len--;
	return name;
}

bool vg_inputs_init(struct vg_inputs *inputs, const char *path, struct vg_arena *arena)
{
	*inputs = (struct vg_inputs){.arena = arena, .given = directory_of(vg_slice_str(path))};
	vg_map_init(&inputs->files, arena);
	struct vg_slice given = join(arena, inputs->given, VG_SLICE("."));
	if (given.ptr == NULL)
		return false;
	char *absolute = realpath(given.ptr, NULL);
	if (absolute == NULL)
		return false;
	struct vg_slice slash = strcmp(absolute, "/") == 0 ? VG_SLICE_EMPTY : VG_SLICE("/");
	inputs->absolute = join(arena, vg_slice_str(absolute), slash);
	free(absolute);

	inputs->digest = EVP_MD_CTX_new();
	inputs->rest = EVP_MD_CTX_new();
	errno = ENOMEM;
	return inputs->absolute.ptr != NULL && inputs->digest != NULL && inputs->rest != NULL &&
	       EVP_DigestInit_ex(inputs->digest, EVP_sha256(), NULL) == 1 &&
	       EVP_DigestInit_ex(inputs->rest, EVP_sha256(), NULL) == 1;
}

void vg_inputs_fini(struct vg_inputs *inputs)
{
	EVP_MD_CTX_free(inputs->digest);
	EVP_MD_CTX_free(inputs->rest);
	*inputs = (struct vg_inputs){0};
}

/* The length goes first, so that no two sets of files have one digest. */
static bool digest_bytes(EVP_MD_CTX *digest, struct vg_slice bytes)
{
	uint64_t len = bytes.len;
	return EVP_DigestUpdate(digest, &len, sizeof(len)) == 1 &&
	       EVP_DigestUpdate(digest, bytes.ptr, bytes.len) == 1;
}

static bool digest_file(EVP_MD_CTX *digest, const struct vg_input *input)
{
	return digest_bytes(digest, vg_slice_str(input->name)) &&
	       digest_bytes(digest, input->bytes);
}

static const char *place(const struct vg_inputs *inputs, struct vg_slice directory,
			 struct vg_slice name)
{
	struct vg_slice path = join(inputs->arena, is_absolute(name) ? VG_SLICE_EMPTY : directory,
				    name);
	return path.ptr == NULL ? "" : path.ptr;
}

const char *vg_input_shown(const struct vg_inputs *inputs, struct vg_slice name)
{
	return place(inputs, inputs->given, name);
}

const char *vg_input_absolute(const struct vg_inputs *inputs, struct vg_slice name)
{
	return place(inputs, inputs->absolute, name);
}

static struct vg_input *read_new(struct vg_inputs *inputs, struct vg_slice name, size_t max)
{
	struct vg_input *input = vg_arena_alloc(inputs->arena, sizeof(*input));
	struct vg_slice copy = vg_arena_dup(inputs->arena, name);
	if (input == NULL || copy.ptr == NULL) {
		errno = ENOMEM;
		return NULL;
	}
	input->name = copy.ptr;
	input->shown = vg_input_shown(inputs, name);
	/* Before it is read: what changes in between looks changed afterwards. */
	input->stamp = vg_file_stamp(input->shown);
	if (!vg_file_read(inputs->arena, input->shown, max, &input->bytes))
		return NULL;
	errno = ENOMEM;
	return digest_file(inputs->digest, input) ? vg_map_add(&inputs->files, copy, input) : NULL;
}

const struct vg_input *vg_input_read(struct vg_inputs *inputs, struct vg_slice name, size_t max,
				     enum vg_input_kind kind)
{
	struct vg_input *input = vg_map_get(&inputs->files, name);
	if (input == NULL)
		input = read_new(inputs, name, max);
	if (input == NULL || kind == VG_INPUT_OWN || input->in_rest)
		return input;
	errno = ENOMEM;
	input->in_rest = digest_file(inputs->rest, input);
	return input->in_rest ? input : NULL;
}

struct vg_slice vg_input_name(struct vg_inputs *inputs, const struct vg_input *from,
			      struct vg_slice written)
{
	if (is_absolute(written))
		return written;
	return join(inputs->arena, directory_of(vg_slice_str(from->name)), written);
}

struct vg_slice vg_input_below(struct vg_inputs *inputs, struct vg_slice directory,
			       struct vg_slice file)
{
	struct vg_slice slash = join(inputs->arena, directory,
				     vg_slice_ends(directory, VG_SLICE("/")) ? VG_SLICE_EMPTY
									     : VG_SLICE("/"));
	return join(inputs->arena, slash, file);
}

bool vg_inputs_gen(struct vg_inputs *inputs, uint8_t gen[32], uint8_t rest[32])
{
	unsigned len = 0, rest_len = 0;
	return EVP_DigestFinal_ex(inputs->digest, gen, &len) == 1 && len == 32 &&
	       EVP_DigestFinal_ex(inputs->rest, rest, &rest_len) == 1 && rest_len == 32;
}
