/* SPDX-License-Identifier: BSD-3-Clause */
#include "pipeline/stages/boundary.h"

#include "base/clock.h"
#include "base/heap.h"
#include "base/log.h"
#include "io/checkpoint_dir.h"
#include "pipeline/record/checkpointer.h"
#include "pipeline/record/recorder.h"
#include "pipeline/run/probe.h"
#include "pipeline/run/telemetry.h"
#include "pipeline/stages/cut_leader.h"
#include "pipeline/stages/deal.h"
#include "pipeline/stages/intake.h"
#include "pipeline/stages/rate.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOOK_NS 100000000 /* how often a wait looks at the stop flag */
#define NEVER   UINT64_MAX
/* So many steps without effect, one after another, are no accident. */
#define SKIPS_IN_ROW 100

struct weir_boundary {
    struct weir_trainer *t;
    struct weir_run *run;
    const struct weir_config *cfg;
    struct weir_intake intake;
    struct weir_rate rate;
    bool started;      /* the watermark was reached, the scales are frozen */
    bool prepared;     /* the validation set is simulated */
    bool earned;       /* the coming step's credit is in already */
    bool unseen_first; /* the next draw follows a yield */
    bool over;         /* no sample will come again */
    uint64_t validated_at, cut_at; /* steps; NEVER: not yet */
    int64_t phase_began;
    int64_t waited_ns; /* before the step that comes */
    enum weir_ending ending;
    enum weir_ending wanted; /* what the run is ending with */
    struct weir_err_record
        unsaved; /* why the last checkpoint was not written */
};

int weir_boundary_create(struct weir_trainer *t, struct weir_boundary **out)
{
    struct weir_boundary *b = weir_array(1, sizeof(*b));
    if (!b)
        return WEIR_FAIL(ENOMEM, "trainer boundary");
    *out = b;
    b->t = t;
    b->run = t->run;
    b->cfg = t->run->cfg;
    b->rate = weir_rate_start(t->run->samples_per_batch, (int)t->batch);
    b->rate.every = (uint32_t)b->cfg->reservoir.every;
    b->validated_at = b->cut_at = NEVER;
    b->prepared = t->validation.n == 0;
    return weir_intake_create(t->run, t->acquisition, &b->intake);
}

void weir_boundary_destroy(struct weir_boundary *b)
{
    if (!b)
        return;
    weir_intake_destroy(&b->intake);
    free(b);
}

struct weir_intake *weir_boundary_intake(struct weir_boundary *b)
{
    return &b->intake;
}

enum weir_ending weir_boundary_ending(const struct weir_boundary *b)
{
    return b->ending;
}

/* The leader's own histograms. */
static void note(const struct weir_boundary *b, enum weir_metric metric,
                 int64_t value)
{
    weir_hist_record(weir_telemetry_hist(b->run, metric, 0), value);
}

/* ---- what the last phase left ---- */

/* A file that is still being written is waited for: it may be the newest. */
static uint64_t newest_checkpoint(const struct weir_boundary *b)
{
    uint64_t *steps = NULL, newest = 0;
    if (!b->t->checkpointer)
        return 0;
    weir_checkpointer_wait(b->t->checkpointer, true);
    if (weir_checkpoint_list(b->run->dir, &steps) > 0)
        newest = steps[0];
    free(steps);
    return newest;
}

static int diverged(const struct weir_boundary *b)
{
    const struct weir_trainer *t = b->t;
    const char *what = isfinite(t->mean_loss) ? "gradient" : "loss";
    uint64_t newest = newest_checkpoint(b);
    char path[PATH_MAX], kept[PATH_MAX + 64] = "no checkpoint was written";
    if (newest && weir_checkpoint_path(b->run->dir, newest, path) == 0)
        snprintf(kept, sizeof(kept), "the last good checkpoint is %s", path);
    WEIR_FAIL(WEIR_EDIVERGED,
              "training: the %s is not finite at gradient step %llu%s; %s",
              what, (unsigned long long)t->step,
              t->skipped_in_row ? ", after as many skipped as are allowed" : "",
              kept);
    return newest ? weir_err_hint("lower training.learning_rate, or go on from "
                                  "the last checkpoint with --resume")
                  : weir_err_hint("lower training.learning_rate, or narrow the "
                                  "ranges of parameters whose data are large");
}

