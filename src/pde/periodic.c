/* SPDX-License-Identifier: BSD-3-Clause */
#include "pde/periodic.h"

#include "base/err.h"
#include "base/heap.h"
#include "pde/etdrk.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A state this many times its start (and 1) in amplitude has blown up, while
   it still fits into the float32 of a frame. */
#define AMPLITUDE_LIMIT 1e6

struct periodic {
    const struct weir_system *system;
    struct weir_spectrum *spectrum;
    struct weir_etd etd; /* all channels, one after another */
    double *tail_gain;   /* exp(L dt) of every full mode, (re, im) */
    double coefficient[WEIR_MAX_COEFFICIENTS];
    double length, k0, dt;
    int substeps;
    struct weir_sines initial;
};

/* Everything in one lane: arrays in `memory`, on cache lines. */
struct lane {
    const struct periodic *config;
    double *memory;
    double *u;    /* kept modes */
    double *tail; /* the others, full half-spectrum */
    double *field;
    double *stages, *work;
    double energy_limit;
    long steps;
};

static size_t channels(const struct periodic *c)
{
    return (size_t)c->system->channels;
}

/* An odd derivative of the mode N/2 cannot be told from its conjugate: the
   real field takes the mean of both signs, axis by axis. */
static double complex symbol_at(const struct periodic *c, const int wave[2],
                                int channel)
{
    const struct weir_spectrum *s = c->spectrum;
    int nyquist[2] = {(int)(s->dims == 2 ? s->rows : s->cols) / 2,
                      (int)s->cols / 2};
    double complex sum = 0;
    for (int mirror = 0; mirror < 4; mirror++) {
        double k[2];
        for (int d = 0; d < 2; d++) {
            bool flip = mirror >> d & 1 && abs(wave[d]) == nyquist[d];
            k[d] = c->k0 * (flip ? -wave[d] : wave[d]);
        }
        sum += c->system->symbol(c->coefficient, k, channel);
    }
    return sum / 4;
}

static int make_weights(struct periodic *c, int order, bool real_weights)
{
    const struct weir_spectrum *s = c->spectrum;
    size_t n = s->kept * channels(c);
    double complex *symbol = calloc(n, sizeof(*symbol));
    if (!symbol)
        return WEIR_FAIL(ENOMEM, "%s: symbol", c->system->name);
    for (size_t i = 0; i < n; i++) {
        int wave[2];
        weir_spectrum_wave(s, i % s->kept, wave);
        symbol[i] = symbol_at(c, wave, (int)(i / s->kept));
    }
    int rc = weir_etd_create(order, n, c->system->real_symbol, &c->etd);
    if (rc == 0)
        weir_etd_fill(&c->etd, symbol, c->dt / c->substeps, real_weights);
    free(symbol);
    return rc;
}

static int make_tail_gain(struct periodic *c)
{
    const struct weir_spectrum *s = c->spectrum;
    size_t n = s->full * channels(c);
    c->tail_gain = weir_array(n, 2 * sizeof(double));
    if (!c->tail_gain)
        return WEIR_FAIL(ENOMEM, "%s: tail", c->system->name);
    for (size_t i = 0; i < n; i++) {
        int wave[2];
        weir_spectrum_full_wave(s, i % s->full, wave);
        double complex gain =
            cexp(c->dt * symbol_at(c, wave, (int)(i / s->full)));
        c->tail_gain[2 * i] = creal(gain);
        c->tail_gain[2 * i + 1] = cimag(gain);
    }
    return 0;
}

static void read_numbers(struct periodic *c, const struct weir_options *opts)
{
    c->length = weir_option_real(opts, "length");
    c->k0 = 2 * M_PI / c->length;
    c->dt = weir_option_real(opts, "dt");
    c->substeps = (int)weir_option_int(opts, "substeps");
    for (int i = 0; c->system->coefficient[i]; i++)
        c->coefficient[i] = weir_option_real(opts, c->system->coefficient[i]);
}

static int build(struct periodic *c, const struct weir_options *opts)
{
    int points = (int)weir_option_int(opts, "points");
    int rc =
        weir_spectrum_create(c->system->dims, (int[2]){points, points},
                             weir_option_real(opts, "dealias"),
                             weir_option_int(opts, "fftw") == 1, &c->spectrum);
    if (rc < 0)
        return rc;
    rc = weir_sines_read(opts, points, &c->initial);
    if (rc < 0)
        return rc;
    rc = make_weights(c, (int)weir_option_int(opts, "order"),
                      weir_option_bool(opts, "real_weights"));
    return rc < 0 ? rc : make_tail_gain(c);
}

