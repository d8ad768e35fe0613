/* SPDX-License-Identifier: BSD-3-Clause */
#include "acquire/pairs.h"

#include "acquire/categorical.h"
#include "acquire/loss_window.h"
#include "base/err.h"
#include "base/heap.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Saved as it lies. */
struct standing {
    double mean, variance; /* moving */
    uint64_t batches;      /* folded into them */
    uint32_t n, next;      /* pairs held; the place of the next one */
};
static_assert(sizeof(struct standing) == 32, "saved without padding");

/* Least and largest score of a batch. */
struct range {
    float low, high;
};

struct weir_pairs {
    struct weir_pairs_settings set;
    struct standing at;
    struct range queue[WEIR_PAIRS_QUEUE]; /* of batch b at b % length */
    struct range range;                   /* over the queue */
    float *x;                             /* [buffer_size][dims] */
    float *score;                         /* [buffer_size] */
    double *sum;                          /* [buffer_size] of target weights */
    enum weir_target_rule rule;
    struct range aim; /* of uniform_quantile */
};

int weir_pairs_create(const struct weir_pairs_settings *set,
                      struct weir_pairs **out)
{
    struct weir_pairs *p = calloc(1, sizeof(*p));
    if (p) {
        p->set = *set;
        p->x = weir_array((size_t)set->buffer_size * set->dims, sizeof(float));
        p->score = weir_array(set->buffer_size, sizeof(float));
        p->sum = weir_array(set->buffer_size, sizeof(double));
    }
    if (!p || !p->x || !p->score || !p->sum) {
        weir_pairs_destroy(p);
        return WEIR_FAIL(ENOMEM, "pairs: buffer of %u", set->buffer_size);
    }
    *out = p;
    return 0;
}

void weir_pairs_destroy(struct weir_pairs *p)
{
    if (!p)
        return;
    free(p->x);
    free(p->score);
    free(p->sum);
    free(p);
}

size_t weir_pairs_bytes(const struct weir_pairs *p)
{
    return sizeof(*p) +
           (size_t)p->set.buffer_size *
               ((p->set.dims + 1) * sizeof(float) + sizeof(double));
}

/* ---- adding ---- */

static double registered(const struct weir_pairs *p,
                         const struct weir_batch_loss *b, size_t i)
{
    float loss = b->sample[i].loss;
    if (p->set.delta)
        return weir_delta_loss(loss, b->mean, b->deviation);
    return isfinite(loss) ? loss : NAN;
}

static void move_statistics(struct weir_pairs *p,
                            const struct weir_batch_loss *b)
{
    double sum = 0, squares = 0, n = 0, a = p->set.ema_loss_alpha;
    for (size_t i = 0; i < b->n; i++) {
        double loss = registered(p, b, i);
        if (isnan(loss))
            continue;
        sum += loss;
        squares += loss * loss;
        n++;
    }
    if (n == 0)
        return;
    double mean = sum / n, variance = fmax(0, squares / n - mean * mean);
    if (p->at.batches++ == 0)
        a = 1;
    p->at.mean += a * (mean - p->at.mean);
    p->at.variance += a * (variance - p->at.variance);
}

/* A millionth of the mean keeps rounding of equal losses from being blown up. */
static float score_of(const struct weir_pairs *p, double loss)
{
    double most = p->set.max_loss_value;
    if (p->set.normalize_losses) {
        double scale = sqrt(p->at.variance) + 1e-6 * fabs(p->at.mean) + 1e-30;
        loss = (loss - p->at.mean) / scale;
        if (p->set.clip_loss_norm_to_3_sigma)
            most = fmin(most, 3);
    }
    return (float)fmax(-most, fmin(most, loss));
}

static void push(struct weir_pairs *p, const double *u, float score)
{
    uint32_t at = p->at.next;
    float *x = p->x + (size_t)at * p->set.dims;
    for (size_t j = 0; j < p->set.dims; j++)
        x[j] = (float)(2 * u[j] - 1);
    p->score[at] = score;
    p->at.next = (at + 1) % p->set.buffer_size;
    if (p->at.n < p->set.buffer_size)
        p->at.n++;
}

static void find_range(struct weir_pairs *p)
{
    uint64_t length = p->set.min_max_queue_length;
    uint64_t n = p->at.batches < length ? p->at.batches : length;
    p->range = (struct range){INFINITY, -INFINITY};
    for (uint64_t i = 0; i < n; i++) {
        p->range.low = fminf(p->range.low, p->queue[i].low);
        p->range.high = fmaxf(p->range.high, p->queue[i].high);
    }
}

