/* vendgatectl: finds the command of command.def that was asked for, and runs it. */
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "config.h"

#include "base/diag.h"
#include "ctl/command.h"

#define DEFAULT_CONFIG VG_SYSCONFDIR "/vendgate/vendgate.ini"

enum json { TEXT, JSON };

static const struct command {
	const char *word, *arguments, *help;
	enum json json;
	enum vg_exit (*run)(const struct vg_call *call);
} commands[] = {
#define VG_COMMAND(NAME, word, arguments, help, json)                                              \
	{#word, arguments, help, json, vg_command_##word},
#include "ctl/command.def"
#undef VG_COMMAND
};

enum vg_exit vg_usage_error(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	fputs("vendgatectl: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
	return VG_EXIT_USAGE;
}

static void print_overview(FILE *out)
{
	fputs("usage: vendgatectl [-c FILE] [-s SOCKET] [--json] COMMAND [ARGUMENT]...\n\n", out);
	for (size_t i = 0; i < VG_COUNT(commands); i++)
		fprintf(out, "  %-9s %s\n", commands[i].word, commands[i].help);
	fputs("\n  -c FILE   the configuration (default: " DEFAULT_CONFIG ")\n"
	      "  -s SOCKET the gateway's control socket (default: that of the configuration)\n"
	      "  --json    one JSON object a line, where the command can\n"
	      "  -V        print the version\n"
	      "\n`vendgatectl COMMAND --help` tells a command's arguments; see vendgatectl(8).\n",
	      out);
}

static void print_usage(const struct command *command, FILE *out)
{
	fprintf(out, "usage: vendgatectl [-c FILE] %s%s %s\n",
		command->json == JSON ? "[--json] " : "", command->word, command->arguments);
}

static const struct command *find_command(const char *word)
{
	const char *words[VG_COUNT(commands)];
	for (size_t i = 0; i < VG_COUNT(commands); i++) {
		words[i] = commands[i].word;
		if (strcmp(word, words[i]) == 0)
			return &commands[i];
	}
	const char *near = vg_near_match(vg_slice_str(word), words, VG_COUNT(words));
	if (near != NULL)
		(void)vg_usage_error("there is no command \"%s\"; did you mean \"%s\"?", word,
				     near);
	else
		(void)vg_usage_error("there is no command \"%s\"; `vendgatectl` lists them", word);
	return NULL;
}

static bool asks_for_help(const struct vg_call *call)
{
	return call->argc == 2 &&
	       (strcmp(call->argv[1], "--help") == 0 || strcmp(call->argv[1], "-h") == 0);
}

/* Takes what is for all commands out of the arguments: people write it on either side. */
static void take_globals(struct vg_call *call)
{
	int kept = 1;
	for (int i = 1; i < call->argc; i++) {
		if (strcmp(call->argv[i], "-c") == 0 && i + 1 < call->argc)
			call->config = call->argv[++i];
		else if (strcmp(call->argv[i], "-s") == 0 && i + 1 < call->argc)
			call->socket = call->argv[++i];
		else if (strcmp(call->argv[i], "--json") == 0)
			call->json = true;
		else
			call->argv[kept++] = call->argv[i];
	}
	call->argc = kept;
	call->argv[kept] = NULL;
}

static enum vg_exit run(struct vg_call *call)
{
	const struct command *command = find_command(call->argv[0]);
	if (command == NULL)
		return VG_EXIT_USAGE;
	take_globals(call);
	if (asks_for_help(call)) {
		print_usage(command, stdout);
		printf("  %s\n", command->help);
		return VG_EXIT_DONE;
	}
	if (call->json && command->json != JSON)
		return vg_usage_error("%s has no --json", command->word);
	enum vg_exit status = command->run(call);
	if (status != VG_SHOW_USAGE)
		return status;
	print_usage(command, stderr);
	return VG_EXIT_USAGE;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {{"json", no_argument, NULL, 'j'},
						{"help", no_argument, NULL, 'h'},
						{"version", no_argument, NULL, 'V'},
						{NULL, 0, NULL, 0}};
	struct vg_call call = {.config = DEFAULT_CONFIG};
	int option;
	/* `+`: what stands behind the command is the command's. */
	while ((option = getopt_long(argc, argv, "+c:s:hV", options, NULL)) != -1) {
		if (option == 'c') {
			call.config = optarg;
		} else if (option == 's') {
			call.socket = optarg;
		} else if (option == 'j') {
			call.json = true;
		} else if (option == 'V') {
			puts("vendgatectl " PACKAGE_VERSION);
			return VG_EXIT_DONE;
		} else {
			print_overview(option == 'h' ? stdout : stderr);
			return option == 'h' ? VG_EXIT_DONE : VG_EXIT_USAGE;
		}
	}
	if (optind == argc) {
		print_overview(stdout);
		return VG_EXIT_USAGE;
	}
	call.argc = argc - optind;
	call.argv = argv + optind;
	enum vg_exit status = run(&call);
	/* What could not be written was not said: a full disk must not pass for a clean check. */
	if (fflush(stdout) != 0 || ferror(stdout) != 0) {
		fprintf(stderr, "vendgatectl: standard output: %s\n", strerror(errno));
		return VG_EXIT_FOUND;
	}
	return (int)status;
}
