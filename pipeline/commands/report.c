/* SPDX-License-Identifier: BSD-3-Clause */
#include "pipeline/commands/commands.h"

#include "base/err.h"
#include "base/heap.h"
#include "base/log.h"
#include "pipeline/report/page.h"
#include "pipeline/report/plot.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* More would be told apart by nobody. */
#define MAX_RUNS 12

static int write_page(const struct weir_recorded *runs, size_t n, FILE *page)
{
    bool pictures = weir_plot_is_possible();
    if (!pictures)
        fprintf(stderr, "weir: gnuplot is not installed: the report has its "
                        "tables, but no pictures\n"
                        "  hint: apt-get install gnuplot-nox\n");
    return weir_page_write(runs, n, pictures, page);
}

/* A report can be made again, so an older one is replaced, once it is whole. */
static int write_file(const struct weir_recorded *runs, size_t n,
                      const char *path)
{
    char part[4096];
    snprintf(part, sizeof(part), "%s.part", path);
    FILE *page = fopen(part, "we");
    if (!page)
        return WEIR_FAIL(WEIR_EENV, "%s: %s", path, strerror(errno));
    int rc = write_page(runs, n, page);
    bool written = !ferror(page);
    if (rc == 0 && (fclose(page) || !written || rename(part, path)))
        rc = WEIR_FAIL(WEIR_EENV, "%s: %s", path, strerror(errno));
    else if (rc)
        fclose(page);
    if (rc)
        unlink(part);
    return rc;
}

static int open_and_write(char **dir, size_t n, const char *path)
{
    struct weir_recorded runs[MAX_RUNS] = {0};
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < n; i++)
        rc = weir_recorded_open(dir[i], runs + i);
    rc = rc ? rc : write_file(runs, n, path);
    for (size_t i = 0; i < n; i++)
        weir_recorded_close(runs + i);
    if (rc == 0)
        printf("%s: %zu run%s\n", path, n, n > 1 ? "s" : "");
    return rc;
}

static int report(int argc, char **argv)
{
    struct weir_arguments args;
    int first = weir_arguments_parse(&weir_command_report, "OPERANDS out", argc,
                                     argv, &args);
    if (first < 0)
        return first;
    if (first == argc)
        return weir_usage(&weir_command_report, "which run?");
    if (argc - first > MAX_RUNS)
        return weir_usage(&weir_command_report, "more than %d runs", MAX_RUNS);
    if (!args.out)
        return weir_usage(&weir_command_report, "--out R.html is needed");
    return open_and_write(argv + first, (size_t)(argc - first), args.out);
}

const struct weir_command weir_command_report = {
    .name = "report",
    .arguments = "DIR... --out R.html",
    .summary = "what happened, as pictures: one run, or several compared",
    .help =
        "  --out R.html      one file that needs nothing beside it\n\n"
        "The others are compared with the first run named. A run may still be "
        "going on.\nPictures are drawn by gnuplot; without it the report has "
        "its tables.\n",
    .run = report,
};
