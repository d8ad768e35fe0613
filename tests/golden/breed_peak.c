/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Breed on a loss known everywhere: a peak of hardness on a flat floor. After
 * the first generations new simulations must gather at the peak, and those not
 * bred must still cover the rest.
 */
#include "tests/steered_run.h"

static const struct weir_parameter axes[4] = {
    {.name = "a", .low = 0, .high = 1},
    {.name = "b", .low = 0, .high = 1},
    {.name = "c", .low = 0, .high = 1, .wraps = true},
    {.name = "d", .low = 0, .high = 1, .wraps = true},
};

static const double peak[4] = {0.7, 0.3, 0.4, 0.6};
#define WIDTH 0.15

static double distance(const double *u, size_t n)
{
    double squares = 0;
    for (size_t i = 0; i < n; i++)
        squares += (u[i] - peak[i]) * (u[i] - peak[i]);
    return sqrt(squares);
}

static double hardness(const double *u, size_t n)
{
    double r = distance(u, n) / WIDTH;
    return 0.02 + exp(-0.5 * r * r);
}

/* Shares of the last half of the budget. */
struct outcome {
    double near; /* within 1.5 widths of the peak */
    double bred;
    double near_bred; /* of the bred ones, those near */
    double other;     /* in the half of the cube away from the peak */
};

static struct outcome run(const char *strategy, size_t dims, uint64_t seed,
                          const char *const *settings)
{
    struct weir_strategy_env env = {
        .seed = seed,
        .space = {.n = dims, .parameter = axes},
        .budget = 800,
        .samples_per_simulation = 20,
        .batch = 20,
        .gradient_steps = 8000,
        .samples_per_batch = 2,
    };
    struct steered_run r;
    struct outcome o = {0};
    uint32_t half = env.budget / 2;
    steered_init(&r, strategy, &env, settings);
    r.hardness = hardness;
    r.reservoir = 40;
    steered_finish(&r);
    for (uint32_t id = half; id < env.budget; id++) {
        const struct weir_proposal *p = &r.cell[id];
        bool near = distance(p->u, dims) < 1.5 * WIDTH;
        o.near += (double)near / half;
        o.bred += (double)p->bred / half;
        o.near_bred += near && p->bred;
        o.other += (double)(p->u[0] < 0.5) / half;
    }
    if (o.bred > 0)
        o.near_bred /= o.bred * half;
    steered_free(&r);
    return o;
}

static const char *const kinds[][5] = {
    {NULL},
    {"boundary", "wrap", NULL},
    {"boundary", "reflect", NULL},
    {"boundary", "reflect", "weights", "amis", NULL},
};

static void gathers(size_t dims, double gain)
{
    for (uint64_t seed = 1; seed <= 4; seed++) {
        const char *const *kind = kinds[seed - 1];
        struct outcome u = run("uniform", dims, seed, NULL);
        struct outcome b = run("breed", dims, seed, kind);
        print_message("%zuD %s %s: near the peak %.3f uniform, %.3f Breed "
                      "(%.3f of the bred; bred %.3f)\n",
                      dims, kind[0] ? kind[1] : "shrink",
                      kind[0] && kind[2] ? kind[3] : "loss", u.near, b.near,
                      b.near_bred, b.bred);
        assert_true(b.near > gain * u.near);
        assert_true(b.near_bred > b.near);
        assert_true(fabs(b.bred - 0.7) < 0.1);
        assert_true(u.bred == 0);
        assert_true(b.other > 0.1); /* 0.3 x 0.5 from the uniform share */
    }
}

static void bred_simulations_gather_at_a_peak_in_2d(void **state)
{
    (void)state;
    gathers(2, 3.0);
}

static void bred_simulations_gather_at_a_peak_in_4d(void **state)
{
    (void)state;
    gathers(4, 10.0);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(bred_simulations_gather_at_a_peak_in_2d),
        cmocka_unit_test(bred_simulations_gather_at_a_peak_in_4d),
    };
    return RUN(cases);
}
