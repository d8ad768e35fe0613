/* SPDX-License-Identifier: BSD-3-Clause */
#include "pipeline/commands.h"

#include "base/err.h"
#include "weir/option.h"
#include "weir/version.h"
#include "weir_build.h"

#include <stdio.h>
#include <string.h>

static const struct weir_command *const commands[] = {
    &weir_command_run,
    &weir_command_plan,
    &weir_command_inspect,
    &weir_command_list,
};
#define COMMANDS (sizeof(commands) / sizeof(*commands))

static void print_help(void)
{
    puts("weir trains a neural surrogate of a simulation while the simulation "
         "runs.\n");
    for (size_t i = 0; i < COMMANDS; i++)
        printf("  weir %-8s %s\n", commands[i]->name, commands[i]->summary);
    puts("\n  weir COMMAND --help   options of a command\n"
         "  weir --version        version and build\n\n"
         "Begin with:  weir run configs/runs/kdv1d.yaml");
}

static int unknown_command(const char *word)
{
    const char *names[COMMANDS];
    for (size_t i = 0; i < COMMANDS; i++)
        names[i] = commands[i]->name;
    const char *near = weir_nearest_name(word, names, COMMANDS);
    WEIR_FAIL(WEIR_ECONFIG, "no command '%s'", word);
    return near ? weir_err_hint("did you mean 'weir %s'?", near)
                : weir_err_hint("weir --help lists the commands");
}

static int run_command(const struct weir_command *c, int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (!strcmp(argv[i], "--help")) {
            printf("usage: weir %s %s\n\n%s\n\n%s", c->name, c->arguments,
                   c->summary, c->help);
            return 0;
        }
    return c->run(argc, argv);
}

static int dispatch(int argc, char **argv)
{
    if (argc < 2 || !strcmp(argv[1], "--help") || !strcmp(argv[1], "help")) {
        print_help();
        return 0;
    }
    if (!strcmp(argv[1], "--version")) {
        puts("weir " WEIR_VERSION " (" WEIR_BUILD_ID ", " WEIR_BUILD_COMPILER
             ", " WEIR_BUILD_TYPE ")");
        return 0;
    }
    for (size_t i = 0; i < COMMANDS; i++)
        if (!strcmp(argv[1], commands[i]->name))
            return run_command(commands[i], argc - 1, argv + 1);
    return unknown_command(argv[1]);
}

int main(int argc, char **argv)
{
    int rc = dispatch(argc, argv);
    if (rc < 0 && rc != -WEIR_EINTERRUPTED) {
        fflush(stdout);
        fprintf(stderr, "weir: %s\n", weir_err_message());
        if (weir_err_hint_text()[0])
            fprintf(stderr, "  hint: %s\n", weir_err_hint_text());
    }
    return weir_err_exit_status(rc);
}