static void record_step(struct weir_boundary *b, int64_t now)
{
    struct weir_trainer *t = b->t;
    struct weir_reservoir *r = b->intake.reservoir;
    struct weir_train_row row = {
        .step = t->step,
        .time = weir_run_seconds(b->run, now),
        .loss = t->mean_loss,
        .rate = weir_learning_rate(&t->adam, t->step),
        .gradient = t->norm,
        .skipped = t->must_skip,
        .difficulty = t->mean,
        .deviation = t->deviation,
        .samples = t->n,
        .resident = weir_reservoir_size(r),
        .unseen = weir_reservoir_unseen(r),
        .simulations = b->intake.finished,
        .waited = (double)b->waited_ns * 1e-9,
    };
    if (t->recorder)
        weir_recorder_push_train(t->recorder, &row);
    const struct weir_run_counters *c = &b->run->count;
    weir_counter_set(c->step, (int64_t)t->step + 1);
    weir_counter_set(c->loss, (int64_t)(t->mean_loss * 1e6));
    weir_counter_set(c->accepted, (int64_t)weir_reservoir_totals(r)->accepted);
    weir_counter_set(c->resident, row.resident);
    weir_counter_set(c->unseen, row.unseen);
    weir_counter_set(c->drawn, (int64_t)weir_reservoir_totals(r)->drawn);
    weir_counter_set(c->free, weir_reservoir_free(r));
}

/* @return whether the step may stay without effect */
static bool may_skip(struct weir_boundary *b)
{
    struct weir_trainer *t = b->t;
    if (b->cfg->training.on_nonfinite != WEIR_NONFINITE_SKIP ||
        t->skipped_in_row == SKIPS_IN_ROW)
        return false;
    if (t->skipped++ == 0)
        weir_log_warn("training",
                      "gradient step %llu is not finite and left out; more "
                      "will only be counted",
                      (unsigned long long)t->step);
    t->skipped_in_row++;
    return true;
}

static int after_step(struct weir_boundary *b)
{
    struct weir_trainer *t = b->t;
    int64_t now = weir_now_ns();
    weir_reservoir_settle(b->intake.reservoir);
    t->times.train += now - b->phase_began;
    note(b, WEIR_METRIC_STEP, now - b->phase_began);
    if (!t->must_skip)
        weir_trainer_settle_norm(t);
    if (t->must_skip && !may_skip(b))
        return diverged(b);
    if (!t->must_skip) {
        weir_weights_turn(&t->weights);
        t->skipped_in_row = 0;
    }
    record_step(b, now);
    t->step++;
    weir_moves_after_step(&t->moves, t);
    if (!weir_run_is_lockstep(b->run))
        return 0;
    int64_t asked = weir_now_ns();
    int rc = weir_acquisition_consume(t->acquisition);
    t->times.strategy += weir_now_ns() - asked;
    return rc;
}

/* The kept half may be what the checkpointer exports: then `best` is too. */
static void keep_best(struct weir_boundary *b)
{
    struct weir_trainer *t = b->t;
    double error = t->last_validation.error.mean;
    if (!(error < t->best_validation))
        return;
    if (t->checkpointer)
        weir_checkpointer_wait(t->checkpointer, false);
    t->best_validation = error;
    t->best_step = t->step;
    memcpy(t->best, weir_weights_shown(&t->weights),
           t->weights.n * sizeof(float));
}

static int after_validation(struct weir_boundary *b)
{
    struct weir_trainer *t = b->t;
    int64_t now = weir_now_ns();
    int rc = weir_evalset_figures(&t->validation, &t->last_validation);
    if (rc)
        return rc;
    t->times.validate += now - b->phase_began;
    b->validated_at = t->step;
    keep_best(b);
    t->validated = isfinite(t->best_validation);
    weir_counter_set(b->run->count.validation,
                     (int64_t)(t->last_validation.error.mean * 1e6));
    struct weir_evaluation_row row = {
        .step = t->step,
        .time = weir_run_seconds(b->run, now),
        .seconds = (double)(now - b->phase_began) * 1e-9,
        .e = t->last_validation,
    };
    if (t->recorder)
        weir_recorder_push_validation(t->recorder, &row);
    return 0;
}

