/* SPDX-License-Identifier: BSD-3-Clause */
#include "pipeline/stages/trainer.h"

#include "base/clock.h"
#include "base/heap.h"
#include "pipeline/run/probe.h"
#include "pipeline/run/telemetry.h"
#include "pipeline/run/trainer_memory.h"
#include "pipeline/stages/boundary.h"
#include "pipeline/stages/reference.h"

#include <math.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* What passes through a core in about the time that a meeting takes where a
 * group may have to wait for a core first. */
#define LED_BYTES (2 << 20)

struct group {
    struct weir_trainer *t;
    struct weir_surrogate *surrogate;
    const float **sample; /* [micro] */
    float *grad; /* of one micro-batch, to be added; NULL: none need be */
    uint32_t id;
    pthread_t thread;
    bool started;
};

static struct weir_adam_config adam_of(const struct weir_config *cfg)
{
    struct weir_adam_config a = weir_adam_defaults();
    a.lr = cfg->training.learning_rate;
    a.beta1 = cfg->training.beta1;
    a.beta2 = cfg->training.beta2;
    a.eps = cfg->training.epsilon;
    a.weight_decay = cfg->training.weight_decay;
    a.optimiser = cfg->training.optimiser;
    a.schedule = cfg->training.schedule;
    a.warmup_steps = (uint64_t)weir_config_warmup_steps(cfg);
    a.total_steps = (uint64_t)weir_config_planned_steps(cfg);
    if (a.total_steps <= a.warmup_steps)
        a.total_steps = a.warmup_steps + 1;
    return a;
}

static struct weir_clip_config clip_of(const struct weir_config *cfg)
{
    return (struct weir_clip_config){
        .rule = cfg->training.clip,
        .limit = weir_config_clip_limit(cfg),
        .warmup_steps = (uint64_t)weir_config_warmup_steps(cfg),
    };
}

/* There is nothing that a residual could be relative to. */
static int check_difficulty(const struct weir_run *run)
{
    if (!run->info.residual || run->cfg->acquisition.loss_type !=
                                   (enum weir_difficulty)WEIR_LOSS_NRMSE)
        return 0;
    WEIR_FAIL(WEIR_ECONFIG, "acquisition.loss_type is nrmse, but a residual is "
                            "measured against 0");
    return weir_err_hint("set acquisition.loss_type to mae: |residual|");
}

static int create_model(struct weir_trainer *t)
{
    const struct weir_config *cfg = t->run->cfg;
    int rc = weir_run_model(t->run, &t->model);
    rc = rc ? rc : check_difficulty(t->run);
    if (rc)
        return rc;
    t->stride = weir_ensemble_stride(t->model);
    rc = weir_weights_create(&t->weights, (size_t)t->members * t->stride,
                             cfg->training.ema);
    rc = rc ? rc
            : weir_ensemble_init(t->model, cfg->run.seed, t->members,
                                 t->weights.w[0]);
    if (rc == 0 && t->weights.decay > 0)
        memcpy(t->weights.average[0], t->weights.w[0],
               t->weights.n * sizeof(float));
    rc = rc ? rc
            : weir_normaliser_init(&t->normaliser, t->run->info.shape.channels);
    return rc;
}

/* Weights, two moments and their results, beside the gradients. */
static bool is_led(const struct weir_trainer *t)
{
    size_t arrays = 6 + t->run->gradients;
    return t->run->plan.sharing != WEIR_SHARING_OWN &&
           arrays * t->weights.n * sizeof(float) <= LED_BYTES;
}

