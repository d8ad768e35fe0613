/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_PIPELINE_TRAINER_H
#define WEIR_PIPELINE_TRAINER_H

/**
 * @file
 * The trainer stage: groups that train on the same batch in step.
 *
 *   boundary ─▶ forward, backward ─▶ statistics ─▶ reduce ─▶ Adam ─▶ publish ─┐
 *      ▲          (own micro-batches)   (leader)    (own slice) ▲             │
 *      │                                            norm, scale ┘             │
 *      └──────────────────────────────────────────────────────────────────────┘
 *
 * A batch is cut into micro-batches of a size fixed by the configuration, never
 * by the number of groups; micro-batch i belongs to group i % groups and has a
 * gradient buffer of its own; the buffers are added in a fixed tree. So the
 * number of groups shows in no bit of the result. To save memory consecutive
 * micro-batches may share a buffer (training.accumulate): then they are one
 * group's work, added in their order. Members of an ensemble have
 * their own weights, one behind the other in the same vectors, and train on the
 * same micro-batches: (member, micro-batch) is the unit that is dealt to groups.
 *
 * The norm of the reduced gradient, piece by piece (nn/clip.h), is always
 * measured, so that a step whose gradient is not finite is known before a
 * checkpoint could hold what it made of the weights. Where the update depends
 * on it (clipping, skipping) the groups meet once more before they update.
 *
 * Where groups share their cores with others each meeting may cost one of them a
 * wait for a core. There the update of a small net is the leader's, who goes on
 * to the boundary without opening the barrier in between: one meeting a step.
 *
 * Between two steps all groups meet at a barrier, and the last to arrive, the
 * leader of the moment, does what only one may do: see boundary.h. There it may
 * also say how many of the groups work from now on (moves.h); the others sleep.
 * Those that go are told before the barrier opens, those that come after: so
 * whoever looks at the crew is in it exactly when the barrier counts on it.
 *
 * Owners
 *   word                      stored by                  loaded by
 *   phase, step, batch, ...   leader                     groups (B2/B3, G1/G2)
 *   grad[i], loss, predicted  the group of micro-batch i all (B1..B3)
 *   difficulty                that, or of several members the leader
 *   weights                   weights.h
 *   slots in the batch        nobody                     groups
 *
 * All of it is ordered by the two barriers of a step and, for a group that is
 * called, by the crew; nothing here is atomic.
 */
#include "nn/clip.h"
#include "nn/ensemble.h"
#include "pipeline/run/run.h"
#include "pipeline/stages/acquisition_stage.h"
#include "pipeline/stages/evaluation.h"
#include "pipeline/stages/moves.h"
#include "pipeline/stages/reservoir.h"
#include "pipeline/stages/weights.h"
#include "shm/barrier.h"
#include "shm/crew.h"

#include <pthread.h>

struct weir_checkpointer;
struct weir_recorder;
struct weir_boundary;

/** What the groups do after a boundary. */
enum weir_phase {
    WEIR_PHASE_TRAIN,
    WEIR_PHASE_PREPARE,  /* simulate the validation set */
    WEIR_PHASE_VALIDATE, /* measure it */
    WEIR_PHASE_TEST,     /* simulate and measure the test set */
    WEIR_PHASE_STOP,
};

/** Where the time of the groups went, in ns of wall time. */
struct weir_trainer_times {
    int64_t train, wait, validate, test, checkpoint;
    int64_t strategy; /* which they wait for in lockstep */
};

struct weir_trainer {
    struct weir_run *run;
    struct weir_acquisition *acquisition;
    struct weir_checkpointer *checkpointer; /* NULL: no directory */
    struct weir_recorder *recorder;         /* NULL: no directory */
    struct weir_boundary *boundary;

    struct weir_model *model;
    int members;
    size_t stride; /* floats from one member's weights to the next's */
    struct weir_adam_config adam;
    struct weir_clip_config clip;
    struct weir_normaliser normaliser;
    struct weir_weights weights;
    float *best; /* packed weights of the best validation */
    double best_validation;
    uint64_t best_step;

    struct weir_barrier barrier;
    struct weir_crew crew;
    uint32_t groups; /* that work */
    bool is_led;     /* the leader of the boundary updates for all */
    struct weir_moves moves;
    enum weir_phase phase;
    uint64_t step;           /* gradient steps done */
    uint64_t skipped;        /* of them, that changed no weight */
    uint64_t skipped_in_row; /* the last so many */
    uint32_t batch;          /* samples in a full batch */
    uint32_t micro;          /* samples in a micro-batch */
    uint32_t n;              /* samples in this batch */
    uint32_t *slot;          /* [batch] */
    float **grad;            /* [gradients] packed, of all members */
    float *loss;             /* [members][micro_batches * micro] */
    float *difficulty;       /* [micro_batches * micro] */
    float *predicted; /* [members][micro_batches * micro] frames, then one to
                         work in; NULL: one member */
    double *square;   /* of the reduced gradient, of each piece */
    double mean_loss;
    double norm;                      /* of the gradient; largest of members */
    double running[WEIR_MEMBERS_MAX]; /* norm that adaptive clipping keeps */
    double scale[WEIR_MEMBERS_MAX];   /* of the gradient in this step */
    bool must_skip;                   /* this step changes no weight */
    float mean, deviation;            /* of difficulty over the batch */

    struct weir_evalset validation, test;
    struct weir_evaluation last_validation, test_result;
    bool validated, tested;

    struct group *group;  /* [groups] */
    pthread_mutex_t gate; /* held while the threads are being made */
    bool is_whole;        /* all of them were; guarded by gate */
    /* leader's, read after the run */
    struct weir_trainer_times times;
};

int weir_trainer_create(struct weir_run *run,
                        struct weir_acquisition *acquisition,
                        struct weir_trainer **out);
/** The best weights so far were chosen by another set: the next ones count. */
void weir_trainer_forget_best(struct weir_trainer *t);
void weir_trainer_destroy(struct weir_trainer *t);

/** Start one thread per group. */
int weir_trainer_start(struct weir_trainer *t);
/**
 * Wait up to @p timeout_ns for all of them to end, which they do by themselves,
 * or when the run is told to stop. @return whether they have
 */
bool weir_trainer_try_join(struct weir_trainer *t, int64_t timeout_ns);

/** Leader, at a boundary: so many groups from the next phase on. */
void weir_trainer_employ(struct weir_trainer *t, uint32_t groups);

/**
 * Leader, after a step: whether its gradient was finite, where the update did
 * not wait for that.
 */
void weir_trainer_settle_norm(struct weir_trainer *t);

/** Bytes that the trainer holds for all groups: nets, gradients, weights. */
size_t weir_trainer_bytes(const struct weir_trainer *t);

#endif
