#include "proxy/hello.h"

#include <stdbool.h>
#include <stdint.h>

#define RECORD_HEAD 5
#define RECORD_HANDSHAKE 22
#define MESSAGE_HEAD 4

static size_t byte(struct vg_slice text, size_t at)
{
	return (uint8_t)text.ptr[at];
}

/* The message's head is its first four bytes, be they in one record or in four. */
struct message {
	uint8_t head[MESSAGE_HEAD];
	size_t got; /* bytes of the message that records have announced */
};

static void add_record(struct message *message, struct vg_slice payload, size_t announced)
{
	for (size_t i = 0; i < payload.len && message->got + i < MESSAGE_HEAD; i++)
		message->head[message->got + i] = (uint8_t)payload.ptr[i];
	message->got += announced;
}

static size_t message_size(const struct message *message)
{
	return MESSAGE_HEAD +
	       ((size_t)message->head[1] << 16 | (size_t)message->head[2] << 8 | message->head[3]);
}

size_t vg_hello_need(struct vg_slice text)
{
	struct message message = {{0}, 0};
	size_t at = 0;
	for (;;) {
		if (text.len > at && byte(text, at) != RECORD_HANDSHAKE)
			return 0;
		if (text.len < at + RECORD_HEAD)
			return at + RECORD_HEAD;
		size_t announced = byte(text, at + 3) << 8 | byte(text, at + 4);
		at += RECORD_HEAD;
		if (announced == 0)
			return 0; /* TLS doesn't take an empty one */
		struct vg_slice payload = vg_slice_first(vg_slice_from(text, at), announced);
		add_record(&message, payload, announced);
		at += announced;
		if (at > VG_HELLO_MAX || text.len < at)
			return at;
		if (message.got >= MESSAGE_HEAD && message.got >= message_size(&message))
			return at;
	}
}