static int allocate(struct weir_trainer *t)
{
    uint32_t m = t->run->micro_batches, g = t->run->groups;
    size_t losses = (size_t)t->members * m * t->micro;
    bool whole = true;
    t->slot = weir_array(t->batch, sizeof(*t->slot));
    t->grad = weir_array(t->run->gradients, sizeof(*t->grad));
    t->loss = weir_array(losses, sizeof(float));
    t->difficulty = weir_array((size_t)m * t->micro, sizeof(float));
    if (t->members > 1)
        whole &= !!(t->predicted = weir_array(
                        (losses + 1) * t->run->frame_floats, sizeof(float)));
    t->square = weir_array(weir_norm_pieces(t->weights.n), sizeof(double));
    t->best = weir_array(t->weights.n, sizeof(float));
    t->group = weir_array(g, sizeof(*t->group));
    for (uint32_t i = 0; t->grad && i < t->run->gradients; i++)
        whole &= !!(t->grad[i] = weir_array(t->weights.n, sizeof(float)));
    for (uint32_t i = 0; t->group && i < g; i++) {
        t->group[i] = (struct group){.t = t, .id = i};
        whole &= !!(t->group[i].sample =
                        weir_array(t->micro, sizeof(*t->group[i].sample)));
        if (t->run->cfg->training.accumulate > 1)
            whole &=
                !!(t->group[i].grad = weir_array(t->stride, sizeof(float)));
    }
    if (!whole || !t->slot || !t->grad || !t->loss || !t->difficulty ||
        !t->square || !t->best || !t->group)
        return WEIR_FAIL(ENOMEM, "trainer of %u groups", g);
    return 0;
}

/* Validation and test take segments of the Halton sequence that do not meet. */
static int create_sets(struct weir_trainer *t)
{
    const struct weir_config *cfg = t->run->cfg;
    uint32_t n = (uint32_t)cfg->validation.trajectories;
    /* Before training: the test set is not made until after it. */
    int rc = weir_reference_check(t->run, (uint32_t)cfg->test.trajectories);
    if (rc || n == 0)
        return rc;
    return weir_evalset_create(t->run, n, 0, cfg->validation.seed, 1,
                               &t->validation);
}

int weir_trainer_create(struct weir_run *run,
                        struct weir_acquisition *acquisition,
                        struct weir_trainer **out)
{
    struct weir_trainer *t = weir_array(1, sizeof(*t));
    if (!t)
        return WEIR_FAIL(ENOMEM, "trainer");
    *out = t;
    t->run = run;
    t->acquisition = acquisition;
    t->batch = (uint32_t)run->cfg->training.batch;
    t->micro = (uint32_t)run->cfg->training.micro_batch;
    t->members = run->cfg->training.members;
    t->adam = adam_of(run->cfg);
    t->clip = clip_of(run->cfg);
    t->best_validation = INFINITY;
    t->groups = (uint32_t)run->seats.groups;
    t->moves = weir_moves_start(run);
    weir_barrier_init(&t->barrier, t->groups);
    weir_crew_init(&t->crew, t->groups);
    pthread_mutex_init(&t->gate, NULL);
    int rc = create_model(t);
    if (rc == 0)
        weir_acquisition_attach(acquisition, &t->weights, &t->normaliser);
    t->is_led = rc == 0 && is_led(t);
    rc = rc ? rc : allocate(t);
    rc = rc ? rc : create_sets(t);
    return rc ? rc : weir_boundary_create(t, &t->boundary);
}

void weir_trainer_forget_best(struct weir_trainer *t)
{
    t->best_validation = INFINITY;
    t->validated = false;
}

void weir_trainer_destroy(struct weir_trainer *t)
{
    if (!t)
        return;
    for (uint32_t i = 0; t->group && i < t->run->groups; i++) {
        weir_surrogate_destroy(t->group[i].surrogate);
        free(t->group[i].sample);
        free(t->group[i].grad);
    }
    for (uint32_t i = 0; t->grad && i < t->run->gradients; i++)
        free(t->grad[i]);
    weir_boundary_destroy(t->boundary);
    weir_evalset_destroy(&t->validation);
    weir_evalset_destroy(&t->test);
    weir_weights_destroy(&t->weights);
    weir_model_destroy(t->model);
    free(t->slot);
    free(t->grad);
    free(t->loss);
    free(t->difficulty);
    free(t->predicted);
    free(t->square);
    free(t->best);
    free(t->group);
    pthread_mutex_destroy(&t->gate);
    free(t);
}