static bool is_told_to_end(const struct weir_boundary *b)
{
    return weir_stop_reason(&b->run->stop) >= WEIR_STOP_CHECKPOINT;
}

static int after_phase(struct weir_boundary *b)
{
    struct weir_trainer *t = b->t;
    int64_t now = weir_now_ns();
    if (b->phase_began == 0)
        return 0; /* the first boundary of all */
    switch (t->phase) {
    case WEIR_PHASE_TRAIN:
        return after_step(b);
    case WEIR_PHASE_PREPARE:
        b->prepared = true;
        t->times.validate += now - b->phase_began;
        return 0;
    case WEIR_PHASE_VALIDATE:
        return after_validation(b);
    case WEIR_PHASE_TEST:
        if (is_told_to_end(b))
            return 0; /* the set may not be whole */
        t->tested = true;
        t->times.test += now - b->phase_began;
        return weir_evalset_figures(&t->test, &t->test_result);
    case WEIR_PHASE_STOP:
        break;
    }
    return 0;
}

/* ---- checkpoints ---- */

/* In this session or one before: there are weights worth something. */
static bool has_begun(const struct weir_boundary *b)
{
    return b->t->normaliser.frozen;
}

static int fill_cut(struct weir_boundary *b, struct weir_cut *cut)
{
    int rc = weir_boundary_save(b, &cut->trainer);
    rc = rc ? rc : weir_cut_take_leader(cut, b->t, &b->intake);
    if (rc == 0)
        weir_recorder_counts(b->t->recorder, cut->rows);
    return rc;
}

/* Post a cut and, in lockstep, see it copied before anything goes on. */
static int take_cut(struct weir_boundary *b)
{
    struct weir_trainer *t = b->t;
    struct weir_cut *cut;
    int64_t begin = weir_now_ns();
    WEIR_BEGIN(cut, t->step, 0);
    weir_acquisition_withdraw_weights(t->acquisition);
    int rc = weir_cut_create(b->run->table, b->run->start_ns, &cut);
    rc = rc ? rc : fill_cut(b, cut);
    if (rc) {
        weir_cut_destroy(cut);
        WEIR_END(cut, t->step, 0);
        return rc;
    }
    WEIR_HOP(checkpoint_post, t->step, 0, 0);
    weir_checkpointer_begin(t->checkpointer);
    b->intake.frozen = cut->keeps_reservoir;
    b->cut_at = t->step;
    weir_acquisition_post_cut(t->acquisition, cut);
    if (weir_run_is_lockstep(b->run)) {
        rc = weir_acquisition_consume(t->acquisition);
        if (rc == 0)
            weir_checkpointer_wait(t->checkpointer, false);
    }
    WEIR_END(cut, t->step, 0);
    int64_t ns = weir_now_ns() - begin;
    note(b, WEIR_METRIC_STALL, ns);
    t->times.checkpoint += ns;
    return rc;
}

/* Asked for at exactly this step. */
static bool is_before_end(const struct weir_boundary *b)
{
    uint64_t before = (uint64_t)b->cfg->checkpoint.before_end;
    return before && b->t->step && b->cut_at != b->t->step &&
           b->t->step + before == (uint64_t)weir_config_planned_steps(b->cfg);
}

static bool checkpoint_is_due(const struct weir_boundary *b)
{
    uint64_t every = (uint64_t)b->cfg->checkpoint.every, step = b->t->step;
    if (b->t->checkpointer && is_before_end(b)) {
        weir_checkpointer_wait(b->t->checkpointer, true);
        return true;
    }
    if (!b->t->checkpointer || every == 0 || step == 0)
        return false;
    /* A busy checkpointer postpones a live run's checkpoint; not lockstep's. */
    uint64_t last = b->cut_at == NEVER ? 0 : b->cut_at;
    if (step / every == last / every)
        return false;
    if (weir_run_is_lockstep(b->run))
        weir_checkpointer_wait(b->t->checkpointer, true);
    return !weir_checkpointer_is_busy(b->t->checkpointer);
}

