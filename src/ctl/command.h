/*
 * What a command of vendgatectl is: a row of command.def and a function here. main.c finds it by
 * name, and prints its usage where the function asks for that.
 */
#ifndef VG_CTL_COMMAND_H
#define VG_CTL_COMMAND_H

#include <stdbool.h>

#include "base/attr.h"

/* vendgatectl(8): what scripts rely on. */
enum vg_exit {
	VG_SHOW_USAGE = -1, /* a command line that is none: main says how, and ends with USAGE */
	VG_EXIT_DONE = 0,
	VG_EXIT_FOUND = 1, /* check: errors; explain: refused */
	VG_EXIT_USAGE = 2,
	VG_EXIT_GATEWAY = 4 /* the gateway can't be reached, or refused the command */
};

struct vg_call {
	const char *config; /* path of vendgate.ini: -c, or the default */
	const char *socket; /* of the gateway: -s; NULL: that of the configuration */
	bool json;
	int argc;
	char **argv; /* argv[0] is the command's name; NULL-terminated */
};

#define VG_COMMAND(NAME, word, arguments, help, json)                                              \
	enum vg_exit vg_command_##word(const struct vg_call *call) VG_MUST_CHECK;
#include "ctl/command.def"
#undef VG_COMMAND

/* "vendgatectl: TEXT" on stderr: what is wrong with a value. Returns VG_EXIT_USAGE. */
enum vg_exit vg_usage_error(const char *format, ...) VG_PRINTF(1, 2);

#endif
