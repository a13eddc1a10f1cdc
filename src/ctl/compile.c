/*
 * compile --fd N: the configuration as a policy image, written into an open descriptor. The
 * gateway runs it, unprivileged, with a memfd that it seals afterwards. For a reload it gives it
 * the sealed image that serves, too (--serving): what that knows of certificates is not found out
 * again.
 * compile --show: every value that the configuration comes to, and where it was written.
 */
#include "ctl/command.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "config/show.h"
#include "ctl/loaded.h"
#include "ctl/text.h"
#include "sys/file.h"
#include "sys/shm.h"

#define SHOW_MAX ((size_t)2 << 30)

static bool parse_fd(const struct vg_call *call, int at, const char *option, int *fd)
{
	uint64_t number;
	if (strcmp(call->argv[at], option) != 0 ||
	    !vg_slice_u64(vg_slice_str(call->argv[at + 1]), &number) || number > 65535)
		return false;
	*fd = (int)number;
	return true;
}

static bool parse_fds(const struct vg_call *call, int *fd, int *serving)
{
	*serving = -1;
	return (call->argc == 3 || call->argc == 5) && parse_fd(call, 1, "--fd", fd) &&
	       (call->argc == 3 || parse_fd(call, 3, "--serving", serving));
}

static void print_value(void *arg, const struct vg_shown *shown)
{
	const char **title = arg;
	if (*title == NULL || strcmp(*title, shown->title) != 0)
		printf("%s%s\n", *title == NULL ? "" : "\n", shown->title);
	*title = shown->title;
	if (shown->value.ptr == NULL)
		return;
	printf("%s = ", shown->key);
	vg_text_print(stdout, shown->value);
	fputs(" ; ", stdout);
	if (shown->line == 0)
		fputs("default\n", stdout);
	else
		printf("%s:%u\n", shown->file, shown->line);
}

static enum vg_exit show(const struct vg_call *call)
{
	struct vg_arena arena;
	struct vg_diags diags;
	const char *title = NULL;
	vg_arena_init(&arena, SHOW_MAX);
	vg_diags_init(&diags, &arena);
	bool good = vg_config_show(call->config, &arena, &diags, print_value, &title);
	vg_diags_print(&diags, stderr, VG_SEVERITY_WARNING);
	vg_arena_fini(&arena);
	return good ? VG_EXIT_DONE : VG_EXIT_FOUND;
}

static bool compile(const struct vg_call *call, int fd, const struct vg_image *serving)
{
	struct vg_loaded loaded;
	bool good = vg_loaded_init(&loaded, call->config, serving);
	/* Notes are for people who check; what a start should tell is more. */
	vg_loaded_print(&loaded, stderr, VG_SEVERITY_WARNING);
	if (good && !vg_file_write_all(fd, loaded.compiled.block, loaded.compiled.size)) {
		fprintf(stderr, "vendgatectl: error: descriptor %d: %s\n", fd, strerror(errno));
		good = false;
	}
	if (good && serving != NULL)
		fprintf(stderr, "vendgatectl: note: certificates: %u parsed, %u known\n",
			loaded.compiled.parsed, loaded.compiled.recalled);
	vg_loaded_fini(&loaded);
	return good;
}

enum vg_exit vg_command_compile(const struct vg_call *call)
{
	if (call->argc == 2 && strcmp(call->argv[1], "--show") == 0)
		return show(call);
	struct vg_map map = {NULL, 0};
	struct vg_image serving;
	int fd, serving_fd;
	if (!parse_fds(call, &fd, &serving_fd))
		return VG_SHOW_USAGE;
	if (fcntl(fd, F_GETFD) < 0)
		return vg_usage_error("descriptor %d is not open", fd);
	/* One that can't be used costs time, no more. */
	bool known = serving_fd >= 0 && vg_shm_image(&map, &serving, serving_fd);
	bool good = compile(call, fd, known ? &serving : NULL);
	vg_shm_unmap(&map);
	return good ? VG_EXIT_DONE : VG_EXIT_FOUND;
}