size_t weir_trainer_bytes(const struct weir_trainer *t)
{
    size_t vectors = 7 + t->run->gradients + (t->weights.decay > 0 ? 2 : 0);
    size_t bytes = vectors * t->weights.n * sizeof(float);
    if (t->predicted)
        bytes += weir_trainer_predicted_bytes(t->run);
    for (uint32_t i = 0; i < t->run->groups; i++)
        if (t->group[i].surrogate)
            bytes += weir_surrogate_bytes(t->group[i].surrogate);
    return bytes;
}

/* ---- one step, by every group ---- */

static void note(const struct group *g, enum weir_metric metric, int64_t ns)
{
    weir_hist_record(weir_telemetry_hist(g->t->run, metric, g->id), ns);
}

/* @return whether this group leads until it opens the barrier */
static bool arrive(struct group *g)
{
    int64_t begin = weir_now_ns();
    uint64_t step = g->t->step; /* others may go on before this one looks */
    WEIR_BEGIN(meet, step, 0);
    bool leads = weir_barrier_arrive(&g->t->barrier);
    WEIR_END(meet, step, 0);
    if (!leads)
        note(g, WEIR_METRIC_GROUP_WAIT, weir_now_ns() - begin);
    return leads;
}

static void note_passes(const struct group *g, uint32_t m, int64_t begin)
{
    int64_t turned = weir_surrogate_turned_ns(g->surrogate);
    int64_t end = weir_now_ns();
    uint32_t step = (uint32_t)g->t->step;
    note(g, WEIR_METRIC_FORWARD, turned - begin);
    note(g, WEIR_METRIC_BACKWARD, end - turned);
    if (!weir_trace_here)
        return;
    weir_trace_begin(WEIR_SPAN_forward, step, m, begin);
    weir_trace_end(WEIR_SPAN_forward, turned);
    weir_trace_begin(WEIR_SPAN_backward, step, m, turned);
    weir_trace_end(WEIR_SPAN_backward, end);
}

static const float *frames_of(const struct weir_trainer *t, uint32_t i)
{
    return weir_slot_at(&t->run->slots, t->slot[i])->frames;
}

/* Numbers that are predicted for a sample. */
static size_t predicted_floats(const struct weir_run *run)
{
    return run->info.residual ? 1 : run->frame_floats;
}

/* How hard sample @p i is, of which its members predict @p p. */
static void judge(struct weir_trainer *t, uint32_t i, const float **p)
{
    static const float no_residual = 0;
    const struct weir_run *run = t->run;
    size_t given = weir_given_floats(&run->info), n = predicted_floats(run);
    size_t all = (size_t)run->micro_batches * t->micro;
    const float *truth =
        frames_of(t, i) + weir_slot_floats(&run->slots) - n + given;
    for (int m = 0; m < t->members; m++)
        p[m] += given;
    t->difficulty[i] = weir_difficulty(
        run->cfg->acquisition.loss_type, p, (size_t)t->members,
        run->info.residual ? &no_residual : truth, n - given,
        t->predicted ? t->predicted + (size_t)t->members * all * n : NULL);
}

/* What one member predicts is judged at once, several wait for each other. */
static void note_predictions(const struct group *g, uint32_t member, uint32_t m)
{
    struct weir_trainer *t = g->t;
    const float *p =
        weir_difficulty_is_evidential(t->run->cfg->acquisition.loss_type)
            ? weir_surrogate_variance(g->surrogate)
            : weir_surrogate_predicted(g->surrogate);
    size_t n = predicted_floats(t->run);
    size_t at = ((size_t)member * t->run->micro_batches + m) * t->micro;
    if (t->predicted)
        memcpy(t->predicted + at * n, p, t->micro * n * sizeof(float));
    for (uint32_t i = 0; i < t->micro && !t->predicted; i++, p += n)
        if (at + i < t->n)
            judge(t, (uint32_t)at + i, (const float *[]){p});
}

