/* SPDX-License-Identifier: BSD-3-Clause */
/* The memory planned is the memory that is taken. */
#include "tests/session.h"

#include "nn/registry.h"
#include "pipeline/run/trainer_memory.h"

#define SET(...)                                                               \
    (const char *const[])                                                      \
    {                                                                          \
        __VA_ARGS__, NULL                                                      \
    }

/* A group's nets as made for a whole micro-batch. */
static size_t made(const struct weir_run *run)
{
    const struct weir_config *cfg = run->cfg;
    struct weir_surrogate_config c = {
        .batch = cfg->training.micro_batch,
        .unroll = cfg->training.unroll,
        .residual = cfg->training.residual,
    };
    struct weir_model *model;
    struct weir_surrogate *s;
    ok(weir_model_create(weir_model_find(cfg->model.name), &cfg->model.options,
                         &run->info.shape, &model));
    ok(weir_surrogate_create(model, &c, &s));
    size_t bytes = weir_surrogate_bytes(s);
    weir_surrogate_destroy(s);
    weir_model_destroy(model);
    return bytes;
}

static void nets_take_what_was_planned(void **state)
{
    static const char *const sets[][3] = {
        {"training.micro_batch=1", "training.unroll=1", "model.width=8"},
        {"training.micro_batch=16", "training.unroll=2", "model.width=32"},
        {"training.micro_batch=13", "training.unroll=3", "model.depth=7"},
        {"training.micro_batch=7", "solver.points=160", "model.width=34"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(sets) / sizeof(*sets); i++) {
        struct weir_config *cfg = session_config(
            SET(sets[i][0], sets[i][1], sets[i][2], "placement.groups=1"));
        struct weir_run run = {.cfg = cfg};
        struct weir_trainer_memory m;
        ok(weir_run_configure(&run));
        ok(weir_trainer_memory_plan(&run, &m));
        double ratio = (double)m.group / (double)made(&run);
        if (ratio < 0.98 || ratio > 1.1)
            fail_msg("%s: planned %zu bytes, %.3f of what is taken", sets[i][0],
                     m.group, ratio);
        run.solver->release(run.solver_config);
        weir_config_free(cfg);
    }
}

/* Members, averages and shared buffers, counted by hand. */
static void vectors_are_counted(void **state)
{
    struct weir_config *cfg =
        session_config(SET("training.members=3", "training.ema=0.9",
                           "training.accumulate=2", "placement.groups=2"));
    struct weir_run run = {.cfg = cfg};
    struct weir_trainer_memory m;
    (void)state;
    ok(weir_run_configure(&run));
    ok(weir_trainer_memory_plan(&run, &m));
    /* 81 weights, each kind of them in whole blocks: 512 or 1024 floats. */
    assert_in_range(m.gradient, 3 * 512 * sizeof(float),
                    3 * 1024 * sizeof(float));
    assert_int_equal(m.gradient % (3 * 512 * sizeof(float)), 0);
    assert_int_equal(m.weights, 9 * m.gradient);
    /* A batch of 16 is four micro-batches of 5. */
    assert_int_equal(m.gradients, 2);
    assert_int_equal(weir_trainer_memory_total(&m, 2),
                     m.weights + 2 * m.gradient + 2 * m.group + m.evaluated +
                         m.checkpoint + m.predicted);
    /* Five vectors of three members; live, so small a reservoir is kept. */
    assert_int_equal(m.checkpoint, 5 * 3 * 81 * sizeof(float) +
                                       70 * (2 * 32 * sizeof(float) +
                                             sizeof(struct weir_slot)));
    assert_int_equal(m.predicted,
                     (3 * 20 + 1) * run.frame_floats * sizeof(float));
    run.solver->release(run.solver_config);
    weir_config_free(cfg);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(nets_take_what_was_planned),
        cmocka_unit_test(vectors_are_counted),
    };
    return RUN(cases);
}
