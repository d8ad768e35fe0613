/* SPDX-License-Identifier: BSD-3-Clause */
#include "pipeline/stages/evaluation.h"

#include "acquire/halton.h"
#include "base/heap.h"
#include "base/rng.h"
#include "pipeline/stages/reference.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

int weir_evalset_allocate(uint32_t n, uint32_t steps, uint32_t rollout,
                          size_t frame, struct weir_evalset *out)
{
    size_t frames = (size_t)n * (steps + 1), pairs = (size_t)n * steps;
    *out = (struct weir_evalset){
        .frame = frame,
        .n = n,
        .steps = steps,
        .rollout = rollout < steps ? rollout : steps,
        .state = weir_array(frames * frame, sizeof(float)),
        .valid = weir_array(n, sizeof(bool)),
        .error = weir_array(pairs, sizeof(float)),
        .persistence = weir_array(pairs, sizeof(float)),
        .spread = weir_array(pairs, sizeof(float)),
        .rolled = weir_array(n, sizeof(float)),
    };
    if (out->state && out->valid && out->error && out->persistence &&
        out->spread && out->rolled)
        return 0;
    weir_evalset_destroy(out);
    return WEIR_FAIL(ENOMEM, "evaluation set of %u trajectories", n);
}

/* A set for a direct surrogate keeps what it is filled from. */
static int want_parameters(struct weir_evalset *set,
                           const struct weir_inputs *inputs)
{
    set->inputs = *inputs;
    set->parameter =
        weir_array((size_t)set->n * inputs->space->n, sizeof(double));
    return set->parameter ? 0 : WEIR_FAIL(ENOMEM, "evaluation set");
}

int weir_evalset_create(const struct weir_run *run, uint32_t n,
                        uint32_t rollout, uint64_t seed, uint64_t first,
                        struct weir_evalset *out)
{
    if (run->info.residual)
        return weir_reference_create(run, n, out);
    int rc = weir_evalset_allocate(n, (uint32_t)run->cfg->simulations.steps,
                                   rollout, run->frame_floats, out);
    if (rc)
        return rc;
    out->run = run;
    out->given = weir_given_floats(&run->info);
    if (weir_run_inputs(run))
        rc = want_parameters(out, weir_run_inputs(run));
    out->seed = seed;
    out->first = first;
    return rc;
}

void weir_evalset_destroy(struct weir_evalset *set)
{
    free(set->at);
    free(set->state);
    free(set->parameter);
    free(set->valid);
    free(set->error);
    free(set->persistence);
    free(set->spread);
    free(set->rolled);
    free(set->prediction);
    *set = (struct weir_evalset){0};
}

static float *state_of(const struct weir_evalset *set, uint32_t i, uint32_t t)
{
    return set->state + ((size_t)i * (set->steps + 1) + t) * set->frame;
}

/* A Halton point, shifted as a whole by what the seed says. */
int weir_evalset_parameters(const struct weir_evalset *set,
                            const struct weir_space *space, uint32_t i,
                            double *value)
{
    struct weir_rng shift = weir_rng_stream(set->seed, WEIR_RNG_VALIDATION, 0);
    int rc = weir_halton(set->first + i, space->n, value);
    if (rc)
        return rc;
    for (size_t j = 0; j < space->n; j++)
        value[j] = fmod(value[j] + weir_rng_uniform(&shift), 1.0);
    weir_space_to_box(space, value, value);
    return 0;
}

static int simulate_once(struct weir_evalset *set, uint32_t i, void *lane,
                         const double *value)
{
    const struct weir_solver_ops *solver = set->run->solver;
    if (solver->announce)
        solver->announce(lane, (uint32_t)set->first + i, 0);
    int rc = solver->start(lane, value);
    for (uint32_t t = 0; rc == 0 && t <= set->steps; t++) {
        if (t > 0)
            rc = solver->step(lane);
        if (rc == 0)
            rc = weir_solver_take_frame(solver, lane, state_of(set, i, t));
    }
    return rc;
}

/* @return 0, also when the trajectory diverged: then it is invalid */
static int simulate(struct weir_evalset *set, uint32_t i, void *lane,
                    double *value)
{
    int crashes = set->run->cfg->simulations.crashes_before_redraw;
    int rc = weir_evalset_parameters(set, &set->run->cfg->space, i, value);
    if (rc)
        return rc;
    if (set->parameter)
        memcpy(set->parameter + i * set->run->cfg->space.n, value,
               set->run->cfg->space.n * sizeof(*value));
    do
        rc = simulate_once(set, i, lane, value);
    while (rc == -ECONNRESET && --crashes > 0);
    set->valid[i] = rc == 0;
    if (rc == -ECONNRESET)
        rc = -WEIR_EDIVERGED;
    return rc == -WEIR_EDIVERGED ? 0 : rc;
}

