/*
 * explain: one request, decided by the code that the worker decides with, and each step of it told.
 * The first line is for scripts: `allow|refuse REASON access=NAME at FILE:LINE`.
 */
#include "ctl/command.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/text.h"
#include "ctl/asked.h"
#include "ctl/asker.h"
#include "ctl/loaded.h"
#include "ctl/text.h"
#include "sys/clock.h"

struct options {
	const char *vendor, *from, *at;
	struct vg_asked_options asked;
};

static bool add_header(struct options *options, const char *line)
{
	if (options->asked.header_count == VG_ASKED_HEADERS_MAX)
		return false;
	options->asked.headers[options->asked.header_count++] = line;
	return true;
}

static bool parse_options(struct options *options, const struct vg_call *call)
{
	static const struct option names[] = {{"vendor", required_argument, NULL, 'v'},
					      {"method", required_argument, NULL, 'm'},
					      {"url", required_argument, NULL, 'u'},
					      {"header", required_argument, NULL, 'h'},
					      {"from", required_argument, NULL, 'f'},
					      {"at", required_argument, NULL, 'a'},
					      {NULL, 0, NULL, 0}};
	int option;
	*options = (struct options){.vendor = NULL};
	optind = 0; /* glibc: begin anew, with another argv than main's */
	while ((option = getopt_long(call->argc, call->argv, "", names, NULL)) != -1) {
		switch (option) {
		case 'v':
			options->vendor = optarg;
			break;
		case 'm':
			options->asked.method = optarg;
			break;
		case 'u':
			options->asked.url = optarg;
			break;
		case 'h':
			if (!add_header(options, optarg))
				return false;
			break;
		case 'f':
			options->from = optarg;
			break;
		case 'a':
			options->at = optarg;
			break;
		default:
			return false;
		}
	}
	return optind == call->argc && options->vendor != NULL && options->asked.method != NULL &&
	       options->asked.url != NULL;
}

static void print_where(const struct vg_image *image, const struct vg_where *where)
{
	vg_text_print(stdout, vg_img_str(image, where->file));
	printf(":%" PRIu32, where->line);
}

/* Where no rule decided, it is the vendor's policy that has none. */
static void print_first_line(const struct vg_image *image, const struct vg_facts *facts,
			     const struct vg_verdict *verdict)
{
	const struct vg_reason_row *row = vg_reason_row(verdict->reason);
	const struct vg_img_rule *rule = verdict->rule == VG_NO_ROW
						 ? NULL
						 : &vg_img_rules(image)[verdict->rule];
	printf("%s %s access=", verdict->reason == VG_REASON_ACCESS_ALLOWED ? "allow" : "refuse",
	       row->word);
	vg_text_print(stdout, rule == NULL ? VG_SLICE("-") : vg_img_str(image, rule->name));
	fputs(" at ", stdout);
	print_where(image,
		    rule == NULL ? &vg_img_vendors(image)[facts->vendor].where : &rule->where);
	fputc('\n', stdout);
}

static void print_steps(const struct vg_trace *trace, const struct vg_verdict *verdict)
{
	puts("\nsteps");
	for (enum vg_step step = 0; step < VG_STEP_COUNT; step++) {
		enum vg_reason said = trace->step[step];
		printf("  %-10s %-12s ", vg_step_word(step),
		       said == VG_REASON_NONE             ? "not reached"
		       : said == VG_REASON_ACCESS_ALLOWED ? "passed"
							  : "refused");
		if (said == VG_REASON_NONE || said == VG_REASON_ACCESS_ALLOWED) {
			printf("%s\n", vg_step_question(step));
			continue;
		}
		fputs(vg_reason_row(said)->word, stdout);
		if (verdict->constraint.len > 0) {
			fputs(": ", stdout);
			vg_text_print(stdout, verdict->constraint);
		}
		fputc('\n', stdout);
	}
}

static void print_methods(uint32_t mask)
{
	const char *comma = "";
	for (enum vg_method method = 0; method < VG_METHOD_COUNT; method++) {
		if ((mask & VG_METHOD_BIT(method)) != 0) {
			printf("%s%s", comma, vg_method_name(method));
			comma = ",";
		}
	}
}

static void print_candidate(const struct vg_image *image, uint32_t row,
			    const struct vg_verdict *verdict)
{
	const struct vg_img_rule *rule = &vg_img_rules(image)[row];
	bool matches = vg_route_matches(image, rule, &verdict->path, NULL, NULL);
	bool decided = row == verdict->route.rule;
	printf("  %-22s ", decided ? "decides" : matches ? "path, not the method" : "other path");
	vg_text_print(stdout, vg_img_str(image, rule->name));
	fputs("  ", stdout);
	print_methods(rule->methods);
	fputc(' ', stdout);
	vg_text_print(stdout, vg_img_str(image, rule->pattern));
	fputs("  ", stdout);
	print_where(image, &rule->where);
	fputc('\n', stdout);
}

