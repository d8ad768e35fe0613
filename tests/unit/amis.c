/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/test.h"

#include "acquire/amis.h"
#include "base/rng.h"

#include <math.h>

static const struct weir_parameter axes[] = {{.name = "a", .high = 1}};

static const struct weir_strategy_env env = {
    .seed = 1,
    .space = {.n = 1, .parameter = axes},
    .budget = 4000,
    .samples_per_simulation = 1,
    .batch = 64,
};

static const struct weir_kernel kernel = {.space = {.n = 1, .parameter = axes},
                                          .boundary = WEIR_BOUNDARY_REFLECT,
                                          .sigma = 0.1,
                                          .oob_factor = 1};

static struct weir_population population(uint32_t window)
{
    struct weir_population p;
    const struct weir_population_settings set = {
        .nn_updates = 1, .min_steps = 1, .window = window, .raw = true};
    ok(weir_population_init(&p, "test", &env, &set));
    return p;
}

/* Simulation @p id runs at @p u and has loss @p q. */
static void add(struct weir_population *p, uint32_t id, double u, double q)
{
    const struct weir_sample_loss s = {.simulation = id, .loss = (float)q};
    const struct weir_batch_loss batch = {.batch = id, .sample = &s, .n = 1};
    ok(weir_population_meet(p, id, &u));
    ok(weir_population_observe(p, &batch));
}

static void begin(struct weir_population *p)
{
    const struct weir_progress now = {0};
    assert_true(weir_population_begin(p, &now));
}

static double normal(double x)
{
    return exp(-0.5 * x * x / 0.01) / (0.1 * sqrt(2 * acos(-1)));
}

/* Simulations 0 (at 0.3) and 1 (at 0.6) of the first design have children 2
 * (at 0.35) and 3 (at 0.7) in generation 1, of share 0.6 and weights 1 : 3. */
static void weights_are_those_computed_by_hand(void **state)
{
    (void)state;
    struct weir_amis *a;
    struct weir_population p = population(8);
    const double u[] = {0.3, 0.6, 0.35, 0.7}, q[] = {1, 3, 2, 4};
    double weight[8], parents[] = {3, 1}; /* newest first */
    ok(weir_amis_create(4, 8, 10, &a));
    add(&p, 0, u[0], q[0]);
    add(&p, 1, u[1], q[1]);
    begin(&p);
    weir_amis_remember(a, &p, parents, 0.6);
    for (uint32_t id = 2; id < 4; id++) {
        ok(weir_amis_proposed(a, id, 1, u[id]));
        weir_amis_met(a, id, u[id]);
        assert_int_equal(weir_amis_generation(a, id), 1);
        add(&p, id, u[id], q[id]);
    }
    begin(&p);
    double effective = weir_amis_weights(a, &p, &kernel, weight);
    double by_hand[4], most = 0, sum = 0, squares = 0;
    for (int i = 0; i < 4; i++) {
        double bred = 0.25 * normal(u[i] - 0.3) + 0.75 * normal(u[i] - 0.6);
        double mixture = 0.5 * 1 + 0.5 * (0.4 + 0.6 * bred);
        by_hand[i] = q[i] / mixture;
        most = fmax(most, by_hand[i]);
        sum += by_hand[i];
        squares += by_hand[i] * by_hand[i];
    }
    for (int i = 0; i < 4; i++) {
        assert_int_equal(p.member[i].simulation, 3 - i);
        /* Mirror images are 4 deviations away or more. */
        assert_true(fabs(weight[i] - by_hand[3 - i] / most) < 1e-3);
    }
    assert_true(fabs(effective - sum * sum / squares) < 1e-2);
    weir_amis_destroy(a);
    weir_population_free(&p);
}

static void without_a_past_weights_are_the_fitness(void **state)
{
    (void)state;
    struct weir_amis *a;
    struct weir_population p = population(8);
    double weight[8];
    ok(weir_amis_create(1, 8, 10, &a));
    for (uint32_t id = 0; id < 4; id++)
        add(&p, id, 0.1 + 0.2 * id, id);
    begin(&p);
    weir_amis_weights(a, &p, &kernel, weight);
    for (int i = 0; i < 4; i++)
        assert_true(fabs(weight[i] - (3 - i) / 3.0) < 1e-12);
    weir_amis_destroy(a);
    weir_population_free(&p);
}

/* A generation that is written over while simulation 5 is being claimed. */
static void a_proposal_that_came_too_late_is_not_the_origin(void **state)
{
    (void)state;
    struct weir_amis *a;
    ok(weir_amis_create(4, 8, 2, &a));
    ok(weir_amis_proposed(a, 5, 1, 0.25));
    ok(weir_amis_proposed(a, 5, 2, 0.75));
    ok(weir_amis_proposed(a, 6, 1, 0.25));
    ok(weir_amis_proposed(a, 6, 2, 0.75));
    ok(weir_amis_proposed(a, 7, 1, 0.5));
    weir_amis_met(a, 5, 0.25);
    weir_amis_met(a, 6, 0.75);
    weir_amis_met(a, 7, 0.125); /* as the first design had it */
    weir_amis_met(a, 900, 0.5); /* never proposed */
    assert_int_equal(weir_amis_generation(a, 5), 1);
    assert_int_equal(weir_amis_generation(a, 6), 2);
    assert_int_equal(weir_amis_generation(a, 7), 0);
    assert_int_equal(weir_amis_generation(a, 900), 0);
    weir_amis_destroy(a);
}

