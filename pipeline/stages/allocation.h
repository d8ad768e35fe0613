/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_PIPELINE_ALLOCATION_H
#define WEIR_PIPELINE_ALLOCATION_H

/**
 * @file
 * The rule of adaptive allocation: how many of the cores should train, told
 * from what was measured while g of them did. A pure function of what it is
 * shown, so it is tested on simulated runs; moves.h carries it out.
 *
 * A window of steps gives the time t that a step takes to train, the share of
 * the time that solver threads had nothing to do, and the time w that a step
 * took in all. Then solving took v = (1 - idle) w a step, and with g' groups
 * beside s' solver threads a step is expected to take
 *
 *   max( t rounds(g') / rounds(g),  v s / s' ),   rounds(g) = ceil(work / g)
 *
 * Where all threads share fewer cores, each has a part p of one while both sides
 * work: of a = min(t, v) and b = max(t, v) as measured, p a and b - (1 - p) a are
 * what they would be alone, and from these a step is expected to take the longer
 * one and (1 / p - 1) of the shorter one, as in `weir plan --predict`.
 *
 * Only numbers that change the rounds are of use: with 8 micro-batches 5 groups
 * are not faster than 4, but take a core more.
 *
 * The model proposes, and the time that a step takes decides:
 *
 *   promise  the best number by the model promises a step shorter by a tenth:
 *            half the way to it, so that a large node is at its best after a few
 *            changes and an error of the model is found out early;
 *   try      there is no promise, but a quarter of the smaller side's cores gone
 *            either way would not make a step longer by a fifth, which is what the
 *            model may be wrong by: these cores. The way that was last found to
 *            be longer comes second. If it is the one the model makes a promise
 *            for, the model has no say against the other;
 *   verdict  a change that has not made the step shorter by a fiftieth is undone.
 *
 * What keeps it calm:
 *   medians  model and verdict go by medians, of the last 5 windows of a division;
 *            the first after a change does not count. Three are enough for what
 *            is there to be promised, and for a verdict that is clear by a tenth;
 *   pause    4 windows without a change come before a try. A change that is undone
 *            doubles the pause, and promises wait for it too: n windows have about
 *            log2(n / 4) changes that do not pay;
 *   load     the seconds of cores that a step takes, t for training and v s for
 *            solving: when they have changed by a third of their sum, what was
 *            found out holds no longer and the pause is short again.
 */

/** What there is to divide. */
struct weir_allocation_bounds {
    int cores;       /* that train or solve */
    double shared;   /* cores that all threads share; 0: each has its own */
    int work;        /* micro-batches of a step, of all members */
    int most_groups; /* 1 or more, fewer than cores */
    int most_solvers;
};

/** What was measured over some steps; seconds a step, and a share. */
struct weir_allocation_window {
    double step;  /* from one to the next */
    double train; /* of it in which groups worked */
    double idle;  /* share of solver threads' time without work */
};

/** What a step takes, in seconds of cores. */
struct weir_allocation_load {
    double train, solve;
};

#define WEIR_ALLOCATION_SEEN 5

struct weir_allocation {
    struct weir_allocation_bounds bounds;
    int groups;  /* in force */
    int windows; /* with them that count; -1: the next one does not */
    double step[WEIR_ALLOCATION_SEEN], train[WEIR_ALLOCATION_SEEN],
        idle[WEIR_ALLOCATION_SEEN]; /* the last of them */
    int was;       /* groups before the change on trial; 0: none is */
    double before; /* seconds a step took with them */
    int longer;    /* which way steps became longer: 1 more groups, -1, 0 */
    int pause;     /* windows from an undone change to the next change */
    int left;      /* of them */
    struct weir_allocation_load load; /* under which all this is so */
};

/** Start with @p groups of them. */
struct weir_allocation weir_allocation_start(
    const struct weir_allocation_bounds *bounds, int groups);

/** Solver threads beside @p groups groups. */
int weir_allocation_solvers(const struct weir_allocation_bounds *bounds,
                            int groups);

/**
 * A window has passed.
 * @return how many groups from now on; `groups` is set to it
 */
int weir_allocation_next(struct weir_allocation *a,
                         const struct weir_allocation_window *w);

#endif
