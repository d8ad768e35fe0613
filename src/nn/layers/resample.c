/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Nearest and (bi)linear interpolation to another grid, as PyTorch's
 * interpolate: along each axis of n points made from m,
 *
 *     nearest  y[i] = x[floor(i m / n)]
 *     linear   at (i + 1/2) m / n - 1/2, clamped to the first and last point
 *
 * Every point of the result is a weighted sum of up to two points an axis.
 */
#include "base/err.h"
#include "nn/layer.h"
#include "nn/layers.h"
#include "nn/simd.h"

#include <stdlib.h>
#include <string.h>

static const struct weir_layer_ops resample_ops;

int weir_graph_resample(struct weir_graph *g, int in, enum weir_resampling kind,
                        int rows, int points)
{
    if (!weir_graph_has(g, in, "resample"))
        return -1;
    const struct weir_value *x = &g->value[in];
    struct weir_made made = {x->channels, rows, points, x->order};
    return weir_graph_made(g, weir_graph_layer(g, &resample_ops, "resample", 1,
                                               &in, made, &kind, sizeof(kind)));
}

/* Two points of an axis and their weights; the second may weigh nothing. */
struct tap {
    int at[2];
    float weight[2];
};

struct resample {
    struct weir_layout x, y;
    struct tap *row, *point;
};

static struct tap nearest(int i, int from, int to)
{
    int at = (int)((int64_t)i * from / to);
    return (struct tap){{at, at}, {1.0F, 0.0F}};
}

static struct tap linear(int i, int from, int to)
{
    double x = (i + 0.5) * from / to - 0.5;
    x = x < 0 ? 0 : x;
    int at = (int)x < from - 1 ? (int)x : from - 1;
    int next = at < from - 1 ? at + 1 : at;
    return (struct tap){{at, next}, {(float)(1 - (x - at)), (float)(x - at)}};
}

static struct tap *taps(enum weir_resampling kind, int from, int to)
{
    struct tap *t = calloc((size_t)to, sizeof(*t));
    for (int i = 0; t && i < to; i++)
        t[i] = kind == WEIR_RESAMPLE_NEAREST ? nearest(i, from, to)
                                             : linear(i, from, to);
    return t;
}

static void resample_release(void *plan)
{
    struct resample *r = plan;
    free(r->row);
    free(r->point);
    free(r);
}

static int resample_plan(struct weir_layer_site *site, void **plan)
{
    enum weir_resampling kind = *(enum weir_resampling *)site->layer->spec;
    struct resample *r = calloc(1, sizeof(*r));
    if (!r)
        return WEIR_FAIL(ENOMEM, "resample");
    r->x = *site->x[0];
    r->y = *site->y;
    r->row = taps(kind, r->x.rows, r->y.rows);
    r->point = taps(kind, r->x.points, r->y.points);
    if (!r->row || !r->point) {
        resample_release(r);
        return WEIR_FAIL(ENOMEM, "resample");
    }
    site->forgets_x = site->forgets_y = true;
    *plan = r;
    return 0;
}

/* One point of the result: `block` channels, up to four points. @p x: the
 * block of channels of the input. */
WEIR_INLINE void take(const struct resample *r, int i, int j,
                      const float *restrict x, float *restrict y)
{
    size_t block = (size_t)r->x.block, pitch = (size_t)r->x.points * block;
    memset(y, 0, block * sizeof(float));
    for (int a = 0; a < 2; a++)
        for (int b = 0; b < 2; b++) {
            float w = r->row[i].weight[a] * r->point[j].weight[b];
            const float *from = x + (size_t)r->row[i].at[a] * pitch +
                                (size_t)r->point[j].at[b] * block;
            if (w == 0.0F)
                continue;
            for (size_t k = 0; k < block; k++)
                y[k] += w * from[k];
        }
}

WEIR_INLINE void give(const struct resample *r, int i, int j,
                      const float *restrict dy, float *restrict dx)
{
    size_t block = (size_t)r->x.block, pitch = (size_t)r->x.points * block;
    for (int a = 0; a < 2; a++)
        for (int b = 0; b < 2; b++) {
            float w = r->row[i].weight[a] * r->point[j].weight[b];
            float *to = dx + (size_t)r->row[i].at[a] * pitch +
                        (size_t)r->point[j].at[b] * block;
            if (w == 0.0F)
                continue;
            for (size_t k = 0; k < block; k++)
                to[k] += w * dy[k];
        }
}

WEIR_CLONES
static int resample_forward(void *plan, const struct weir_layer_pass *p)
{
    const struct resample *r = plan;
    for (int b = 0; b < r->y.batch; b++)
        for (int c = 0; c < r->y.padded; c += r->y.block) {
            const float *x = p->x[0] + weir_layout_at(&r->x, b, c);
            float *y = p->y + weir_layout_at(&r->y, b, c);
            for (int i = 0; i < r->y.rows; i++)
                for (int j = 0; j < r->y.points; j++, y += r->y.block)
                    take(r, i, j, x, y);
        }
    return 0;
}

WEIR_CLONES
static int resample_backward(void *plan, const struct weir_layer_pass *p)
{
    const struct resample *r = plan;
    if (!p->dx[0])
        return 0;
    memset(p->dx[0], 0, weir_layout_floats(&r->x) * sizeof(float));
    for (int b = 0; b < r->y.batch; b++)
        for (int c = 0; c < r->y.padded; c += r->y.block) {
            float *dx = p->dx[0] + weir_layout_at(&r->x, b, c);
            const float *dy = p->dy + weir_layout_at(&r->y, b, c);
            for (int i = 0; i < r->y.rows; i++)
                for (int j = 0; j < r->y.points; j++, dy += r->y.block)
                    give(r, i, j, dy, dx);
        }
    return 0;
}

static const struct weir_layer_ops resample_ops = {
    .name = "resample",
    .plan = resample_plan,
    .release = resample_release,
    .forward = resample_forward,
    .backward = resample_backward,
};
