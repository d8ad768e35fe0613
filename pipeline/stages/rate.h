/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_PIPELINE_RATE_H
#define WEIR_PIPELINE_RATE_H

/**
 * @file
 * The rate rule: how many new samples arrive per gradient step, and so how
 * often one is reused. Without it two strategies cannot be compared.
 *
 * Every gradient step earns `per_batch` of credit; a sample that enters the
 * reservoir costs one. The trainer takes in what the credit allows, and waits
 * for solvers while there is credit left: unless a solver itself is blocked on
 * space. Then the trainer must not wait, for only training makes samples seen,
 * and only seen ones make room; it goes on with unseen samples first. That is
 * the yield rule; without it the two wait for each other for ever.
 *
 * Credit may be earned for several steps at once, so that samples come in sets:
 * with as many as the reservoir holds, the set is replaced as a whole, and trained
 * on in between (offline Breed and R3 mean their sets so).
 *
 * Credit that could not be used while yielding is kept, up to one batch, so
 * that a short stall is made up for and a long one does not end in a flood.
 */
#include <stdbool.h>
#include <stdint.h>

struct weir_rate {
    double per_batch; /* samples per gradient step */
    uint32_t every;   /* steps that earn together, at the last of them */
    uint32_t since;   /* steps that have earned nothing yet */
    double credit;    /* samples that may still enter before the next step */
    double cap;       /* most credit that is kept */
};

/** A rule of @p per_batch new samples per step of @p batch samples. */
struct weir_rate weir_rate_start(double per_batch, int batch);
/** A gradient step begins: earn its credit. */
void weir_rate_earn(struct weir_rate *rate);
/** Whether one more sample may enter now. */
static inline bool weir_rate_allows(const struct weir_rate *rate)
{
    return rate->credit >= 1.0;
}
/** A sample entered. */
static inline void weir_rate_spend(struct weir_rate *rate)
{
    rate->credit -= 1.0;
}
/** Whether the trainer should wait for samples before its next step. */
static inline bool weir_rate_waits(const struct weir_rate *rate,
                                   bool blocked_on_space)
{
    return weir_rate_allows(rate) && !blocked_on_space;
}

#endif
