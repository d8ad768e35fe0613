/* SPDX-License-Identifier: BSD-3-Clause */
#include "pde/periodic_state.h"

#include "base/err.h"
#include "base/heap.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static size_t all_kept(const struct weir_periodic *c)
{
    return c->spectrum->kept * (size_t)c->system.channels;
}

static size_t all_full(const struct weir_periodic *c)
{
    return c->spectrum->full * (size_t)c->system.channels;
}

int weir_numbers_create(const struct weir_periodic *c, struct weir_numbers *n)
{
    int rc =
        weir_etd_create(c->order, all_kept(c), c->system.real_symbol, &n->etd);
    if (rc < 0)
        return rc;
    n->symbol = weir_array(all_kept(c), sizeof(*n->symbol));
    n->tail_gain = weir_array(all_full(c), 2 * sizeof(double));
    if (!n->symbol || !n->tail_gain)
        return WEIR_FAIL(ENOMEM, "%s: weights", c->system.name);
    return 0;
}

void weir_numbers_free(struct weir_numbers *n)
{
    weir_etd_free(&n->etd);
    free(n->symbol);
    free(n->tail_gain);
}

double complex weir_numbers_symbol(const struct weir_periodic *c,
                                   const struct weir_numbers *n,
                                   const int wave[2], int channel)
{
    /* An odd derivative of the mode N/2 cannot be told from its conjugate:
       the real field sees the mean of both signs, axis by axis. */
    const struct weir_spectrum *s = c->spectrum;
    int nyquist[2] = {(int)(s->dims == 2 ? s->rows : s->cols) / 2,
                      (int)s->cols / 2};
    double complex sum = 0;
    for (int mirror = 0; mirror < 4; mirror++) {
        double k[2];
        for (int d = 0; d < 2; d++) {
            bool flip = mirror >> d & 1 && abs(wave[d]) == nyquist[d];
            k[d] = n->k0 * (flip ? -wave[d] : wave[d]);
        }
        sum += c->system.symbol(n->coefficient, k, channel);
    }
    return sum / 4;
}

void weir_numbers_fill(const struct weir_periodic *c, struct weir_numbers *n)
{
    const struct weir_spectrum *s = c->spectrum;
    n->k0 = 2 * M_PI / n->length;
    int wave[2];
    for (size_t i = 0; i < all_kept(c); i++) {
        weir_spectrum_wave(s, i % s->kept, wave);
        n->symbol[i] = weir_numbers_symbol(c, n, wave, (int)(i / s->kept));
    }
    weir_etd_fill(&n->etd, n->symbol, c->dt / c->substeps, c->real_weights);
    for (size_t i = 0; i < all_full(c); i++) {
        weir_spectrum_full_wave(s, i % s->full, wave);
        double complex gain =
            cexp(c->dt * weir_numbers_symbol(c, n, wave, (int)(i / s->full)));
        n->tail_gain[2 * i] = creal(gain);
        n->tail_gain[2 * i + 1] = cimag(gain);
    }
}

/* ---- configuration --------------------------------------------------------- */

static int find_sample(const struct weir_periodic *c, const char *name,
                       size_t length)
{
    const struct weir_coefficient *table = c->system.coefficient;
    for (int i = 0; table[i].name; i++)
        if (strlen(table[i].name) == length &&
            memcmp(table[i].name, name, length) == 0)
            return i;
    if (length == 6 && memcmp(name, "length", 6) == 0)
        return WEIR_SAMPLE_LENGTH;
    return WEIR_FAIL(EINVAL, "sample: '%.*s' is no coefficient of %s",
                     (int)length, name, c->system.name);
}

static int read_samples(struct weir_periodic *c, const char *text)
{
    while (*text) {
        size_t length = strcspn(text, ",");
        int index = find_sample(c, text, length);
        if (index < WEIR_SAMPLE_LENGTH)
            return index;
        for (size_t i = 0; i < c->samples; i++)
            if (c->sample[i] == index)
                return WEIR_FAIL(EINVAL, "sample: '%.*s' twice", (int)length,
                                 text);
        c->sample[c->samples++] = index;
        text += length + (text[length] == ',');
    }
    return 0;
}