void weir_pairs_add(struct weir_pairs *p, const struct weir_batch_loss *batch,
                    weir_pairs_lookup_fn *lookup, const void *ctx)
{
    struct range r = {INFINITY, -INFINITY};
    uint64_t before = p->at.batches;
    move_statistics(p, batch);
    if (p->at.batches == before)
        return; /* nothing finite in it */
    for (size_t i = 0; i < batch->n; i++) {
        double loss = registered(p, batch, i);
        if (isnan(loss))
            continue;
        float score = score_of(p, loss);
        r.low = fminf(r.low, score);
        r.high = fmaxf(r.high, score);
        push(p, lookup(ctx, batch->sample[i].simulation), score);
    }
    p->queue[before % p->set.min_max_queue_length] = r;
    find_range(p);
}

/* ---- reading ---- */

uint32_t weir_pairs_n(const struct weir_pairs *p)
{
    return p->at.n;
}

float weir_pairs_score(const struct weir_pairs *p, uint32_t i)
{
    return p->score[i];
}

const float *weir_pairs_at(const struct weir_pairs *p, uint32_t i)
{
    return p->x + (size_t)i * p->set.dims;
}

float weir_pairs_condition(const struct weir_pairs *p, float score)
{
    float low = p->range.low, high = p->range.high;
    if (!(high > low))
        return 0;
    return fmaxf(-1, fminf(1, 2 * (score - low) / (high - low) - 1));
}

static int rising(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

bool weir_pairs_aim(struct weir_pairs *p, enum weir_target_rule rule,
                    double alpha, double quantile)
{
    struct range all = {INFINITY, -INFINITY};
    uint32_t n = p->at.n;
    p->rule = rule;
    for (uint32_t i = 0; i < n; i++) {
        all.low = fminf(all.low, p->score[i]);
        all.high = fmaxf(all.high, p->score[i]);
        p->sum[i] = p->score[i];
    }
    if (!(all.high > all.low))
        return false;
    if (rule == WEIR_TARGET_UNIFORM_QUANTILE) {
        qsort(p->sum, n, sizeof(*p->sum), rising);
        p->aim = (struct range){(float)p->sum[(uint32_t)(quantile * (n - 1))],
                                all.high};
        return true;
    }
    for (uint32_t i = 0; i < n; i++)
        p->sum[i] = pow(p->sum[i] - all.low, alpha);
    return weir_running_sums(p->sum, n, p->sum) > 0;
}

float weir_pairs_target(const struct weir_pairs *p, double uniform)
{
    if (p->rule == WEIR_TARGET_UNIFORM_QUANTILE)
        return p->aim.low + (float)uniform * (p->aim.high - p->aim.low);
    return p->score[weir_categorical(p->sum, p->at.n, uniform)];
}

/* ---- state ---- */

int weir_pairs_save(const struct weir_pairs *p, struct weir_blob *out)
{
    uint32_t size[2] = {p->set.buffer_size, (uint32_t)p->set.dims};
    int rc = weir_blob_put(out, size, sizeof(size));
    rc = rc ? rc : weir_blob_put(out, &p->at, sizeof(p->at));
    rc = rc ? rc : weir_blob_put(out, p->queue, sizeof(p->queue));
    rc = rc ? rc
            : weir_blob_put(out, p->x,
                            (size_t)p->at.n * p->set.dims * sizeof(float));
    return rc ? rc : weir_blob_put(out, p->score, p->at.n * sizeof(float));
}

int weir_pairs_restore(struct weir_pairs *p, struct weir_blob *in)
{
    uint32_t size[2];
    struct standing at;
    int rc = weir_blob_get(in, size, sizeof(size));
    rc = rc ? rc : weir_blob_get(in, &at, sizeof(at));
    if (rc)
        return rc;
    if (size[0] != p->set.buffer_size || size[1] != p->set.dims)
        return WEIR_FAIL(EINVAL,
                         "saved buffer of %u pairs and %u parameters, this "
                         "run's %u and %zu",
                         size[0], size[1], p->set.buffer_size, p->set.dims);
    if (at.n > size[0] || at.next >= size[0])
        return WEIR_FAIL(WEIR_ECORRUPT, "pairs: %u of %u held, next %u", at.n,
                         size[0], at.next);
    rc = weir_blob_get(in, p->queue, sizeof(p->queue));
    rc = rc ? rc
            : weir_blob_get(in, p->x, (size_t)at.n * size[1] * sizeof(float));
    rc = rc ? rc : weir_blob_get(in, p->score, at.n * sizeof(float));
    p->at = at;
    find_range(p);
    return rc;
}
