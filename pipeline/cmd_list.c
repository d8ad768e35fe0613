/* SPDX-License-Identifier: BSD-3-Clause */
#include "pipeline/commands.h"

#include "base/err.h"
#include "pipeline/registries.h"

#include <stdio.h>
#include <string.h>

/* Word on the command line, section of the config. */
static const struct {
    const char *word, *section;
} sections[] = {
    {"solvers", "solver"},
    {"models", "model"},
    {"strategies", "acquisition"},
};
#define SECTIONS (sizeof(sections) / sizeof(*sections))

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

static int list(int argc, char **argv)
{
    struct weir_arguments args;
    int first =
        weir_arguments_parse(&weir_command_list, "OPERANDS", argc, argv, &args);
    if (first < 0)
        return first;
    bool all = first == argc, any = false;
    for (size_t i = 0; i < SECTIONS; i++) {
        if (!all && strcmp(argv[first], sections[i].word))
            continue;
        printf("%s%s\n", any ? "\n" : "", sections[i].word);
        print_section(sections[i].section, !all);
        any = true;
    }
    return any ? 0
               : weir_usage(&weir_command_list,
                            "'%s' is not one of solvers, models, strategies",
                            argv[first]);
}

const struct weir_command weir_command_list = {
    .name = "list",
    .arguments = "[solvers|models|strategies]",
    .summary = "show what a configuration can name, and its options",
    .help = "With a word: every option, its default and what it means.\n",
    .run = list,
};
