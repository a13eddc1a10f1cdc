#include "broker/resolv.h"

/* Time for several questions within one connect_timeout, where the file doesn't say otherwise. */
static const struct {
	const char *name;
	uint32_t least, most, unset;
} options[VG_RESOLV_OPTIONS] = {
	[VG_RESOLV_NDOTS] = {"ndots:", 0, 15, 1},
	[VG_RESOLV_TIMEOUT] = {"timeout:", 1, 30, 1},
	[VG_RESOLV_ATTEMPTS] = {"attempts:", 1, 5, 3},
};

const char *vg_resolv_option_name(enum vg_resolv_option option)
{
	return options[option].name;
}

static void take_option(struct vg_resolv *resolv, struct vg_slice word)
{
	uint64_t value;
	for (size_t i = 0; i < VG_RESOLV_OPTIONS; i++) {
		struct vg_slice name = vg_slice_str(options[i].name);
		if (!vg_slice_starts(word, name) ||
		    !vg_slice_u64(vg_slice_from(word, name.len), &value))
			continue;
		if (value < options[i].least)
			value = options[i].least;
		resolv->options[i] = value > options[i].most ? options[i].most : (uint32_t)value;
	}
}

static void take_search(struct vg_resolv *resolv, struct vg_slice words, uint32_t most)
{
	struct vg_slice word;
	resolv->search_count = 0;
	while (resolv->search_count < most && vg_slice_word(&words, &word))
		/* "search .": none */
		if (!vg_slice_eq(word, VG_SLICE(".")))
			resolv->search[resolv->search_count++] = word;
}

static void take_line(struct vg_resolv *resolv, struct vg_slice line)
{
	struct vg_slice key, word;
	if (line.len == 0 || line.ptr[0] == '#' || line.ptr[0] == ';' ||
	    !vg_slice_word(&line, &key))
		return;
	if (vg_slice_eq(key, VG_SLICE("nameserver")) &&
	    resolv->server_count < VG_RESOLV_SERVERS_MAX)
		resolv->server_count += vg_slice_word(&line,
						      &resolv->servers[resolv->server_count]);
	else if (vg_slice_eq(key, VG_SLICE("search")))
		take_search(resolv, line, VG_RESOLV_SEARCH_MAX);
	else if (vg_slice_eq(key, VG_SLICE("domain")))
		take_search(resolv, line, 1);
	else if (vg_slice_eq(key, VG_SLICE("options")))
		while (vg_slice_word(&line, &word))
			take_option(resolv, word);
}

void vg_resolv_parse(struct vg_slice text, struct vg_resolv *resolv)
{
	struct vg_slice line;
	*resolv = (struct vg_resolv){.server_count = 0};
	for (size_t i = 0; i < VG_RESOLV_OPTIONS; i++)
		resolv->options[i] = options[i].unset;
	while (vg_slice_cut(&text, '\n', &line))
		take_line(resolv, line);
}
