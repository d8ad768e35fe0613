/* SPDX-License-Identifier: BSD-3-Clause */
#include "pipeline/commands/commands.h"

#include "base/err.h"
#include "pde/registry.h"
#include "pipeline/run/dataset_solver.h"
#include "pipeline/run/registries.h"
#include "weir_build.h"

#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Names and summaries; options too; everything. */
enum detail { NAMES, OPTIONS, ALL };

#define MOST_SAMPLED 12 /* initial conditions may have hundreds */

static void print_option(const struct weir_option *o)
{
    printf("      %-28s %s%s%s", o->name, o->fallback, o->unit ? " " : "",
           o->unit ? o->unit : "");
    if (o->choices)
        printf("  (%s)", o->choices);
    printf("\n%35s%s\n", "", o->help);
}

static void print_section(const char *section, bool with_options)
{
    struct weir_config_entry e;
    for (size_t i = 0;
         weir_registries.entry(weir_registries.ctx, section, i, &e); i++) {
        printf("  %-14s %s\n", e.name, e.summary);
        for (const struct weir_option *o = e.options;
             with_options && o && o->name; o++)
            print_option(o);
    }
}

/* Numbers, in the equation's own units and names. */
static void print_numbers(const struct weir_solver_info *info)
{
    printf("      fields      ");
    for (int c = 0; c < info->shape.channels; c++)
        printf(" %s", info->field[c]);
    if (info->constants)
        printf("\n      coefficients");
    for (size_t i = 0; i < info->constants; i++)
        printf(" %s = %g", info->constant[i].name, info->constant[i].value);
    printf("\n");
}

static void print_sampled(const struct weir_space *space, bool all)
{
    size_t shown = space->n > MOST_SAMPLED && !all ? MOST_SAMPLED : space->n;
    for (size_t i = 0; i < shown; i++) {
        const struct weir_parameter *p = &space->parameter[i];
        printf("      sampled      %s from %g to %g%s%s%s%s\n", p->name, p->low,
               p->high, p->unit ? " " : "", p->unit ? p->unit : "",
               p->axis == WEIR_AXIS_LOG ? ", logarithmic" : "",
               p->wraps ? ", wraps" : "");
    }
    if (shown < space->n)
        printf("      sampled      and %zu more\n", space->n - shown);
    if (space->n == 0)
        printf("      sampled      nothing\n");
}

static void print_rest(const struct weir_solver_ops *ops,
                       const struct weir_solver_info *info)
{
    const struct weir_shape *s = &info->shape;
    printf("      frame        %d x %d", s->channels, s->n[0]);
    if (s->dims == 2)
        printf(" x %d", s->n[1]);
    if (info->dt > 0)
        printf(", dt = %g", info->dt);
    printf("; %.1f KiB a lane\n", (double)info->lane_bytes / 1024);
    if (ops->source)
        printf("      source       %s\n", ops->source);
}

/* Only a configured solver knows these: as its defaults have it. */
static int print_solver(const struct weir_solver_ops *ops, bool verbose)
{
    struct weir_options options;
    struct weir_solver_info info;
    void *config;
    if (weir_is_dataset(ops))
        return 0; /* its file says */
    int rc = weir_options_init(ops->options, &options);
    if (rc)
        return rc;
    rc = ops->configure(&options, &config);
    if (rc == 0) {
        ops->describe(config, &info);
        printf("      equation     %s\n", info.equation);
        print_numbers(&info);
        print_sampled(&info.space, verbose);
        if (verbose)
            print_rest(ops, &info);
        ops->release(config);
    }
    weir_options_free(&options);
    return rc;
}

static int list_solvers(enum detail detail)
{
    int rc = 0;
    const struct weir_solver_ops *s;
    for (size_t i = 0; rc == 0 && (s = weir_solver_entry(i)); i++) {
        printf("  %-14s %s\n", s->name, s->summary);
        if (detail == NAMES)
            continue;
        rc = print_solver(s, detail == ALL);
        for (const struct weir_option *o = s->options; o && o->name; o++)
            print_option(o);
    }
    return rc;
}

static int list_models(enum detail detail)
{
    print_section("model", detail != NAMES);
    return 0;
}

static int list_strategies(enum detail detail)
{
    print_section("acquisition", detail != NAMES);
    return 0;
}

/* The comment a configuration begins with says what it asks. */
static void print_config(const char *path, enum detail detail)
{
    char line[256];
    FILE *f = detail != NAMES ? fopen(path, "re") : NULL;
    printf("  %s\n", path);
    while (f && fgets(line, sizeof(line), f) && line[0] == '#')
        printf("      %s", line + strspn(line, "# "));
    if (f)
        fclose(f);
}

