/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_PIPELINE_INTAKE_H
#define WEIR_PIPELINE_INTAKE_H

/**
 * @file
 * The intake: what lanes say becomes residents of the reservoir and entries of
 * the ledger. It is the keeper of the simulation table (shm/table.h) and the
 * leader's side of every port.
 *
 * Live: whatever is in the ready rings, lanes in turn. Lockstep: the lanes in a
 * fixed round, one sample each, waiting for the lane whose turn it is; a lane
 * gets its next simulation from the intake when the last sample is in. So the
 * order of arrival is fixed, and with it everything that follows.
 *
 * Threads: none of its own; called by the trainer's leader of the moment.
 */
#include "pipeline/run/run.h"
#include "pipeline/stages/acquisition_stage.h"
#include "pipeline/stages/reservoir.h"

struct weir_intake {
    struct weir_run *run;
    struct weir_acquisition *acquisition;
    struct weir_reservoir *reservoir;
    bool frozen;     /* a checkpoint copies frames: lend nothing */
    uint32_t cursor; /* lane whose turn it is */
    uint32_t
        *simulation; /* lockstep: [lanes] id + 1 of what it runs, 0: none */
    uint32_t finished, failed;
};

/** What the next message was. */
enum weir_intake_result {
    WEIR_INTAKE_SAMPLE = 1, /* a sample was accepted */
    WEIR_INTAKE_OTHER,      /* something else was dealt with */
    WEIR_INTAKE_NOTHING,    /* live: all rings are empty now */
    WEIR_INTAKE_BLOCKED, /* lockstep: the lane whose turn it is has no slot */
    WEIR_INTAKE_IDLE,    /* lockstep: no lane runs anything */
};

int weir_intake_create(struct weir_run *run,
                       struct weir_acquisition *acquisition,
                       struct weir_intake *out);
void weir_intake_destroy(struct weir_intake *in);

/** Give every lane its share of slots, and in lockstep idle lanes work. */
void weir_intake_supply(struct weir_intake *in);
/** Lend lane l exactly @p lent[l] slots, after a restore. */
void weir_intake_relend(struct weir_intake *in, const uint32_t *lent);

/**
 * Deal with one message. In lockstep it waits for the lane whose turn it is
 * (until the run is told to stop: then NOTHING).
 * @return enum weir_intake_result, or a negative code: too many simulations
 *         have failed, or the strategy has
 */
int weir_intake_next(struct weir_intake *in);

/** Whether no sample will ever come again; closes the table when so. */
bool weir_intake_is_over(struct weir_intake *in);
/** Whether some lane has said something that was not dealt with yet. */
bool weir_intake_has_message(const struct weir_intake *in);

int weir_intake_save(const struct weir_intake *in, struct weir_blob *out);
/** In lockstep lanes take up the simulations they had. */
int weir_intake_restore(struct weir_intake *in, struct weir_blob *from);

#endif
