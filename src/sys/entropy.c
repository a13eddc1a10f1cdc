#include "sys/entropy.h"

#include <errno.h>
#include <sys/random.h>

#include "base/attr.h"

void vg_entropy(void *out, size_t len)
{
	unsigned char *at = out;
	while (len > 0) {
		ssize_t n = getrandom(at, len, 0);
		if (n < 0 && errno == EINTR)
			continue;
		VG_ASSERT(n > 0);
		at += n;
		len -= (size_t)n;
	}
}
