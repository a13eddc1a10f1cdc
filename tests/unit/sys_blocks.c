/* Control block and status pages: what is none is refused, and nobody reads half of a change. */
#include "config.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "sys/control_block.h"
#include "sys/status_page.h"

Test(sys_control_block, holds_the_highest_number)
{
	static _Alignas(8) char mem[VG_CONTROL_BLOCK_SIZE];
	vg_control_block_format(mem, 1);
	struct vg_control_block *block = vg_control_block_write(mem, sizeof(mem));
	cr_assert_not_null(block);
	static const uint64_t steps[][2] = {{1, 1}, {2, 2}, {1, 2}, {0, 2}, {7, 7}, {6, 7}};
	for (size_t i = 0; i < VG_COUNT(steps); i++) {
		vg_control_block_publish(block, steps[i][0]);
		cr_expect_eq(vg_control_block_generation(block), steps[i][1], "step %zu", i);
	}
}

Test(sys_control_block, what_is_none_is_refused)
{
	static _Alignas(8) char mem[VG_CONTROL_BLOCK_SIZE];
	cr_expect_null(vg_control_block_open(mem, sizeof(mem)), "all zero");
	vg_control_block_format(mem, 1);
	cr_expect_not_null(vg_control_block_open(mem, sizeof(mem)));
	cr_expect_null(vg_control_block_open(mem, sizeof(mem) - 1), "too small");
	cr_expect_null(vg_control_block_open(NULL, 0), "not mapped");
	((struct vg_control_block *)(void *)mem)->layout++;
	cr_expect_null(vg_control_block_open(mem, sizeof(mem)), "another layout");
	cr_expect_null(vg_control_block_write(mem, sizeof(mem)), "another layout");
}

static union {
	struct vg_status gateway;
	struct vg_status_sinks sinks;
	struct vg_status_worker worker;
} value;

static _Alignas(8) char page_mem[sizeof(struct vg_status_page) + sizeof(value)];

Test(sys_status_page, what_is_none_is_refused)
{
	for (unsigned i = 0; i < VG_STATUS_KINDS; i++) {
		enum vg_status_kind kind = (enum vg_status_kind)i;
		enum vg_status_kind other = (enum vg_status_kind)((i + 1) % VG_STATUS_KINDS);
		size_t size = vg_status_page_size(kind);
		struct vg_status_page *page = (void *)page_mem;
		cr_assert_leq(size, sizeof(page_mem));
		memset(page_mem, 0, sizeof(page_mem));
		cr_expect_not(vg_status_page_read(page, size, kind, &value), "all zero");
		vg_status_page_format(page, kind);
		cr_expect(vg_status_page_read(page, size, kind, &value));
		cr_expect_not(vg_status_page_read(page, sizeof(page_mem), other, &value), "kind");
		cr_expect_not(vg_status_page_read(page, size - 1, kind, &value), "too small");
		cr_expect_not(vg_status_page_read(NULL, size, kind, &value), "not mapped");
		atomic_fetch_add(&page->turn, 1);
		cr_expect_not(vg_status_page_read(page, size, kind, &value), "half written");
		memset(&value, 0, sizeof(value));
		vg_status_page_write(page, kind, &value);
		cr_expect(vg_status_page_read(page, size, kind, &value), "by the next writer");
	}
}

Test(sys_status_page, one_that_counts_too_much_is_refused)
{
	value.gateway.count = VG_STATUS_PROCESSES_MAX + 1;
	vg_status_page_format(page_mem, VG_STATUS_GATEWAY);
	vg_status_page_write(page_mem, VG_STATUS_GATEWAY, &value);
	cr_expect_not(vg_status_page_read(page_mem, sizeof(page_mem), VG_STATUS_GATEWAY, &value));
	value.sinks.count = VG_STATUS_SINKS_MAX + 1;
	vg_status_page_format(page_mem, VG_STATUS_SINKS);
	vg_status_page_write(page_mem, VG_STATUS_SINKS, &value);
	cr_expect_not(vg_status_page_read(page_mem, sizeof(page_mem), VG_STATUS_SINKS, &value));
}

static struct vg_status status;

/* All of its numbers are the same. */
static void fill(uint32_t number)
{
	status = (struct vg_status){.generation = number, .since = number, .count = 3};
	for (uint32_t i = 0; i < 3; i++)
		status.processes[i] = (struct vg_status_process){.index = number, .since = number};
}

static bool is_whole(void)
{
	bool whole = status.count == 3 && (uint64_t)status.since == status.generation;
	for (uint32_t i = 0; i < 3; i++)
		whole &= status.processes[i].index == status.generation &&
			 (uint64_t)status.processes[i].since == status.generation;
	return whole;
}

Test(sys_status_page, no_reader_sees_half_of_a_change)
{
	const size_t size = vg_status_page_size(VG_STATUS_GATEWAY);
	void *page = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	cr_assert_neq(page, MAP_FAILED);
	vg_status_page_format(page, VG_STATUS_GATEWAY);
	fill(1);
	vg_status_page_write(page, VG_STATUS_GATEWAY, &status);
	pid_t pid = fork();
	if (pid == 0) {
		for (uint32_t number = 2;; number++) {
			fill(number);
			vg_status_page_write(page, VG_STATUS_GATEWAY, &status);
			(void)usleep(number % 2);
		}
	}
	uint64_t last = 0;
	unsigned changes = 0;
	for (time_t end = time(NULL) + 10; changes < 1000 && time(NULL) < end;) {
		if (!vg_status_page_read(page, size, VG_STATUS_GATEWAY, &status))
			continue;
		changes += status.generation != last;
		last = status.generation;
		if (!is_whole())
			break;
	}
	cr_expect_eq(kill(pid, SIGKILL), 0);
	cr_expect_eq(waitpid(pid, NULL, 0), pid);
	cr_expect(is_whole());
	cr_expect_gt(changes, 100);
}
