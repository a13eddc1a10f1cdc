/*
 * Attributes that every header may use, and the assert that stays on in production: a broken
 * invariant in a security boundary ends the process (the supervisor starts another) rather than
 * going on with it.
 */
#ifndef VG_BASE_ATTR_H
#define VG_BASE_ATTR_H

#include <stdlib.h>

#define VG_MUST_CHECK __attribute__((warn_unused_result))
#define VG_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#define VG_UNUSED __attribute__((unused))

/* abort() and not a message: stderr may be gone, and the pure folders do no output. */
#define VG_ASSERT(cond)                                                                            \
	do {                                                                                       \
		if (__builtin_expect(!(cond), 0))                                                  \
			abort();                                                                   \
	} while (0)

#define VG_COUNT(array) (sizeof(array) / sizeof((array)[0]))

#endif
