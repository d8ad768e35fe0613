/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Multi-head cosine attention in windows (Liu et al. 2022, Swin V2). Tokens are
 * points, heads are equal shares of the channels. In each window, for each head:
 *
 *     S = t q^ k^T + bias [+ mask],  P = softmax(S),  y = P v
 *
 * with q^ and k^ of unit length, t = exp(min(logit_scale, ln 100)) and the bias
 * of position.h. The field is rolled by -shift, cut into windows, and put back:
 * here that is a table of which token a window's i-th one is. Where a roll has
 * brought together what is not neighbours, the mask keeps it apart.
 *
 *     dv = P^T dy,  dP = dy v^T,  dS = P (dP - sum of dP P over keys)
 *     d(t q^) = dS k^,  dk^ = dS^T t q^,  dq = (dq^ - q^ (q^ dq^)) / |q|
 */
#include "base/err.h"
#include "base/heap.h"
#include "nn/layer.h"
#include "nn/layers.h"
#include "nn/position.h"
#include "nn/rows.h"
#include "nn/softmax.h"

#include <math.h>
#include <stdlib.h>

enum { Q, K, V };
enum { LOGIT_SCALE, W0, B0, W2 };

static const struct weir_layer_ops attention_ops;

static bool attention_fits(struct weir_graph *g, const int in[3],
                           const char *name, const struct weir_attention *a)
{
    const struct weir_value *x = &g->value[in[Q]];
    bool fits = a->heads > 0 && x->channels % a->heads == 0 && a->rows > 0 &&
                a->points > 0 && x->rows % a->rows == 0 &&
                x->points % a->points == 0 && a->shift_rows >= 0 &&
                a->shift_rows < a->rows && a->shift_points >= 0 &&
                a->shift_points < a->points;
    for (int k = K; k <= V; k++) {
        const struct weir_value *z = &g->value[in[k]];
        fits = fits && z->channels == x->channels && z->rows == x->rows &&
               z->points == x->points;
    }
    if (!fits)
        weir_graph_fail(
            g, WEIR_FAIL(EINVAL,
                         "%s: %d heads, windows of %d x %d points moved by %d "
                         "and %d, on %d x %d x %d values",
                         name, a->heads, a->rows, a->points, a->shift_rows,
                         a->shift_points, x->channels, x->rows, x->points));
    return fits;
}

int weir_graph_attention(struct weir_graph *g, int q, int k, int v,
                         const char *name, const struct weir_attention *a)
{
    int in[] = {q, k, v};
    for (int i = 0; i < 3; i++) {
        in[i] = weir_graph_in_order(g, in[i], WEIR_LAST);
        if (!weir_graph_has(g, in[i], name))
            return -1;
    }
    if (!attention_fits(g, in, name, a))
        return -1;
    const struct weir_value *x = &g->value[in[Q]];
    struct weir_made made = {x->channels, x->rows, x->points, WEIR_LAST};
    struct weir_init small = {WEIR_INIT_NORMAL, 0.02};
    struct weir_init zero = {WEIR_INIT_CONSTANT, 0};
    int64_t scale[] = {a->heads, 1, 1}, w0[] = {WEIR_POSITION_HIDDEN, 2};
    int64_t w2[] = {a->heads, WEIR_POSITION_HIDDEN};
    int l =
        weir_graph_layer(g, &attention_ops, name, 3, in, made, a, sizeof(*a));
    weir_graph_param(g, "logit_scale", 3, scale,
                     (struct weir_init){WEIR_INIT_CONSTANT, log(10)});
    weir_graph_param(g, "position.0.weight", 2, w0, small);
    weir_graph_param(g, "position.0.bias", 1, w0, zero);
    weir_graph_param(g, "position.2.weight", 2, w2, small);
    return weir_graph_made(g, l);
}

/* ---- planning ---- */

struct attention {
    struct weir_position position;
    int batch, channels, heads, size; /* size: channels of a head */
    int tokens, windows;              /* of a window, of a sample */
    int *token;                       /* [windows][tokens] */
    int *region;                      /* likewise; different: apart */
    bool *mixed;                      /* [windows] has several regions */
};