int weir_periodic_configure(const struct weir_system *system,
                            const struct weir_options *opts, void **config)
{
    struct periodic *c = calloc(1, sizeof(*c));
    if (!c)
        return WEIR_FAIL(ENOMEM, "%s: config", system->name);
    c->system = system;
    read_numbers(c, opts);
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
    struct periodic *c = config;
    if (!c)
        return;
    weir_spectrum_free(c->spectrum);
    weir_etd_free(&c->etd);
    free(c->tail_gain);
    free(c);
}

void weir_periodic_describe(const void *config, struct weir_solver_info *info)
{
    const struct periodic *c = config;
    const struct weir_spectrum *s = c->spectrum;
    bool plane = s->dims == 2;
    *info = (struct weir_solver_info){
        .shape = {.channels = c->system->channels,
                  .dims = s->dims,
                  .n = {(int)(plane ? s->rows : s->cols),
                        (int)(plane ? s->cols : 1)}},
        .extent = {c->length, plane ? c->length : 0},
        .dt = c->dt,
        .periodic = true,
        .equation = c->system->equation,
        .field = c->system->field,
        .space = {.n = 2 * (size_t)c->initial.terms,
                  .parameter = c->initial.parameter},
    };
}

/* Hand out the next n doubles of a lane's memory, on a cache line; only count
   while there is no memory yet. */
static double *carve(double *memory, size_t *used, size_t n)
{
    double *here = memory ? memory + *used : NULL;
    *used += (n + 7) / 8 * 8;
    return here;
}

/* Each channel of `field` goes through FFTW and so starts on a line. */
static size_t field_stride(const struct periodic *c)
{
    return (c->spectrum->points + 7) / 8 * 8;
}

static size_t carve_all(struct lane *l)
{
    const struct periodic *c = l->config;
    const struct weir_spectrum *s = c->spectrum;
    double *m = l->memory;
    size_t used = 0;
    l->u = carve(m, &used, 2 * s->kept * channels(c));
    l->tail = carve(m, &used, 2 * s->full * channels(c));
    l->field = carve(m, &used, field_stride(c) * channels(c));
    l->stages = carve(m, &used, weir_etd_scratch(&c->etd));
    l->work = carve(m, &used, weir_spectrum_work(s, &c->system->product));
    return used;
}

int weir_periodic_create(const void *config, void **lane)
{
    const struct periodic *c = config;
    struct lane *l = calloc(1, sizeof(*l));
    if (!l)
        return WEIR_FAIL(ENOMEM, "%s: lane", c->system->name);
    l->config = c;
    size_t doubles = carve_all(l);
    l->memory = weir_array(doubles, sizeof(double));
    if (!l->memory) {
        free(l);
        return WEIR_FAIL(ENOMEM, "%s: lane of %zu bytes", c->system->name,
                         doubles * sizeof(double));
    }
    carve_all(l);
    *lane = l;
    return 0;
}

void weir_periodic_destroy(void *lane)
{
    struct lane *l = lane;
    if (!l)
        return;
    free(l->memory);
    free(l);
}

static double energy(const struct lane *l)
{
    size_t n = 2 * l->config->spectrum->kept * channels(l->config);
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += l->u[i] * l->u[i];
    return sum;
}

/* The state becomes the grid values in `field`, at t = 0. */
static int take_field(struct lane *l)
{
    const struct periodic *c = l->config;
    const struct weir_spectrum *s = c->spectrum;
    for (size_t ch = 0; ch < channels(c); ch++)
        weir_spectrum_forward(s, l->field + ch * field_stride(c),
                              l->u + 2 * s->kept * ch,
                              l->tail + 2 * s->full * ch, l->work);
    l->steps = 0;
    double start = energy(l);
    if (!isfinite(start))
        return WEIR_FAIL(WEIR_EDIVERGED, "%s: initial field is not finite",
                         c->system->name);
    l->energy_limit = AMPLITUDE_LIMIT * AMPLITUDE_LIMIT * fmax(1, start);
    return 0;
}

int weir_periodic_start(void *lane, const double *parameters)
{
    struct lane *l = lane;
    const struct periodic *c = l->config;
    weir_sines_field(&c->initial, parameters, (int)c->spectrum->cols, l->field);
    return take_field(l);
}

