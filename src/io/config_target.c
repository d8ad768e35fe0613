/* SPDX-License-Identifier: BSD-3-Clause */
#include "io/config_target.h"

#include "base/err.h"
#include "io/config_samples.h"
#include "io/config_setting.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Less of a normal density inside the box is taken for a mistake. */
#define MASS_MIN 1e-6

static int real(const char *text, double *out)
{
    const struct weir_option any = {.type = WEIR_OPTION_REAL};
    struct weir_option_value v;
    if (!text || weir_option_parse(&any, text, &v))
        return -EINVAL;
    *out = v.real;
    return 0;
}

/* The next word of *@p rest, in place; NULL when there is none. */
static char *next_word(char **rest)
{
    char *word = *rest + strspn(*rest, " ");
    size_t n = strcspn(word, " ");
    *rest = word + n + (word[n] != '\0');
    word[n] = '\0';
    return n ? word : NULL;
}

/* ---- one axis ---- */

static int refuse_density(const struct weir_config_store *store,
                          const struct weir_config_part *part, size_t i,
                          const char *why)
{
    char place[WEIR_PLACE_MAX];
    return WEIR_FAIL(WEIR_ECONFIG, "%s: %s",
                     weir_store_place(store, part, i, place), why);
}

static int check_normal(const struct weir_config_store *store,
                        const struct weir_config_part *part, size_t i,
                        const struct weir_parameter *p)
{
    if (p->deviation <= 0)
        return refuse_density(store, part, i,
                              "the deviation has to be above 0");
    if (p->axis == WEIR_AXIS_LOG && p->mean <= 0)
        return refuse_density(store, part, i,
                              "a logarithmic axis needs a mean above 0");
    if (!(weir_parameter_mass(p) >= MASS_MIN))
        return refuse_density(store, part, i,
                              "next to nothing of the density lies between "
                              "low and high");
    return 0;
}

int weir_config_bind_density(const struct weir_config_store *store,
                             const struct weir_config_part *part, size_t i,
                             struct weir_parameter *p)
{
    char text[WEIR_OPTION_TEXT_MAX], *rest = text;
    strcpy(text, part->options.value[i].text);
    const char *kind = next_word(&rest);
    if (kind && !strcmp(kind, "uniform") && !next_word(&rest)) {
        p->density = WEIR_DENSITY_UNIFORM;
        return 0;
    }
    p->density = WEIR_DENSITY_NORMAL;
    if (kind && !strcmp(kind, "normal") && !real(next_word(&rest), &p->mean) &&
        !real(next_word(&rest), &p->deviation) && !next_word(&rest))
        return check_normal(store, part, i, p);
    refuse_density(store, part, i,
                   "expected 'uniform' or 'normal MEAN DEVIATION'");
    return weir_err_hint(p->axis == WEIR_AXIS_LOG
                             ? "on a log axis: the geometric mean, and the "
                               "deviation of the natural logarithm"
                             : "as in 'normal 0 0.5', in the parameter's unit");
}

/* ---- all axes ---- */

struct target {
    struct weir_config *cfg;
    const struct weir_config_part *part;
    struct weir_parameter *parameter;
    size_t n;
    double *correlation; /* [n][n], then its factor */
};

enum { SAMPLES, CORRELATION }; /* the keys of the section, in order */

__attribute__((format(printf, 3, 4))) static int refuse(const struct target *t,
                                                        size_t key,
                                                        const char *fmt, ...)
{
    char place[WEIR_PLACE_MAX], text[512];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    return WEIR_FAIL(WEIR_ECONFIG, "%s: %s",
                     weir_store_place(t->cfg->store, t->part, key, place),
                     text);
}

static int identity(struct target *t)
{
    t->correlation =
        weir_store_alloc(t->cfg->store, t->n * t->n * sizeof(*t->correlation));
    for (size_t i = 0; t->correlation && i < t->n; i++)
        t->correlation[i * t->n + i] = 1;
    return t->correlation ? 0 : -ENOMEM;
}