static void a_forgotten_generation_counts_as_uniform(void **state)
{
    (void)state;
    struct weir_amis *a;
    struct weir_population p = population(8);
    double parent = 1, weight[8];
    ok(weir_amis_create(1, 8, 10, &a));
    add(&p, 0, 0.5, 1);
    begin(&p);
    weir_amis_remember(a, &p, &parent, 1);
    ok(weir_amis_proposed(a, 1, 1, 0.9));
    weir_amis_met(a, 1, 0.9);
    add(&p, 1, 0.9, 2);
    begin(&p);
    weir_amis_weights(a, &p, &kernel, weight);
    assert_true(weight[1] < 0.2); /* 0.5 by fitness; bred around 0.5 */
    weir_amis_remember(a, &p, (double[2]){1, 1}, 0);
    weir_amis_weights(a, &p, &kernel, weight);
    assert_true(fabs(weight[1] - 0.5) < 1e-12);
    weir_amis_destroy(a);
    weir_population_free(&p);
}

/*
 * What the weights are for. Three generations breed around 0.2 and so draw
 * there far more often than elsewhere; the fitness is 1 + u. Weighted by it
 * alone the mean of the population is near 0.2; weighted by AMIS it is that of
 * the density proportional to 1 + u, (1/2 + 1/3) / (3/2) = 0.5556.
 */
static void weights_undo_the_density_of_proposals(void **state)
{
    (void)state;
    enum { N = 1500 };
    struct weir_amis *a;
    struct weir_population p = population(N);
    double weight[N] = {0}, naive[2] = {0}, amis[2] = {0};
    struct weir_rng rng = weir_rng_stream(8, WEIR_RNG_TEST, 0);
    ok(weir_amis_create(4, N, N, &a));
    add(&p, 0, 0.2, 1.2);
    for (uint32_t id = 1; id < N; id++) {
        uint32_t generation = 1 + id / 500;
        double u = weir_rng_uniform(&rng), near = 0.2;
        if (id % 500 == 0 || id == 1) {
            begin(&p);
            memset(weight, 0, sizeof(weight));
            weight[p.n - 1] = 1; /* the oldest member, simulation 0 */
            weir_amis_remember(a, &p, weight, 0.8);
        }
        if (weir_rng_uniform(&rng) < 0.8)
            weir_kernel_draw(&kernel, &rng, &near, &u);
        ok(weir_amis_proposed(a, id, generation, u));
        weir_amis_met(a, id, u);
        add(&p, id, u, 1 + u);
    }
    begin(&p);
    double effective = weir_amis_weights(a, &p, &kernel, weight);
    for (size_t i = 0; i < p.n; i++) {
        double u = *weir_population_parameters(&p, i), q = p.member[i].q;
        naive[0] += q;
        naive[1] += q * u;
        amis[0] += weight[i];
        amis[1] += weight[i] * u;
    }
    print_message("mean %.3f by fitness, %.3f by AMIS, 0.556 wanted; %.0f of "
                  "%zu effective\n",
                  naive[1] / naive[0], amis[1] / amis[0], effective, p.n);
    assert_true(naive[1] / naive[0] < 0.32);
    assert_true(fabs(amis[1] / amis[0] - 5.0 / 9) < 0.05);
    weir_amis_destroy(a);
    weir_population_free(&p);
}

static void a_restored_past_weighs_the_same(void **state)
{
    (void)state;
    struct weir_amis *a, *b, *other;
    struct weir_population p = population(8);
    struct weir_blob blob = {0};
    double before[8], after[8];
    ok(weir_amis_create(2, 8, 4, &a));
    ok(weir_amis_create(2, 8, 4, &b));
    ok(weir_amis_create(3, 8, 4, &other));
    for (uint32_t id = 0; id < 8; id++) {
        ok(weir_amis_proposed(a, id, id / 3, 0.1 * id));
        weir_amis_met(a, id, 0.1 * id);
        add(&p, id, 0.1 * id, 1 + id);
        begin(&p);
        weir_amis_remember(a, &p, (double[]){1, 2, 3, 4, 5, 6, 7, 8}, 0.5);
    }
    weir_amis_weights(a, &p, &kernel, before);
    ok(weir_amis_save(a, &blob));
    ok(weir_amis_restore(b, &blob));
    assert_int_equal(blob.at, blob.size);
    weir_amis_weights(b, &p, &kernel, after);
    assert_memory_equal(before, after, sizeof(before));
    blob.at = 0;
    fails(weir_amis_restore(other, &blob), -EINVAL);
    says("saved state has 2 generations of 8");
    blob.at = 0;
    blob.size /= 2;
    fails(weir_amis_restore(b, &blob), -WEIR_ECORRUPT);
    weir_blob_free(&blob);
    weir_amis_destroy(a);
    weir_amis_destroy(b);
    weir_amis_destroy(other);
    weir_population_free(&p);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(weights_are_those_computed_by_hand),
        cmocka_unit_test(without_a_past_weights_are_the_fitness),
        cmocka_unit_test(a_proposal_that_came_too_late_is_not_the_origin),
        cmocka_unit_test(a_forgotten_generation_counts_as_uniform),
        cmocka_unit_test(weights_undo_the_density_of_proposals),
        cmocka_unit_test(a_restored_past_weighs_the_same),
    };
    return RUN(cases);
}
