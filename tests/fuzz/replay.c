/*
 * A fuzz target without a fuzzer: runs it over the files of its corpus, so that `make check` of
 * any compiler holds what fuzzing once found. The program's name is that of the corpus. Says its
 * results in TAP.
 */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/attr.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FILE_MAX ((size_t)1 << 20)
#define FILES_MAX 10000

static int visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

/* In memory of its exact size, so that a sanitizer sees a byte too far. */
static void run_file(const char *path)
{
	static uint8_t bytes[FILE_MAX];
	FILE *file = fopen(path, "rb");
	VG_ASSERT(file != NULL);
	size_t size = fread(bytes, 1, sizeof(bytes), file);
	(void)fclose(file);
	uint8_t *exact = malloc(size > 0 ? size : 1);
	VG_ASSERT(exact != NULL);
	for (size_t i = 0; i < size; i++)
		exact[i] = bytes[i];
	VG_ASSERT(LLVMFuzzerTestOneInput(exact, size) == 0);
	free(exact);
}

int main(void)
{
	struct dirent **entries;
	char folder[4096], path[8192];
	const char *srcdir = getenv("srcdir"), *target = program_invocation_short_name;
	(void)snprintf(folder, sizeof(folder), "%s/tests/fuzz/corpus/%s",
		       srcdir == NULL ? "." : srcdir, target);
	int count = scandir(folder, &entries, visible, alphasort);
	if (count <= 0 || count > FILES_MAX) {
		printf("1..1\nnot ok 1 - no corpus in %s\n", folder);
		return EXIT_FAILURE;
	}
	printf("1..1\n");
	for (int i = 0; i < count; i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", folder, entries[i]->d_name);
		/* A run that dies leaves the name of what it died of. */
		printf("# %s\n", entries[i]->d_name);
		(void)fflush(stdout);
		run_file(path);
		free(entries[i]);
	}
	free(entries);
	printf("ok 1 - %s: %d inputs\n", target, count);
	return EXIT_SUCCESS;
}