static int train_micro_batch(struct group *g, uint32_t member, uint32_t m,
                             float *grad)
{
    struct weir_trainer *t = g->t;
    size_t weights = member * t->stride;
    size_t losses = ((size_t)member * t->run->micro_batches + m) * t->micro;
    for (uint32_t i = 0; i < t->micro; i++) {
        uint32_t at = m * t->micro + i;
        g->sample[i] = at < t->n ? frames_of(t, at) : NULL;
    }
    weir_surrogate_set_draw(
        g->surrogate, weir_ensemble_seed(t->run->cfg->run.seed, (int)member),
        t->step, m);
    WEIR_BEGIN(passes, t->step, m);
    int64_t begin = weir_now_ns();
    int rc = weir_surrogate_train(
        g->surrogate, t->weights.w[t->weights.now] + weights, &t->normaliser,
        g->sample, 1.0f / (float)t->n, grad, t->loss + losses);
    note_predictions(g, member, m);
    note_passes(g, m, begin);
    WEIR_END(passes, t->step, m);
    return rc;
}

/* Gradients of the micro-batches that share a buffer, added in their order. */
static int train_part(struct group *g, uint32_t member, uint32_t part)
{
    struct weir_trainer *t = g->t;
    uint32_t share = (uint32_t)t->run->cfg->training.accumulate;
    uint32_t first = part * share, end = first + share;
    float *sum = t->grad[part] + member * t->stride;
    end = end < t->run->micro_batches ? end : t->run->micro_batches;
    int rc = train_micro_batch(g, member, first, sum);
    for (uint32_t m = first + 1; m < end && rc == 0; m++) {
        rc = train_micro_batch(g, member, m, g->grad);
        weir_gradient_add(t->stride, g->grad, sum);
    }
    return rc;
}

/* A sample's loss is the mean of its members'; it takes the first's place. */
static void merge_members(struct weir_trainer *t)
{
    size_t all = (size_t)t->run->micro_batches * t->micro;
    size_t n = predicted_floats(t->run);
    for (uint32_t i = 0; t->members > 1 && i < t->n; i++) {
        const float *p[WEIR_MEMBERS_MAX];
        double sum = 0;
        for (size_t m = 0; m < (size_t)t->members; m++) {
            sum += t->loss[m * all + i];
            p[m] = t->predicted + (m * all + i) * n;
        }
        t->loss[i] = (float)(sum / t->members);
        judge(t, i, p);
    }
}

/* Over the whole batch, in its order: the same for any number of groups. */
static void gather_statistics(struct weir_trainer *t)
{
    double loss = 0, sum = 0, square = 0;
    merge_members(t);
    for (uint32_t i = 0; i < t->n; i++) {
        loss += t->loss[i];
        sum += t->difficulty[i];
    }
    double mean = sum / t->n;
    for (uint32_t i = 0; i < t->n; i++)
        square += (t->difficulty[i] - mean) * (t->difficulty[i] - mean);
    t->mean_loss = loss / t->n;
    t->mean = (float)mean;
    t->deviation = (float)sqrt(square / t->n);
    t->must_skip = !isfinite(t->mean_loss);
    t->norm = t->must_skip ? NAN : 0;
}

/* A group's slice: whole pieces, so that their sums are whose they are. */
static void slice_of(const struct weir_trainer *t, uint32_t id, size_t *from,
                     size_t *to)
{
    size_t pieces = t->weights.n / WEIR_NORM_PIECE;
    *from = pieces * id / t->groups * WEIR_NORM_PIECE;
    *to = pieces * (id + 1) / t->groups * WEIR_NORM_PIECE;
}

/* A part of a slice that is treated alike. */
struct stretch {
    size_t end, member;
    bool measured; /* running statistics */
};

