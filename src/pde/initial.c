/* SPDX-License-Identifier: BSD-3-Clause */
#include "pde/initial.h"

#include "base/err.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static int read_waves(const char *text, int points, struct weir_sines *sines)
{
    const char *at = text;
    for (sines->terms = 0; sines->terms < WEIR_MAX_SINES;) {
        char *end;
        long wave = strtol(at, &end, 10);
        if (end == at || wave < 1 || wave >= points / 2)
            return WEIR_FAIL(EINVAL,
                             "waves: '%s', expected numbers from 1 to %d "
                             "separated by commas",
                             text, points / 2 - 1);
        sines->wave[sines->terms++] = (int)wave;
        if (*end == 0)
            return 0;
        at = *end == ',' ? end + 1 : "";
    }
    return WEIR_FAIL(EINVAL, "waves: '%s', expected at most %d numbers", text,
                     WEIR_MAX_SINES);
}

static void name_parameters(struct weir_sines *sines)
{
    int n = sines->terms;
    for (int j = 0; j < n; j++) {
        snprintf(sines->name[j], sizeof(sines->name[j]), "A%d", j);
        snprintf(sines->name[n + j], sizeof(sines->name[j]), "phi%d", j);
        sines->parameter[j] = (struct weir_parameter){
            .name = sines->name[j], .low = -1, .high = 1};
        sines->parameter[n + j] =
            (struct weir_parameter){.name = sines->name[n + j],
                                    .unit = "rad",
                                    .low = 0,
                                    .high = 2 * M_PI,
                                    .wraps = true};
    }
}

int weir_sines_read(const struct weir_options *opts, int points,
                    struct weir_sines *sines)
{
    int rc = read_waves(weir_option_text(opts, "waves"), points, sines);
    if (rc < 0)
        return rc;
    sines->normalise = weir_option_bool(opts, "normalise");
    name_parameters(sines);
    return 0;
}

static void scale_to_one(double *field, int points)
{
    double top = 0;
    for (int i = 0; i < points; i++)
        top = fmax(top, fabs(field[i]));
    for (int i = 0; top > 0 && i < points; i++)
        field[i] /= top;
}

void weir_sines_field(const struct weir_sines *sines, const double *parameters,
                      int points, double *field)
{
    const double *phase = parameters + sines->terms;
    for (int i = 0; i < points; i++) {
        double x = 2 * M_PI * i / points, sum = 0;
        for (int j = 0; j < sines->terms; j++)
            sum += parameters[j] * sin(sines->wave[j] * x + phase[j]);
        field[i] = sum;
    }
    if (sines->normalise)
        scale_to_one(field, points);
}