/* The run ends here: nothing may be lost. */
static int last_checkpoint(struct weir_boundary *b)
{
    struct weir_checkpointer *c = b->t->checkpointer;
    if (!c || !has_begun(b))
        return 0;
    weir_checkpointer_wait(c, true);
    if (b->cut_at != b->t->step || weir_checkpointer_last_error(c)) {
        int rc = take_cut(b);
        if (rc)
            return rc;
        weir_checkpointer_wait(c, true);
    }
    int rc = weir_checkpointer_last_error(c);
    if (rc == 0)
        return 0;
    WEIR_FAIL(-rc, "the last checkpoint could not be written");
    return weir_err_hint("make room, then --resume: it goes on from the newest "
                         "checkpoint there is");
}

/* ---- samples ---- */

static bool is_reservoir(const struct weir_boundary *b)
{
    return b->cfg->reservoir.rule == WEIR_RULE_RESERVOIR;
}

/* Fewer than a batch: after withdrawals, or while slots are being copied. They
 * come, for nothing then keeps the slots that are not lent from being lent. */
static bool is_short(const struct weir_boundary *b)
{
    return weir_reservoir_size(b->intake.reservoir) < b->t->batch;
}

/* Whether the next step needs more samples than there are. */
static bool wants_more(const struct weir_boundary *b)
{
    bool below = weir_reservoir_size(b->intake.reservoir) <
                 (uint32_t)b->cfg->reservoir.watermark;
    if (is_short(b))
        return true;
    if (!b->started || b->cfg->reservoir.rule == WEIR_RULE_FIRO)
        return below;
    return is_reservoir(b) && weir_rate_allows(&b->rate);
}

/* Whether a sample may come in; live fifo and firo take whatever there is. */
static bool may_accept(const struct weir_boundary *b)
{
    return (!weir_run_is_lockstep(b->run) && !is_reservoir(b)) || wants_more(b);
}

static bool message_or_stop(void *ctx)
{
    struct weir_boundary *b = ctx;
    return weir_intake_has_message(&b->intake) ||
           weir_stop_reason(&b->run->stop);
}

/* A blocked port and no slot to lend: only training can make room. */
static bool must_yield(struct weir_boundary *b)
{
    weir_intake_supply(&b->intake);
    if (weir_intake_has_message(&b->intake) || !b->started || is_short(b))
        return false;
    bool blocked = weir_reservoir_blocks_a_lane(b->intake.reservoir);
    return is_reservoir(b) ? !weir_rate_waits(&b->rate, blocked) : blocked;
}

static void yield_to_training(struct weir_boundary *b)
{
    weir_reservoir_count(b->intake.reservoir)->yields++;
    b->unseen_first = true;
}

/* Take in what is there and allowed. @return like weir_intake_next */
static int take_available(struct weir_boundary *b)
{
    int got = WEIR_INTAKE_OTHER;
    while (may_accept(b) && !weir_intake_is_over(&b->intake)) {
        got = weir_intake_next(&b->intake);
        if (got == WEIR_INTAKE_SAMPLE && b->started && is_reservoir(b))
            weir_rate_spend(&b->rate);
        if (got < 0 || got >= WEIR_INTAKE_NOTHING)
            break;
    }
    return got;
}

static void thaw(struct weir_boundary *b)
{
    if (b->intake.frozen && weir_checkpointer_has_copied(b->t->checkpointer))
        b->intake.frozen = false;
}

/* Wait, live, until a lane speaks. */
static void wait_for_lanes(struct weir_boundary *b)
{
    int64_t begin = weir_now_ns();
    weir_doorbell_wait(b->run->trainer_bell, message_or_stop, b,
                       b->intake.frozen ? LOOK_NS / 100 : LOOK_NS);
    b->waited_ns += weir_now_ns() - begin;
}

