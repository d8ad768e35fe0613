/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Planted difficulty: a solver whose error is large in one small region of the
 * space, and known everywhere. Every strategy that looks at losses must put far
 * more of the second half of its simulations there than uniform sampling does,
 * and so must every one that asks the surrogate, which here knows how wrong it
 * is (known_forecast.h; unit/session_predicting.c has a density that must be
 * learned first); the factor is printed. Diversity of parameters knows of
 * no difficulty: it fills the space.
 */
#include "tests/known_forecast.h"
#include "tests/steered_run.h"

static const struct weir_parameter axes[4] = {
    {.name = "a", .low = 0, .high = 1},
    {.name = "b", .low = 0, .high = 1},
    {.name = "c", .low = 0, .high = 1, .wraps = true},
    {.name = "d", .low = 0, .high = 1},
};

/* A ball around this point: 0.071 of the square, 0.019 of the 4-cube. */
static const double planted[4] = {0.7, 0.3, 0.4, 0.6};
static double radius;

static double distance(const double *u, size_t n)
{
    double squares = 0;
    for (size_t i = 0; i < n; i++)
        squares += (u[i] - planted[i]) * (u[i] - planted[i]);
    return sqrt(squares);
}

/* Ten times the error inside; a slope leads there from twice the radius. */
static double hardness(const double *u, size_t n)
{
    double r = distance(u, n) / radius;
    return 0.1 + 0.9 * fmin(1, fmax(0, 2 - r));
}

struct outcome {
    double inside; /* share of the second half in the region */
    double bred;
    double away; /* share in the half of the space without it */
};

static struct outcome run(const char *strategy, size_t dims, uint64_t seed,
                          const char *const *settings)
{
    struct known_forecast forecast = known_forecast(dims, hardness);
    struct weir_strategy_env env = {
        .seed = seed,
        .forecast = &forecast.face,
        .space = {.n = dims, .parameter = axes},
        .budget = 400,
        .samples_per_simulation = 20,
        .batch = 20,
        .gradient_steps = 2000,
        .samples_per_batch = 4,
    };
    struct steered_run r;
    struct outcome o = {0};
    uint32_t half = env.budget / 2;
    radius = dims == 2 ? 0.15 : 0.25;
    steered_init(&r, strategy, &env, settings);
    r.hardness = hardness;
    r.reservoir = 40;
    r.batches_each = 5;
    steered_finish(&r);
    for (uint32_t id = half; id < env.budget; id++) {
        const struct weir_proposal *p = &r.cell[id];
        o.inside += distance(p->u, dims) < radius ? 1.0 / half : 0;
        o.bred += (double)p->bred / half;
        o.away += p->u[0] < 0.5 ? 1.0 / half : 0;
    }
    steered_free(&r);
    return o;
}

/* Volume of the region: a ball well inside the cube. */
static double uniform_share(size_t dims)
{
    double r = dims == 2 ? 0.15 : 0.25, pi = 3.14159265358979323846;
    return dims == 2 ? pi * r * r : 0.5 * pi * pi * r * r * r * r;
}

#define CHEAP                                                                  \
    "max_mlp_steps_per_collect", "1", "mlp_hidden", "32",                      \
        "n_train_steps_per_epoch", "2"

/* A smaller pool; as many candidates for each simulation as with OGAS's. */
#define POOL "pool", "1000"

static const struct {
    const char *name, *strategy, *settings[9];
    double gain[2]; /* at least this, in 2 and in 4 dimensions; 0: not run */
} steered[] = {
    {"breed", "breed", {NULL}, {2, 5}},
    {"breed, AMIS", "breed", {"weights", "amis"}, {2, 4}},
    {"breed offline", "breed_offline", {NULL}, {2, 5}},
    {"R3", "r3", {NULL}, {2, 5}},
    {"OGAS", "ogas", {CHEAP}, {2.5, 0}},
    {"OGAS, quantile",
     "ogas",
     {CHEAP, "loss_sampling_strategy", "uniform_quantile"},
     {0, 6}},
    {"SBAL", "sbal", {POOL}, {3, 6}},
    {"SBAL, one pool", "sbal", {"pool", "10000", "drawn", "once"}, {3, 6}},
    {"Top-K", "topk", {POOL}, {3, 6}},
    {"Core-Set", "coreset", {POOL, "features", "8"}, {2.5, 4}},
    {"LCMD", "lcmd", {POOL, "features", "8"}, {2.5, 4}},
    {"entropy", "entropy", {POOL}, {6, 12}},
    {"TOD", "tod", {POOL}, {6, 12}},
    {"evidential", "topk", {POOL, "score", "evidential"}, {6, 12}},
    {"hybrid", "hybrid", {POOL, "features", "8"}, {3, 4}},
    {"hybrid, LCMD",
     "hybrid",
     {POOL, "rule", "lcmd", "distance", "parameters"},
     {3, 3}},
    {"diversity", "diversity", {POOL}, {0.6, 0.1}},
};

/* The largest scores and nothing else. */
static bool is_greedy(const char *strategy)
{
    return !strcmp(strategy, "entropy") || !strcmp(strategy, "tod");
}

static void finds_it(size_t dims)
{
    double expected = uniform_share(dims);
    print_message("%zu dimensions, region of %.3f: share of the second half\n",
                  dims, expected);
    for (size_t k = 0; k < sizeof(steered) / sizeof(*steered); k++) {
        double least = steered[k].gain[dims == 4];
        if (least == 0)
            continue;
        struct outcome o =
            run(steered[k].strategy, dims, 1 + k, steered[k].settings);
        double gain = o.inside / expected;
        print_message(
            "  %-14s %.3f, %4.1f times uniform; %.2f steered, %.2f in "
            "the other half\n",
            steered[k].name, o.inside, gain, o.bred, o.away);
        assert_true(gain > least);
        if (!is_greedy(steered[k].strategy))
            assert_true(o.away > 0.05); /* the rest is not given up */
    }
}

static void strategies_find_a_hard_region_in_2d(void **state)
{
    (void)state;
    finds_it(2);
}

static void strategies_find_a_hard_region_in_4d(void **state)
{
    (void)state;
    finds_it(4);
}

/* The measure itself: without steering, the region gets its volume. */
static void uniform_sampling_gives_the_region_its_volume(void **state)
{
    (void)state;
    double share = 0;
    for (uint64_t seed = 0; seed < 20; seed++)
        share += run("uniform", 2, seed, NULL).inside / 20;
    assert_true(fabs(share - uniform_share(2)) < 0.016); /* 4 deviations */
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(uniform_sampling_gives_the_region_its_volume),
        cmocka_unit_test(strategies_find_a_hard_region_in_2d),
        cmocka_unit_test(strategies_find_a_hard_region_in_4d),
    };
    return RUN(cases);
}
