/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Parameters from a list: line k of a text file is simulation k, its unit-cube
 * coordinates separated by blanks, and anything behind a '#'. Simulations
 * beyond the list (successors of failed ones) are drawn from the target density.
 *
 * The rounds of a pool run (pipeline/pool/pool.h) are runs of this strategy.
 */
#include "acquire/design.h"
#include "acquire/registry.h"
#include "acquire/target.h"
#include "base/err.h"
#include "base/log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct weir_option listed_options[] = {
    {.name = "file",
     .type = WEIR_OPTION_TEXT,
     .fallback = "",
     .help =
         "one line of unit-cube coordinates for each simulation; \"\": none"},
    {0},
};

struct listed {
    struct weir_design design; /* first: what WEIR_DESIGN_OPS see */
    double *u;                 /* [n][dims] */
    size_t n, room;
};

static void listed_destroy(void *self)
{
    struct listed *l = self;
    free(l->u);
    free(l);
}

static void listed_initial(void *self, uint32_t simulation, double *u)
{
    const struct listed *l = self;
    size_t dims = l->design.env->space.n;
    if (simulation < l->n)
        memcpy(u, l->u + simulation * dims, dims * sizeof(*u));
    else
        weir_target_draw(l->design.env, simulation, u);
}

static int make_room(struct listed *l)
{
    size_t dims = l->design.env->space.n;
    if (l->n < l->room)
        return 0;
    size_t room = 2 * l->room + 64;
    double *more = realloc(l->u, room * dims * sizeof(*more));
    if (!more)
        return WEIR_FAIL(ENOMEM, "listed: %zu simulations", room);
    l->u = more;
    l->room = room;
    return 0;
}

static int take_line(struct listed *l, const char *path, char *line)
{
    size_t dims = l->design.env->space.n;
    char *at = line;
    int rc = make_room(l);
    if (rc)
        return rc;
    for (size_t j = 0; j < dims; j++) {
        char *end;
        double *u = &l->u[l->n * dims + j];
        *u = strtod(at, &end);
        if (end == at || !(*u >= 0 && *u <= 1))
            return WEIR_FAIL(WEIR_ECONFIG,
                             "file: %s:%zu: coordinate %zu, expected %zu "
                             "numbers from 0 to 1",
                             path, l->n + 1, j + 1, dims);
        at = end;
    }
    at += strspn(at, " \t\r\n");
    if (*at && *at != '#')
        return WEIR_FAIL(WEIR_ECONFIG, "file: %s:%zu: more than %zu numbers",
                         path, l->n + 1, dims);
    l->n++;
    return 0;
}

static int take_file(struct listed *l, const char *path)
{
    char *line = NULL;
    size_t size = 0;
    int rc = 0;
    FILE *f = fopen(path, "re");
    if (!f)
        return WEIR_FAIL(WEIR_ECONFIG, "file: '%s': %s", path, strerror(errno));
    while (rc == 0 && getline(&line, &size, f) > 0)
        rc = take_line(l, path, line);
    free(line);
    fclose(f);
    return rc;
}

static int listed_create(const struct weir_strategy_env *env,
                         const struct weir_options *opts, void **self)
{
    struct listed *l = calloc(1, sizeof(*l));
    if (!l)
        return WEIR_FAIL(ENOMEM, "listed: state");
    l->design.env = env;
    l->design.initial = listed_initial;
    const char *path = weir_option_text(opts, "file");
    int rc = *path ? take_file(l, path) : 0;
    if (!*path)
        weir_log_warn("acquire", "listed: acquisition.file names no list: all "
                                 "simulations are drawn as by 'uniform'");
    if (rc) {
        listed_destroy(l);
        return rc;
    }
    *self = l;
    return 0;
}

const struct weir_strategy_ops weir_strategy_listed = {
    .name = "listed",
    .summary = "parameters from a file, a line a simulation",
    .options = listed_options,
    .create = listed_create,
    .destroy = listed_destroy,
    .initial = listed_initial,
    WEIR_DESIGN_OPS,
};