/* Fill the reservoir as the rules say. @return 0 or a negative code */
static int take_in(struct weir_boundary *b)
{
    b->unseen_first = false;
    /* An interrupted intake is taken up where it stopped. */
    if (b->started && !b->earned)
        weir_rate_earn(&b->rate);
    b->earned = b->started;
    while (!weir_stop_reason(&b->run->stop)) {
        int got = take_available(b);
        if (got < 0)
            return got;
        b->over = weir_intake_is_over(&b->intake);
        if (b->over || !wants_more(b) || weir_stop_reason(&b->run->stop))
            return 0;
        if (got == WEIR_INTAKE_BLOCKED && b->started) {
            yield_to_training(b);
            return 0;
        }
        thaw(b);
        if (got == WEIR_INTAKE_NOTHING && must_yield(b)) {
            yield_to_training(b);
            return 0;
        }
        if (got == WEIR_INTAKE_NOTHING)
            wait_for_lanes(b);
        if (got == WEIR_INTAKE_IDLE)
            weir_intake_supply(&b->intake);
    }
    return 0;
}

/* The scales of the data are those of what is there when training starts. */
static int freeze_scales(struct weir_boundary *b)
{
    struct weir_trainer *t = b->t;
    const struct weir_reservoir *r = b->intake.reservoir;
    const struct weir_shape *shape = &b->run->info.shape;
    size_t points = (size_t)shape->n[0] * (size_t)shape->n[1];
    int rc = 0, states = (int)b->run->window;
    size_t skipped = 0; /* inputs are no state */
    if (weir_run_inputs(b->run)) {
        skipped = b->run->slots.read_floats;
        states--;
    }
    for (uint32_t i = 0; rc == 0 && i < weir_reservoir_size(r); i++) {
        const struct weir_slot *s =
            weir_slot_at(&b->run->slots, weir_reservoir_resident(r, i));
        rc = weir_normaliser_add(&t->normaliser, s->frames + skipped, states,
                                 points);
    }
    return rc ? rc : weir_normaliser_freeze(&t->normaliser);
}

/* When data that a proposal asked for is first trained on. */
static void note_first_use(struct weir_boundary *b, int64_t now)
{
    struct weir_trainer *t = b->t;
    for (uint32_t i = 0; i < t->n; i++) {
        const struct weir_slot *s = weir_slot_at(&b->run->slots, t->slot[i]);
        struct weir_cell *c = weir_table_cell(b->run->table, s->simulation);
        if (weir_reservoir_views(b->intake.reservoir, t->slot[i]) == 1) {
            note(b, WEIR_METRIC_AGE, now - s->committed_ns);
            WEIR_HOP(sample_draw, s->simulation, s->step, t->step);
        }
        if (atomic_load_explicit(&c->first_trained_batch,
                                 memory_order_relaxed) >= 0) /* T8 */
            continue;
        atomic_store_explicit(&c->first_trained_batch, (int64_t)t->step,
                              memory_order_relaxed); /* T8 */
        atomic_store_explicit(&c->first_trained_ns, now,
                              memory_order_relaxed); /* T8 */
        struct weir_cell_view cell;
        weir_table_read(b->run->table, s->simulation, &cell);
        if (!cell.origin.bred)
            continue;
        note(b, WEIR_METRIC_REACTION, now - cell.origin.cause_ns);
        note(b, WEIR_METRIC_REACTION_STEPS,
             (int64_t)(t->step - cell.origin.cause_batch));
    }
}

/* Draw the next batch; 0 samples: there is nothing left to train on. */
static void draw(struct weir_boundary *b)
{
    struct weir_trainer *t = b->t;
    bool draining = b->over && b->cfg->training.steps == 0;
    int64_t begin = weir_now_ns();
    t->n = weir_reservoir_draw(b->intake.reservoir, t->step, draining,
                               b->unseen_first, t->slot);
    if (!weir_run_is_lockstep(b->run))
        weir_deal(&b->run->plan, &b->run->seats, t->groups, t->micro, t->slot,
                  t->n);
    b->earned = false;
    int64_t now = weir_now_ns();
    note(b, WEIR_METRIC_ASSEMBLY, now - begin);
    note_first_use(b, now);
    note(b, WEIR_METRIC_TRAINER_WAIT, b->waited_ns);
    t->times.wait += b->waited_ns;
    weir_counter_set(b->run->count.waited_ns, t->times.wait);
}

/* ---- what comes next ---- */

static enum weir_phase begin(struct weir_boundary *b, enum weir_phase phase)
{
    b->phase_began = weir_now_ns();
    if (phase != WEIR_PHASE_TRAIN)
        weir_moves_break(&b->t->moves);
    weir_counter_set(b->run->count.phase, phase);
    return phase;
}