int weir_evalset_fill(struct weir_evalset *set, uint32_t part, uint32_t parts)
{
    const struct weir_run *run = set->run;
    if (set->at) /* a reference is whole from the beginning */
        return 0;
    double *value = weir_array(run->cfg->space.n, sizeof(*value));
    void *lane = NULL;
    int rc = value ? run->solver->create(run->solver_config, &lane)
                   : WEIR_FAIL(ENOMEM, "evaluation set");
    for (uint32_t i = part; rc == 0 && i < set->n; i += parts)
        rc = weir_stop_reason(&run->stop) >= WEIR_STOP_CHECKPOINT
                 ? -ECANCELED
                 : simulate(set, i, lane, value);
    if (lane)
        run->solver->destroy(lane);
    free(value);
    return rc;
}

/* Error of a prediction of @p truth: both whole states. */
static float error_of(const struct weir_evalset *set, const float *prediction,
                      const float *truth)
{
    return weir_loss(WEIR_LOSS_NRMSE, prediction + set->given,
                     truth + set->given, set->frame - set->given);
}

/* @p mean a state of means, of a steady problem; else NULL. */
static void measure_persistence(struct weir_evalset *set, uint32_t i,
                                const float *mean)
{
    for (uint32_t t = 0; t < set->steps; t++)
        set->persistence[(size_t)i * set->steps + t] = error_of(
            set, mean ? mean : state_of(set, i, t), state_of(set, i, t + 1));
}

/* One measurement by one group. */
struct work {
    struct weir_surrogate *surrogate;
    const struct weir_ensemble *ensemble;
    int batch;
    float *states; /* (members, batch, frame) */
    float *mean, *spread, *variance;
    float *in;    /* (batch, numbers) of a direct surrogate */
    float *guess; /* a state that is the mean of the data everywhere */
};

static int open_work(struct work *w, size_t frame)
{
    size_t floats = (size_t)w->batch * frame;
    size_t in = (size_t)w->batch * weir_surrogate_reads(w->surrogate);
    w->states =
        weir_array(floats * (size_t)(w->ensemble->members + 3) + frame + in,
                   sizeof(float));
    if (!w->states)
        return WEIR_FAIL(ENOMEM, "evaluation of %d states", w->batch);
    w->mean = w->states + floats * (size_t)w->ensemble->members;
    w->spread = w->mean + floats;
    w->variance = w->spread + floats;
    w->guess = w->variance + floats;
    w->in = w->guess + frame;
    size_t points = frame / (size_t)w->ensemble->norm->channels;
    for (size_t i = 0; i < frame; i++)
        w->guess[i] = w->ensemble->norm->mean[i / points];
    return 0;
}

/* rms(spread) / max(rms(truth), 1e-6): the error of the spread against 0,
 * relative to the truth. */
float weir_evalset_relative_spread(const float *spread, const float *truth,
                                   size_t n)
{
    double square = 0, size = 0;
    for (size_t i = 0; i < n; i++) {
        square += (double)spread[i] * spread[i];
        size += (double)truth[i] * truth[i];
    }
    return (float)(sqrt(square / (double)n) /
                   fmax(sqrt(size / (double)n), 1e-6));
}

/* @p k predictions for states t + 1 .. t + k of trajectory @p i. */
static void keep_steps(struct weir_evalset *set, const float *prediction,
                       uint32_t i, uint32_t t, int k)
{
    size_t n = set->frame, at = (size_t)i * set->steps + t;
    if (set->prediction)
        memcpy(set->prediction + at * n, prediction,
               (size_t)k * n * sizeof(*prediction));
}

static void note_steps(struct weir_evalset *set, const struct work *w,
                       uint32_t i, uint32_t t, int k)
{
    size_t n = set->frame;
    for (int j = 0; j < k; j++) {
        size_t at = (size_t)i * set->steps + t + (uint32_t)j;
        const float *truth = state_of(set, i, t + 1 + (uint32_t)j);
        set->error[at] = error_of(set, w->mean + (size_t)j * n, truth);
        set->spread[at] =
            weir_evalset_relative_spread(w->spread + (size_t)j * n + set->given,
                                         truth + set->given, n - set->given);
    }
}

/* Predict states t + 1 .. t + k of trajectory @p i: from the k before, which
 * are consecutive, so that a batch begins in place; or from inputs. */
