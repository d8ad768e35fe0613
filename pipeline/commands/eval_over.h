/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_PIPELINE_EVAL_OVER_H
#define WEIR_PIPELINE_EVAL_OVER_H

/**
 * @file
 * `weir eval --over A,B`: the one-step error of a trajectory, its mean over the
 * steps, in bins of one or two parameters. Bins divide the range that the
 * configuration gives a parameter, or the data where they go beyond it or it
 * gives none.
 */
#include "pipeline/session/loaded.h"
#include "pipeline/stages/error_bins.h"

struct weir_over {
    size_t axes; /* 0: nothing was asked for */
    struct weir_over_axis {
        char name[64];
        double *value; /* [trajectories of the set] */
        struct weir_bin_axis axis;
    } axis[2];
    struct weir_bins bins; /* of one parameter: along the first index */
};

/**
 * @param names  "A" or "A,B"; NULL: nothing
 * @param data   the file that @p set was read from; NULL: the run's own set, of
 *               which nothing needs to be simulated yet
 * @return 0, -ENOMEM, -WEIR_ECONFIG the set has no such parameter
 */
int weir_over_open(const struct weir_loaded *l, const char *names,
                   const char *data, const struct weir_evalset *set,
                   struct weir_over *out);
void weir_over_close(struct weir_over *over);

/** Sort the errors of a measured set into the bins. */
void weir_over_gather(struct weir_over *over, const struct weir_evalset *set);
void weir_over_print(const struct weir_over *over);

#endif