int weir_periodic_start_field(void *lane, const double *field)
{
    struct lane *l = lane;
    const struct periodic *c = l->config;
    size_t points = c->spectrum->points;
    for (size_t ch = 0; ch < channels(c); ch++)
        memcpy(l->field + ch * field_stride(c), field + ch * points,
               points * sizeof(double));
    return take_field(l);
}

static void nonlinear(void *ctx, const double *u, double *out)
{
    struct lane *l = ctx;
    const struct periodic *c = l->config;
    weir_spectrum_product(c->spectrum, &c->system->product, c->coefficient,
                          c->k0, c->system->channels, u, out, l->work);
}

static void scale_tail(struct lane *l)
{
    const double *gain = l->config->tail_gain;
    size_t n = l->config->spectrum->full * channels(l->config);
    double *tail = l->tail;
    for (size_t i = 0; i < n; i++) {
        double re = tail[2 * i], im = tail[2 * i + 1];
        tail[2 * i] = gain[2 * i] * re - gain[2 * i + 1] * im;
        tail[2 * i + 1] = gain[2 * i] * im + gain[2 * i + 1] * re;
    }
}

int weir_periodic_step(void *lane)
{
    struct lane *l = lane;
    const struct periodic *c = l->config;
    for (int i = 0; i < c->substeps; i++)
        weir_etd_step(&c->etd, l->u, l->stages, nonlinear, l);
    scale_tail(l);
    l->steps++;
    double now = energy(l);
    if (now <= l->energy_limit)
        return 0;
    return WEIR_FAIL(WEIR_EDIVERGED,
                     "%s: the state %s at step %ld (t = %g): dt / substeps is "
                     "too large for these parameters",
                     c->system->name,
                     isfinite(now) ? "exploded" : "is no longer finite",
                     l->steps, (double)l->steps * c->dt);
}

static void to_grid(const struct lane *l, size_t channel)
{
    const struct periodic *c = l->config;
    const struct weir_spectrum *s = c->spectrum;
    weir_spectrum_backward(s, l->u + 2 * s->kept * channel,
                           l->tail + 2 * s->full * channel,
                           l->field + channel * field_stride(c), l->work);
}

void weir_periodic_frame(const void *lane, float *out)
{
    const struct lane *l = lane;
    size_t points = l->config->spectrum->points;
    for (size_t ch = 0; ch < channels(l->config); ch++) {
        to_grid(l, ch);
        const double *field = l->field + ch * field_stride(l->config);
        for (size_t i = 0; i < points; i++)
            out[ch * points + i] = (float)field[i];
    }
}

void weir_periodic_frame_double(const void *lane, double *out)
{
    const struct lane *l = lane;
    size_t points = l->config->spectrum->points;
    for (size_t ch = 0; ch < channels(l->config); ch++) {
        to_grid(l, ch);
        memcpy(out + ch * points, l->field + ch * field_stride(l->config),
               points * sizeof(double));
    }
}

/* x *= symbol for every mode of one channel */
static void apply_symbol(const struct periodic *c, int channel, bool full,
                         double *x)
{
    const struct weir_spectrum *s = c->spectrum;
    for (size_t i = 0; i < (full ? s->full : s->kept); i++) {
        int wave[2];
        if (full)
            weir_spectrum_full_wave(s, i, wave);
        else
            weir_spectrum_wave(s, i, wave);
        double complex v = symbol_at(c, wave, channel);
        v *= CMPLX(x[2 * i], x[2 * i + 1]);
        x[2 * i] = creal(v);
        x[2 * i + 1] = cimag(v);
    }
}

int weir_periodic_rhs(const void *lane, double *out)
{
    /* A copy of the lane whose state is the right-hand side. */
    const struct lane *l = lane;
    const struct periodic *c = l->config;
    const struct weir_spectrum *s = c->spectrum;
    void *copy;
    int rc = weir_periodic_create(c, &copy);
    if (rc < 0)
        return rc;
    struct lane *r = copy;
    size_t kept = 2 * s->kept * channels(c), full = 2 * s->full * channels(c);
    memcpy(r->u, l->u, kept * sizeof(double));
    memcpy(r->tail, l->tail, full * sizeof(double));
    nonlinear(r, l->u, r->stages);
    for (size_t ch = 0; ch < channels(c); ch++) {
        apply_symbol(c, (int)ch, false, r->u + 2 * s->kept * ch);
        apply_symbol(c, (int)ch, true, r->tail + 2 * s->full * ch);
    }
    for (size_t i = 0; i < kept; i++)
        r->u[i] += r->stages[i];
    weir_periodic_frame_double(r, out);
    weir_periodic_destroy(r);
    return 0;
}
