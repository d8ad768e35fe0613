/* SPDX-License-Identifier: BSD-3-Clause */
#include "pde/periodic_state.h"

#include "base/err.h"
#include "base/heap.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A state this many times its start (and 1) in amplitude has blown up, while
   it still fits into the float32 of a frame. */
#define AMPLITUDE_LIMIT 1e6

/* Everything a step touches: arrays in `memory`, on cache lines. */
struct lane {
    const struct weir_periodic *config;
    const struct weir_numbers *numbers; /* the config's, or own */
    struct weir_numbers own;            /* made when something is sampled */
    double *memory;
    double *u;    /* kept modes */
    double *tail; /* the others, full half-spectrum */
    double *field;
    double *stages, *work;
    double energy_limit;
    long steps;
};

static size_t channels(const struct weir_periodic *c)
{
    return (size_t)c->system.channels;
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
static size_t field_stride(const struct weir_periodic *c)
{
    return (c->spectrum->points + 7) / 8 * 8;
}

static size_t carve_all(struct lane *l)
{
    const struct weir_periodic *c = l->config;
    const struct weir_spectrum *s = c->spectrum;
    size_t transform = weir_spectrum_work(s);
    size_t product = weir_product_work(&c->system.product, s);
    double *m = l->memory;
    size_t used = 0;
    l->u = carve(m, &used, 2 * s->kept * channels(c));
    l->tail = carve(m, &used, 2 * s->full * channels(c));
    l->field = carve(m, &used, field_stride(c) * channels(c));
    l->stages = carve(m, &used, weir_etd_scratch(&c->numbers.etd));
    l->work = carve(m, &used, transform > product ? transform : product);
    return used;
}

size_t weir_periodic_lane_doubles(const struct weir_periodic *c)
{
    struct lane measure = {.config = c};
    return carve_all(&measure);
}

static int allocate(struct lane *l)
{
    const struct weir_periodic *c = l->config;
    size_t doubles = weir_periodic_lane_doubles(c);
    l->memory = weir_array(doubles, sizeof(double));
    if (!l->memory)
        return WEIR_FAIL(ENOMEM, "%s: lane of %zu bytes", c->system.name,
                         doubles * sizeof(double));
    carve_all(l);
    if (!c->samples.n)
        return 0;
    l->numbers = &l->own;
    return weir_numbers_create(c, &l->own);
}

int weir_periodic_create(const void *config, void **lane)
{
    const struct weir_periodic *c = config;
    struct lane *l = calloc(1, sizeof(*l));
    if (!l)
        return WEIR_FAIL(ENOMEM, "%s: lane", c->system.name);
    l->config = c;
    l->numbers = &c->numbers;
    int rc = allocate(l);
    if (rc < 0) {
        weir_periodic_destroy(l);
        return rc;
    }
    *lane = l;
    return 0;
}

void weir_periodic_destroy(void *lane)
{
    struct lane *l = lane;
    if (!l)
        return;
    weir_numbers_free(&l->own);
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
    const struct weir_periodic *c = l->config;
    const struct weir_spectrum *s = c->spectrum;
    for (size_t ch = 0; ch < channels(c); ch++)
        weir_spectrum_forward(s, l->field + ch * field_stride(c),
                              l->u + 2 * s->kept * ch,
                              l->tail + 2 * s->full * ch, l->work);
    l->steps = 0;
    double start = energy(l);
    if (!isfinite(start))
        return WEIR_FAIL(WEIR_EDIVERGED, "%s: initial field is not finite",
                         c->system.name);
    l->energy_limit = AMPLITUDE_LIMIT * AMPLITUDE_LIMIT * fmax(1, start);
    return 0;
}

/* Numbers of this simulation; @p sampled NULL: those of the config. */
static void take_numbers(struct lane *l, const double *sampled)
{
    const struct weir_periodic *c = l->config;
    if (!c->samples.n)
        return;
    memcpy(l->own.value, c->numbers.value, sizeof(l->own.value));
    if (sampled)
        weir_samples_apply(&c->samples, sampled, l->own.value);
    weir_numbers_fill(c, &l->own);
}

static int warm_up(struct lane *l)
{
    for (int i = 0; i < l->config->warmup; i++) {
        int rc = weir_periodic_step(l);
        if (rc < 0)
            return WEIR_NOTE(rc, "during the warm-up");
    }
    l->steps = 0;
    return 0;
}

int weir_periodic_start(void *lane, const double *parameters)
{
    struct lane *l = lane;
    const struct weir_periodic *c = l->config;
    take_numbers(l, parameters + c->initial.space.n);
    for (size_t ch = 0; ch < channels(c); ch++)
        weir_initial_field(&c->initial, parameters, (int)ch,
                           l->field + ch * field_stride(c));
    int rc = take_field(l);
    return rc < 0 ? rc : warm_up(l);
}

int weir_periodic_start_field(void *lane, const double *field)
{
    struct lane *l = lane;
    const struct weir_periodic *c = l->config;
    size_t points = c->spectrum->points;
    for (size_t ch = 0; ch < channels(c); ch++)
        memcpy(l->field + ch * field_stride(c), field + ch * points,
               points * sizeof(double));
    take_numbers(l, NULL);
    return take_field(l);
}

static void nonlinear(void *ctx, const double *u, double *out)
{
    struct lane *l = ctx;
    const struct weir_system *system = &l->config->system;
    const struct weir_numbers *n = l->numbers;
    weir_product_evaluate(&system->product, l->config->spectrum, n->value,
                          n->k0, system->channels, u, out, l->work);
    if (system->finish)
        system->finish(n->value, l->config->spectrum, u, out);
}

static void scale_tail(struct lane *l)
{
    const double *gain = l->numbers->tail_gain;
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
    const struct weir_periodic *c = l->config;
    for (int i = 0; i < c->substeps; i++)
        weir_etd_step(&l->numbers->etd, l->u, l->stages, nonlinear, l);
    scale_tail(l);
    l->steps++;
    double now = energy(l);
    if (now <= l->energy_limit)
        return 0;
    return WEIR_FAIL(WEIR_EDIVERGED,
                     "%s: the state %s at step %ld (t = %g): dt / substeps is "
                     "too large for these parameters",
                     c->system.name,
                     isfinite(now) ? "exploded" : "is no longer finite",
                     l->steps, (double)l->steps * c->dt);
}

static void to_grid(const struct lane *l, size_t channel)
{
    const struct weir_periodic *c = l->config;
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

/* x *= symbol for every mode of the tail */
static void apply_to_tail(const struct lane *l, double *x)
{
    const struct weir_spectrum *s = l->config->spectrum;
    for (size_t i = 0; i < s->full * channels(l->config); i++) {
        int wave[2];
        weir_spectrum_full_wave(s, i % s->full, wave);
        double complex v = weir_numbers_symbol(l->config, l->numbers, wave,
                                               (int)(i / s->full));
        v *= CMPLX(x[2 * i], x[2 * i + 1]);
        x[2 * i] = creal(v);
        x[2 * i + 1] = cimag(v);
    }
}

int weir_periodic_rhs(const void *lane, double *out)
{
    /* A second lane whose state is the right-hand side of this one. */
    const struct lane *l = lane;
    const struct weir_spectrum *s = l->config->spectrum;
    size_t kept = s->kept * channels(l->config);
    void *other;
    int rc = weir_periodic_create(l->config, &other);
    if (rc < 0)
        return rc;
    struct lane *r = other;
    r->numbers = l->numbers;
    nonlinear(r, l->u, r->u);
    for (size_t i = 0; i < kept; i++) {
        double complex v = CMPLX(l->u[2 * i], l->u[2 * i + 1]);
        v *= l->numbers->symbol[i];
        r->u[2 * i] += creal(v);
        r->u[2 * i + 1] += cimag(v);
    }
    memcpy(r->tail, l->tail,
           2 * s->full * channels(l->config) * sizeof(double));
    apply_to_tail(r, r->tail);
    weir_periodic_frame_double(r, out);
    weir_periodic_destroy(r);
    return 0;
}
