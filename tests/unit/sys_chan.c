/* The channel: what its rows allow goes through whole, anything else ends in BAD with nothing
   left open. */
#include "config.h"

#include "sys/chan.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct vg_chan ours, theirs;

static void open_pair(enum vg_role self, enum vg_role peer)
{
	int fds[2];
	cr_assert(vg_chan_pair(fds));
	ours = (struct vg_chan){fds[0], self, peer};
	theirs = (struct vg_chan){fds[1], peer, self};
}

static unsigned open_descriptors(void)
{
	unsigned count = 0;
	DIR *folder = opendir("/proc/self/fd");
	cr_assert_not_null(folder);
	while (readdir(folder) != NULL)
		count++;
	closedir(folder);
	return count;
}

/* Sends raw bytes and descriptors, as a peer that was taken over could. */
static void send_raw(uint32_t type, size_t payload, const int *fds, size_t fd_count)
{
	uint8_t bytes[2048] = {0};
	memcpy(bytes, &type, sizeof(type));
	struct iovec part = {bytes, 8 + payload};
	struct msghdr header = {.msg_iov = &part, .msg_iovlen = 1};
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int) * 16)] = {0};
	if (fd_count > 0) {
		header.msg_control = control;
		header.msg_controllen = CMSG_SPACE(sizeof(int) * fd_count);
		struct cmsghdr *cmsg = CMSG_FIRSTHDR(&header);
		cr_assert_not_null(cmsg);
		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		cmsg->cmsg_len = CMSG_LEN(sizeof(int) * fd_count);
		memcpy(CMSG_DATA(cmsg), fds, sizeof(int) * fd_count);
	}
	cr_assert_geq(sendmsg(theirs.fd, &header, 0), 0);
}

Test(sys_chan, every_row_goes_through)
{
	for (int type = 0; type < VG_MSG_COUNT; type++) {
		const struct vg_msg_row *row = vg_msg_row((enum vg_msg_type)type);
		for (int from = 0; from < VG_ROLE_COUNT; from++) {
			for (int to = 0; to < VG_ROLE_COUNT; to++) {
				if ((row->from & VG_ROLE_BIT(from)) == 0 ||
				    (row->to & VG_ROLE_BIT(to)) == 0)
					continue;
				open_pair((enum vg_role)from, (enum vg_role)to);
				uint8_t payload[VG_MSG_PAYLOAD_MAX];
				memset(payload, 0x5a, sizeof(payload));
				int fds[2] = {0, 2};
				struct vg_msg msg;
				cr_expect_eq(
					vg_chan_send(&ours, (enum vg_msg_type)type, payload, fds),
					VG_CHAN_OK);
				cr_expect_eq(vg_chan_recv(&theirs, &msg), VG_CHAN_OK, "%s",
					     row->name);
				cr_expect_eq((int)msg.type, type);
				cr_expect_eq(msg.fd_count, row->fds);
				cr_expect_eq(memcmp(&msg.align, payload, row->size), 0);
				for (unsigned i = 0; i < msg.fd_count; i++)
					cr_expect_eq(fcntl(msg.fds[i], F_GETFD), FD_CLOEXEC);
				vg_msg_close(&msg);
				vg_chan_close(&ours);
				vg_chan_close(&theirs);
			}
		}
	}
}

