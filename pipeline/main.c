/* SPDX-License-Identifier: BSD-3-Clause */
#include "pipeline/commands/commands.h"

#include "base/err.h"
#include "weir/option.h"
#include "weir/version.h"
#include "weir_build.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static const struct weir_command *const commands[] = {
    &weir_command_run,     &weir_command_plan,    &weir_command_generate,
    &weir_command_eval,    &weir_command_predict, &weir_command_export,
    &weir_command_inspect, &weir_command_top,     &weir_command_report,
    &weir_command_list,
};
#define COMMANDS (sizeof(commands) / sizeof(*commands))

static int print_help(void)
{
    puts("weir trains a neural surrogate of a simulation while the simulation "
         "runs.\n");
    for (size_t i = 0; i < COMMANDS; i++)
        printf("  weir %-8s %s\n", commands[i]->name, commands[i]->summary);
    puts("\n  weir COMMAND --help   options of a command\n"
         "  weir --version        version and build\n\n"
         "Begin with:  weir run configs/runs/kdv1d.yaml");
    return 0;
}

static int print_version(void)
{
    puts("weir " WEIR_VERSION " (" WEIR_BUILD_ID ", " WEIR_BUILD_COMPILER
         ", " WEIR_BUILD_TYPE ")");
    return 0;
}

static int print_command(const struct weir_command *c)
{
    printf("usage: weir %s %s\n\n%s\n\n%s", c->name, c->arguments, c->summary,
           c->help);
    return 0;
}

static bool is_help(const char *word)
{
    return !strcmp(word, "--help") || !strcmp(word, "-h");
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

/* @p word is a command; run it, or help with it. */
static int use_command(const char *word, int argc, char **argv, bool help)
{
    for (size_t i = 0; i < COMMANDS; i++) {
        if (strcmp(word, commands[i]->name))
            continue;
        for (int a = 1; a < argc; a++)
            help |= is_help(argv[a]);
        return help ? print_command(commands[i]) : commands[i]->run(argc, argv);
    }
    return unknown_command(word);
}

static int dispatch(int argc, char **argv)
{
    if (argc < 2 || is_help(argv[1]))
        return print_help();
    if (!strcmp(argv[1], "--version"))
        return print_version();
    if (strcmp(argv[1], "help"))
        return use_command(argv[1], argc - 1, argv + 1, false);
    return argc < 3 ? print_help() : use_command(argv[2], 1, argv + 2, true);
}

/* What was printed may still be on its way to a full disk. */
static int finish_output(int rc)
{
    if ((fflush(stdout) || ferror(stdout)) && errno != EPIPE && rc == 0)
        rc = WEIR_FAIL(WEIR_EENV, "standard output: %s", strerror(errno));
    return rc;
}

int main(int argc, char **argv)
{
    int rc = finish_output(dispatch(argc, argv));
    if (rc < 0 && rc != -WEIR_EINTERRUPTED) {
        fprintf(stderr, "weir: %s\n", weir_err_message());
        if (weir_err_hint_text()[0])
            fprintf(stderr, "  hint: %s\n", weir_err_hint_text());
    }
    return weir_err_exit_status(rc);
}