/* Work of one head in one window, after the biases. */
struct head {
    float *q, *k, *v, *y; /* [tokens][size]; q times t, k of unit length */
    float *dq, *dk;
    float *q_over, *k_over; /* 1 / length of each token's */
    float *ds;              /* [tokens][tokens] */
};

static size_t pairs(const struct attention *a)
{
    return (size_t)a->tokens * (size_t)a->tokens;
}

static size_t head_floats(const struct attention *a)
{
    return 6 * (size_t)a->tokens * (size_t)a->size + 2 * (size_t)a->tokens +
           pairs(a);
}

/* Label of rolled position @p at along an axis: what was neighbours is alike. */
static int label(int at, int length, int window, int shift)
{
    if (shift == 0 || at < length - window)
        return 0;
    return at < length - shift ? 1 : 2;
}

static void place_token(struct attention *a, const struct weir_attention *s,
                        const struct weir_layout *x, int window, int i)
{
    int across = x->points / s->points;
    int row = window / across * s->rows + i / s->points;
    int point = window % across * s->points + i % s->points;
    int at = window * a->tokens + i;
    a->token[at] = (row + s->shift_rows) % x->rows * x->points +
                   (point + s->shift_points) % x->points;
    a->region[at] = 3 * label(row, x->rows, s->rows, s->shift_rows) +
                    label(point, x->points, s->points, s->shift_points);
    a->mixed[window] |= a->region[at] != a->region[window * a->tokens];
}

static void attention_release(void *plan)
{
    struct attention *a = plan;
    weir_position_free(&a->position);
    free(a->token);
    free(a->region);
    free(a->mixed);
    free(a);
}

static int place_tokens(struct attention *a, const struct weir_attention *s,
                        const struct weir_layout *x)
{
    size_t all = (size_t)a->windows * (size_t)a->tokens;
    a->token = calloc(all, sizeof(*a->token));
    a->region = calloc(all, sizeof(*a->region));
    a->mixed = calloc((size_t)a->windows, sizeof(*a->mixed));
    if (!a->token || !a->region || !a->mixed)
        return WEIR_FAIL(ENOMEM, "attention: %zu tokens", all);
    for (int w = 0; w < a->windows; w++)
        for (int i = 0; i < a->tokens; i++)
            place_token(a, s, x, w, i);
    return 0;
}

static int attention_plan(struct weir_layer_site *site, void **plan)
{
    const struct weir_attention *s = site->layer->spec;
    const struct weir_layout *x = site->y;
    struct attention *a = calloc(1, sizeof(*a));
    if (!a)
        return WEIR_FAIL(ENOMEM, "%s", site->layer->name);
    a->batch = x->batch;
    a->channels = x->channels;
    a->heads = s->heads;
    a->size = x->channels / s->heads;
    a->tokens = s->rows * s->points;
    a->windows = x->rows * x->points / a->tokens;
    int rc = weir_position_create(s->rows, s->points, s->heads, &a->position);
    if (!rc)
        rc = place_tokens(a, s, x);
    if (rc) {
        attention_release(a);
        return WEIR_NOTE(rc, "%s", site->layer->name);
    }
    site->keep = (size_t)(a->batch * a->windows * a->heads) * pairs(a);
    site->work = 2 * weir_position_bias(&a->position) +
                 weir_position_work(&a->position) + head_floats(a);
    site->forgets_y = true;
    *plan = a;
    return 0;
}

static size_t attention_bytes(const void *plan)
{
    const struct attention *a = plan;
    return 2 * (size_t)a->windows * (size_t)a->tokens * sizeof(int) +
           2 * (size_t)a->position.offsets * sizeof(float);
}

/* ---- running ---- */

static struct head head_of(const struct attention *a, float *at)
{
    size_t n = (size_t)a->tokens * (size_t)a->size, t = (size_t)a->tokens;
    return (struct head){at,         at + n,         at + 2 * n,
                         at + 3 * n, at + 4 * n,     at + 5 * n,
                         at + 6 * n, at + 6 * n + t, at + 6 * n + 2 * t};
}

