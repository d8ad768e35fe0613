/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_PIPELINE_RECORDER_H
#define WEIR_PIPELINE_RECORDER_H

/**
 * @file
 * The recorder: one thread that owns run.h5. The leader and the acquisition
 * stage push fixed-size rows into rings of their own; the recorder appends
 * them, sweeps the simulation table for what has changed, and flushes. Nothing
 * is dropped: a ring that is full makes its producer wait, and that wait is
 * counted.
 *
 * Threads: push_train, _validation and _allocation by the leader of the moment;
 * push_generation by the acquisition stage (both are one thread in lockstep);
 * sync by the checkpointer.
 *
 * Owners
 *   word      stored by     loaded by
 *   rings     shm/ring.h    shm/ring.h
 *   wanted    checkpointer  recorder
 *   flushed   recorder      checkpointer
 *   over      program       recorder
 *
 * Edges
 *   Z1 release store of wanted (with `rows`)  ->  Z2 acquire load.
 *   Z3 release store of flushed  ->  Z4 acquire load: the rows are on disk.
 *   Z5 release store of over  ->  Z6 acquire load: no row will follow.
 */
#include "base/hist.h"
#include "pipeline/run/run.h"
#include "pipeline/stages/acquisition_stage.h"
#include "pipeline/stages/evaluation.h"

struct weir_recorder;

/** Tables of run.h5; the numbers index the row counts of a cut. */
enum weir_record_table {
    WEIR_RECORD_TRAIN,
    WEIR_RECORD_VALIDATION,
    WEIR_RECORD_GENERATIONS,
    WEIR_RECORD_SIMULATIONS,
    WEIR_RECORD_TEST,
    WEIR_RECORD_HISTOGRAMS,
    WEIR_RECORD_ALLOCATION,
    WEIR_RECORD_TABLES,
};

/** One gradient step. */
struct weir_train_row {
    uint64_t step;
    double time;                 /* s since the run started */
    double loss;                 /* training loss, mean over the batch */
    double rate;                 /* learning rate */
    double gradient;             /* norm; of members the largest */
    uint32_t skipped;            /* 1: the step changed no weight */
    float difficulty, deviation; /* acquisition.loss_type over the batch */
    uint32_t samples;            /* in the batch */
    uint32_t resident, unseen;   /* in the reservoir after intake */
    uint32_t simulations;        /* finished */
    double waited; /* s the trainer waited for samples before this step */
};

/** One measurement of held-out trajectories. */
struct weir_evaluation_row {
    uint64_t step;
    double time, seconds; /* when, and how long it took */
    struct weir_evaluation e;
};

/** A core that changed sides, and what was measured before it did. */
struct weir_allocation_row {
    uint64_t step; /* the first with it */
    double time;
    uint32_t groups, solvers; /* from then on */
    double waited, idle;      /* shares of time: trainer, solver threads */
    double step_seconds;      /* a gradient step took */
};

/**
 * Create run.h5 in the run's directory, or continue it.
 * @param rows  NULL: start anew; else the row counts of the checkpoint
 * @return 0 or as weir_runfile_create; a damaged file is set aside
 */
int weir_recorder_create(struct weir_run *run, const uint64_t *rows,
                         struct weir_recorder **out);
void weir_recorder_destroy(struct weir_recorder *r);
int weir_recorder_start(struct weir_recorder *r);

void weir_recorder_push_train(struct weir_recorder *r,
                              const struct weir_train_row *row);
void weir_recorder_push_validation(struct weir_recorder *r,
                                   const struct weir_evaluation_row *row);
void weir_recorder_push_allocation(struct weir_recorder *r,
                                   const struct weir_allocation_row *row);
void weir_recorder_push_generation(struct weir_recorder *r,
                                   const struct weir_generation *g);

/** Rows the leader has pushed so far, as a cut names them. Leader only. */
void weir_recorder_counts(const struct weir_recorder *r, uint64_t *rows);
/** The acquisition stage's share of the same. Its own thread only. */
void weir_recorder_count_generations(const struct weir_recorder *r,
                                     uint64_t *rows);
/** Wait until every row pushed so far is on disk. @return 0 or -ECANCELED */
int weir_recorder_sync(struct weir_recorder *r);

/** One named histogram for the end of the record. */
struct weir_named_hist {
    const char *name;
    const struct weir_hist *hist;
};

/**
 * End the thread; then write what is only known at the end and close.
 * @param test    NULL: no test was made
 * @param status  > 0, how the run ended (enum weir_ending)
 * @return 0 or the file's error
 */
int weir_recorder_finish(struct weir_recorder *r,
                         const struct weir_evaluation_row *test,
                         const struct weir_named_hist *hist, size_t n,
                         int status);

#endif
