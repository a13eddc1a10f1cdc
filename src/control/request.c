#include "control/request.h"

#include "base/text.h"

/* A word of `line` from *at on, decoded in place; *at behind it. False where it is none. */
static bool take_word(char *line, size_t len, size_t *at, struct vg_slice *word)
{
	size_t in = *at, out = *at;
	while (in < len && line[in] != ' ') {
		char c = line[in++];
		if (c <= ' ' || c > '~')
			return false;
		if (c == '%') {
			uint8_t byte;
			if (!vg_unhex(vg_slice_first(vg_slice(line + in, len - in), 2), &byte, 1))
				return false;
			c = (char)byte;
			in += 2;
		}
		line[out++] = c;
	}
	*word = vg_slice(line + *at, out - *at);
	*at = in;
	return word->len > 0;
}

/* Words have one space between them, and none at the end. */
static bool take_next(char *line, size_t len, size_t *at, struct vg_slice *word)
{
	if (*at >= len || line[*at] != ' ')
		return false;
	(*at)++;
	return take_word(line, len, at, word);
}

bool vg_request_parse(struct vg_request *request, char *line, size_t len)
{
	struct vg_slice format;
	size_t at = 0;
	*request = (struct vg_request){.json = false};
	if (!take_word(line, len, &at, &format) || !take_next(line, len, &at, &request->command))
		return false;
	request->json = vg_slice_eq(format, VG_SLICE("json"));
	if (!request->json && !vg_slice_eq(format, VG_SLICE("text")))
		return false;
	while (at < len) {
		if (request->argument_count == VG_REQUEST_ARGUMENTS_MAX ||
		    !take_next(line, len, &at, &request->arguments[request->argument_count]))
			return false;
		request->argument_count++;
	}
	return true;
}
