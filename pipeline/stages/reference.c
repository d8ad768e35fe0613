/* SPDX-License-Identifier: BSD-3-Clause */
#include "pipeline/stages/reference.h"

#include "base/err.h"
#include "base/heap.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* From the initial state and those at all times to pairs of the two. */
static void pair(struct weir_evalset *set, const float *start, const float *u)
{
    size_t n = set->frame;
    for (uint32_t i = 0; i < set->n; i++) {
        memcpy(set->state + 2 * i * n, start, n * sizeof(float));
        memcpy(set->state + (2 * i + 1) * n, u + i * n, n * sizeof(float));
        set->valid[i] = true;
    }
}

static int solve(const struct weir_residual *e, struct weir_evalset *set)
{
    size_t n = set->frame, all = (size_t)set->n * n;
    float *start = weir_array(all + n, sizeof(float)), *u = start + n;
    set->at = weir_array(all * (size_t)e->jet.coordinates, sizeof(*set->at));
    int rc = start && set->at
                 ? e->solve(e->config, set->n, set->at, start, u)
                 : WEIR_FAIL(ENOMEM, "reference at %u times", set->n);
    if (rc == 0)
        pair(set, start, u);
    free(start);
    return rc;
}

int weir_reference_check(const struct weir_run *run, uint32_t n)
{
    const struct weir_residual *e = run->info.residual;
    if (!e || n <= e->times)
        return 0;
    WEIR_FAIL(WEIR_ECONFIG, "evaluation: %u times of a reference that has %u",
              n, e->times);
    return weir_err_hint("lower validation.trajectories and "
                         "test.trajectories: with solver %s they count times",
                         run->solver->name);
}

int weir_reference_create(const struct weir_run *run, uint32_t n,
                          struct weir_evalset *out)
{
    const struct weir_residual *e = run->info.residual;
    int rc = weir_reference_check(run, n);
    rc = rc ? rc : weir_evalset_allocate(n, 1, 0, e->points, out);
    if (rc)
        return rc;
    out->run = run;
    rc = solve(e, out);
    if (rc)
        weir_evalset_destroy(out);
    return rc;
}

int weir_reference_measure(struct weir_evalset *set, uint32_t i,
                           struct weir_surrogate *surrogate,
                           const struct weir_ensemble *ensemble)
{
    size_t n = set->frame, d = weir_surrogate_frame(surrogate);
    size_t members = (size_t)ensemble->members;
    const float *truth = set->state + (2 * i + 1) * n;
    float *u = weir_array((members + 2) * n, sizeof(float));
    float *mean = u + members * n, *spread = mean + n;
    int rc = u ? 0 : WEIR_FAIL(ENOMEM, "reference of %zu points", n);
    for (size_t m = 0; rc == 0 && m < members; m++)
        rc = weir_surrogate_values(surrogate,
                                   ensemble->packed + m * ensemble->stride,
                                   set->at + i * n * d, n, u + m * n);
    if (rc == 0) {
        weir_ensemble_gather(ensemble, u, n, NULL, mean, spread);
        set->error[i] = weir_loss(WEIR_LOSS_NRMSE, mean, truth, n);
        set->spread[i] = weir_evalset_relative_spread(spread, truth, n);
    }
    free(u);
    return rc;
}

double weir_reference_error(const struct weir_evalset *set)
{
    double square = 0, size = 0;
    for (uint32_t i = 0; i < set->n; i++) {
        const float *truth = set->state + (2 * i + 1) * set->frame;
        double own = 0;
        for (size_t j = 0; j < set->frame; j++)
            own += (double)truth[j] * truth[j];
        square += own * set->error[i] * set->error[i];
        size += own;
    }
    return sqrt(square / size);
}
