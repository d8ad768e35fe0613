/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_PDE_SAMPLE_H
#define WEIR_PDE_SAMPLE_H

/**
 * @file
 * Coefficients that are sampled like parameters: a solver has a list of named
 * numbers, the option `sample` names some of them.
 */
#include "weir/space.h"

#define WEIR_MAX_SAMPLES 16

/** Which of the numbers are sampled, in the order the user named them. */
struct weir_samples {
    size_t n;
    size_t index[WEIR_MAX_SAMPLES];
};

/**
 * Read "a,b" against @p names (n words).
 * @return 0, or -EINVAL for a name that is none of them or comes twice
 */
int weir_samples_read(const char *text, const char *const *names, size_t n,
                      struct weir_samples *out);

/**
 * Declare one parameter per sample, from half to one and a half times its
 * number in @p values; a run's config narrows or widens that.
 * @return 0, or -EINVAL for a number that is 0
 */
int weir_samples_declare(const struct weir_samples *samples,
                         const char *const *names, const double *values,
                         struct weir_parameter *out);

/** Put sampled numbers in their places among @p values. */
void weir_samples_apply(const struct weir_samples *samples,
                        const double *sampled, double *values);

#endif