static int predict_steps(const struct weir_evalset *set, uint32_t i, uint32_t t,
                         int k, const struct work *w)
{
    size_t numbers = weir_surrogate_reads(w->surrogate);
    if (!set->inputs.space) {
        weir_ensemble_start(w->ensemble, state_of(set, i, t),
                            (size_t)k * set->frame, w->states);
        return weir_ensemble_step(w->ensemble, w->surrogate, k, w->states,
                                  w->variance);
    }
    for (int j = 0; j < k; j++)
        weir_inputs_put(&set->inputs, set->parameter + i * set->inputs.space->n,
                        t + (uint32_t)j + 1, w->in + (size_t)j * numbers);
    return weir_ensemble_make(w->ensemble, w->surrogate, w->in, k, w->states,
                              w->variance);
}

static int measure_steps(struct weir_evalset *set, uint32_t i,
                         const struct work *w)
{
    size_t n = set->frame;
    for (uint32_t t = 0; t < set->steps; t += (uint32_t)w->batch) {
        int k = (int)(set->steps - t);
        k = k < w->batch ? k : w->batch;
        int rc = predict_steps(set, i, t, k, w);
        if (rc)
            return rc;
        weir_ensemble_gather(w->ensemble, w->states, (size_t)k * n, w->variance,
                             w->mean, w->spread);
        note_steps(set, w, i, t, k);
        keep_steps(set, w->mean, i, t, k);
    }
    return 0;
}

/* Roll out up to a batch of trajectories of the list together. */
static int measure_rollouts(struct weir_evalset *set, const uint32_t *list,
                            int k, const struct work *w)
{
    size_t n = set->frame;
    for (int j = 0; j < k; j++)
        memcpy(w->mean + (size_t)j * n, state_of(set, list[j], 0),
               n * sizeof(float));
    weir_ensemble_start(w->ensemble, w->mean, (size_t)k * n, w->states);
    for (uint32_t t = 0; t < set->rollout; t++) {
        int rc =
            weir_ensemble_step(w->ensemble, w->surrogate, k, w->states, NULL);
        if (rc)
            return rc;
    }
    weir_ensemble_gather(w->ensemble, w->states, (size_t)k * n, NULL, w->mean,
                         NULL);
    for (int j = 0; j < k; j++)
        set->rolled[list[j]] = error_of(set, w->mean + (size_t)j * n,
                                        state_of(set, list[j], set->rollout));
    return 0;
}

int weir_evalset_measure(struct weir_evalset *set, uint32_t part,
                         uint32_t parts, struct weir_surrogate *surrogate,
                         int batch, const struct weir_ensemble *ensemble)
{
    struct work w = {
        .surrogate = surrogate, .ensemble = ensemble, .batch = batch};
    uint32_t *list = weir_array((size_t)batch, sizeof(*list));
    int rc = list ? open_work(&w, set->frame) : WEIR_FAIL(ENOMEM, "evaluation");
    int k = 0;
    for (uint32_t i = part; rc == 0 && i < set->n; i += parts) {
        if (!set->valid[i])
            continue;
        measure_persistence(set, i,
                            weir_evalset_guesses_mean(set) ? w.guess : NULL);
        rc = set->at ? weir_reference_measure(set, i, surrogate, ensemble)
                     : measure_steps(set, i, &w);
        if (set->inputs.space && set->rollout) {
            set->rolled[i] =
                set->error[(size_t)i * set->steps + set->rollout - 1];
            continue;
        }
        list[k++] = i;
        if (rc == 0 && set->rollout && k == batch) {
            rc = measure_rollouts(set, list, k, &w);
            k = 0;
        }
        k = set->rollout ? k : 0;
    }
    if (rc == 0 && k > 0)
        rc = measure_rollouts(set, list, k, &w);
    free(w.states);
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

double weir_evalset_trajectory_error(const struct weir_evalset *set, uint32_t i)
{
    return mean_of(set->error + (size_t)i * set->steps, set->steps);
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

static double mean_spread(const struct weir_evalset *set)
{
    double sum = 0;
    size_t n = 0;
    for (uint32_t i = 0; i < set->n; i++)
        for (uint32_t t = 0; set->valid[i] && t < set->steps; t++, n++)
            sum += set->spread[(size_t)i * set->steps + t];
    return n ? sum / (double)n : 0;
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
    out->spread = mean_spread(set);
    free(sorted);
    return 0;
}

int weir_evalset_rollout_figures(const struct weir_evalset *set,
                                 struct weir_error_figures *out)
{
    const struct weir_evalset ends = {
        .n = set->n, .steps = 1, .valid = set->valid};
    float *sorted = weir_array(set->n, sizeof(float));
    if (!sorted)
        return WEIR_FAIL(ENOMEM, "evaluation figures");
    *out = (struct weir_error_figures){0};
    figures_of(&ends, set->rolled, sorted, out);
    free(sorted);
    return 0;
}
