/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_PDE_CPLX_H
#define WEIR_PDE_CPLX_H

/**
 * @file
 * <complex.h> with the CMPLX of C11, which glibc keeps from clang.
 */
#include <complex.h>

#ifndef CMPLX
#define CMPLX(re, im) __builtin_complex((double)(re), (double)(im))
#endif

#endif
