/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_PDE_COEFFICIENT_H
#define WEIR_PDE_COEFFICIENT_H

/**
 * @file
 * The numbers of an equation, in three forms.
 *
 * With u_t = sum_j a_j d^j u + b_0 u^2 + b_1 1/2 (u^2)_x + b_2 1/2 |grad u|^2
 * on (0, L)^D, N points per axis and a time step dt, APEBench (Koehler,
 * Niedermayr, Westermann, Thuerey 2024) writes the same system as
 *   normalised  alpha_j = a_j dt / L^j, beta_0 = b_0 dt, beta_1 = b_1 dt / L,
 *               beta_2 = b_2 dt / L^2
 *   difficulty  gamma_0 = alpha_0, gamma_j = alpha_j N^j 2^(j-1) D,
 *               delta_0 = beta_0, delta_1 = beta_1 N D, delta_2 = beta_2 N^2 D
 * (for fields scaled to max|u| = 1). dt is the time between frames, however
 * many sub-steps it takes. Physical coefficients keep the names and signs of
 * the solver's own equation.
 */
#include "weir/option.h"

#define WEIR_MAX_COEFFICIENTS 8

/** Which term of the general form a coefficient belongs to. */
enum weir_term {
    WEIR_TERM_OWN,        /* none: physical in every form */
    WEIR_TERM_LINEAR,     /* a_j, j = order */
    WEIR_TERM_CONVECTION, /* b_1 */
    WEIR_TERM_GRADIENT,   /* b_2 */
};

/** a_j or b_i = sign x the coefficient as the solver's equation writes it. */
struct weir_coefficient {
    const char *name; /* of the physical option; NULL ends a table */
    enum weir_term term;
    int order;
    int sign;
};

/* clang-format off */
/** Options of every system with other forms; then one pair per coefficient. */
#define WEIR_FORM_OPTION \
    {"form", WEIR_OPTION_CHOICE, "physical", 0, 0, \
     "physical|normalised|difficulty", NULL, \
     "which names give the coefficients"}
#define WEIR_FORM_PAIR(normalised, difficulty) \
    {normalised, WEIR_OPTION_REAL, "0", 0, 0, NULL, NULL, \
     "APEBench normalised coefficient, with form: normalised"}, \
    {difficulty, WEIR_OPTION_REAL, "0", 0, 0, NULL, NULL, \
     "APEBench difficulty, with form: difficulty"}
/* clang-format on */

/** What the conversion needs besides the numbers. */
struct weir_scale {
    double length, dt;
    int points, dims;
};

/**
 * Physical values of the coefficients in @p table (ends with a NULL name), in
 * its order. A table whose solver declares no `form` is physical.
 * @return 0, or -EINVAL when a number was given in a form that is not chosen,
 *         none was given in the chosen one, or a converted number leaves the
 *         range of its physical option
 */
int weir_coefficients_read(const struct weir_coefficient *table,
                           const struct weir_options *opts,
                           const struct weir_scale *scale, double *value);

#endif