static void take(const struct attention *a, const int *token, const float *x,
                 float *to)
{
    for (int i = 0; i < a->tokens; i++)
        memcpy(to + (ptrdiff_t)i * a->size,
               x + (ptrdiff_t)token[i] * a->channels,
               (size_t)a->size * sizeof(float));
}

static void put(const struct attention *a, const int *token, const float *x,
                float *to)
{
    for (int i = 0; i < a->tokens && to; i++)
        memcpy(to + (ptrdiff_t)token[i] * a->channels,
               x + (ptrdiff_t)i * a->size, (size_t)a->size * sizeof(float));
}

/* Rows of length @p scale; what they were divided by before. */
WEIR_CLONES
static void direct(const struct attention *a, float scale, float *x,
                   float *over)
{
    for (int i = 0; i < a->tokens; i++, x += a->size) {
        float length = sqrtf(weir_row_dot(a->size, x, x));
        over[i] = 1 / (length > 1e-12F ? length : 1e-12F);
        for (int c = 0; c < a->size; c++)
            x[c] *= over[i] * scale;
    }
}

/* From the gradient @p d of rows @p x of length @p scale, made from longer ones
 * by direct: theirs, in place. @return sum of d x */
WEIR_CLONES
static float direct_back(const struct attention *a, float scale,
                         const float *restrict x, const float *over,
                         float *restrict d)
{
    float sum = 0;
    for (int i = 0; i < a->tokens; i++, x += a->size, d += a->size) {
        float along = weir_row_dot(a->size, x, d);
        for (int c = 0; c < a->size; c++)
            d[c] = (scale * d[c] - x[c] * (along / scale)) * over[i];
        sum += along;
    }
    return sum;
}

static float temperature(const struct weir_layer_pass *p, int head)
{
    return expf(fminf(p->w[LOGIT_SCALE][head], logf(100)));
}

/* One head of one window of one sample: which it is, and where its arrays are. */
struct place {
    int head;
    const int *token, *region;
    size_t at;   /* of the head's channels in the sample's first token */
    size_t kept; /* of P */
    const float *bias;
    float *dbias;
};

static struct place place_of(const struct attention *a, int i, float *work)
{
    int head = i % a->heads, window = i / a->heads % a->windows;
    int sample = i / a->heads / a->windows;
    float *bias = work + (size_t)head * pairs(a);
    return (struct place){
        .head = head,
        .token = a->token + (ptrdiff_t)window * a->tokens,
        .region =
            a->mixed[window] ? a->region + (ptrdiff_t)window * a->tokens : NULL,
        .at = (size_t)sample * (size_t)(a->windows * a->tokens) *
                  (size_t)a->channels +
              (size_t)(head * a->size),
        .kept = (size_t)i * pairs(a),
        .bias = bias,
        .dbias = bias + weir_position_bias(&a->position),
    };
}

static void take_operands(const struct attention *a,
                          const struct weir_layer_pass *p,
                          const struct place *at, const struct head *h)
{
    take(a, at->token, p->x[Q] + at->at, h->q);
    take(a, at->token, p->x[K] + at->at, h->k);
    take(a, at->token, p->x[V] + at->at, h->v);
    direct(a, temperature(p, at->head), h->q, h->q_over);
    direct(a, 1, h->k, h->k_over);
}

static int attend(const struct attention *a, const struct weir_layer_pass *p,
                  const struct place *at, const struct head *h)
{
    float *s = p->keep + at->kept;
    int n = a->tokens, d = a->size;
    take_operands(a, p, at, h);
    struct weir_matrix q = {h->q, d, false}, k = {h->k, d, true};
    struct weir_matrix prob = {s, n, false}, v = {h->v, d, false};
    int rc = weir_gemm(n, n, d, q, k, 0.0F, s, n);
    weir_softmax(n, at->bias, at->region, s);
    if (!rc)
        rc = weir_gemm(n, d, n, prob, v, 0.0F, h->y, d);
    put(a, at->token, h->y, p->y + at->at);
    return rc;
}