static enum weir_phase stop(struct weir_boundary *b, enum weir_ending ending)
{
    b->ending = ending;
    weir_trainer_employ(b->t, b->run->groups);
    weir_stop_request(&b->run->stop, WEIR_STOP_DONE);
    weir_run_ring_lanes(b->run);
    return WEIR_PHASE_STOP;
}

static enum weir_phase failed(struct weir_boundary *b)
{
    weir_stop_fail(&b->run->stop);
    return stop(b, WEIR_ENDING_FAILED);
}

static bool validation_is_due(const struct weir_boundary *b, bool at_the_end)
{
    const struct weir_trainer *t = b->t;
    uint64_t every = (uint64_t)b->cfg->validation.every;
    if (t->validation.n == 0 || t->step == 0 || b->validated_at == t->step)
        return false;
    return at_the_end || (every && t->step % every == 0);
}

/* The test set exists only from here on: it is used once. */
static int create_test_set(struct weir_boundary *b)
{
    struct weir_trainer *t = b->t;
    return weir_evalset_create(
        b->run, (uint32_t)b->cfg->test.trajectories,
        (uint32_t)b->cfg->test.rollout_steps, b->cfg->test.seed,
        1 + (uint64_t)b->cfg->validation.trajectories, &t->test);
}

/* A checkpoint that could not be written is reported after the test. */
static enum weir_phase all_done(struct weir_boundary *b)
{
    if (b->unsaved.code == 0)
        return stop(b, b->wanted);
    weir_err_import(&b->unsaved);
    return failed(b);
}

/* Training is done: validate, checkpoint, test, in this order. */
static enum weir_phase wind_up(struct weir_boundary *b)
{
    struct weir_trainer *t = b->t;
    if (validation_is_due(b, true))
        return begin(b, WEIR_PHASE_VALIDATE);
    if (t->test.n == 0 && last_checkpoint(b))
        weir_err_export(&b->unsaved);
    if (t->tested || b->cfg->test.trajectories == 0 || !has_begun(b))
        return all_done(b);
    /* Solvers are of no more use: the groups may have their cores. */
    weir_trainer_employ(t, b->run->groups);
    weir_stop_request(&b->run->stop, WEIR_STOP_DONE);
    weir_run_ring_lanes(b->run);
    if (create_test_set(b))
        return failed(b);
    return begin(b, WEIR_PHASE_TEST);
}

static enum weir_phase interrupted(struct weir_boundary *b)
{
    if (last_checkpoint(b))
        return failed(b);
    /* A stage that gave up asked for the checkpoint first. */
    return stop(b, weir_stop_has_error(&b->run->stop)
                       ? WEIR_ENDING_FAILED
                       : WEIR_ENDING_INTERRUPTED);
}

static int nothing_to_train_on(const struct weir_boundary *b)
{
    return WEIR_FAIL(WEIR_EDIVERGED,
                     "training: no simulation delivered a sample (%u failed)",
                     b->intake.failed);
}

static enum weir_phase next_step(struct weir_boundary *b)
{
    struct weir_trainer *t = b->t;
    b->waited_ns = 0;
    WEIR_BEGIN(take_in, t->step, 0);
    int rc = take_in(b);
    WEIR_END(take_in, t->step, 0);
    if (rc)
        return failed(b);
    if (weir_stop_reason(&b->run->stop) == WEIR_STOP_FAILED)
        return stop(b, WEIR_ENDING_FAILED);
    if (weir_stop_reason(&b->run->stop))
        return interrupted(b);
    if (!b->started) {
        bool empty = weir_reservoir_size(b->intake.reservoir) == 0;
        if (empty && !has_begun(b))
            return nothing_to_train_on(b) ? failed(b) : t->phase;
        if (!t->normaliser.frozen && freeze_scales(b))
            return failed(b);
        b->started = true;
    }
    WEIR_BEGIN(draw, t->step, 0);
    draw(b);
    WEIR_END(draw, t->step, 0);
    if (t->n > 0)
        return begin(b, WEIR_PHASE_TRAIN);
    b->wanted = WEIR_ENDING_DRAINED;
    return wind_up(b);
}

