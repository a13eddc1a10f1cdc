#include "daemon/words.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "sys/file.h"
#include "sys/shm.h"

#define TEXT_MAX 32768
#define LINES_MAX 100

_Static_assert(sizeof(((struct vg_msg_fault *)0)->text) <= VG_WORDS_LINE, "a fault is a line");

bool vg_words_open(struct vg_words *words)
{
	*words = (struct vg_words){.fd = vg_shm_memfd("vendgate-reload")};
	return words->fd >= 0;
}

void vg_words_close(struct vg_words *words)
{
	vg_fd_close(&words->fd);
}

void vg_words_say(const struct vg_words *words, const char *who, const char *text)
{
	char line[2 * VG_WORDS_LINE];
	int n = snprintf(line, sizeof(line), "%s%s\n", who, text);
	if (n > 0 && (size_t)n < sizeof(line) && words->fd >= 0 &&
	    !vg_file_write_all(words->fd, line, (size_t)n))
		vg_log(VG_LOG_WARNING, "what a reload came to can't be kept: %m");
}

/* The keys of all workers read the same files: one says it all. It stands in the log already. */
void vg_words_fault(struct vg_words *words, const struct vg_process *keys,
		    const struct vg_msg_fault *fault)
{
	if ((words->faulty != NULL && words->faulty != keys) ||
	    memchr(fault->text, '\0', sizeof(fault->text)) == NULL)
		return;
	if (words->faulty == NULL)
		memcpy(words->fault, fault->text, sizeof(fault->text));
	words->faulty = keys;
	vg_words_say(words, "", fault->text);
}

/* What it notes of a good policy is nothing to warn of. */
static enum vg_log_level level_of(struct vg_slice line, enum vg_log_level level)
{
	return level == VG_LOG_WARNING && vg_slice_starts(line, VG_SLICE("vendgatectl: note: "))
		       ? VG_LOG_INFO
		       : level;
}

void vg_words_log(const struct vg_words *words, enum vg_log_level level, char first[VG_WORDS_LINE])
{
	static char text[TEXT_MAX]; /* too large for a stack */
	struct vg_slice rest, line;
	unsigned count = 0;
	first[0] = '\0';
	ssize_t n = pread(words->fd, text, sizeof(text), 0);
	rest = vg_slice(text, n > 0 ? (size_t)n : 0);
	while (vg_slice_cut(&rest, '\n', &line)) {
		if (line.len == 0)
			continue;
		if (count == 0)
			snprintf(first, VG_WORDS_LINE, "%.*s", VG_SLICE_FMT(line));
		if (++count > LINES_MAX) {
			vg_log(level, "and more: `vendgatectl check` tells all");
			return;
		}
		vg_log(level_of(line, level), "%.*s", VG_SLICE_FMT(line));
	}
}
