/*
 * Trying from inside what a role must not do: each attempt has a process of its own, which enters
 * the role's row and then tries. Before that the same attempt is made outside, and must work: what
 * fails there would prove nothing inside. Says its results in TAP by itself: Criterion's own
 * machinery would not survive inside.
 */
#ifndef VG_TESTS_SYS_INSIDE_H
#define VG_TESTS_SYS_INSIDE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/attr.h"
#include "sys/landlock.h"
#include "vocab/role.h"

#define W VG_ROLE_BIT(VG_ROLE_WORKER)
#define K VG_ROLE_BIT(VG_ROLE_KEYS)
#define B VG_ROLE_BIT(VG_ROLE_BROKER)
#define R VG_ROLE_BIT(VG_ROLE_RECORDER)
#define C VG_ROLE_BIT(VG_ROLE_CONTROLLER)
#define ALL (W | K | B | R | C)

enum { WORKED, REFUSED, NO_ENTRY = 99 };

struct attempt {
	const char *name;
	bool (*run)(void);
	uint32_t roles;
	int abi; /* of Landlock, from which on it holds; 0: without it */
};

struct inside {
	bool (*enter)(enum vg_role role);
	void (*prepare)(void); /* before each attempt, outside */
	int abi;
	unsigned done, failed;
};

/* How the process ended that tried it: WORKED, REFUSED, or the signal. */
static int outcome(const struct inside *inside, const struct attempt *attempt, int role)
{
	inside->prepare();
	fflush(stdout); /* or each fork says it again */
	pid_t pid = fork();
	if (pid == 0) {
		if (role >= 0 && !inside->enter((enum vg_role)role))
			_exit(NO_ENTRY);
		_exit(attempt->run() ? WORKED : REFUSED);
	}
	int status = 0;
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return -1;
	return WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status);
}

static void say(struct inside *inside, const struct attempt *attempt, const char *where, int wanted,
		int got)
{
	inside->failed += got != wanted;
	printf("%sok %u - %s %s: wanted %d, got %d\n", got == wanted ? "" : "not ", ++inside->done,
	       attempt->name, where, wanted, got);
}

/* Each works outside, and comes to `wanted` in each of its roles. */
static void try_all(struct inside *inside, const struct attempt *attempts, size_t count, int wanted)
{
	for (size_t i = 0; i < count; i++) {
		const struct attempt *attempt = &attempts[i];
		if (attempt->abi > inside->abi) {
			printf("ok %u - %s # SKIP this kernel's Landlock can't\n", ++inside->done,
			       attempt->name);
			continue;
		}
		say(inside, attempt, "outside", WORKED, outcome(inside, attempt, -1));
		for (int role = VG_ROLE_WORKER; role <= VG_ROLE_CONTROLLER; role++)
			if ((attempt->roles & VG_ROLE_BIT(role)) != 0)
				say(inside, attempt, vg_role_row((enum vg_role)role)->word, wanted,
				    outcome(inside, attempt, role));
	}
}

static int finish(const struct inside *inside)
{
	printf("1..%u\n", inside->done);
	return inside->failed == 0 ? 0 : 1;
}

#endif
