/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_PIPELINE_EXTERNAL_H
#define WEIR_PIPELINE_EXTERNAL_H

/**
 * @file
 * Solvers that are programs of their own, as one more entry of the registry:
 * `solver: {command: [...], processes: N}`. A lane is a process. start hands it
 * the parameters, fetch waits for its next frame; so whatever runs lanes runs
 * external ones too, and nothing behind them knows the difference.
 *
 * A lane owns its process: it starts it when it is first needed, again when it
 * is gone (at once when it left in good order, else after a growing delay), and
 * ends it with itself. A process that dies, stalls or breaks a rule costs the
 * simulation it was at. One that was lost before it took up the simulation costs
 * nothing. Too many in a row without a finished simulation are an error of the
 * run.
 *
 * A thread waits for one lane at a time, so lanes of external solvers have a
 * thread each. It sleeps while its process computes.
 *
 * Threads: a lane belongs to the thread that made it, which outlives it (the
 * process is killed when that thread ends). Shared between lanes and the door's
 * thread, behind `lock`: the list of lanes, and each lane's `waiting`, `token`,
 * `socket` and `client`.
 */
#include "client/host.h"
#include "pipeline/clients/client_door.h"
#include "pipeline/clients/client_process.h"
#include "pipeline/clients/stop.h"
#include "weir/solver.h"

#include <limits.h>
#include <pthread.h>

extern const struct weir_solver_ops weir_external_ops;
static inline bool weir_is_external(const struct weir_solver_ops *solver)
{
    return solver == &weir_external_ops;
}

#define WEIR_EXTERNAL_FIELDS 64
#define WEIR_EXTERNAL_WORDS  64

struct weir_external_lane;

struct weir_external {
    /* from the options */
    struct weir_host_terms terms; /* frames, parameters: see _open */
    char *text;                   /* what the pointers below point into */
    const char *field[WEIR_EXTERNAL_FIELDS];
    char *argv[WEIR_EXTERNAL_WORDS + 1]; /* argv[0] NULL: no command */
    double extent[WEIR_MAX_DIMS];
    double dt;
    bool periodic;
    int restarts;
    int64_t start_timeout_ns, simulation_timeout_ns, delay_ns;

    /* of the run */
    const struct weir_stop *stop;
    char dir[PATH_MAX], door_dir[PATH_MAX];
    bool is_temporary, is_open;
    struct weir_door *door;
    pthread_mutex_t lock;
    pthread_cond_t attached;
    struct weir_external_lane *lanes; /* a list */
    uint64_t lost;                    /* processes, for the log */
};

/** What only a run knows. */
struct weir_external_host {
    const char *dir;              /* NULL: a temporary one */
    const struct weir_stop *stop; /* ends every wait */
    uint32_t frames, parameters;  /* of a simulation */
};

/**
 * Open the door, before the first lane is made.
 * @param config  what weir_external_ops.configure made; its release closes it
 * @return 0 or -WEIR_EENV
 */
int weir_external_open(void *config, const struct weir_external_host *host);

/** The options, declared; and what configure does with them. */
extern const struct weir_option weir_external_options[];
int weir_external_configure(const struct weir_options *opts, void **config);
void weir_external_describe(const void *config, struct weir_solver_info *info);
void weir_external_release(void *config);

/** The lanes (external_lane.c). */
int weir_external_lane_create(const void *config, void **lane);
int weir_external_lane_prepare(void *lane);
int weir_external_lane_start(void *lane, const double *parameters);
int weir_external_lane_step(void *lane);
void weir_external_lane_announce(void *lane, uint32_t simulation,
                                 uint32_t attempt);
int weir_external_lane_fetch(void *lane, float *out);
void weir_external_lane_destroy(void *lane);
/** A caller at the door (weir_door_admit_fn). */
int weir_external_admit(void *config, const struct weir_caller *caller);

#endif
