/* SPDX-License-Identifier: BSD-3-Clause */
/* Surrogates of one model in several threads at once: all give the bits that
 * one alone gives, whatever they did before. */
#include "tests/nn_reference.h"

#include "base/rng.h"
#include "nn/surrogate.h"

#include <pthread.h>
#include <stdatomic.h>

enum { THREADS = 4, BATCH = 5, POINTS = 160, PARTS = 3, ROUNDS = 12 };

struct shared {
    struct reference r;
    struct weir_normaliser norm;
    float *data;
    float *grad[PARTS]; /* what one alone gave */
    float loss[PARTS][BATCH];
    pthread_barrier_t start;
    _Atomic int inside, most_inside, wrong;
};

static void prepare(struct shared *sh)
{
    size_t n = (size_t)(PARTS * BATCH) * 2 * POINTS;
    struct weir_rng rng = weir_rng_stream(1, WEIR_RNG_TEST, 5);
    sh->r = reference_create(1, POINTS, 32, 10, 1);
    sh->data = make_floats(n);
    for (size_t i = 0; i < n; i++)
        sh->data[i] = (float)weir_rng_normal(&rng);
    ok(weir_normaliser_init(&sh->norm, 1));
    ok(weir_normaliser_add(&sh->norm, sh->data, 2, POINTS));
    ok(weir_normaliser_freeze(&sh->norm));
}

static int train(struct shared *sh, struct weir_surrogate *s, int part,
                 float *grad, float *loss)
{
    const float *sample[BATCH];
    for (int b = 0; b < BATCH; b++)
        sample[b] = sh->data + (size_t)(part * BATCH + b) * 2 * POINTS;
    return weir_surrogate_train(s, sh->r.packed, &sh->norm, sample, 0.05F, grad,
                                loss);
}

static struct weir_surrogate *make_surrogate(struct shared *sh)
{
    struct weir_surrogate_config config = {
        .batch = BATCH, .unroll = 1, .residual = true};
    struct weir_surrogate *s = NULL;
    return weir_surrogate_create(sh->r.model, &config, &s) ? NULL : s;
}

/* Count this thread in, and note how many are in at once. */
static void enter(struct shared *sh)
{
    int now = atomic_fetch_add(&sh->inside, 1) + 1;
    int most = atomic_load(&sh->most_inside);
    while (now > most &&
           !atomic_compare_exchange_weak(&sh->most_inside, &most, now))
        ;
}

static void *work(void *arg)
{
    struct shared *sh = arg;
    size_t n = weir_model_packed(sh->r.model);
    float *grad = make_floats(n), loss[BATCH];
    struct weir_surrogate *s = make_surrogate(sh);
    pthread_barrier_wait(&sh->start);
    for (int round = 0; s && round < ROUNDS * PARTS; round++) {
        int part = round % PARTS;
        enter(sh);
        int rc = train(sh, s, part, grad, loss);
        atomic_fetch_sub(&sh->inside, 1);
        if (rc || memcmp(grad, sh->grad[part], n * sizeof(float)) ||
            memcmp(loss, sh->loss[part], sizeof(loss)))
            atomic_fetch_add(&sh->wrong, 1);
    }
    if (!s)
        atomic_fetch_add(&sh->wrong, 1000);
    weir_surrogate_destroy(s);
    free(grad);
    return NULL;
}

static void threads_agree_to_the_bit(void **state)
{
    static struct shared sh;
    pthread_t thread[THREADS];
    (void)state;
    prepare(&sh);
    struct weir_surrogate *s = make_surrogate(&sh);
    assert_non_null(s);
    for (int part = PARTS - 1; part >= 0; part--) {
        sh.grad[part] = make_floats(weir_model_packed(sh.r.model));
        ok(train(&sh, s, part, sh.grad[part], sh.loss[part]));
    }
    weir_surrogate_destroy(s);
    pthread_barrier_init(&sh.start, NULL, THREADS);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, work, &sh), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(thread[i], NULL);
    assert_int_equal(sh.wrong, 0);
    assert_true(sh.most_inside > 1);
    pthread_barrier_destroy(&sh.start);
    for (int part = 0; part < PARTS; part++)
        free(sh.grad[part]);
    free(sh.data);
    reference_destroy(&sh.r);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(threads_agree_to_the_bit),
    };
    return RUN(cases);
}
