/* SPDX-License-Identifier: BSD-3-Clause */
#include "nn/position.h"

#include "base/err.h"
#include "base/heap.h"
#include "nn/dnnl.h"
#include "nn/simd.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { HIDDEN = WEIR_POSITION_HIDDEN };

static float log_spaced(int offset, int n)
{
    double r = n > 1 ? 8.0 * offset / (n - 1) : offset;
    return (float)copysign(log2(fabs(r) + 1) / 3, r);
}

int weir_position_create(int rows, int points, int heads,
                         struct weir_position *p)
{
    int high = 2 * rows - 1, wide = 2 * points - 1;
    *p = (struct weir_position){rows, points, heads, high * wide, NULL};
    p->apart = weir_array(2 * (size_t)p->offsets, sizeof(float));
    if (!p->apart)
        return WEIR_FAIL(ENOMEM, "position bias: %d offsets", p->offsets);
    for (int i = 0; i < p->offsets; i++) {
        p->apart[2 * i] = log_spaced(rows - 1 - i / wide, rows);
        p->apart[2 * i + 1] = log_spaced(points - 1 - i % wide, points);
    }
    return 0;
}

void weir_position_free(struct weir_position *p)
{
    free(p->apart);
}

size_t weir_position_bias(const struct weir_position *p)
{
    size_t tokens = (size_t)p->rows * (size_t)p->points;
    return (size_t)p->heads * tokens * tokens;
}

/* Hidden numbers and their gradients, the table and its. */
size_t weir_position_work(const struct weir_position *p)
{
    return 2 * (size_t)p->offsets * (HIDDEN + (size_t)p->heads);
}

WEIR_CLONES
static void hide(const struct weir_position *p, const float *restrict b0,
                 float *restrict hidden)
{
    for (int i = 0; i < p->offsets; i++)
        for (int k = 0; k < HIDDEN; k++) {
            float x = hidden[i * HIDDEN + k] + b0[k];
            hidden[i * HIDDEN + k] = x > 0 ? x : 0;
        }
}

/* hidden: [offsets][HIDDEN], table: [heads][offsets]. */
static int tabulate(const struct weir_position *p,
                    const struct weir_position_weights *w, float *hidden,
                    float *table)
{
    struct weir_matrix apart = {p->apart, 2, false}, w0 = {w->w0, 2, true};
    struct weir_matrix w2 = {w->w2, HIDDEN, false}, h = {hidden, HIDDEN, true};
    int rc = weir_gemm(p->offsets, HIDDEN, 2, apart, w0, 0.0F, hidden, HIDDEN);
    if (rc)
        return rc;
    hide(p, w->b0, hidden);
    rc =
        weir_gemm(p->heads, p->offsets, HIDDEN, w2, h, 0.0F, table, p->offsets);
    for (int i = 0; i < p->heads * p->offsets; i++)
        table[i] = 16 / (1 + expf(-table[i]));
    return rc;
}

/* Where query @p i has its offset to the first key of row @p row; the row's
 * other keys follow. */
static int offset_at(const struct weir_position *p, int i, int row)
{
    return (row - i / p->points + p->rows - 1) * (2 * p->points - 1) +
           p->points - 1 - i % p->points;
}

int weir_position_forward(const struct weir_position *p,
                          const struct weir_position_weights *w, float *work,
                          float *bias)
{
    float *table = work + (size_t)p->offsets * HIDDEN;
    int rc = tabulate(p, w, work, table);
    for (int h = 0; h < p->heads; h++, table += p->offsets)
        for (int i = 0; i < p->rows * p->points; i++)
            for (int row = 0; row < p->rows; row++, bias += p->points)
                memcpy(bias, table + offset_at(p, i, row),
                       (size_t)p->points * sizeof(float));
    return rc;
}

/* Gradients of the table's entries before the sigmoid. */
static void gather(const struct weir_position *p, const float *table,
                   const float *dbias, float *dtable)
{
    memset(dtable, 0, (size_t)p->heads * (size_t)p->offsets * sizeof(*dtable));
    for (int h = 0; h < p->heads; h++) {
        float *to = dtable + (size_t)h * (size_t)p->offsets;
        for (int i = 0; i < p->rows * p->points; i++)
            for (int row = 0; row < p->rows; row++, dbias += p->points)
                for (int j = 0; j < p->points; j++)
                    to[offset_at(p, i, row) + j] += dbias[j];
    }
    for (int i = 0; i < p->heads * p->offsets; i++)
        dtable[i] *= table[i] * (1 - table[i] / 16);
}

WEIR_CLONES
static void unhide(const struct weir_position *p, const float *restrict hidden,
                   float *restrict dhidden, float *restrict db0)
{
    memset(db0, 0, HIDDEN * sizeof(*db0));
    for (int i = 0; i < p->offsets; i++)
        for (int k = 0; k < HIDDEN; k++) {
            float d = hidden[i * HIDDEN + k] > 0 ? dhidden[i * HIDDEN + k] : 0;
            dhidden[i * HIDDEN + k] = d;
            db0[k] += d;
        }
}

int weir_position_backward(const struct weir_position *p,
                           const struct weir_position_weights *w, float *work,
                           const float *dbias,
                           const struct weir_position_gradients *g)
{
    size_t big = (size_t)p->offsets * HIDDEN;
    size_t small = (size_t)p->offsets * (size_t)p->heads;
    float *hidden = work, *table = work + big, *dhidden = table + small;
    float *dtable = dhidden + big;
    struct weir_matrix h = {hidden, HIDDEN, false};
    struct weir_matrix apart = {p->apart, 2, false};
    struct weir_matrix dt = {dtable, p->offsets, false};
    struct weir_matrix dt_across = {dtable, p->offsets, true};
    struct weir_matrix w2 = {w->w2, HIDDEN, false};
    struct weir_matrix dh_across = {dhidden, HIDDEN, true};
    int rc = tabulate(p, w, hidden, table);
    if (rc)
        return rc;
    gather(p, table, dbias, dtable);
    rc = weir_gemm(p->heads, HIDDEN, p->offsets, dt, h, 0.0F, g->w2, HIDDEN);
    if (!rc)
        rc = weir_gemm(p->offsets, HIDDEN, p->heads, dt_across, w2, 0.0F,
                       dhidden, HIDDEN);
    if (rc)
        return rc;
    unhide(p, hidden, dhidden, g->b0);
    return weir_gemm(HIDDEN, 2, p->offsets, dh_across, apart, 0.0F, g->w0, 2);
}
