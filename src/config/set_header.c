#include "config/set_header.h"

#include "http/barred.h"
#include "http/chars.h"

/* Nor what describes the vendor's body, or the gateway writes for each request anew. */
static bool may_be_set(struct vg_slice name)
{
	return vg_http_barred(name, true) == NULL &&
	       !vg_slice_eq_case(vg_slice_first(name, 8), VG_SLICE("content-")) &&
	       !vg_slice_eq_case(name, VG_SLICE("traceparent")) &&
	       !vg_slice_eq_case(name, VG_SLICE("tracestate"));
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
