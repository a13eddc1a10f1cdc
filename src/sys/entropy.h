/* Random bytes from the kernel. A failure ends the process: ids that can be guessed are worse. */
#ifndef VG_SYS_ENTROPY_H
#define VG_SYS_ENTROPY_H

#include <stddef.h>

void vg_entropy(void *out, size_t len);

#endif
