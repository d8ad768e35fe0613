/* SPDX-License-Identifier: BSD-3-Clause */
#include "pipeline/commands/eval_over.h"

#include "base/err.h"
#include "base/heap.h"
#include "io/config_setting.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- what the set was made from ---- */

static int own_parameters(const struct weir_space *space,
                          const struct weir_evalset *set,
                          struct weir_dataset_parameters *out)
{
    size_t length = 1;
    for (size_t j = 0; j < space->n; j++)
        length += strlen(space->parameter[j].name) + 1;
    out->n = space->n;
    out->names = weir_array(length, 1);
    out->value = weir_array(set->n * space->n, sizeof(*out->value));
    if (!out->names || !out->value)
        return WEIR_FAIL(ENOMEM, "parameters of the test set");
    for (size_t j = 0; j < space->n; j++) {
        strcat(out->names, j ? "\n" : "");
        strcat(out->names, space->parameter[j].name);
    }
    int rc = 0;
    for (uint32_t i = 0; rc == 0 && i < set->n; i++)
        rc = weir_evalset_parameters(set, space, i, out->value + i * space->n);
    return rc;
}

static int file_parameters(const char *path,
                           struct weir_dataset_parameters *out)
{
    struct weir_dataset_reader *r;
    int rc = weir_dataset_reader_open(path, &r);
    if (rc)
        return rc;
    rc = weir_dataset_reader_parameters(r, out);
    weir_dataset_reader_close(r);
    return rc;
}

/* ---- an axis ---- */

/* Names from here on end where they did have a line's end. */
static void cut_lines(char *names)
{
    for (; names && (names = strchr(names, '\n')); names++)
        *names = '\0';
}

static int find(const struct weir_dataset_parameters *p, const char *name,
                const char *where, size_t *at)
{
    struct weir_names names = {.n = 0};
    const char *word = p->names;
    for (*at = 0; *at < p->n; ++*at, word += strlen(word) + 1) {
        if (!strcmp(word, name))
            return 0;
        weir_names_add(&names, word);
    }
    WEIR_FAIL(WEIR_ECONFIG, "--over %s: %s has no such parameter", name, where);
    weir_names_hint(&names, "", name, "it has");
    return -WEIR_ECONFIG;
}

/* The configuration's range, or none. */
static struct weir_bin_axis range_of(const struct weir_space *space,
                                     const char *name)
{
    for (size_t j = 0; j < space->n; j++) {
        const struct weir_parameter *p = &space->parameter[j];
        if (!strcmp(p->name, name))
            return (struct weir_bin_axis){p->low, p->high,
                                          p->axis == WEIR_AXIS_LOG};
    }
    return (struct weir_bin_axis){(double)INFINITY, -(double)INFINITY, false};
}

static int take_axis(const struct weir_space *space,
                     const struct weir_dataset_parameters *p, uint32_t n,
                     const char *where, struct weir_over_axis *out)
{
    size_t at;
    int rc = find(p, out->name, where, &at);
    if (rc)
        return rc;
    out->value = weir_array(n, sizeof(*out->value));
    if (!out->value)
        return WEIR_FAIL(ENOMEM, "parameters of %u trajectories", n);
    out->axis = range_of(space, out->name);
    for (uint32_t i = 0; i < n; i++) {
        double x = out->value[i] = p->value[i * p->n + at];
        out->axis.low = fmin(out->axis.low, x);
        out->axis.high = fmax(out->axis.high, x);
    }
    out->axis.log = out->axis.log && out->axis.low > 0;
    return 0;
}

static int take_names(const char *names, struct weir_over *out)
{
    const char *rest = names;
    bool fits = true;
    while (rest && fits) {
        size_t length = strcspn(rest, ",");
        fits = out->axes < 2 && length > 0 && length < sizeof(out->axis->name);
        if (fits)
            memcpy(out->axis[out->axes++].name, rest, length);
        rest = rest[length] ? rest + length + 1 : NULL;
    }
    if (out->axes == 2 && !strcmp(out->axis[0].name, out->axis[1].name))
        fits = false;
    return fits ? 0
                : WEIR_FAIL(WEIR_ECONFIG,
                            "--over %s: expected one parameter, or two: A,B",
                            names);
}