/* The vendor's rules for that service, in the order in which they are looked at. */
static void print_candidates(const struct vg_image *image, const struct vg_facts *facts,
			     const struct vg_verdict *verdict)
{
	struct vg_span rules = vg_img_vendors(image)[facts->vendor].rules;
	bool any = false;
	if (verdict->service == VG_NO_ROW)
		return;
	fputs("\nrules for ", stdout);
	vg_text_print(stdout, vg_img_str(image, vg_img_services(image)[verdict->service].name));
	fputs(", and path ", stdout);
	vg_text_print(stdout, verdict->path.text);
	fputc('\n', stdout);
	for (uint32_t row = rules.first; row < rules.first + rules.count; row++) {
		if (vg_img_rules(image)[row].service == verdict->service) {
			print_candidate(image, row, verdict);
			any = true;
		}
	}
	if (!any)
		puts("  none");
}

static void print_params(const struct vg_image *image, struct vg_span span)
{
	const struct vg_img_param *rows = vg_img_params(image) + span.first;
	for (uint32_t i = 0; i < span.count; i++) {
		fputs(i > 0 ? ", " : "", stdout);
		vg_text_print(stdout, vg_img_str(image, rows[i].name));
		fputs(rows[i].required != 0 ? "!" : "", stdout);
	}
	fputc('\n', stdout);
}

static void print_items(const struct vg_image *image, struct vg_span span)
{
	const struct vg_str *rows = vg_img_items(image) + span.first;
	for (uint32_t i = 0; i < span.count; i++) {
		fputs(i > 0 ? ", " : "", stdout);
		vg_text_print(stdout, vg_img_str(image, rows[i]));
	}
	fputc('\n', stdout);
}

/* What the rule lets pass, now that it allows the request. */
static void print_passing(const struct vg_image *image, const struct vg_img_rule *rule)
{
	printf("\npasses\n  upstream  header fields  the standard ones%s",
	       rule->headers.count > 0 ? ", " : "");
	print_params(image, rule->headers);
	printf("  back      header fields  the standard ones%s",
	       rule->answer_headers.count > 0 ? ", " : "");
	print_items(image, rule->answer_headers);
	printf("  back      media types    ");
	if (rule->answer_types.count > 0)
		print_items(image, rule->answer_types);
	else
		puts("any");
	printf("  back      body           ");
	if (rule->max_response == UINT64_MAX)
		puts("of any length");
	else
		printf("up to %" PRIu64 " bytes\n", rule->max_response);
	printf("  back      errors         %s\n",
	       rule->errors == VG_ERRORS_PROBLEM ? "their status alone" : "as they are");
	printf("  within    %" PRIu32 " ms\n", rule->response_timeout_ms);
}

static enum vg_exit explain(const struct vg_loaded *loaded, struct vg_arena *arena,
			    const struct options *options)
{
	static struct vg_asked asked; /* too large for a stack */
	const struct vg_image *image = &loaded->image;
	struct vg_facts facts = {.now = vg_clock_wall()};
	struct vg_trace trace;
	const char *fault = NULL;
	if (vg_asker_vendor(image, options->vendor, &facts.vendor) != VG_EXIT_DONE)
		return VG_EXIT_USAGE;
	if (!vg_asker_place(&facts, image, options->from))
		return vg_usage_error("--from is no IP address: \"%s\"", options->from);
	if (options->at != NULL && !vg_time_parse(vg_slice_str(options->at), &facts.now))
		return vg_usage_error("--at is neither RFC 3339 nor YYYY-MM-DD: \"%s\"",
				      options->at);
	if (!vg_asked_facts(&asked, &facts, &options->asked, arena, &fault))
		return vg_usage_error("%s", fault);
	struct vg_verdict verdict = vg_decide_traced(image, &facts, &trace);
	print_first_line(image, &facts, &verdict);
	print_steps(&trace, &verdict);
	print_candidates(image, &facts, &verdict);
	if (verdict.reason == VG_REASON_ACCESS_ALLOWED)
		print_passing(image, &vg_img_rules(image)[verdict.rule]);
	return verdict.reason == VG_REASON_ACCESS_ALLOWED ? VG_EXIT_DONE : VG_EXIT_FOUND;
}

enum vg_exit vg_command_explain(const struct vg_call *call)
{
	struct options options;
	struct vg_loaded loaded;
	if (!parse_options(&options, call))
		return VG_SHOW_USAGE;
	enum vg_exit status = VG_EXIT_USAGE; /* nothing was decided: neither allowed nor refused */
	if (vg_loaded_init(&loaded, call->config, NULL))
		status = explain(&loaded, &loaded.arena, &options);
	else
		vg_loaded_print(&loaded, stderr, VG_SEVERITY_ERROR);
	vg_loaded_fini(&loaded);
	return status;
}
