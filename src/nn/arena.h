/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_NN_ARENA_H
#define WEIR_NN_ARENA_H

/**
 * @file
 * Planned memory: arrays that are not alive at the same time share addresses,
 * so that a pass through a deep net works in a few arrays that stay in cache.
 */
#include <stddef.h>

/** An array needed from step @c first to step @c last, both included. */
struct weir_span {
    size_t floats;
    int first, last;
    size_t at; /* out: a multiple of 16 floats */
};

/**
 * Place @p n spans, each at the lowest address free while it lives, in the
 * order given. @return floats needed in all
 */
size_t weir_arena_plan(struct weir_span *spans, int n);

#endif
