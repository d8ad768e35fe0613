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
 * The rule goes half the way to the number that is best by this, so that a large
 * node is at its best after a few changes and an error of the model is found out
 * early. Only numbers that change the rounds are of use: with 8 micro-batches 5
 * groups are not faster than 4, but take a core more.
 *
 * What keeps it calm:
 *   gain     the best number must promise a step shorter by a tenth;
 *   votes    three windows in a row must ask for the same direction;
 *   verdict  after a change the next window does not count, and the better of
 *            the two after it tells whether the promise came true; a step that
 *            became longer undoes the change, and that direction is barred until
 *            the load is another: the seconds of cores that a step takes, t for
 *            training and v s for solving, have changed by a third of their sum
 *            in three windows in a row. Not before 8 windows, though, and 16, 32
 *            and so on as long as it goes on failing.
 */
#include <stdbool.h>
#include <stdint.h>

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

/** One direction that a core can go. */
struct weir_allocation_way {
    int votes; /* windows in a row that asked for it */
    int bar;   /* windows for which it is not tried */
    int last;  /* length of the last bar; 0: it is not barred */
    struct weir_allocation_load failed; /* under which it did */
    int others;                         /* windows in a row under another */
};

struct weir_allocation {
    struct weir_allocation_bounds bounds;
    int groups;                            /* in force */
    struct weir_allocation_way more, less; /* groups */
    int trial; /* windows until the verdict on the last change; 0: none */
    int was;   /* groups before it */
    struct weir_allocation_load load; /* then, or of the last window */
    double before;                    /* seconds a step took then */
    double after;                     /* and takes since */
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