static bool next_stretch(const struct weir_trainer *t, size_t from, size_t to,
                         struct stretch *s)
{
    if (from >= to)
        return false;
    size_t first = from / t->stride * t->stride;
    size_t trained = weir_norm_pieces(weir_model_trained(t->model));
    size_t measured = first + trained * WEIR_NORM_PIECE;
    s->member = from / t->stride;
    s->measured = from >= measured;
    s->end = s->measured ? first + t->stride : measured;
    s->end = s->end < to ? s->end : to;
    return true;
}

static void reduce_slice(struct weir_trainer *t, uint32_t id)
{
    size_t from, to;
    slice_of(t, id, &from, &to);
    weir_reduce_tree((const float *const *)t->grad, (int)t->run->gradients,
                     from, to, t->grad[0]);
    for (struct stretch s; next_stretch(t, from, to, &s); from = s.end)
        if (!s.measured)
            weir_norm_add(t->grad[0], from, s.end, t->square);
}

static void gather_norm(struct weir_trainer *t)
{
    size_t pieces = t->stride / WEIR_NORM_PIECE;
    double norm[WEIR_MEMBERS_MAX];
    t->norm = 0;
    for (int m = 0; m < t->members; m++) {
        norm[m] = weir_norm(t->square + (size_t)m * pieces, pieces);
        t->norm = norm[m] > t->norm || isnan(norm[m]) ? norm[m] : t->norm;
    }
    t->must_skip = !isfinite(t->norm);
    for (int m = 0; m < t->members && !t->must_skip; m++)
        t->scale[m] =
            weir_clip_scale(&t->clip, t->step, norm[m], &t->running[m]);
}

/* Whether the update waits for the norm of the whole gradient. */
static bool needs_norm(const struct weir_trainer *t)
{
    return t->clip.rule != WEIR_CLIP_NONE ||
           t->run->cfg->training.on_nonfinite == WEIR_NONFINITE_SKIP;
}

void weir_trainer_settle_norm(struct weir_trainer *t)
{
    if (!needs_norm(t))
        gather_norm(t);
}

/* Member by member, for each has its own scale. */
static void update_slice(struct weir_trainer *t, uint32_t id)
{
    uint64_t update = t->step - t->skipped;
    size_t from, to;
    slice_of(t, id, &from, &to);
    for (struct stretch s; next_stretch(t, from, to, &s); from = s.end) {
        struct weir_adam adam = weir_adam_at(
            &t->adam, t->step, update, needs_norm(t) ? t->scale[s.member] : 1);
        if (s.measured)
            weir_weights_follow(&t->weights, update == 0, t->grad[0], from,
                                s.end);
        else
            weir_weights_update(&t->weights, &adam, update == 0, t->grad[0],
                                from, s.end);
    }
}

/* The leader decides in between what becomes of the gradient. */
static void update(struct weir_trainer *t, uint32_t id)
{
    if (t->must_skip)
        return;
    reduce_slice(t, id);
    if (needs_norm(t) && weir_barrier_arrive(&t->barrier)) {
        gather_norm(t);
        weir_barrier_open(&t->barrier);
    }
    if (!t->must_skip)
        update_slice(t, id);
}

/* The leader, of all slices. */
static void update_all(struct weir_trainer *t)
{
    for (uint32_t id = 0; id < t->groups && !t->must_skip; id++)
        reduce_slice(t, id);
    if (needs_norm(t) && !t->must_skip)
        gather_norm(t);
    for (uint32_t id = 0; id < t->groups && !t->must_skip; id++)
        update_slice(t, id);
}

