/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_PIPELINE_TELEMETRY_H
#define WEIR_PIPELINE_TELEMETRY_H

/**
 * @file
 * What a run tells about itself while it runs: one table of latencies, each a
 * histogram per thread that records it, in the statistics mapping that viewers
 * get (shm/stats.h). The summary, run.h5, `weir top` and the OpenMetrics text
 * all read this table, so a latency added here shows everywhere.
 *
 * Recording is three relaxed stores by the owning thread. Whoever wants all
 * threads together merges copies and stops nobody.
 *
 * Rings are looked at, and lanes' words copied, by weir_telemetry_sample: only
 * while somebody watches.
 */
#include "pipeline/run/run.h"

/** name in run.h5, who records, class, words for people */
#define WEIR_METRICS(X)                                                        \
    X(SLOT_WAIT, "solver_slot_wait_ns", SOLVER, WAIT, "wait for a free slot")  \
    X(SOLVER_STEP, "solver_step_ns", SOLVER, WORK, "solver step")              \
    X(READY, "ready_ring_ns", LEADER, SPAN, "sample in the ready ring")        \
    X(AGE, "age_at_first_use_ns", LEADER, SPAN, "age at first use")            \
    X(TRAINER_WAIT, "trainer_wait_ns", LEADER, WAIT, "trainer waits, a step")  \
    X(ASSEMBLY, "batch_assembly_ns", LEADER, WORK, "batch assembly")           \
    X(FORWARD, "forward_ns", GROUP, WORK, "forward")                           \
    X(BACKWARD, "backward_ns", GROUP, WORK, "backward")                        \
    X(GROUP_WAIT, "group_wait_ns", GROUP, WAIT, "wait for other groups")       \
    X(REDUCE, "reduce_ns", GROUP, WORK, "reduce and update")                   \
    X(STEP, "step_ns", LEADER, SPAN, "gradient step")                          \
    X(LOSS_SEEN, "loss_to_acquisition_ns", ACQUISITION, SPAN,                  \
      "loss -> acquisition")                                                   \
    X(CLAIMABLE, "loss_to_claimable_ns", ACQUISITION, SPAN,                    \
      "loss -> claimable cell")                                                \
    X(REACTION, "loss_to_first_use_ns", LEADER, SPAN,                          \
      "loss -> first step on it")                                              \
    X(REACTION_STEPS, "loss_to_first_use_steps", LEADER, COUNT,                \
      "  in gradient steps")                                                   \
    X(STALL, "checkpoint_stall_ns", LEADER, WAIT,                              \
      "trainer held by checkpoint")                                            \
    X(WRITE, "checkpoint_write_ns", CHECKPOINTER, WORK, "checkpoint written")  \
    X(RECORDER_LAG, "recorder_lag_ns", RECORDER, SPAN, "row -> run.h5")

enum weir_metric {
#define X(id, name, who, kind, title) WEIR_METRIC_##id,
    WEIR_METRICS(X)
#undef X
        WEIR_METRIC_COUNT
};

/** Make the statistics of @p run, whose plan is made. @return 0 or -WEIR_EENV */
int weir_telemetry_create(struct weir_run *run);
void weir_telemetry_destroy(struct weir_run *run);

/** Name of @p metric in run.h5, and in words. */
const char *weir_metric_name(enum weir_metric metric);
const char *weir_metric_title(enum weir_metric metric);
enum weir_stats_class weir_metric_class(enum weir_metric metric);

/** Owner's histogram: @p i is the group or solver thread, 0 for the others. */
struct weir_hist *weir_telemetry_hist(const struct weir_run *run,
                                      enum weir_metric metric, uint32_t i);
/** All owners of @p metric together, added to @p out. */
void weir_telemetry_merge(const struct weir_run *run, enum weir_metric metric,
                          struct weir_hist *out);

/** The calling thread, called @p name, has started. */
void weir_telemetry_enter(const struct weir_run *run, const char *name);
/** Look at lanes and rings; a weir_socket_tick_fn whose ctx is the run. */
void weir_telemetry_sample(void *run);

#endif
