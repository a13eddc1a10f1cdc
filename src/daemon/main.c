/* vendgate: the supervisor's program. What it does stands in supervisor.h. */
#include "config.h"

#include <seccomp.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

#include "daemon/supervisor.h"
#include "sys/log.h"

#define CONFIG_PATH VG_SYSCONFDIR "/vendgate/vendgate.ini"
#define USAGE_STATUS 2

static int usage(void)
{
	fputs("usage: vendgate [-c FILE] [-t | -T]\n"
	      "       vendgate -V\n"
	      "  -c FILE  the configuration (" CONFIG_PATH ")\n"
	      "  -t       check it and everything that it names, and end\n"
	      "  -T       print each value that it comes to, and where that was written\n"
	      "  -V       print versions\n",
	      stderr);
	return USAGE_STATUS;
}

static int print_version(void)
{
	const struct scmp_version *seccomp = seccomp_version();
	printf("vendgate %s\n", PACKAGE_VERSION);
	if (seccomp != NULL)
		printf("libseccomp %u.%u.%u\n", seccomp->major, seccomp->minor, seccomp->micro);
	return fflush(stdout) == 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
	const char *path = CONFIG_PATH;
	bool check = false, show = false;
	int flag;
	while ((flag = getopt(argc, argv, "c:tTV")) != -1) {
		if (flag == 'c')
			path = optarg;
		else if (flag == 't')
			check = true;
		else if (flag == 'T')
			show = true;
		else if (flag == 'V')
			return print_version();
		else
			return usage();
	}
	if (optind != argc)
		return usage();
	vg_log_open("supervisor", VG_LOG_INFO);
	if (show)
		return vg_supervisor_show(path);
	return check ? vg_supervisor_check(path) : vg_supervisor_run(path);
}
