/* SPDX-License-Identifier: BSD-3-Clause */
/* A trainer that changes its weights step by step, and checkpoints that want a
 * half of them too, beside one who asks for snapshots. What it gets must be the
 * weights of one step, whole, and offers must have been taken, withdrawn and
 * kept waiting by a checkpoint. */
#include "tests/stress/stress.h"

#include "pipeline/stages/snapshot.h"

#include <sched.h>

#define FLOATS ((size_t)1 << 14)

static struct weir_weights weights;
static struct weir_snapshot snapshot;
static pthread_barrier_t start;
static _Atomic bool over;
static _Atomic uint64_t taken;
static uint64_t offered, withdrawn, waited;

/* One step's result, where the keeping of halves has it. */
static void step(uint64_t n)
{
    float *to = weights.w[weights.keep ? 1 - weights.now : weights.now];
    for (size_t i = 0; i < FLOATS; i++)
        to[i] = (float)n;
    weir_weights_turn(&weights);
}

/* A checkpoint that reads its half for a few steps. */
struct checkpoint {
    const float *half;
    uint64_t step, until;
};

static void checkpoint_begins(struct checkpoint *c, uint64_t n,
                              struct weir_rng *rng)
{
    withdrawn += weir_snapshot_is_offered(&snapshot);
    weir_snapshot_withdraw(&snapshot);
    must(!weir_weights_is_held(&weights), "a half is held after all");
    c->half = weights.w[weir_weights_keep(&weights)];
    c->step = n;
    c->until = n + weir_rng_below(rng, 5);
}

static void checkpoint_ends(struct checkpoint *c)
{
    for (size_t i = 0; i < FLOATS; i += 64)
        must(c->half[i] == (float)c->step,
             "step %" PRIu64 " is kept, but it holds %g", c->step, c->half[i]);
    c->half = NULL;
    weir_weights_release(&weights);
}

static bool content(void)
{
    return atomic_load(&taken) > 100 && withdrawn > 3 && waited > 3;
}

static void *train(void *ctx)
{
    struct weir_rng rng = stress_rng(0);
    struct checkpoint c = {0};
    (void)ctx;
    pthread_barrier_wait(&start);
    for (uint64_t n = 1; stress_goes_on_until(content()); n++) {
        step(n % 10000000);
        if (c.half && n >= c.until)
            checkpoint_ends(&c);
        if (!c.half && weir_rng_below(&rng, 8) == 0)
            checkpoint_begins(&c, n % 10000000, &rng);
        waited += c.half != NULL;
        offered += weir_snapshot_offer(&snapshot, n, &weights);
        if (weir_rng_below(&rng, 4) == 0)
            sched_yield();
    }
    atomic_store(&over, true);
    return NULL;
}

static void *ask(void *ctx)
{
    struct weir_rng rng = stress_rng(1);
    static float copy[FLOATS];
    uint64_t last = 0, at;
    (void)ctx;
    pthread_barrier_wait(&start);
    weir_snapshot_want(&snapshot, 1);
    while (!atomic_load(&over)) {
        if (!weir_snapshot_take(&snapshot, copy, &at)) {
            sched_yield();
            continue;
        }
        must(at > last, "step %" PRIu64 " after %" PRIu64, at, last);
        for (size_t i = 0; i < FLOATS; i++)
            must(copy[i] == (float)(at % 10000000),
                 "weights of step %" PRIu64 " hold %g at %zu", at, copy[i], i);
        atomic_fetch_add(&taken, 1);
        last = at;
        stress_dawdle(&rng, 20000);
        weir_snapshot_want(&snapshot, at + 1 + weir_rng_below(&rng, 3));
    }
    return NULL;
}

int main(void)
{
    pthread_t trainer, asker;
    stress_begin("snapshot");
    must(weir_weights_create(&weights, FLOATS, 0) == 0, "no weights");
    pthread_barrier_init(&start, NULL, 2);
    pthread_create(&trainer, NULL, train, NULL);
    pthread_create(&asker, NULL, ask, NULL);
    pthread_join(trainer, NULL);
    pthread_join(asker, NULL);
    printf("%" PRIu64 " offered, %" PRIu64 " taken, %" PRIu64
           " withdrawn, %" PRIu64 " steps with a checkpoint in the way\n",
           offered, atomic_load(&taken), withdrawn, waited);
    must(content(), "they hardly met");
    weir_weights_destroy(&weights);
    return 0;
}
