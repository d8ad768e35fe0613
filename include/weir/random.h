/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_RANDOM_H
#define WEIR_RANDOM_H

/**
 * @file
 * Counter-based random numbers: Philox4x32-10 (Salmon, Moraes, Dror, Shaw,
 * "Parallel random numbers: as easy as 1, 2, 3", SC11).
 *
 * A stream is named by (seed, purpose, id) and needs no state but a position,
 * so two strategies that share a seed share every draw they have in common,
 * whatever the other draws, and a resumed run continues by saving one integer.
 *
 * Layout of a block: key = seed; counter = {position, purpose, id low, id high}.
 */
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What a stream is for. Append only: the numbers are part of a run's identity. */
enum weir_rng_purpose {
    WEIR_RNG_PARAMETERS = 1, /* parameters of simulation id, uniform share */
    WEIR_RNG_PROPOSAL = 2,   /* a strategy's draws for simulation id */
    WEIR_RNG_BATCH = 3,      /* which samples batch id takes */
    WEIR_RNG_EVICT = 4,      /* which seen sample makes room */
    WEIR_RNG_WEIGHTS = 5,    /* initial weights of tensor id */
    WEIR_RNG_DESIGN = 6,     /* scramblings of a low-discrepancy design */
    WEIR_RNG_VALIDATION = 7, /* held-out parameters */
    WEIR_RNG_TEST = 8,       /* tests and benchmarks */
    WEIR_RNG_LEARN = 9,      /* training of a strategy's model, step id */
    WEIR_RNG_DROPOUT = 10,   /* masks of layer id */
};

/** One stream. Copy it to fork it; @c position alone restores it. */
struct weir_rng {
    uint64_t seed;
    uint64_t id;
    uint32_t purpose;
    uint32_t position; /* next word is block position/4, lane position%4 */
    uint32_t block[4]; /* output of the current block */
};

/** Start (or restart) the stream named by the three keys. */
struct weir_rng weir_rng_stream(uint64_t seed, enum weir_rng_purpose purpose,
                                uint64_t id);

/** 32 uniform bits. A stream is 2^32 words long; no use here comes near. */
uint32_t weir_rng_u32(struct weir_rng *rng);
/** Uniform in [0, 1), 53 bits. */
double weir_rng_uniform(struct weir_rng *rng);
/** Standard normal (Box-Muller, cosine branch: two words pairs, no state). */
double weir_rng_normal(struct weir_rng *rng);
/** Unbiased integer in [0, n), n >= 1 (Lemire's rejection). */
uint32_t weir_rng_below(struct weir_rng *rng, uint32_t n);

#ifdef __cplusplus
}
#endif
#endif
