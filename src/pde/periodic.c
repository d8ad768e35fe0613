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
        sum += c->system.symbol(n->value, k, channel);
    }
    return sum / 4;
}

void weir_numbers_fill(const struct weir_periodic *c, struct weir_numbers *n)
{
    const struct weir_spectrum *s = c->spectrum;
    n->k0 = 2 * M_PI / n->value[c->coefficients];
    int wave[2];
    for (size_t i = 0; i < all_kept(c); i++) {
        bool live = weir_spectrum_wave(s, i % s->kept, wave);
        int channel = (int)(i / s->kept);
        n->symbol[i] = live ? weir_numbers_symbol(c, n, wave, channel) : 0;
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

static int declare_parameters(struct weir_periodic *c)
{
    size_t n = c->initial.space.n;
    c->parameter = calloc(n + c->samples.n + 1, sizeof(*c->parameter));
    if (!c->parameter)
        return WEIR_FAIL(ENOMEM, "%s: parameters", c->system.name);
    memcpy(c->parameter, c->initial.parameter, n * sizeof(*c->parameter));
    return weir_samples_declare(&c->samples, c->name, c->numbers.value,
                                c->parameter + n);
}

/* The numbers of the system by name: its coefficients, then the length. */
static void name_numbers(struct weir_periodic *c)
{
    const struct weir_coefficient *table = c->system.coefficient;
    for (; table[c->coefficients].name; c->coefficients++)
        c->name[c->coefficients] = table[c->coefficients].name;
    c->name[c->coefficients] = "length";
}

static void tell_constants(struct weir_periodic *c)
{
    for (size_t i = 0; i < c->coefficients; i++)
        c->constant[i] =
            (struct weir_constant){c->name[i], c->numbers.value[i]};
}

static int read_numbers(struct weir_periodic *c,
                        const struct weir_options *opts)
{
    c->dt = weir_option_real(opts, "dt");
    c->substeps = (int)weir_option_int(opts, "substeps");
    c->warmup = (int)weir_option_int(opts, "warmup");
    c->order = (int)weir_option_int(opts, "order");
    c->real_weights = weir_option_bool(opts, "real_weights");
    name_numbers(c);
    double length = weir_option_real(opts, "length");
    c->numbers.value[c->coefficients] = length;
    struct weir_scale scale = {.length = length,
                               .dt = c->dt,
                               .points = (int)weir_option_int(opts, "points"),
                               .dims = c->system.dims};
    int rc = weir_coefficients_read(c->system.coefficient, opts, &scale,
                                    c->numbers.value);
    tell_constants(c);
    return rc < 0 ? rc
                  : weir_samples_read(weir_option_text(opts, "sample"), c->name,
                                      c->coefficients + 1, &c->samples);
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
        rc = weir_initial_read(opts, c->system.family, c->system.dims,
                               c->system.channels, points, &c->initial);
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

/* What a lane has for itself when coefficients differ from one to the next. */
static size_t numbers_bytes(const struct weir_periodic *c)
{
    const struct weir_etd *etd = &c->numbers.etd;
    size_t weights = 0;
    for (int w = 0; w < WEIR_ETD_WEIGHTS; w++)
        weights += etd->weight[w] ? 1 : 0;
    return all_kept(c) * (sizeof(double complex) +
                          weights * (etd->real ? 1 : 2) * sizeof(double)) +
           all_full(c) * 2 * sizeof(double);
}

void weir_periodic_describe(const void *config, struct weir_solver_info *info)
{
    const struct weir_periodic *c = config;
    const struct weir_spectrum *s = c->spectrum;
    bool plane = s->dims == 2;
    double length = c->numbers.value[c->coefficients];
    double spacing = length / (double)s->cols, origin = c->system.origin;
    *info = (struct weir_solver_info){
        .shape = {.channels = c->system.channels,
                  .dims = s->dims,
                  .n = {(int)(plane ? s->rows : s->cols),
                        (int)(plane ? s->cols : 1)}},
        .extent = {length, plane ? length : 0},
        .origin = {origin, plane ? origin : 0},
        .spacing = {spacing, plane ? spacing : 0},
        .dt = c->dt,
        .lane_bytes = weir_periodic_lane_doubles(c) * sizeof(double) +
                      (c->samples.n ? numbers_bytes(c) : 0),
        .periodic = true,
        .global_term = c->system.global_term,
        .equation = c->system.equation,
        .field = c->system.field,
        .constant = c->constant,
        .constants = c->coefficients,
        .space = {.n = c->initial.space.n + c->samples.n,
                  .parameter = c->parameter},
    };
}