static size_t print_configs(const char *pattern, enum detail detail)
{
    glob_t g;
    size_t n = glob(pattern, 0, NULL, &g) ? 0 : g.gl_pathc;
    for (size_t i = 0; i < n; i++)
        print_config(g.gl_pathv[i], detail);
    globfree(&g);
    return n;
}

/* Where this program was installed, wherever that has been moved. */
static bool find_installed(char place[PATH_MAX + 64])
{
    char program[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", program, sizeof(program) - 1);
    program[n > 0 ? n : 0] = '\0';
    char *slash = strrchr(program, '/');
    if (!slash)
        return false;
    *slash = '\0';
    snprintf(place, PATH_MAX + 64, "%s/" WEIR_BUILD_DATA, program);
    return true;
}

/* runs: one question each; cases: systems, their numbers and budgets. */
static size_t print_all_configs(const char *place, enum detail detail)
{
    char pattern[PATH_MAX + 128];
    snprintf(pattern, sizeof(pattern), "%s/runs/*.yaml", place);
    size_t n = print_configs(pattern, detail);
    snprintf(pattern, sizeof(pattern), "%s/cases/*.yaml", place);
    return n + print_configs(pattern, detail);
}

static int list_configs(enum detail detail)
{
    char place[PATH_MAX + 64];
    if (print_all_configs("configs", detail))
        return 0;
    if (!find_installed(place) || !print_all_configs(place, detail))
        printf("  none here in configs, and none were installed\n");
    return 0;
}

/* An empty configuration, resolved, is the reference of all keys. */
static int list_keys(enum detail detail)
{
    struct weir_config *cfg;
    char *text;
    if (detail == NAMES) {
        printf("  of a configuration: weir list keys\n");
        return 0;
    }
    int rc =
        weir_config_parse("", 0, "defaults", &weir_registries, NULL, 0, &cfg);
    if (rc)
        return rc;
    rc = weir_config_resolved(cfg, &text);
    weir_config_free(cfg);
    if (rc)
        return rc;
    const char *end = strstr(text, "\ndefaults:");
    printf("%.*s", end ? (int)(end - text) : (int)strlen(text), text);
    free(text);
    return 0;
}

static const struct {
    const char *word;
    int (*list)(enum detail detail);
} lists[] = {
    {"solvers", list_solvers},
    {"models", list_models},
    {"strategies", list_strategies},
    {"configs", list_configs},
    {"keys", list_keys},
};
#define LISTS (sizeof(lists) / sizeof(*lists))

/* The list that is called so, or a refusal. */
static int find(const char *word)
{
    const char *names[LISTS];
    for (size_t i = 0; i < LISTS; i++) {
        if (!strcmp(word, lists[i].word))
            return (int)i;
        names[i] = lists[i].word;
    }
    const char *near = weir_nearest_name(word, names, LISTS);
    weir_usage(&weir_command_list,
               "nothing is called '%s', expected solvers, models, strategies, "
               "configs or keys",
               word);
    return near ? weir_err_hint("did you mean 'weir list %s'?", near)
                : -WEIR_ECONFIG;
}

static int list_all(bool verbose)
{
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < LISTS; i++) {
        printf("%s%s\n", i ? "\n" : "", lists[i].word);
        rc = lists[i].list(verbose ? OPTIONS : NAMES);
    }
    return rc;
}

static int list(int argc, char **argv)
{
    struct weir_arguments args;
    int first = weir_arguments_parse(&weir_command_list, "OPERANDS verbose",
                                     argc, argv, &args);
    if (first < 0)
        return first;
    if (first == argc)
        return list_all(args.verbose);
    int rc = 0;
    for (int i = first; rc >= 0 && i < argc; i++)
        rc = find(argv[i]);
    for (int i = first; rc >= 0 && i < argc; i++)
        rc = lists[find(argv[i])].list(args.verbose ? ALL : OPTIONS);
    return rc < 0 ? rc : 0;
}

const struct weir_command weir_command_list = {
    .name = "list",
    .arguments = "[solvers|models|strategies|configs|keys]... [-v]",
    .summary = "show what a configuration can name, and its options",
    .help = "With a word: every option, its default and what it means; "
            "'keys' prints a\nwhole configuration to start from.\n\n"
            "  -v, --verbose     of solvers also every sampled parameter, the "
            "frame, the\n                    memory of a lane, and the "
            "source\n",
    .run = list,
};
