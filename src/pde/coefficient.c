/* SPDX-License-Identifier: BSD-3-Clause */
#include "pde/coefficient.h"

#include "base/err.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum form { PHYSICAL, NORMALISED, DIFFICULTY };

static const char *const form_name[] = {"physical", "normalised", "difficulty"};

static const struct weir_option *declared(const struct weir_options *opts,
                                          const char *name)
{
    for (size_t i = 0; i < opts->n; i++)
        if (strcmp(opts->declared[i].name, name) == 0)
            return &opts->declared[i];
    return NULL;
}

/* The option that gives @p c in @p form. */
static void option_name(const struct weir_coefficient *c, enum form form,
                        char name[32])
{
    static const char *const linear[] = {"", "alpha", "gamma"};
    static const char *const nonlinear[] = {"", "beta", "delta"};
    if (form == PHYSICAL || c->term == WEIR_TERM_OWN)
        snprintf(name, 32, "%s", c->name);
    else if (c->term == WEIR_TERM_LINEAR)
        snprintf(name, 32, "%s%d", linear[form], c->order);
    else
        snprintf(name, 32, "%s%d", nonlinear[form],
                 c->term == WEIR_TERM_CONVECTION ? 1 : 2);
}

/* A number in a form that is not chosen would be ignored: say so instead. */
static int check_other_forms(const struct weir_coefficient *c,
                             const struct weir_options *opts, enum form form)
{
    for (enum form other = PHYSICAL; other <= DIFFICULTY; other++) {
        char name[32];
        option_name(c, other, name);
        const struct weir_option *o = declared(opts, name);
        if (other == form || !o || c->term == WEIR_TERM_OWN)
            continue;
        struct weir_option_value fallback;
        int rc = weir_option_parse(o, o->fallback, &fallback);
        if (rc < 0)
            return rc;
        if (weir_option_real(opts, name) != fallback.real)
            return WEIR_FAIL(EINVAL, "%s: given, but form is %s, expected %s",
                             name, form_name[form], form_name[other]);
    }
    return 0;
}

/* What a_j or b_i is multiplied by to become alpha_j or beta_i. */
static double normalisation(const struct weir_coefficient *c,
                            const struct weir_scale *s)
{
    int power = c->term == WEIR_TERM_CONVECTION ? 1
                : c->term == WEIR_TERM_GRADIENT ? 2
                                                : c->order;
    return s->dt / pow(s->length, power);
}

/* What alpha_j or beta_i is multiplied by to become gamma_j or delta_i. */
static double difficulty(const struct weir_coefficient *c,
                         const struct weir_scale *s)
{
    double n = s->points;
    if (c->term == WEIR_TERM_CONVECTION)
        return n * s->dims;
    if (c->term == WEIR_TERM_GRADIENT)
        return n * n * s->dims;
    return c->order == 0 ? 1 : pow(n, c->order) * ldexp(s->dims, c->order - 1);
}

static int check_range(const struct weir_coefficient *c,
                       const struct weir_options *opts, double value)
{
    const struct weir_option *o = declared(opts, c->name);
    if (isfinite(value) &&
        (o->min == o->max || (value >= o->min && value <= o->max)))
        return 0;
    return WEIR_FAIL(EINVAL, "%s: %g after conversion, expected %g to %g",
                     c->name, value, o->min, o->max);
}

static int read_one(const struct weir_coefficient *c,
                    const struct weir_options *opts,
                    const struct weir_scale *scale, enum form form,
                    double *value)
{
    char name[32];
    int rc = check_other_forms(c, opts, form);
    if (rc < 0)
        return rc;
    option_name(c, form, name);
    *value = weir_option_real(opts, name);
    if (form == PHYSICAL || c->term == WEIR_TERM_OWN)
        return 0;
    *value *= c->sign / normalisation(c, scale);
    if (form == DIFFICULTY)
        *value /= difficulty(c, scale);
    return check_range(c, opts, *value);
}

/* Without any number in the chosen form the equation would be u_t = 0. */
static int check_given(const struct weir_coefficient *table,
                       const struct weir_options *opts, enum form form)
{
    char name[32], names[160] = "";
    for (size_t i = 0; table[i].name; i++) {
        option_name(&table[i], form, name);
        if (table[i].term == WEIR_TERM_OWN)
            continue;
        if (weir_option_given(opts, name) && weir_option_real(opts, name) != 0)
            return 0;
        size_t used = strlen(names);
        snprintf(names + used, sizeof(names) - used, "%s%s", used ? ", " : "",
                 name);
    }
    return WEIR_FAIL(EINVAL, "form: %s, expected one of %s with it, not 0",
                     form_name[form], names);
}

int weir_coefficients_read(const struct weir_coefficient *table,
                           const struct weir_options *opts,
                           const struct weir_scale *scale, double *value)
{
    enum form form = PHYSICAL;
    if (declared(opts, "form"))
        form = (enum form)weir_option_int(opts, "form");
    if (form != PHYSICAL) {
        int rc = check_given(table, opts, form);
        if (rc < 0)
            return rc;
    }
    for (size_t i = 0; table[i].name; i++) {
        int rc = read_one(&table[i], opts, scale, form, &value[i]);
        if (rc < 0)
            return rc;
    }
    return 0;
}
