/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_PIPELINE_COMMANDS_H
#define WEIR_PIPELINE_COMMANDS_H

/**
 * @file
 * The program's commands, one file each (cmd_<name>.c). A command gets its own
 * arguments, argv[0] being its name, prints to stdout, and returns 0 or a
 * negative code whose record main() turns into a message and an exit status.
 */

#include <stddef.h>

struct weir_command {
    const char *name;
    const char *arguments; /* after the name, in usage */
    const char *summary;   /* one line */
    const char *help;      /* options and remarks, several lines */
    int (*run)(int argc, char **argv);
};

extern const struct weir_command weir_command_run;
extern const struct weir_command weir_command_plan;
extern const struct weir_command weir_command_generate;
extern const struct weir_command weir_command_eval;
extern const struct weir_command weir_command_predict;
extern const struct weir_command weir_command_export;
extern const struct weir_command weir_command_inspect;
extern const struct weir_command weir_command_list;
extern const struct weir_command weir_command_top;
extern const struct weir_command weir_command_report;

/** A usage error of @p command: -WEIR_ECONFIG with a hint at its help. */
int weir_usage(const struct weir_command *command, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/**
 * Put "--@p option @p value" before what the error record says of that value;
 * where the record names it first, this takes the place. The hint stays.
 * @return @p rc
 */
int weir_argument_refused(int rc, const char *option, const char *value);

/** Most --set of one command line. */
#define WEIR_MAX_SETS 128

/** The arguments of commands that take a configuration. */
struct weir_arguments {
    const char *config;
    const char *set[WEIR_MAX_SETS];
    size_t n_set;
    const char *out, *from;
    const char *n, *steps, *seed, *sampler, *params, *initial;
    const char *data, *against, *over, *score, *weights, *onnx;
    const char *openmetrics, *interval, *trace;
    int json, once, predict;
    int resume, check, requeue, quiet, verbose, keep_double;
};

/**
 * Parse the options common to all commands; @p allowed lists the long names a
 * command takes, separated by spaces.
 * @return the index of the first operand, or -WEIR_ECONFIG
 */
int weir_arguments_parse(const struct weir_command *command,
                         const char *allowed, int argc, char **argv,
                         struct weir_arguments *out);

#endif
