/*
 * test FILE…: the cases of each file, decided by the code that the worker decides with, beside what
 * they expect; and the rules of the policies that no case was decided by.
 */
#include "ctl/command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "config/cases.h"
#include "ctl/asked.h"
#include "ctl/asker.h"
#include "ctl/loaded.h"
#include "ctl/text.h"
#include "sys/clock.h"
#include "sys/file.h"

#define BODY_MAX ((size_t)64 << 20)
#define PATH_ROOM 4096

struct run {
	const struct vg_call *call;
	struct vg_loaded *loaded;
	struct vg_diags *diags;
	bool *touched; /* by rule */
	unsigned passed, failed;
};

/* What came of a case. */
struct outcome {
	struct vg_verdict verdict;
	const char *fault; /* it could not even be asked */
};

static const char *text_of(struct vg_arena *arena, const struct vg_set_text *text)
{
	return text->value.ptr == NULL ? NULL : vg_arena_dup(arena, text->value).ptr;
}

/* Relative to the file of the case. */
static bool body_path(char out[PATH_ROOM], const struct vg_set_case *asked)
{
	struct vg_slice from = vg_slice_str(asked->set.input->shown), name = asked->body.value;
	size_t dir = name.ptr[0] == '/' ? 0 : from.len;
	while (dir > 0 && from.ptr[dir - 1] != '/')
		dir--;
	int len = snprintf(out, PATH_ROOM, "%.*s%.*s", (int)dir, from.ptr, VG_SLICE_FMT(name));
	return len > 0 && len < PATH_ROOM;
}

/* A body comes with its length, as clients send it. */
static const char *add_body(struct vg_asked_options *options, const struct vg_set_case *asked,
			    struct vg_arena *arena)
{
	char path[PATH_ROOM], line[64];
	struct vg_slice bytes;
	if (asked->body.value.ptr == NULL)
		return NULL;
	if (!body_path(path, asked) || !vg_file_read(arena, path, BODY_MAX, &bytes))
		return "its body can't be read";
	(void)snprintf(line, sizeof(line), "Content-Length: %zu", bytes.len);
	options->headers[options->header_count] = vg_arena_dup(arena, vg_slice_str(line)).ptr;
	return options->headers[options->header_count++] == NULL ? "out of memory" : NULL;
}

static const char *read_request(struct vg_asked_options *options, const struct vg_set_case *asked,
				struct vg_arena *arena)
{
	struct vg_slice method, url = asked->request.value;
	if (!vg_slice_cut(&url, ' ', &method))
		return "its request is none";
	*options = (struct vg_asked_options){
		.method = vg_arena_dup(arena, method).ptr,
		.url = vg_arena_dup(arena, vg_slice_trim(url)).ptr,
	};
	if (asked->header.count >= VG_ASKED_HEADERS_MAX)
		return "it has too many headers";
	for (size_t i = 0; i < asked->header.count; i++)
		options->headers[options->header_count++] = text_of(arena, &asked->header.items[i]);
	for (size_t i = 0; i < options->header_count; i++)
		if (options->headers[i] == NULL)
			return "out of memory";
	if (options->method == NULL || options->url == NULL)
		return "out of memory";
	return add_body(options, asked, arena);
}

static struct outcome decide(const struct vg_image *image, const struct vg_set_case *asked,
			     struct vg_arena *arena)
{
	static struct vg_asked message; /* too large for a stack */
	struct outcome outcome = {.verdict.rule = VG_NO_ROW};
	struct vg_asked_options options;
	struct vg_facts facts = {.now = vg_clock_wall(),
				 .vendor = vg_img_find_vendor(image, asked->vendor.value)};
	if (facts.vendor == VG_NO_ROW) {
		outcome.fault = "there is no such vendor";
		return outcome;
	}
	if (asked->at.value.ptr != NULL && !vg_time_parse(asked->at.value, &facts.now))
		outcome.fault = "its time is none";
	else if (!vg_asker_place(&facts, image, text_of(arena, &asked->from)))
		outcome.fault = "its address is none";
	else
		outcome.fault = read_request(&options, asked, arena);
	if (outcome.fault == NULL &&
	    vg_asked_facts(&message, &facts, &options, arena, &outcome.fault)) {
		outcome.fault = NULL;
		outcome.verdict = vg_decide(image, &facts);
	}
	return outcome;
}

static struct vg_slice access_of(const struct vg_image *image, const struct vg_verdict *verdict)
{
	return verdict->rule == VG_NO_ROW
		       ? VG_SLICE("-")
		       : vg_img_str(image, vg_img_rules(image)[verdict->rule].name);
}

static bool is_as_expected(const struct vg_image *image, const struct vg_set_case *asked,
			   const struct outcome *outcome)
{
	struct vg_expect expect;
	const struct vg_verdict *verdict = &outcome->verdict;
	bool allowed = verdict->reason == VG_REASON_ACCESS_ALLOWED;
	if (outcome->fault != NULL || !vg_expect_parse(&expect, asked->expect.value) ||
	    expect.allow != allowed)
		return false;
	if (allowed)
		return expect.access.len == 0 ||
		       vg_slice_eq(expect.access, access_of(image, verdict));
	return expect.reason == VG_REASON_NONE || expect.reason == verdict->reason;
}

