#include "config/set_header.h"

#include "http/chars.h"
#include "http/header.h"

/*
 * In lower case; one that ends in a hyphen stands for all that begin so. Beside these, what
 * header.def has the gateway read or refuse.
 */
static const char *const kept[] = {
	"client-cert", "client-cert-", "content-",     "forwarded", "keep-alive",   "proxy-",
	"te",          "trailer",      "x-forwarded-", "x-real-ip", "x-request-id", "x-vendor-",
};

static bool begins(struct vg_slice name, struct vg_slice word)
{
	return name.len >= word.len && vg_slice_eq_case(vg_slice_first(name, word.len), word);
}

static bool may_be_set(struct vg_slice name)
{
	enum vg_header id = vg_header_of(name);
	if (id != VG_HEADER_COUNT) {
		enum vg_header_rule rule = vg_header_row(id)->request;
		if (rule == VG_HEADER_OWN || rule == VG_HEADER_REFUSE)
			return false;
	}
	for (size_t i = 0; i < VG_COUNT(kept); i++) {
		struct vg_slice word = vg_slice_str(kept[i]);
		if (vg_slice_ends(word, VG_SLICE("-")) ? begins(name, word)
						       : vg_slice_eq_case(name, word))
			return false;
	}
	return true;
}

/* Where the word begins that names the file; the value's length where there is none. */
static size_t find_file(struct vg_slice value)
{
	for (size_t i = 0; i < value.len; i++)
		if (value.ptr[i] == '@' && (i == 0 || value.ptr[i - 1] == ' '))
			return i;
	return value.len;
}

bool vg_set_header(struct vg_slice s, struct vg_set_header *header)
{
	size_t colon = vg_slice_find(s, ':');
	struct vg_slice value = vg_slice_trim(vg_slice_from(s, colon + 1));
	size_t at = find_file(value);
	*header = (struct vg_set_header){
		.name = vg_slice_first(s, colon),
		.value = vg_slice_first(value, at),
		.file = vg_slice_from(value, at + 1),
	};
	if (header->name.len == 0 || !vg_chars_all(header->name, VG_CHAR_NAME) ||
	    !may_be_set(header->name))
		return false;
	/* A blank and visible ASCII; of the file's name, where there is one, no blank. */
	for (size_t i = 0; i < value.len; i++)
		if (value.ptr[i] != ' ' && (vg_char(value.ptr[i]) & VG_CHAR_VISIBLE) == 0)
			return false;
	bool has_file = at < value.len;
	return has_file ? header->file.len > 0 &&
				  vg_slice_find(header->file, ' ') == header->file.len
			: value.len > 0;
}