static int declare_sample(const struct weir_periodic *c, int index,
                          struct weir_parameter *p)
{
    bool length = index == WEIR_SAMPLE_LENGTH;
    double value = length ? c->numbers.length : c->numbers.coefficient[index];
    p->name = length ? "length" : c->system.coefficient[index].name;
    if (value == 0)
        return WEIR_FAIL(EINVAL,
                         "sample: '%s' is 0, expected the middle of "
                         "the range to sample",
                         p->name);
    p->low = fmin(0.5 * value, 1.5 * value);
    p->high = fmax(0.5 * value, 1.5 * value);
    return 0;
}

static int declare_parameters(struct weir_periodic *c)
{
    size_t n = c->initial.space.n;
    c->parameter = calloc(n + c->samples + 1, sizeof(*c->parameter));
    if (!c->parameter)
        return WEIR_FAIL(ENOMEM, "%s: parameters", c->system.name);
    memcpy(c->parameter, c->initial.parameter, n * sizeof(*c->parameter));
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < c->samples; i++)
        rc = declare_sample(c, c->sample[i], &c->parameter[n + i]);
    return rc;
}

static int read_numbers(struct weir_periodic *c,
                        const struct weir_options *opts)
{
    c->dt = weir_option_real(opts, "dt");
    c->substeps = (int)weir_option_int(opts, "substeps");
    c->warmup = (int)weir_option_int(opts, "warmup");
    c->order = (int)weir_option_int(opts, "order");
    c->real_weights = weir_option_bool(opts, "real_weights");
    c->numbers.length = weir_option_real(opts, "length");
    struct weir_scale scale = {.length = c->numbers.length,
                               .dt = c->dt,
                               .points = (int)weir_option_int(opts, "points"),
                               .dims = c->system.dims};
    int rc = weir_coefficients_read(c->system.coefficient, opts, &scale,
                                    c->numbers.coefficient);
    return rc < 0 ? rc : read_samples(c, weir_option_text(opts, "sample"));
}

static int build(struct weir_periodic *c, const struct weir_options *opts)
{
    int points = (int)weir_option_int(opts, "points");
    int rc = read_numbers(c, opts);
    if (rc == 0)
        rc = weir_spectrum_create(c->system.dims, (int[2]){points, points},
                                  weir_option_real(opts, "dealias"),
                                  weir_option_int(opts, "fftw") == 1,
                                  &c->spectrum);
    if (rc == 0)
        rc = weir_initial_read(opts, c->system.dims, c->system.channels, points,
                               &c->initial);
    if (rc == 0)
        rc = declare_parameters(c);
    if (rc == 0)
        rc = weir_numbers_create(c, &c->numbers);
    if (rc == 0)
        weir_numbers_fill(c, &c->numbers);
    return rc;
}

int weir_periodic_configure(const struct weir_system *system,
                            const struct weir_options *opts, void **config)
{
    struct weir_periodic *c = calloc(1, sizeof(*c));
    if (!c)
        return WEIR_FAIL(ENOMEM, "%s: config", system->name);
    c->system = *system;
    int rc = build(c, opts);
    if (rc < 0) {
        weir_periodic_release(c);
        return WEIR_NOTE(rc, "while configuring %s", system->name);
    }
    *config = c;
    return 0;
}

void weir_periodic_release(void *config)
{
    struct weir_periodic *c = config;
    if (!c)
        return;
    weir_spectrum_free(c->spectrum);
    weir_numbers_free(&c->numbers);
    weir_initial_free(&c->initial);
    free(c->parameter);
    free(c);
}

void weir_periodic_describe(const void *config, struct weir_solver_info *info)
{
    const struct weir_periodic *c = config;
    const struct weir_spectrum *s = c->spectrum;
    bool plane = s->dims == 2;
    *info = (struct weir_solver_info){
        .shape = {.channels = c->system.channels,
                  .dims = s->dims,
                  .n = {(int)(plane ? s->rows : s->cols),
                        (int)(plane ? s->cols : 1)}},
        .extent = {c->numbers.length, plane ? c->numbers.length : 0},
        .dt = c->dt,
        .periodic = true,
        .equation = c->system.equation,
        .field = c->system.field,
        .space = {.n = c->initial.space.n + c->samples,
                  .parameter = c->parameter},
    };
}