static void publish_losses(struct weir_trainer *t, uint32_t id)
{
    struct weir_loss_ring *ring = t->run->loss[id];
    uint32_t groups = t->groups;
    /* Of a batch that counted for nothing strategies learn nothing. */
    for (uint32_t i = 0; i < t->n && !t->must_skip; i++) {
        if (i / t->micro % groups != id)
            continue;
        const struct weir_slot *s = weir_slot_at(&t->run->slots, t->slot[i]);
        struct weir_loss_record r = {
            .batch = t->step,
            .mean = t->mean,
            .deviation = t->deviation,
            .simulation = s->simulation,
            .step = s->step,
            .loss = t->difficulty[i],
            .index = (uint16_t)i,
            .total = (uint16_t)t->n,
        };
        weir_loss_publish(ring, &r);
    }
    if (id == 0) {
        weir_acquisition_note_publish(t->acquisition, t->step);
        WEIR_HOP(loss_publish, t->step, id, 0);
    }
    /* Readers wait for every ring: those of groups at rest go on too. */
    for (uint32_t r = id; r < t->run->groups; r += groups)
        weir_loss_publish_batch(t->run->loss[r], t->step + 1);
    if (!weir_run_is_lockstep(t->run))
        weir_doorbell_ring(t->run->acquire_bell);
}

/* What follows the passes: of a group's own slice, or, by a leader, of all. */
static void finish_step(struct group *g)
{
    struct weir_trainer *t = g->t;
    uint32_t from = t->is_led ? 0 : g->id;
    uint32_t to = t->is_led ? t->groups : g->id + 1;
    int64_t begin = weir_now_ns();
    WEIR_BEGIN(reduce, t->step, g->id);
    t->is_led ? update_all(t) : update(t, g->id);
    WEIR_END(reduce, t->step, g->id);
    note(g, WEIR_METRIC_REDUCE, weir_now_ns() - begin);
    WEIR_BEGIN(publish, t->step, g->id);
    for (uint32_t id = from; id < to; id++)
        publish_losses(t, id);
    WEIR_END(publish, t->step, g->id);
}

static int train_step(struct group *g)
{
    struct weir_trainer *t = g->t;
    uint32_t parts = t->run->gradients;
    uint32_t all = (uint32_t)t->members * parts;
    int rc = 0;
    for (uint32_t k = g->id; rc == 0 && k < all; k += t->groups)
        rc = train_part(g, k / parts, k % parts);
    if (t->is_led)
        return rc;
    if (arrive(g)) {
        gather_statistics(t);
        weir_barrier_open(&t->barrier);
    }
    finish_step(g);
    return rc;
}

/* ---- validation and test, by every group ---- */

static int measure(struct group *g, struct weir_evalset *set,
                   const float *packed)
{
    struct weir_trainer *t = g->t;
    struct weir_ensemble e = {t->members, t->stride, packed, &t->normaliser};
    return weir_evalset_measure(set, g->id, t->groups, g->surrogate,
                                (int)t->micro, &e);
}

static int test(struct group *g)
{
    struct weir_trainer *t = g->t;
    int rc = weir_evalset_fill(&t->test, g->id, t->groups);
    const float *packed =
        t->validated ? t->best : weir_weights_shown(&t->weights);
    return rc ? rc : measure(g, &t->test, packed);
}

/* What a set lacks that nobody will measure is no failure: the run is told to
 * end, and makes it anew when it goes on. */
static int evaluate(struct group *g)
{
    struct weir_trainer *t = g->t;
    int rc = 0;
    switch (t->phase) {
    case WEIR_PHASE_PREPARE:
        rc = weir_evalset_fill(&t->validation, g->id, t->groups);
        break;
    case WEIR_PHASE_VALIDATE:
        rc = measure(g, &t->validation, weir_weights_shown(&t->weights));
        break;
    case WEIR_PHASE_TEST:
        rc = test(g);
        break;
    case WEIR_PHASE_TRAIN:
    case WEIR_PHASE_STOP:
        break;
    }
    return rc == -ECANCELED ? 0 : rc;
}