static const struct wrong {
	const char *name;
	enum vg_role self, peer;
	uint32_t type;
	size_t payload;
	size_t fds;
} wrongs[] = {
	{"unknown type", VG_ROLE_WORKER, VG_ROLE_BROKER, 9999, 0, 0},
	{"a worker plays the supervisor", VG_ROLE_SUPERVISOR, VG_ROLE_WORKER, VG_MSG_DRAIN,
	 sizeof(struct vg_msg_index), 0},
	{"a broker signs", VG_ROLE_WORKER, VG_ROLE_BROKER, VG_MSG_SIGNED,
	 sizeof(struct vg_msg_signed), 0},
	{"too short", VG_ROLE_BROKER, VG_ROLE_WORKER, VG_MSG_DIAL, 4, 0},
	{"too long", VG_ROLE_BROKER, VG_ROLE_WORKER, VG_MSG_DIAL, sizeof(struct vg_msg_dial) + 1,
	 0},
	{"longer than any", VG_ROLE_BROKER, VG_ROLE_WORKER, VG_MSG_DIAL, 1500, 0},
	{"a descriptor too many", VG_ROLE_BROKER, VG_ROLE_WORKER, VG_MSG_DIAL,
	 sizeof(struct vg_msg_dial), 1},
	{"a descriptor missing", VG_ROLE_WORKER, VG_ROLE_BROKER, VG_MSG_DIALED,
	 sizeof(struct vg_msg_dialed), 0},
	{"more descriptors than any", VG_ROLE_WORKER, VG_ROLE_BROKER, VG_MSG_DIALED,
	 sizeof(struct vg_msg_dialed), 9},
	{"three descriptors", VG_ROLE_WORKER, VG_ROLE_BROKER, VG_MSG_DIALED,
	 sizeof(struct vg_msg_dialed), 3},
};

Test(sys_chan, what_no_row_allows_is_bad)
{
	for (size_t i = 0; i < VG_COUNT(wrongs); i++) {
		const struct wrong *wrong = &wrongs[i];
		open_pair(wrong->self, wrong->peer);
		int fds[16] = {0};
		unsigned before = open_descriptors();
		send_raw(wrong->type, wrong->payload, fds, wrong->fds);
		struct vg_msg msg;
		errno = 0;
		cr_expect_eq(vg_chan_recv(&ours, &msg), VG_CHAN_BAD, "%s", wrong->name);
		cr_expect_eq(errno, EPROTO, "%s", wrong->name);
		cr_expect_eq(open_descriptors(), before, "%s leaves a descriptor", wrong->name);
		vg_chan_close(&ours);
		vg_chan_close(&theirs);
	}
}

Test(sys_chan, an_empty_datagram_is_no_end_with_a_descriptor_in_it)
{
	open_pair(VG_ROLE_WORKER, VG_ROLE_BROKER);
	unsigned before = open_descriptors();
	struct iovec part = {NULL, 0};
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {0};
	struct msghdr header = {.msg_iov = &part,
				.msg_iovlen = 1,
				.msg_control = control,
				.msg_controllen = sizeof(control)};
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&header);
	cr_assert_not_null(cmsg);
	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(int));
	cr_assert_eq(sendmsg(theirs.fd, &header, 0), 0);
	struct vg_msg msg;
	cr_expect_eq(vg_chan_recv(&ours, &msg), VG_CHAN_BAD);
	cr_expect_eq(open_descriptors(), before);
}

Test(sys_chan, the_end_and_nothing_there)
{
	open_pair(VG_ROLE_WORKER, VG_ROLE_BROKER);
	struct vg_msg msg;
	cr_assert_eq(fcntl(ours.fd, F_SETFL, O_NONBLOCK), 0);
	cr_expect_eq(vg_chan_recv(&ours, &msg), VG_CHAN_AGAIN);
	struct vg_msg_dial dial = {.id = 1};
	enum vg_chan_status status = VG_CHAN_OK;
	for (int i = 0; i < 100000 && status == VG_CHAN_OK; i++)
		status = vg_chan_send(&ours, VG_MSG_DIAL, &dial, NULL);
	cr_expect_eq(status, VG_CHAN_AGAIN);
	vg_chan_close(&theirs);
	cr_expect_eq(theirs.fd, -1);
	status = vg_chan_recv(&ours, &msg);
	cr_expect_eq(status, VG_CHAN_CLOSED);
	cr_expect_eq(vg_chan_send(&ours, VG_MSG_DIAL, &dial, NULL), VG_CHAN_CLOSED);
}
