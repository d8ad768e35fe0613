/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_PIPELINE_SESSION_H
#define WEIR_PIPELINE_SESSION_H

/**
 * @file
 * One session of a run: all stages made, wired, started, watched and ended. A
 * run that is resumed is several sessions in one directory.
 */
#include "io/config.h"
#include "pipeline/record/checkpointer.h"
#include "pipeline/record/recorder.h"
#include "pipeline/record/restore.h"
#include "pipeline/session/socket.h"
#include "pipeline/stages/boundary.h"
#include "pipeline/stages/solver_stage.h"

struct weir_session {
    struct weir_run *run;
    struct weir_solver_stage *solvers;
    struct weir_acquisition *acquisition;
    struct weir_trainer *trainer;
    struct weir_checkpointer *checkpointer;
    struct weir_recorder *recorder;
    struct weir_socket *socket; /* NULL: nobody can look in */
    uint64_t first_step;        /* where this session began */
    int64_t began_ns;
    int64_t cpu_ns; /* of all sessions, when this one has ended */
};

/** Where a session takes up. */
struct weir_session_start {
    const struct weir_safetensors *checkpoint; /* NULL: anew */
    bool same_run; /* --resume: go on with the same record */
    struct weir_restore_scope scope;
    const char *lineage; /* --from: what it continues; else "" */
};

/**
 * Make every stage.
 * @param dir  NULL: nothing is written
 * @param out  to be destroyed also when this fails
 */
int weir_session_create(const struct weir_config *cfg, const char *dir,
                        struct weir_topology *topology,
                        const struct weir_session_start *start,
                        struct weir_session **out);
void weir_session_destroy(struct weir_session *s);

/** Called about every @p watch seconds by the thread that runs the session. */
typedef void weir_session_watch_fn(void *ctx, const struct weir_session *s);

/**
 * Start the stages, watch them until the trainer ends, and end them all. A
 * request to stop comes through s->run->stop.
 * @return 0, or the code of the first stage that failed (its record is set)
 */
int weir_session_run(struct weir_session *s, weir_session_watch_fn *watch,
                     void *ctx, double seconds);

enum weir_ending weir_session_ending(const struct weir_session *s);

#endif
