/* SPDX-License-Identifier: BSD-3-Clause */
#include "pipeline/evaluation.h"

#include "acquire/halton.h"
#include "base/heap.h"
#include "base/rng.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

int weir_evalset_create(const struct weir_run *run, uint32_t n,
                        uint32_t rollout, uint64_t seed, uint64_t first,
                        struct weir_evalset *out)
{
    uint32_t steps = (uint32_t)run->cfg->simulations.steps;
    size_t frames = (size_t)n * (steps + 1);
    *out = (struct weir_evalset){
        .run = run,
        .n = n,
        .steps = steps,
        .rollout = rollout < steps ? rollout : steps,
        .seed = seed,
        .first = first,
        .state = weir_array(frames * run->frame_floats, sizeof(float)),
        .valid = weir_array(n, sizeof(bool)),
        .error = weir_array((size_t)n * steps, sizeof(float)),
        .persistence = weir_array((size_t)n * steps, sizeof(float)),
        .rolled = weir_array(n, sizeof(float)),
    };
    if (out->state && out->valid && out->error && out->persistence &&
        out->rolled)
        return 0;
    weir_evalset_destroy(out);
    return WEIR_FAIL(ENOMEM, "evaluation set of %u trajectories", n);
}

void weir_evalset_destroy(struct weir_evalset *set)
{
    free(set->state);
    free(set->valid);
    free(set->error);
    free(set->persistence);
    free(set->rolled);
    *set = (struct weir_evalset){0};
}

static float *state_of(const struct weir_evalset *set, uint32_t i, uint32_t t)
{
    return set->state +
           ((size_t)i * (set->steps + 1) + t) * set->run->frame_floats;
}

/* A Halton point, shifted as a whole by what the seed says. */
static int parameters_of(const struct weir_evalset *set, uint32_t i,
                         double *value)
{
    const struct weir_space *space = &set->run->cfg->space;
    struct weir_rng shift = weir_rng_stream(set->seed, WEIR_RNG_VALIDATION, 0);
    int rc = weir_halton(set->first + i, space->n, value);
    if (rc)
        return rc;
    for (size_t j = 0; j < space->n; j++)
        value[j] = fmod(value[j] + weir_rng_uniform(&shift), 1.0);
    weir_space_to_box(space, value, value);
    return 0;
}

/* @return 0, also when the trajectory diverged: then it is invalid */
static int simulate(struct weir_evalset *set, uint32_t i, void *lane,
                    double *value)
{
    const struct weir_solver_ops *solver = set->run->solver;
    int rc = parameters_of(set, i, value);
    rc = rc ? rc : solver->start(lane, value);
    for (uint32_t t = 0; rc == 0 && t <= set->steps; t++) {
        if (t > 0)
            rc = solver->step(lane);
        if (rc == 0)
            solver->frame(lane, state_of(set, i, t));
    }
    set->valid[i] = rc == 0;
    return rc == -WEIR_EDIVERGED ? 0 : rc;
}

int weir_evalset_fill(struct weir_evalset *set, uint32_t part, uint32_t parts)
{
    const struct weir_run *run = set->run;
    double *value = weir_array(run->cfg->space.n, sizeof(*value));
    void *lane = NULL;
    int rc = value ? run->solver->create(run->solver_config, &lane)
                   : WEIR_FAIL(ENOMEM, "evaluation set");
    for (uint32_t i = part; rc == 0 && i < set->n; i += parts)
        rc = simulate(set, i, lane, value);
    if (lane)
        run->solver->destroy(lane);
    free(value);
    return rc;
}

static void measure_persistence(struct weir_evalset *set, uint32_t i)
{
    size_t n = set->run->frame_floats;
    for (uint32_t t = 0; t < set->steps; t++)
        set->persistence[(size_t)i * set->steps + t] = weir_loss(
            WEIR_LOSS_NRMSE, state_of(set, i, t), state_of(set, i, t + 1), n);
}

/* States of one trajectory are consecutive, so a batch is read in place. */
static int measure_steps(struct weir_evalset *set, uint32_t i,
                         struct weir_surrogate *s, int batch,
                         const float *packed,
                         const struct weir_normaliser *norm, float *out)
{
    size_t n = set->run->frame_floats;
    for (uint32_t t = 0; t < set->steps; t += (uint32_t)batch) {
        int k = (int)(set->steps - t);
        k = k < batch ? k : batch;
        int rc = weir_surrogate_predict(s, packed, norm, state_of(set, i, t), k,
                                        out);
        if (rc)
            return rc;
        for (int j = 0; j < k; j++)
            set->error[(size_t)i * set->steps + t + (uint32_t)j] =
                weir_loss(WEIR_LOSS_NRMSE, out + (size_t)j * n,
                          state_of(set, i, t + 1 + (uint32_t)j), n);
    }
    return 0;
}

