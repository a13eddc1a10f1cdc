/* check [DIR]: all that is wrong with a configuration, each with its file and line. */
#include "ctl/command.h"

#include "ctl/loaded.h"

static void print_count(unsigned count, const char *what, const char *behind)
{
	printf("%u %s%s%s", count, what, count == 1 ? "" : "s", behind);
}

static void print(const struct vg_loaded *loaded, bool json)
{
	const unsigned *count = loaded->diags.count;
	if (json) {
		vg_loaded_print_json(loaded, stdout);
		return;
	}
	vg_loaded_print(loaded, stdout, VG_SEVERITY_NOTE);
	print_count(count[VG_SEVERITY_ERROR], "error", ", ");
	print_count(count[VG_SEVERITY_WARNING], "warning", "\n");
}

enum vg_exit vg_command_check(const struct vg_call *call)
{
	char path[4096];
	struct vg_loaded loaded;
	if (call->argc > 2 || (call->argc == 2 && call->argv[1][0] == '-'))
		return VG_SHOW_USAGE;
	int len = snprintf(path, sizeof(path), call->argc == 2 ? "%s/vendgate.ini" : "%s",
			   call->argc == 2 ? call->argv[1] : call->config);
	if (len < 0 || (size_t)len >= sizeof(path))
		return vg_usage_error("the path is too long");
	bool good = vg_loaded_init(&loaded, path, NULL);
	print(&loaded, call->json);
	vg_loaded_fini(&loaded);
	return good ? VG_EXIT_DONE : VG_EXIT_FOUND;
}