/* By the best validation, so that a resumed run sees it too. */
static bool is_good_enough(const struct weir_boundary *b)
{
    return b->t->validated &&
           b->t->best_validation <= b->cfg->validation.stop_when;
}

static enum weir_phase decide(struct weir_boundary *b)
{
    struct weir_trainer *t = b->t;
    uint64_t planned = (uint64_t)b->cfg->training.steps;
    enum weir_stop_reason why = weir_stop_reason(&b->run->stop);
    if (why == WEIR_STOP_FAILED)
        return stop(b, WEIR_ENDING_FAILED);
    thaw(b);
    weir_intake_supply(&b->intake);
    if (why == WEIR_STOP_CHECKPOINT)
        return interrupted(b);
    if (!b->prepared)
        return begin(b, WEIR_PHASE_PREPARE);
    if (planned && t->step >= planned)
        b->wanted = WEIR_ENDING_STEPS;
    if (!b->wanted && is_good_enough(b))
        b->wanted = WEIR_ENDING_REACHED;
    if (b->wanted)
        return wind_up(b);
    if (validation_is_due(b, false))
        return begin(b, WEIR_PHASE_VALIDATE);
    if (checkpoint_is_due(b) && take_cut(b))
        return failed(b);
    if (!weir_run_is_lockstep(b->run))
        weir_acquisition_offer_weights(t->acquisition, t->step, &t->weights);
    thaw(b);
    return next_step(b);
}

void weir_boundary_pass(struct weir_boundary *b)
{
    WEIR_BEGIN(boundary, b->t->step, 0);
    b->t->phase = after_phase(b) ? failed(b) : decide(b);
    WEIR_END(boundary, b->t->step, 0);
}

/* ---- state ---- */

struct saved {
    double credit, best_validation;
    uint64_t step, best_step, validated_at, skipped, skipped_in_row;
    double running[WEIR_MEMBERS_MAX];
    struct weir_trainer_times times;
    struct weir_evaluation last_validation;
    uint32_t started, validated, earned, since;
};

int weir_boundary_save(const struct weir_boundary *b, struct weir_blob *out)
{
    const struct weir_trainer *t = b->t;
    struct saved s;
    memset(&s, 0, sizeof(s)); /* padding too: a checkpoint is reproducible */
    s.credit = b->rate.credit;
    s.best_validation = t->best_validation;
    s.step = t->step;
    s.best_step = t->best_step;
    s.validated_at = b->validated_at;
    s.skipped = t->skipped;
    s.skipped_in_row = t->skipped_in_row;
    memcpy(s.running, t->running, sizeof(s.running));
    s.times = t->times;
    s.last_validation = t->last_validation;
    s.started = b->started;
    s.validated = t->validated;
    s.earned = b->earned;
    s.since = b->rate.since;
    int rc = weir_blob_put(out, &s, sizeof(s));
    rc = rc ? rc : weir_normaliser_save(&t->normaliser, out);
    return rc ? rc : weir_intake_save(&b->intake, out);
}

int weir_boundary_restore(struct weir_boundary *b, struct weir_blob *in,
                          bool with_reservoir)
{
    struct weir_trainer *t = b->t;
    struct saved s;
    int rc = weir_blob_get(in, &s, sizeof(s));
    rc = rc ? rc : weir_normaliser_restore(&t->normaliser, in);
    if (rc)
        return rc;
    b->rate.credit = s.credit;
    b->rate.since = s.since;
    t->best_validation = s.best_validation;
    t->step = s.step;
    t->best_step = s.best_step;
    b->validated_at = s.validated_at;
    t->skipped = s.skipped;
    t->skipped_in_row = s.skipped_in_row;
    memcpy(t->running, s.running, sizeof(s.running));
    t->times = s.times;
    t->last_validation = s.last_validation;
    /* Without it the watermark must be reached again. It may well be empty:
     * fifo and firo use up what there is. */
    b->started = s.started && with_reservoir;
    t->validated = s.validated;
    b->earned = s.earned && b->started;
    b->cut_at = s.step;
    return weir_intake_restore(&b->intake, with_reservoir ? in : NULL);
}
