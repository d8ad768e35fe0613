/* SPDX-License-Identifier: BSD-3-Clause */
#include "nn/window.h"

#include "base/err.h"
#include "nn/simd.h"

#include <stdlib.h>
#include <string.h>

/* ---- copies ---- */

/* The outer point that point @p m of phase @p r copies; -1: none. */
static int source(const struct weir_reach *a, int r, int m, bool *negated)
{
    int at = r + a->phases * m - a->before, n = a->points;
    bool border = at < 0 || at >= n;
    *negated = border && a->padding == WEIR_PAD_MIRROR_NEGATED;
    if (r + a->phases * m >= a->limit)
        return -1;
    if (!border)
        return at;
    switch (a->padding) {
    case WEIR_PAD_CIRCULAR:
        return (at % n + n) % n;
    case WEIR_PAD_MIRROR_NEGATED:
        return at < 0 ? -at : 2 * n - 2 - at;
    case WEIR_PAD_ZERO:
        break;
    }
    return -1;
}

static void list_rows(struct weir_patch *p)
{
    const struct weir_reach *a = &p->reach[0];
    for (int r = 0; r < a->phases; r++)
        for (int m = 0; m < a->length; m++)
            p->row[r * a->length + m] =
                source(a, r, m, &p->row_negated[r * a->length + m]);
}

static bool extends(const struct weir_run *run, int from, bool negated)
{
    int next = run->from < 0 ? -1 : run->from + run->n;
    return from == next && (from < 0 || negated == run->negated);
}

static void list_runs(struct weir_patch *p)
{
    const struct weir_reach *a = &p->reach[1];
    int n = 0;
    for (int r = 0; r < a->phases; r++) {
        p->first[r] = n;
        for (int m = 0; m < a->length; m++) {
            bool negated;
            int from = source(a, r, m, &negated);
            if (m > 0 && extends(&p->run[n - 1], from, negated))
                p->run[n - 1].n++;
            else
                p->run[n++] = (struct weir_run){m, 1, from, negated};
        }
    }
    p->first[a->phases] = n;
}

int weir_patch_create(const struct weir_layout *outer,
                      const struct weir_reach reach[2], struct weir_patch *p)
{
    size_t rows = (size_t)(reach[0].phases * reach[0].length);
    size_t columns = (size_t)(reach[1].phases * reach[1].length);
    *p = (struct weir_patch){
        .outer = *outer, .inner = *outer, .reach = {reach[0], reach[1]}};
    p->inner.batch = outer->batch * reach[0].phases * reach[1].phases;
    p->inner.rows = reach[0].length;
    p->inner.points = reach[1].length;
    p->row = calloc(rows, sizeof(*p->row));
    p->row_negated = calloc(rows, sizeof(*p->row_negated));
    p->run = calloc(columns, sizeof(*p->run));
    p->first = calloc((size_t)reach[1].phases + 1, sizeof(*p->first));
    if (!p->row || !p->row_negated || !p->run || !p->first) {
        weir_patch_free(p);
        return WEIR_FAIL(ENOMEM, "convolution: plan of its border");
    }
    list_rows(p);
    list_runs(p);
    return 0;
}

void weir_patch_free(struct weir_patch *p)
{
    free(p->row);
    free(p->row_negated);
    free(p->run);
    free(p->first);
    *p = (struct weir_patch){0};
}

/* One row of one block of channels; @p sign is that of its row. */
WEIR_INLINE void gather_row(const struct weir_patch *p, int phase, bool negated,
                            const float *outer, float *inner)
{
    size_t block = (size_t)p->outer.block;
    for (int i = p->first[phase]; i < p->first[phase + 1]; i++) {
        const struct weir_run *run = &p->run[i];
        size_t n = (size_t)run->n * block;
        float *restrict to = inner + (size_t)run->at * block;
        if (run->from < 0 || !outer) {
            memset(to, 0, n * sizeof(float));
            continue;
        }
        const float *restrict from = outer + (size_t)run->from * block;
        if (!negated && !run->negated)
            memcpy(to, from, n * sizeof(float));
        else
            for (size_t j = 0; j < n; j++)
                to[j] = -from[j];
    }
}

WEIR_INLINE void scatter_row(const struct weir_patch *p, int phase,
                             bool negated, const float *inner, float *outer)
{
    size_t block = (size_t)p->outer.block;
    for (int i = p->first[phase]; i < p->first[phase + 1]; i++) {
        const struct weir_run *run = &p->run[i];
        size_t n = (size_t)run->n * block;
        if (run->from < 0)
            continue;
        const float *restrict from = inner + (size_t)run->at * block;
        float *restrict to = outer + (size_t)run->from * block;
        if (!negated && !run->negated)
            for (size_t j = 0; j < n; j++)
                to[j] += from[j];
        else
            for (size_t j = 0; j < n; j++)
                to[j] -= from[j];
    }
}

/* Where a row of one block of channels starts. */
static size_t row_at(const struct weir_layout *l, int sample, int channel,
                     int row)
{
    return weir_layout_at(l, sample, channel) +
           (size_t)row * (size_t)l->points * (size_t)l->block;
}

