/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_TESTS_BENCH_H
#define WEIR_TESTS_BENCH_H

/**
 * @file
 * A run without its stages: the tiny configuration's memory, for tests that
 * play the other stages by hand.
 */
#include "tests/session.h"

struct bench {
    struct weir_config *cfg;
    struct weir_run *run;
};

static inline void bench_open(struct bench *b, const char *const *set)
{
    struct weir_topology topology;
    b->cfg = session_config(set);
    ok(weir_topology_from_synthetic("core:8 pu:1", &topology));
    ok(weir_run_create(b->cfg, NULL, &topology, &b->run));
    weir_topology_free(&topology);
}

static inline void bench_close(struct bench *b)
{
    weir_run_destroy(b->run);
    weir_config_free(b->cfg);
}

/** An acquisition stage whose hooks count. */
struct bench_hooks {
    uint32_t generations, bred, proposals, cuts;
    struct weir_generation last;
};

static inline void bench_generation(void *ctx, const struct weir_generation *g)
{
    struct bench_hooks *h = ctx;
    h->generations++;
    h->bred += g->bred;
    h->proposals += g->proposals;
    h->last = *g;
}

static inline void bench_cut(void *ctx, struct weir_cut *cut)
{
    struct bench_hooks *h = ctx;
    h->cuts++;
    weir_cut_destroy(cut);
}

static inline struct weir_acquisition *bench_acquisition(struct bench *b,
                                                         struct bench_hooks *h)
{
    struct weir_acquisition *a;
    struct weir_acquisition_hooks hooks = {h, bench_generation, bench_cut};
    memset(h, 0, sizeof(*h));
    ok(weir_acquisition_create(b->run, &hooks, &a));
    return a;
}

#endif