int weir_over_open(const struct weir_loaded *l, const char *names,
                   const char *data, const struct weir_evalset *set,
                   struct weir_over *out)
{
    *out = (struct weir_over){0};
    if (!names)
        return 0;
    const struct weir_space *space = &l->cfg->space;
    struct weir_dataset_parameters p = {0};
    int rc = weir_loaded_knows_states(l, "--over");
    rc = rc ? rc : take_names(names, out);
    if (rc == 0)
        rc = data ? file_parameters(data, &p) : own_parameters(space, set, &p);
    cut_lines(p.names);
    for (size_t k = 0; rc == 0 && k < out->axes; k++)
        rc = take_axis(space, &p, set->n, data ? data : l->info->file,
                       &out->axis[k]);
    weir_dataset_parameters_free(&p);
    if (rc)
        weir_over_close(out);
    return rc;
}

void weir_over_close(struct weir_over *over)
{
    free(over->axis[0].value);
    free(over->axis[1].value);
    *over = (struct weir_over){0};
}

/* ---- the table ---- */

void weir_over_gather(struct weir_over *over, const struct weir_evalset *set)
{
    for (uint32_t i = 0; over->axes && i < set->n; i++) {
        size_t at[2] = {0};
        if (!set->valid[i])
            continue;
        for (size_t k = 0; k < over->axes; k++)
            at[k] = weir_bin_of(&over->axis[k].axis, over->axis[k].value[i]);
        weir_bins_add(&over->bins, at[0], at[1],
                      weir_evalset_trajectory_error(set, i));
    }
}

static void print_mean(const struct weir_bins *b, size_t i, size_t j)
{
    if (b->n[i][j])
        printf("%9.2e", weir_bins_mean(b, i, j));
    else
        printf("%9s", "-");
}

static void print_count(const struct weir_bins *b, size_t i, size_t j)
{
    if (b->n[i][j])
        printf("%9u", b->n[i][j]);
    else
        printf("%9s", "-");
}

static void print_list(const struct weir_over *over)
{
    const struct weir_over_axis *a = &over->axis[0];
    printf("\none step, nRMSE of a trajectory, over %s\n"
           "     from       to     mean trajectories\n",
           a->name);
    for (size_t i = 0; i < WEIR_BINS; i++) {
        printf("%9.3g%9.3g", weir_bin_edge(&a->axis, i),
               weir_bin_edge(&a->axis, i + 1));
        print_mean(&over->bins, i, 0);
        print_count(&over->bins, i, 0);
        printf("\n");
    }
}

/* 80 columns. */
static void print_square(const struct weir_over *over)
{
    const struct weir_over_axis *a = &over->axis[0], *b = &over->axis[1];
    printf(
        "\none step, nRMSE of a trajectory: mean, and trajectories below it\n"
        "%s across, %s down: where bins begin; they end at %.3g and %.3g\n"
        "%8s",
        a->name, b->name, a->axis.high, b->axis.high, "");
    for (size_t i = 0; i < WEIR_BINS; i++)
        printf("%9.3g", weir_bin_edge(&a->axis, i));
    for (size_t j = 0; j < WEIR_BINS; j++) {
        printf("\n%8.3g", weir_bin_edge(&b->axis, j));
        for (size_t i = 0; i < WEIR_BINS; i++)
            print_mean(&over->bins, i, j);
        printf("\n%8s", "");
        for (size_t i = 0; i < WEIR_BINS; i++)
            print_count(&over->bins, i, j);
    }
    printf("\n");
}

void weir_over_print(const struct weir_over *over)
{
    if (over->axes == 1)
        print_list(over);
    if (over->axes == 2)
        print_square(over);
}
