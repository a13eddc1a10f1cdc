/*
 * What is said about a reload, in a memfd, for whoever asked for it: the compiler's words, then the
 * faults of keys, then the supervisor's. Of reload.c.
 */
#ifndef VG_DAEMON_WORDS_H
#define VG_DAEMON_WORDS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/attr.h"
#include "daemon/child_table.h"
#include "sys/log.h"
#include "vocab/msg.h"

#define VG_WORDS_LINE 512

struct vg_words {
	int fd;                          /* -1: nothing is to be said */
	const struct vg_process *faulty; /* the keys whose faults are told; NULL */
	char fault[VG_WORDS_LINE];       /* the first of them */
};

/* False (errno) where there is no memory. */
bool vg_words_open(struct vg_words *words) VG_MUST_CHECK;
void vg_words_close(struct vg_words *words);

/* `who` stands before it: "vendgate: error: ". */
void vg_words_say(const struct vg_words *words, const char *who, const char *text);

/* Keys that sign for nobody yet say why they can't. */
void vg_words_fault(struct vg_words *words, const struct vg_process *keys,
		    const struct vg_msg_fault *fault);

/* What the compiler said so far, line by line, to the log; `first` gets the first of it. */
void vg_words_log(const struct vg_words *words, enum vg_log_level level, char first[VG_WORDS_LINE]);

#endif
