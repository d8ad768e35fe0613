/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_ACQUIRE_DIVERSE_H
#define WEIR_ACQUIRE_DIVERSE_H

/**
 * @file
 * A choice by distances under way, so that it can be made in small pieces while
 * something else goes on: weir_select_centres and weir_select_lcmd (select.h)
 * are it from beginning to end.
 *
 * Labelled points are centres, then what is chosen; every candidate knows its
 * nearest one. A piece first measures candidates against all labelled points,
 * then chooses one, measures all candidates against it, and so on. The choice
 * does not depend on how it was cut; the first j of k are the choice of j.
 *
 * Cost: pool x (labelled + k) distances, and for each choice one look through
 * the pool. Memory: 12 bytes x pool, 8 x (labelled + k).
 */
#include "acquire/select.h"

#include <stdbool.h>

struct weir_diverse {
    struct weir_features pool, labelled;    /* rows stay where they are */
    size_t (*next)(struct weir_diverse *d); /* the rule: a place */
    size_t k, chosen;
    size_t settled;   /* candidates measured against all that is labelled */
    size_t measured;  /* candidates measured against the last one chosen */
    double *nearest;  /* [pool] squared distance; -1: chosen */
    uint32_t *centre; /* [pool] whose it is; WEIR_DIVERSE_CHOSEN */
    double *weight;   /* [labelled + k] room for the rule */
};

#define WEIR_DIVERSE_CHOSEN UINT32_MAX

/** The rules. */
size_t weir_diverse_farthest(struct weir_diverse *d);
size_t weir_diverse_of_largest_cluster(struct weir_diverse *d);

/**
 * @param next  a rule
 * @return 0, -EINVAL k exceeds the pool, -ENOMEM
 */
int weir_diverse_begin(struct weir_diverse *d,
                       size_t (*next)(struct weir_diverse *d),
                       const struct weir_features *pool,
                       const struct weir_features *labelled, size_t k);
/** Zero it before the first begin. */
void weir_diverse_end(struct weir_diverse *d);

/**
 * Measure about @p distances.
 * @param out  [k], the places chosen so far
 * @return whether there is more to do
 */
bool weir_diverse_go_on(struct weir_diverse *d, size_t distances,
                        uint32_t *out);

/** All of it at once. */
int weir_diverse_choose(size_t (*next)(struct weir_diverse *d),
                        const struct weir_features *pool,
                        const struct weir_features *labelled, size_t k,
                        uint32_t *out);

#endif