static int work(struct group *g)
{
    struct weir_trainer *t = g->t;
    if (t->phase == WEIR_PHASE_TRAIN)
        return train_step(g);
    WEIR_BEGIN(evaluate, t->step, g->id);
    int rc = evaluate(g);
    WEIR_END(evaluate, t->step, g->id);
    return rc;
}

static int enter(struct group *g)
{
    struct weir_trainer *t = g->t;
    const struct weir_config *cfg = t->run->cfg;
    char name[16];
    snprintf(name, sizeof(name), "weir-group%u", g->id % 10000);
    weir_run_enter(t->run, weir_seats_group(&t->run->seats, g->id), name);
    struct weir_surrogate_config s = {
        .batch = (int)t->micro,
        .unroll = cfg->training.unroll,
        .threads = t->run->plan.cores_per_group,
        .residual = cfg->training.residual,
        .loss = cfg->training.loss,
        .equation = t->run->info.residual,
        .evidence = cfg->training.evidence,
        .inputs = weir_run_inputs(t->run),
    };
    return weir_surrogate_create(t->model, &s, &g->surrogate);
}

/* Groups wait for one another: they begin when all exist, or not at all. */
static bool pass_gate(struct weir_trainer *t)
{
    pthread_mutex_lock(&t->gate);
    bool whole = t->is_whole;
    pthread_mutex_unlock(&t->gate);
    return whole;
}

void weir_trainer_employ(struct weir_trainer *t, uint32_t groups)
{
    t->groups = groups;
    weir_barrier_resize(&t->barrier, groups);
    if (groups < weir_crew_active(&t->crew))
        weir_crew_set(&t->crew, groups);
}

/* Whoever is called finds the barrier open and itself counted on. */
static void lead(struct group *g)
{
    struct weir_trainer *t = g->t;
    if (t->is_led && t->phase == WEIR_PHASE_TRAIN && t->n > 0) {
        gather_statistics(t);
        finish_step(g);
        /* Acquisition was woken, maybe on this core: it has little to do. */
        if (!weir_run_is_lockstep(t->run))
            sched_yield();
    }
    weir_boundary_pass(t->boundary);
    uint32_t groups = t->groups;
    bool calls = groups > weir_crew_active(&t->crew);
    weir_barrier_open(&t->barrier);
    if (calls)
        weir_crew_set(&t->crew, groups);
}

static void *group_thread(void *arg)
{
    struct group *g = arg;
    struct weir_trainer *t = g->t;
    if (!pass_gate(t))
        return NULL;
    int rc = enter(g);
    for (bool is_new = g->id >= (uint32_t)t->run->seats.groups;;
         is_new = false) {
        if (rc < 0)
            weir_stop_fail(&t->run->stop);
        if (!is_new && arrive(g))
            lead(g);
        weir_crew_wait(&t->crew, g->id);
        if (t->phase == WEIR_PHASE_STOP)
            return NULL;
        rc = work(g);
    }
}

int weir_trainer_start(struct weir_trainer *t)
{
    int rc = 0;
    pthread_mutex_lock(&t->gate);
    for (uint32_t i = 0; rc == 0 && i < t->run->groups; i++) {
        rc = pthread_create(&t->group[i].thread, NULL, group_thread,
                            &t->group[i]);
        t->group[i].started = rc == 0;
    }
    t->is_whole = rc == 0;
    pthread_mutex_unlock(&t->gate);
    return rc ? WEIR_FAIL(rc, "%u trainer threads", t->run->groups) : 0;
}

bool weir_trainer_try_join(struct weir_trainer *t, int64_t timeout_ns)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    timeout_ns += until.tv_nsec;
    until.tv_sec += timeout_ns / 1000000000;
    until.tv_nsec = timeout_ns % 1000000000;
    for (uint32_t i = 0; i < t->run->groups; i++) {
        if (!t->group[i].started)
            continue;
        if (pthread_timedjoin_np(t->group[i].thread, NULL, &until))
            return false;
        t->group[i].started = false;
    }
    return true;
}
