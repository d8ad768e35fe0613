/* SPDX-License-Identifier: BSD-3-Clause */
#include "pde/initial.h"

#include "base/err.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int weir_initial_reserve(struct weir_initial *initial, size_t n)
{
    initial->parameter = calloc(n + 1, sizeof(*initial->parameter));
    initial->name = calloc(n + 1, sizeof(*initial->name));
    if (!initial->parameter || !initial->name)
        return WEIR_FAIL(ENOMEM, "initial: %zu parameters", n);
    initial->space =
        (struct weir_space){.n = n, .parameter = initial->parameter};
    return 0;
}

void weir_initial_declare(struct weir_initial *initial, size_t i,
                          const char *stem, int number, double low, double high)
{
    if (number < 0)
        snprintf(initial->name[i], sizeof(initial->name[i]), "%s", stem);
    else
        snprintf(initial->name[i], sizeof(initial->name[i]), "%s%d", stem,
                 number);
    initial->parameter[i] = (struct weir_parameter){
        .name = initial->name[i], .low = low, .high = high};
}

void weir_initial_declare_phase(struct weir_initial *initial, size_t i,
                                const char *stem, int number)
{
    weir_initial_declare(initial, i, stem, number, 0, 2 * M_PI);
    initial->parameter[i].unit = "rad";
    initial->parameter[i].wraps = true;
}

static const struct weir_family *choose(const struct weir_options *opts,
                                        int dims)
{
    if (dims == 1)
        return &weir_family_sines;
    return weir_option_int(opts, "initial") == 0 ? &weir_family_fourier
                                                 : &weir_family_blobs;
}

int weir_initial_read(const struct weir_options *opts,
                      const struct weir_family *family, int dims, int channels,
                      int points, struct weir_initial *initial)
{
    *initial = (struct weir_initial){
        .channels = channels,
        .rows = dims == 2 ? (size_t)points : 1,
        .cols = (size_t)points,
        .normalise = weir_option_bool(opts, "normalise"),
        .family = family ? family : choose(opts, dims),
    };
    return initial->family->read(initial, opts);
}

void weir_initial_free(struct weir_initial *initial)
{
    free(initial->parameter);
    free(initial->name);
}

void weir_initial_field(const struct weir_initial *initial,
                        const double *parameters, int channel, double *field)
{
    initial->family->field(initial, parameters, channel, field);
    if (!initial->normalise)
        return;
    size_t n = initial->rows * initial->cols;
    double top = 0;
    for (size_t i = 0; i < n; i++)
        top = fmax(top, fabs(field[i]));
    for (size_t i = 0; top > 0 && i < n; i++)
        field[i] /= top;
}
