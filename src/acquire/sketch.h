/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_ACQUIRE_SKETCH_H
#define WEIR_ACQUIRE_SKETCH_H

/**
 * @file
 * A Gaussian sketch: features of any length become `out` numbers, f = v W with
 * W_ij normal of variance 1/out, so that distances are kept on average
 * (Johnson, Lindenstrauss). One W for a whole run, as in AL4PDE (out 512).
 */
#include <stddef.h>
#include <stdint.h>

struct weir_sketch;

/** W from the stream (seed, WEIR_RNG_DESIGN, "sketch"). @return 0, -ENOMEM */
int weir_sketch_create(uint64_t seed, size_t in, size_t out,
                       struct weir_sketch **sketch);
void weir_sketch_destroy(struct weir_sketch *s);
size_t weir_sketch_bytes(const struct weir_sketch *s);
/** @p v has `in` floats, @p f room for `out`. */
void weir_sketch_apply(const struct weir_sketch *s, const float *v, float *f);

#endif
