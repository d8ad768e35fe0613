/* SPDX-License-Identifier: BSD-3-Clause */
#include "acquire/ratio.h"

#include "acquire/dense.h"
#include "base/err.h"
#include "base/heap.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct weir_ratio {
    struct weir_ratio_config config;
    struct weir_dense *net;
    float *x;    /* [2 * batch][dims] history, then uniform */
    float *back; /* [2 * batch] derivatives by the logit */
};

int weir_ratio_create(const struct weir_ratio_config *config, uint64_t seed,
                      struct weir_ratio **out)
{
    struct weir_ratio *r = calloc(1, sizeof(*r));
    if (!r)
        return WEIR_FAIL(ENOMEM, "ratio");
    r->config = *config;
    struct weir_dense_shape shape = {config->dims, config->hidden, 1, 1};
    int rc = weir_dense_create(&shape, 2 * config->batch, &r->net);
    if (!rc) {
        weir_dense_init(r->net, seed, 1);
        r->x =
            weir_array(2 * (size_t)config->batch * config->dims, sizeof(float));
        r->back = weir_array(2 * (size_t)config->batch, sizeof(float));
        if (!r->x || !r->back)
            rc = WEIR_FAIL(ENOMEM, "ratio");
    }
    if (rc) {
        weir_ratio_destroy(r);
        return WEIR_NOTE(rc, "ratio");
    }
    *out = r;
    return 0;
}

void weir_ratio_destroy(struct weir_ratio *r)
{
    if (!r)
        return;
    weir_dense_destroy(r->net);
    free(r->x);
    free(r->back);
    free(r);
}

size_t weir_ratio_bytes(const struct weir_ratio *r)
{
    return weir_dense_bytes(r->net) +
           2 * (size_t)r->config.batch * (r->config.dims + 1) * sizeof(float);
}

/* The logit y is log D / (1 - D); label 1 is uniform. */
int weir_ratio_train(struct weir_ratio *r, const float *x, int n,
                     struct weir_rng *rng)
{
    size_t values = (size_t)n * r->config.dims;
    const float *y, *grad;
    memcpy(r->x, x, values * sizeof(*x));
    for (size_t j = 0; j < values; j++)
        r->x[values + j] = (float)(2 * weir_rng_uniform(rng) - 1);
    int rc = weir_dense_forward(r->net, NULL, r->x, 2 * n, &y);
    for (int i = 0; rc == 0 && i < 2 * n; i++)
        r->back[i] = (1 / (1 + expf(-y[i])) - (float)(i >= n)) / (float)(2 * n);
    rc = rc ? rc : weir_dense_backward(r->net, r->x, r->back, 2 * n, &grad);
    if (rc)
        return WEIR_NOTE(rc, "ratio");
    weir_dense_step(r->net, &(struct weir_dense_rate){r->config.lr,
                                                      r->config.weight_decay});
    return 0;
}

int weir_ratio_weights(struct weir_ratio *r, const float *x, int n,
                       float *weight)
{
    const float *y;
    int rc = weir_dense_forward(r->net, NULL, x, n, &y);
    for (int i = 0; rc == 0 && i < n; i++)
        weight[i] = (float)fmin(fmax(exp((double)y[i]), WEIR_RATIO_LEAST),
                                WEIR_RATIO_MOST);
    return rc ? WEIR_NOTE(rc, "ratio") : 0;
}

double weir_self_normalise(float *weight, int n)
{
    double sum = 0, squares = 0;
    for (int i = 0; i < n; i++) {
        sum += weight[i];
        squares += (double)weight[i] * weight[i];
    }
    for (int i = 0; i < n; i++)
        weight[i] = (float)(weight[i] * n / sum);
    return sum * sum / squares;
}

int weir_ratio_save(const struct weir_ratio *r, struct weir_blob *out)
{
    return weir_dense_save(r->net, out);
}

int weir_ratio_restore(struct weir_ratio *r, struct weir_blob *in)
{
    int rc = weir_dense_restore(r->net, in);
    return rc ? WEIR_NOTE(rc, "ratio") : 0;
}