static struct weir_position_weights weights(const struct weir_layer_pass *p)
{
    return (struct weir_position_weights){p->w[W0], p->w[B0], p->w[W2]};
}

static int attention_forward(void *plan, const struct weir_layer_pass *p)
{
    const struct attention *a = plan;
    struct weir_position_weights w = weights(p);
    float *work = p->work + 2 * weir_position_bias(&a->position);
    struct head h = head_of(a, work + weir_position_work(&a->position));
    int rc = weir_position_forward(&a->position, &w, work, p->work);
    for (int i = 0; i < a->batch * a->windows * a->heads && !rc; i++) {
        struct place at = place_of(a, i, p->work);
        rc = attend(a, p, &at, &h);
    }
    return rc;
}

/* dv and dS. */
static int scores_back(const struct attention *a,
                       const struct weir_layer_pass *p, const struct place *at,
                       const struct head *h)
{
    const float *kept = p->keep + at->kept;
    int n = a->tokens, d = a->size;
    struct weir_matrix across = {kept, n, true}, dy = {h->y, d, false};
    struct weir_matrix v = {h->v, d, true};
    take(a, at->token, p->dy + at->at, h->y);
    int rc = weir_gemm(n, d, n, across, dy, 0.0F, h->dq, d);
    put(a, at->token, h->dq, p->dx[V] ? p->dx[V] + at->at : NULL);
    if (!rc)
        rc = weir_gemm(n, n, d, dy, v, 0.0F, h->ds, n);
    weir_softmax_back(n, kept, h->ds, at->dbias);
    return rc;
}

static int attend_back(const struct attention *a,
                       const struct weir_layer_pass *p, const struct place *at,
                       const struct head *h)
{
    int n = a->tokens, d = a->size;
    struct weir_matrix ds = {h->ds, n, false}, across = {h->ds, n, true};
    struct weir_matrix q = {h->q, d, false}, k = {h->k, d, false};
    take_operands(a, p, at, h);
    int rc = scores_back(a, p, at, h);
    if (!rc)
        rc = weir_gemm(n, d, n, ds, k, 0.0F, h->dq, d);
    if (!rc)
        rc = weir_gemm(n, d, n, across, q, 0.0F, h->dk, d);
    float along =
        direct_back(a, temperature(p, at->head), h->q, h->q_over, h->dq);
    direct_back(a, 1, h->k, h->k_over, h->dk);
    if (p->w[LOGIT_SCALE][at->head] <= logf(100))
        p->dw[LOGIT_SCALE][at->head] += along;
    put(a, at->token, h->dq, p->dx[Q] ? p->dx[Q] + at->at : NULL);
    put(a, at->token, h->dk, p->dx[K] ? p->dx[K] + at->at : NULL);
    return rc;
}

static int attention_backward(void *plan, const struct weir_layer_pass *p)
{
    const struct attention *a = plan;
    size_t each = weir_position_bias(&a->position);
    struct weir_position_weights w = weights(p);
    struct weir_position_gradients g = {p->dw[W0], p->dw[B0], p->dw[W2]};
    float *work = p->work + 2 * each, *dbias = p->work + each;
    struct head h = head_of(a, work + weir_position_work(&a->position));
    int rc = 0;
    memset(dbias, 0, each * sizeof(float));
    memset(p->dw[LOGIT_SCALE], 0, (size_t)a->heads * sizeof(float));
    for (int i = 0; i < a->batch * a->windows * a->heads && !rc; i++) {
        struct place at = place_of(a, i, p->work);
        rc = attend_back(a, p, &at, &h);
    }
    if (!rc)
        rc = weir_position_backward(&a->position, &w, work, dbias, &g);
    return rc;
}

static const struct weir_layer_ops attention_ops = {
    .name = "attention",
    .plan = attention_plan,
    .release = attention_release,
    .bytes = attention_bytes,
    .forward = attention_forward,
    .backward = attention_backward,
};
