/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_NN_SIMD_H
#define WEIR_NN_SIMD_H

/**
 * @file
 * Vectors of floats for what is compiled for several widths (base/simd.h).
 */

#include "base/simd.h"

/** Lanes of a weir_v8; every blocked array has a multiple of it per column. */
#define WEIR_LANES 8

/** Eight floats, aligned as one float; and the result of comparing two. */
typedef float weir_v8 __attribute__((vector_size(32), aligned(4), may_alias));
typedef int weir_v8i __attribute__((vector_size(32), aligned(4), may_alias));

#endif