/* Roll out up to @p batch trajectories of the list together. */
static int measure_rollouts(struct weir_evalset *set, const uint32_t *list,
                            int k, struct weir_surrogate *s,
                            const float *packed,
                            const struct weir_normaliser *norm, float *work)
{
    size_t n = set->run->frame_floats;
    for (int j = 0; j < k; j++)
        memcpy(work + (size_t)j * n, state_of(set, list[j], 0),
               n * sizeof(float));
    for (uint32_t t = 0; t < set->rollout; t++) {
        int rc = weir_surrogate_predict(s, packed, norm, work, k, work);
        if (rc)
            return rc;
    }
    for (int j = 0; j < k; j++)
        set->rolled[list[j]] =
            weir_loss(WEIR_LOSS_NRMSE, work + (size_t)j * n,
                      state_of(set, list[j], set->rollout), n);
    return 0;
}

int weir_evalset_measure(struct weir_evalset *set, uint32_t part,
                         uint32_t parts, struct weir_surrogate *surrogate,
                         int batch, const float *packed,
                         const struct weir_normaliser *norm)
{
    float *work =
        weir_array((size_t)batch * set->run->frame_floats, sizeof(float));
    uint32_t *list = weir_array((size_t)batch, sizeof(*list));
    int rc = work && list ? 0 : WEIR_FAIL(ENOMEM, "evaluation"), k = 0;
    for (uint32_t i = part; rc == 0 && i < set->n; i += parts) {
        if (!set->valid[i])
            continue;
        measure_persistence(set, i);
        rc = measure_steps(set, i, surrogate, batch, packed, norm, work);
        list[k++] = i;
        if (rc == 0 && set->rollout && k == batch) {
            rc = measure_rollouts(set, list, k, surrogate, packed, norm, work);
            k = 0;
        }
        k = set->rollout ? k : 0;
    }
    if (rc == 0 && k > 0)
        rc = measure_rollouts(set, list, k, surrogate, packed, norm, work);
    free(work);
    free(list);
    return rc;
}

static int ascending(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    /* What is not a number is worse than any number. */
    if (isnan(x) || isnan(y))
        return isnan(x) - isnan(y);
    return (x > y) - (x < y);
}

static double quantile(const float *sorted, size_t n, double q)
{
    double at = q * (double)(n - 1);
    size_t i = (size_t)at;
    double part = at - (double)i, here = sorted[i];
    double next = i + 1 < n ? sorted[i + 1] : here;
    /* Nothing to add: between infinities there is no difference. */
    if (part == 0 || next == here)
        return here;
    return here + part * (next - here);
}

static double mean_of(const float *x, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += x[i];
    return sum / (double)n;
}

static double worst_mean(const struct weir_evalset *set, const float *error)
{
    double worst = 0;
    for (uint32_t i = 0; i < set->n; i++) {
        if (!set->valid[i])
            continue;
        double m = mean_of(error + (size_t)i * set->steps, set->steps);
        worst = m > worst || isnan(m) ? m : worst;
    }
    return worst;
}

/* Figures of the valid trajectories' rows of @p error; @p sorted is scratch. */
static void figures_of(const struct weir_evalset *set, const float *error,
                       float *sorted, struct weir_error_figures *f)
{
    size_t n = 0;
    double square = 0;
    for (uint32_t i = 0; i < set->n; i++) {
        if (!set->valid[i])
            continue;
        memcpy(sorted + n, error + (size_t)i * set->steps,
               set->steps * sizeof(float));
        n += set->steps;
    }
    if (n == 0)
        return;
    qsort(sorted, n, sizeof(*sorted), ascending);
    f->mean = mean_of(sorted, n);
    for (size_t i = 0; i < n; i++)
        square += (sorted[i] - f->mean) * (sorted[i] - f->mean);
    size_t tail = n / 100 ? n / 100 : 1;
    f->deviation = sqrt(square / (double)n);
    f->p50 = quantile(sorted, n, 0.50);
    f->p90 = quantile(sorted, n, 0.90);
    f->p95 = quantile(sorted, n, 0.95);
    f->p99 = quantile(sorted, n, 0.99);
    f->max = sorted[n - 1];
    f->cvar99 = mean_of(sorted + n - tail, tail);
    f->worst_trajectory = worst_mean(set, error);
}

static void rollout_figures(const struct weir_evalset *set, float *sorted,
                            struct weir_evaluation *out)
{
    size_t n = 0;
    out->rollout_step = set->rollout;
    for (uint32_t i = 0; set->rollout && i < set->n; i++) {
        if (!set->valid[i])
            continue;
        if (set->rolled[i] <= 1.0f) /* false for NaN too */
            sorted[n++] = set->rolled[i];
        else
            out->rollout_failures++;
    }
    if (n == 0)
        return;
    qsort(sorted, n, sizeof(*sorted), ascending);
    out->rollout_mean = mean_of(sorted, n);
    out->rollout_median = quantile(sorted, n, 0.5);
}

int weir_evalset_figures(const struct weir_evalset *set,
                         struct weir_evaluation *out)
{
    float *sorted = weir_array((size_t)set->n * set->steps, sizeof(float));
    if (!sorted)
        return WEIR_FAIL(ENOMEM, "evaluation figures");
    *out = (struct weir_evaluation){.trajectories = set->n};
    for (uint32_t i = 0; i < set->n; i++)
        out->invalid += !set->valid[i];
    figures_of(set, set->error, sorted, &out->error);
    figures_of(set, set->persistence, sorted, &out->persistence);
    rollout_figures(set, sorted, out);
    free(sorted);
    return 0;
}