/* ---- correlation: "A0 A1 0.8, A0 nu -0.2" ---- */

static int find_axis(const struct target *t, const char *name, size_t *at)
{
    char shown[WEIR_PRINTABLE_MAX];
    struct weir_names names = {.n = 0};
    for (*at = 0; *at < t->n; ++*at)
        if (!strcmp(t->parameter[*at].name, name))
            return 0;
    for (size_t i = 0; i < t->n; i++)
        weir_names_add(&names, t->parameter[i].name);
    int rc = refuse(t, CORRELATION, "there is no parameter '%s'",
                    weir_printable(name, shown));
    weir_names_hint(&names, "", name, "known");
    return rc;
}

static int add_pair(struct target *t, char *text)
{
    char *rest = text, shown[WEIR_PRINTABLE_MAX];
    double r;
    size_t i, j;
    weir_printable(text, shown);
    const char *one = next_word(&rest), *two = next_word(&rest);
    if (!two || real(next_word(&rest), &r) || next_word(&rest)) {
        refuse(t, CORRELATION, "'%s' is not two parameters and a number",
               shown);
        return weir_err_hint("as in \"A0 A1 0.8, A0 A2 -0.3\"");
    }
    int rc = find_axis(t, one, &i);
    rc = rc ? rc : find_axis(t, two, &j);
    if (rc)
        return rc;
    if (i == j || !(fabs(r) < 1))
        return refuse(t, CORRELATION,
                      i == j ? "'%s' is one parameter"
                             : "'%s' is not between -1 and 1",
                      shown);
    if (t->parameter[i].wraps || t->parameter[j].wraps)
        return refuse(t, CORRELATION,
                      "'%s': a phase, which wraps, correlates with nothing",
                      shown);
    t->correlation[i * t->n + j] = t->correlation[j * t->n + i] = r;
    return 0;
}

static int bind_correlation(struct target *t)
{
    char text[WEIR_OPTION_TEXT_MAX], *rest = text;
    int rc = identity(t);
    strcpy(text, t->cfg->target.correlation);
    while (!rc && rest)
        rc = add_pair(t, strsep(&rest, ","));
    if (rc)
        return rc;
    if (!weir_cholesky(t->correlation, t->n))
        return refuse(t, CORRELATION,
                      "no distribution has these correlations together");
    return 0;
}

/* ---- samples ---- */

static int refuse_samples(const struct target *t, int rc)
{
    struct weir_err_record said;
    if (rc == -ENOMEM)
        return rc;
    weir_err_export(&said);
    rc = refuse(t, SAMPLES, "%s", said.message);
    return said.hint[0] ? weir_err_hint("%s", said.hint) : rc;
}

static int bind_samples(struct target *t)
{
    for (size_t i = 0; i < t->n; i++)
        if (t->parameter[i].density != WEIR_DENSITY_UNIFORM)
            return refuse(t, SAMPLES, "parameter %s has a density of its own",
                          t->parameter[i].name);
    if (*t->cfg->target.correlation)
        return refuse(t, CORRELATION, "target.samples has correlations too");
    int rc = identity(t);
    double *value = NULL;
    size_t rows = 0;
    rc = rc ? rc
            : weir_target_samples_read(t->cfg->target.samples, t->parameter,
                                       t->n, &rows, &value);
    if (rc)
        return refuse_samples(t, rc);
    rc = weir_target_samples_fit(t->cfg->store, value, rows, t->parameter, t->n,
                                 t->correlation);
    free(value);
    return rc;
}

int weir_config_bind_target(struct weir_config *cfg, struct weir_parameter *p,
                            struct weir_space *space)
{
    size_t i;
    struct target t = {.cfg = cfg, .parameter = p, .n = space->n};
    t.part = weir_store_find(cfg->store, "target.samples", &i);
    bool any = *cfg->target.samples || *cfg->target.correlation;
    if (!any || t.n == 0)
        return 0;
    int rc = *cfg->target.samples ? bind_samples(&t) : bind_correlation(&t);
    space->correlation = rc ? NULL : t.correlation;
    return rc;
}
