/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_IO_CONFIG_TARGET_H
#define WEIR_IO_CONFIG_TARGET_H

/**
 * @file
 * What the config says of the target density (weir/space.h):
 *
 *     parameters:
 *       A0: {density: normal 0 0.3}
 *       nu: {axis: log, density: normal 1e-2 0.5}
 *     target: {correlation: "A0 A1 0.8, A0 nu -0.2"}
 *
 * or `target: {samples: FILE.h5}`: a dataset `parameters` [n, p] whose columns
 * are the parameters in the solver's order, or in that of its attribute
 * `names`. Each axis then follows the values of its column, and the axes are
 * tied as strongly as the ranks of the columns are (a Gaussian copula with the
 * correlations of their normal scores); what else the columns have in common is
 * lost. With few rows the correlations are drawn towards 0 until they are those
 * of a distribution.
 */
#include "io/config_store.h"

/**
 * Take key @p i of a parameter's @p part, its density, into @p p, whose range
 * and axis are set.
 * @return 0, or -WEIR_ECONFIG with the place and what is expected
 */
int weir_config_bind_density(const struct weir_config_store *store,
                             const struct weir_config_part *part, size_t i,
                             struct weir_parameter *p);

/**
 * Take the keys of `target` into @p space, whose parameters are @p p, all else
 * of them set.
 * @return 0, -WEIR_ECONFIG, -WEIR_ECORRUPT when the file cannot be read,
 *         -ENOMEM
 */
int weir_config_bind_target(struct weir_config *cfg, struct weir_parameter *p,
                            struct weir_space *space);

#endif
