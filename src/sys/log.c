#include "sys/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"

#define LINE_MAX_BYTES 1024
#define WHO_MAX 32

static struct {
	char who[WHO_MAX]; /* a copy: the child's own text need not outlive it */
	enum vg_log_level level;
} context = {"vendgate", VG_LOG_INFO};

static const char *const words[] = {"error", "warning", "info", "debug"};

void vg_log_open(const char *who, enum vg_log_level level)
{
	snprintf(context.who, sizeof(context.who), "%s", who);
	context.level = level;
}

/* Appends `text`, where anything but printable UTF-8 becomes \xHH; one byte stays for the end. */
static size_t escape(char *line, size_t len, struct vg_slice text)
{
	while (text.len > 0) {
		unsigned char c = (unsigned char)text.ptr[0];
		size_t n = c < 0x20 || c == 0x7f ? 0 : vg_utf8_len(text);
		/* C1 controls are UTF-8, and move a terminal's cursor all the same. */
		if (n == 2 && c == 0xc2 && (unsigned char)text.ptr[1] < 0xa0)
			n = 0;
		size_t room = LINE_MAX_BYTES - 1 - len;
		if ((n == 0 ? 4 : n) > room)
			break;
		if (n == 0) {
			static const char digits[] = "0123456789abcdef";
			char hex[4] = {'\\', 'x', digits[c >> 4], digits[c & 15]};
			memcpy(line + len, hex, sizeof(hex));
			len += sizeof(hex);
			n = 1;
		} else {
			memcpy(line + len, text.ptr, n);
			len += n;
		}
		text = vg_slice_from(text, n);
	}
	return len;
}

void vg_log(enum vg_log_level level, const char *format, ...)
{
	if (level > context.level)
		return;
	int saved = errno;
	char text[LINE_MAX_BYTES];
	va_list args;
	va_start(args, format);
	int n = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (n < 0)
		snprintf(text, sizeof(text), "?");

	char line[LINE_MAX_BYTES];
	n = snprintf(line, sizeof(line), "vendgate[%s]: %s: ", context.who, words[level]);
	VG_ASSERT(n > 0 && n < LINE_MAX_BYTES);
	size_t len = escape(line, (size_t)n, vg_slice_str(text));
	line[len++] = '\n';
	/* Nobody to tell where stderr is gone. */
	ssize_t written = write(STDERR_FILENO, line, len);
	(void)written;
	errno = saved;
}