/* "refuse access.query: page", "allow resident", or what kept it from being asked. */
static void print_outcome(const struct vg_image *image, const struct outcome *outcome)
{
	const struct vg_verdict *verdict = &outcome->verdict;
	if (outcome->fault != NULL) {
		fputs(outcome->fault, stdout);
	} else if (verdict->reason == VG_REASON_ACCESS_ALLOWED) {
		fputs("allow ", stdout);
		vg_text_print(stdout, access_of(image, verdict));
	} else {
		printf("refuse %s", vg_reason_row(verdict->reason)->word);
		if (verdict->constraint.len > 0) {
			fputs(": ", stdout);
			vg_text_print(stdout, verdict->constraint);
		}
	}
}

static void print_case(const struct vg_image *image, const struct vg_set_case *asked,
		       const struct outcome *outcome, bool good)
{
	printf("%s ", good ? "ok" : "not ok");
	vg_text_print(stdout, asked->set.name);
	if (!good) {
		printf(" at %s:%u: expected ", asked->set.input->shown, asked->expect.line);
		vg_text_print(stdout, asked->expect.value);
		fputs(", got ", stdout);
		print_outcome(image, outcome);
	}
	fputc('\n', stdout);
}

static void print_json(const struct vg_image *image, const struct vg_set_case *asked,
		       const struct outcome *outcome, bool good)
{
	bool decided = outcome->fault == NULL;
	fputs("{\"case\":", stdout);
	vg_text_print_json(stdout, asked->set.name);
	fputs(",\"file\":", stdout);
	vg_text_print_json(stdout, vg_slice_str(asked->set.input->shown));
	printf(",\"line\":%u,\"passed\":%s,\"expect\":", asked->set.line, good ? "true" : "false");
	vg_text_print_json(stdout, asked->expect.value);
	printf(",\"reason\":");
	vg_text_print_json(stdout,
			   vg_slice_str(decided ? vg_reason_row(outcome->verdict.reason)->word
						: outcome->fault));
	fputs(",\"access\":", stdout);
	vg_text_print_json(stdout, access_of(image, &outcome->verdict));
	fputs("}\n", stdout);
}

static void run_case(struct run *run, const struct vg_set_case *asked)
{
	struct vg_arena arena;
	const struct vg_image *image = &run->loaded->image;
	vg_arena_init(&arena, 2 * BODY_MAX);
	struct outcome outcome = decide(image, asked, &arena);
	bool good = is_as_expected(image, asked, &outcome);
	if (outcome.verdict.rule != VG_NO_ROW)
		run->touched[outcome.verdict.rule] = true;
	*(good ? &run->passed : &run->failed) += 1;
	(run->call->json ? print_json : print_case)(image, asked, &outcome, good);
	vg_arena_fini(&arena);
}

/* Rules that no case was decided by, or refused near. */
static void print_untouched(const struct run *run)
{
	const struct vg_image *image = &run->loaded->image;
	uint32_t touched = 0, count = vg_img_rule_count(image);
	for (uint32_t i = 0; i < count; i++) {
		const struct vg_img_rule *rule = &vg_img_rules(image)[i];
		touched += run->touched[i];
		if (run->touched[i])
			continue;
		vg_text_print(stdout, vg_img_str(image, rule->where.file));
		printf(":%u: note: no case touches [access ", rule->where.line);
		vg_text_print(stdout, vg_img_str(image, rule->name));
		puts("]");
	}
	printf("%u passed, %u failed, %u of %u rules touched\n", run->passed, run->failed, touched,
	       count);
}

/* All files are read before the first case is decided: a broken one is no half of a test. */
static enum vg_exit run_files(struct run *run)
{
	int count = run->call->argc - 1;
	struct vg_cases *files = vg_arena_array(&run->loaded->arena, (size_t)count, sizeof(*files));
	if (files == NULL)
		return vg_usage_error("out of memory");
	for (int i = 0; i < count; i++)
		vg_cases_read(&files[i], run->call->argv[i + 1], &run->loaded->arena, run->diags);
	if (vg_diags_failed(run->diags)) {
		vg_diags_print(run->diags, stderr, VG_SEVERITY_ERROR);
		return VG_EXIT_FOUND;
	}
	for (int i = 0; i < count; i++)
		for (const struct vg_set_case *c = files[i].first; c != NULL; c = c->next)
			run_case(run, c);
	if (!run->call->json)
		print_untouched(run);
	return run->failed == 0 ? VG_EXIT_DONE : VG_EXIT_FOUND;
}

enum vg_exit vg_command_test(const struct vg_call *call)
{
	struct vg_loaded loaded;
	struct vg_diags diags;
	if (call->argc < 2)
		return VG_SHOW_USAGE;
	for (int i = 1; i < call->argc; i++)
		if (call->argv[i][0] == '-')
			return VG_SHOW_USAGE;
	enum vg_exit status = VG_EXIT_FOUND;
	if (!vg_loaded_init(&loaded, call->config, NULL)) {
		vg_loaded_print(&loaded, stderr, VG_SEVERITY_ERROR);
		vg_loaded_fini(&loaded);
		return status;
	}
	struct run run = {.call = call, .loaded = &loaded, .diags = &diags};
	vg_diags_init(&diags, &loaded.arena);
	run.touched = calloc(vg_img_rule_count(&loaded.image) + 1, sizeof(*run.touched));
	status = run.touched == NULL ? vg_usage_error("out of memory") : run_files(&run);
	free(run.touched);
	vg_loaded_fini(&loaded);
	return status;
}
