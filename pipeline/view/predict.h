/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_PIPELINE_PREDICT_H
#define WEIR_PIPELINE_PREDICT_H

/**
 * @file
 * What a run will do on a machine, from what its parts cost: a short run of one
 * group and one solver thread measures them (weir_predict_measure), and a model
 * does the rest. With M micro-batches, G groups, S solver threads, r new samples
 * a gradient step, and costs in CPU seconds,
 *
 *   trainer  T = ceil(M / G) micro + update / G + serial
 *   solvers  V = r sample / S
 *   step = max(T, V)                      with cores of their own
 *   step = max(T, V) + (1/p - 1) min(T, V),  p = min(1, C / (G + S)),
 *                                         where they share C cores
 *
 * M counts the micro-batches of every member; a group takes as many at a time as
 * are added to one gradient.
 *
 * The second: while both work each thread gets a share p of a core, so the
 * shorter side takes min / p and the longer one falls back by min / p - min; it
 * has the rest of the step to itself. Where every thread can keep a core busy
 * (G = S = C) this is all work over all cores. A step is never shorter than
 * that, W = (M micro + update + serial + r sample) / C, which counts under a
 * quota. The limit is the longer side, or the cores where they add a tenth.
 *
 * Costs are medians of a run in which as many cores work as in the one that is
 * predicted here: that cores slow one another down by sharing caches and memory
 * is in them for this machine, and left out for one with more cores, which is
 * therefore an extrapolation.
 */
#include "io/config.h"
#include "topo/plan.h"

/** What the parts cost, in seconds of a core. */
struct weir_costs {
    double sample; /* one sample of a solver */
    double micro;  /* forward and backward of one micro-batch */
    double update; /* reduction of all gradients, and Adam on all weights */
    double serial; /* a leader's work at a step boundary, and publishing */
};

/** The sizes that matter. */
struct weir_workload {
    int micro_batches, batch;
    int accumulate;        /* of them, to a gradient; 0 counts as 1 */
    int members;           /* that each train on all of it; 0 counts as 1 */
    int lanes;             /* no more solver threads have work */
    int cores_per_group;   /* 0 counts as 1 */
    double new_samples;    /* r */
    double slot_bytes;     /* one sample */
    double gradient_bytes; /* one buffer: all weights */
};

enum weir_bound { WEIR_BOUND_TRAINER, WEIR_BOUND_SOLVERS, WEIR_BOUND_CORES };

struct weir_prediction {
    double step;             /* seconds a gradient step takes */
    double trainer, solvers; /* T, V */
    double cores;            /* the step where cores are shared; else 0 */
    enum weir_bound bound;
    double bytes; /* that move between memory and cores a second, at least */
};

/** The model. @p cores: that groups and solvers share; 0: each has its own. */
struct weir_prediction weir_predict(const struct weir_costs *costs,
                                    const struct weir_workload *load,
                                    int groups, int solvers, double cores);

struct weir_split {
    int groups, solvers;
    int idle; /* cores left */
};
/**
 * The split of @p cores cores with the shortest step. No more
 * groups than gradients and no more solver threads than lanes, so cores may
 * be left; ties go to fewer groups. A machine too small for both gets 1 and 1.
 */
struct weir_split weir_predict_best_split(const struct weir_costs *costs,
                                          const struct weir_workload *load,
                                          int cores);

/**
 * Measure the costs by a short run of @p path with @p set.
 * @return 0, or the error of configuration or run
 */
int weir_predict_measure(const char *path, const char *const *set, size_t n,
                         struct weir_costs *costs);
/** The sizes of @p cfg. @return 0 or the configuration's error */
int weir_predict_workload(const struct weir_config *cfg,
                          struct weir_workload *load);

#endif