WEIR_CLONES
void weir_patch_gather(const struct weir_patch *p, const float *outer,
                       float *inner)
{
    const struct weir_reach *rows = &p->reach[0];
    int phases = p->reach[1].phases, sample = 0;
    for (int b = 0; b < p->outer.batch; b++)
        for (int r = 0; r < rows->phases; r++)
            for (int s = 0; s < phases; s++, sample++)
                for (int c = 0; c < p->outer.padded; c += p->outer.block)
                    for (int i = 0; i < rows->length; i++) {
                        int from = p->row[r * rows->length + i];
                        gather_row(p, s, p->row_negated[r * rows->length + i],
                                   from < 0
                                       ? NULL
                                       : outer + row_at(&p->outer, b, c, from),
                                   inner + row_at(&p->inner, sample, c, i));
                    }
}

WEIR_CLONES
void weir_patch_scatter(const struct weir_patch *p, const float *inner,
                        float *outer)
{
    const struct weir_reach *rows = &p->reach[0];
    int phases = p->reach[1].phases, sample = 0;
    memset(outer, 0, weir_layout_floats(&p->outer) * sizeof(float));
    for (int b = 0; b < p->outer.batch; b++)
        for (int r = 0; r < rows->phases; r++)
            for (int s = 0; s < phases; s++, sample++)
                for (int c = 0; c < p->outer.padded; c += p->outer.block)
                    for (int i = 0; i < rows->length; i++) {
                        int to = p->row[r * rows->length + i];
                        if (to >= 0)
                            scatter_row(p, s,
                                        p->row_negated[r * rows->length + i],
                                        inner + row_at(&p->inner, sample, c, i),
                                        outer + row_at(&p->outer, b, c, to));
                    }
}

/* ---- windows ---- */

int weir_window_points(const struct weir_conv *conv, int points)
{
    int reach = conv->dilation * (conv->kernel - 1) + 1;
    int room = points + 2 * conv->pad - reach;
    return room < 0 ? 0 : room / conv->stride + 1;
}

/* Whether oneDNN's own zeros serve. */
static bool fits_as_it_is(const struct weir_conv *conv, int points)
{
    int made = weir_window_points(conv, points);
    int used = (made - 1) * conv->stride + conv->kernel;
    bool surrounded = conv->pad > 0 && conv->padding != WEIR_PAD_ZERO;
    return conv->dilation == 1 && !surrounded && used >= points + conv->pad;
}

static struct weir_reach reach_in(const struct weir_conv *conv, int points,
                                  int made)
{
    int phases = conv->dilation;
    int each = (made + phases - 1) / phases;
    return (struct weir_reach){
        .phases = phases,
        .length = (each - 1) * conv->stride + conv->kernel,
        .before = conv->pad,
        .limit = points + 2 * conv->pad,
        .points = points,
        .padding = conv->padding,
    };
}

static struct weir_reach reach_out(const struct weir_conv *conv, int made)
{
    int phases = conv->dilation;
    return (struct weir_reach){
        .phases = phases,
        .length = (made + phases - 1) / phases,
        .limit = made,
        .points = made,
        .padding = WEIR_PAD_ZERO,
    };
}

static struct weir_layout resized(const struct weir_layout *l,
                                  const struct weir_reach reach[2])
{
    struct weir_layout out = *l;
    out.batch *= reach[0].phases * reach[1].phases;
    out.rows = reach[0].length;
    out.points = reach[1].length;
    return out;
}

static const struct weir_conv one_row = {
    .kernel = 1,
    .stride = 1,
    .dilation = 1,
};

struct weir_window weir_window_of(const struct weir_conv *conv, int dims,
                                  const struct weir_layout *wide,
                                  const struct weir_layout *narrow)
{
    const struct weir_conv *axis[] = {dims == 2 ? conv : &one_row, conv};
    int from[] = {wide->rows, wide->points};
    int made[] = {narrow->rows, narrow->points};
    struct weir_window w = {
        .shape = {.in = *wide, .out = *narrow, .bias = !conv->no_bias},
        .wide_field = *wide,
        .narrow_field = *narrow,
        .phased = conv->dilation > 1 && wide->halo == 0,
    };
    for (int i = 0; i < 2; i++) {
        w.wide[i] = reach_in(axis[i], from[i], made[i]);
        w.narrow[i] = reach_out(axis[i], made[i]);
        w.shape.kernel[i] = axis[i]->kernel;
        w.shape.stride[i] = axis[i]->stride;
        w.shape.dilation[i] = 1;
        w.copied |= wide->halo == 0 && !fits_as_it_is(axis[i], from[i]);
    }
    for (int i = 0; i < 2; i++)
        w.shape.pad[i] = w.copied ? 0 : axis[i]->pad;
    if (w.copied)
        w.shape.in = resized(wide, w.wide);
    if (w.phased)
        w.shape.out = resized(narrow, w.narrow);
    return w;
}
