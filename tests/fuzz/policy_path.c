/*
 * Paths (libFuzzer). Of what is accepted:
 *
 *   - its normalised text is accepted again, and is the same;
 *   - it holds no byte, and no %xx, that path.h says is refused or undone;
 *   - a server that decodes it, once or again and again, sees the same segments, none of them a
 *     way up: nothing that a rule matched for one segment is two for the upstream;
 *   - the path below any prefix of it is what stands behind that prefix.
 */
#include "base/text.h"
#include "policy/path.h"
#include "policy/percent.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define DECODINGS 3

static struct vg_path path, again, below;
static struct vg_arena arena;

/* What path.h lets stand; written anew here, not to ask the code that is tested. */
static void check_byte(char c)
{
	VG_ASSERT(c > ' ' && c < 0x7f);
	VG_ASSERT(strchr("\"#;<>?[\\]^`{|}", c) == NULL);
}

static void check_coded(int byte)
{
	VG_ASSERT(byte >= ' ' && byte != 0x7f);
	VG_ASSERT(byte != '/' && byte != '\\' && byte != ';');
	VG_ASSERT(!vg_is_unreserved((char)byte));
}

static void check_text(struct vg_slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		int byte = vg_percent_byte(vg_slice_from(text, i));
		check_byte(text.ptr[i]);
		if (text.ptr[i] != '%')
			continue;
		VG_ASSERT(byte >= 0 && i + 2 < text.len);
		check_coded(byte);
		for (size_t digit = i + 1; digit < i + 3; digit++)
			VG_ASSERT(text.ptr[digit] < 'a'); /* upper case */
		i += 2;
	}
}

/* As careless servers do it: whatever is no %xx stands for itself. */
static size_t decode(char *out, const char *in, size_t len)
{
	size_t made = 0;
	for (size_t i = 0; i < len; made++) {
		int byte = vg_percent_byte(vg_slice(in + i, len - i));
		out[made] = byte < 0 ? in[i] : (char)byte;
		i += byte < 0 ? 1 : 3;
	}
	return made;
}

/* The segments that a server sees, which may take a `\` for a slash, and what is behind a `;` for
   parameters: as many, and none is empty or dots. */
static void check_segments(struct vg_slice text)
{
	size_t count = 0;
	VG_ASSERT(text.len > 0 && text.ptr[0] == '/');
	struct vg_slice rest = vg_slice_from(text, 1), segment;
	while (rest.len > 0 && vg_slice_cut(&rest, '/', &segment)) {
		VG_ASSERT(segment.len > 0);
		VG_ASSERT(!vg_slice_eq(segment, VG_SLICE(".")));
		VG_ASSERT(!vg_slice_eq(segment, VG_SLICE("..")));
		for (size_t i = 0; i < segment.len; i++) {
			char c = segment.ptr[i];
			VG_ASSERT(c != '\\' && c != ';' && (uint8_t)c >= ' ' && c != 0x7f);
		}
		count++;
	}
	VG_ASSERT(count == path.count);
	VG_ASSERT(vg_slice_ends(text, VG_SLICE("/")) == path.slash);
}

static void check_decoded(void)
{
	static char text[VG_PATH_BYTES_MAX], more[VG_PATH_BYTES_MAX];
	size_t len = path.text.len;
	memcpy(text, path.text.ptr, len);
	check_segments(path.text);
	for (int i = 0; i < DECODINGS; i++) {
		size_t made = decode(more, text, len);
		/* No second decoding finds anything new. */
		VG_ASSERT(i == 0 || (made == len && memcmp(more, text, len) == 0));
		memcpy(text, more, made);
		len = made;
		check_segments(vg_slice(text, len));
	}
}

static void check_below(void)
{
	for (size_t i = 0; i < path.count; i++) {
		const struct vg_slice *last = &path.segments[i];
		struct vg_slice prefix = vg_slice(path.text.ptr,
						  (size_t)(last->ptr - path.text.ptr) + last->len);
		VG_ASSERT(vg_path_below(&below, &path, prefix));
		VG_ASSERT(below.count == path.count - i - 1);
		struct vg_slice rest = vg_slice_from(path.text, prefix.len);
		VG_ASSERT(vg_slice_eq(below.text, rest.len == 0 ? VG_SLICE("/") : rest));
		VG_ASSERT(below.slash == vg_slice_ends(below.text, VG_SLICE("/")));
		/* Not below what ends inside a segment. */
		if (last->len > 1)
			VG_ASSERT(!vg_path_below(&below, &path,
						 vg_slice_first(prefix, prefix.len - 1)));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *fault;
	vg_arena_init(&arena, (size_t)1 << 20);
	if (vg_path_parse(&path, vg_slice((const char *)data, size), &arena, &fault)) {
		VG_ASSERT(fault == NULL && path.text.len <= size);
		check_text(path.text);
		check_decoded();
		check_below();
		VG_ASSERT(vg_path_parse(&again, path.text, &arena, &fault));
		VG_ASSERT(vg_slice_eq(again.text, path.text) && again.count == path.count);
	} else {
		VG_ASSERT(fault != NULL);
	}
	vg_arena_fini(&arena);
	return 0;
}
