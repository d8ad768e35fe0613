/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/test.h"

#include "acquire/loss_window.h"

#include <math.h>

static const double here[] = {0.25, 0.5};

static struct weir_loss_window *make(uint32_t steps, uint32_t met)
{
    struct weir_loss_window *w;
    ok(weir_loss_window_create(2, steps, met, &w));
    for (uint32_t id = 0; id < met; id++)
        ok(weir_loss_window_meet(w, id, here));
    return w;
}

static void delta_loss_counts_deviations_above_the_mean(void **state)
{
    (void)state;
    assert_true(fabs(weir_delta_loss(3.0f, 1.0f, 0.5f) - 4) < 1e-5);
    assert_true(fabs(weir_delta_loss(1.5f, 1.0f, 2.0f) - 0.25) < 1e-5);
    assert_true(weir_delta_loss(1.0f, 1.0f, 0.5f) == 0);
    assert_true(weir_delta_loss(0.5f, 1.0f, 0.5f) == 0);
    assert_true(weir_delta_loss(0.0f, 0.0f, 0.0f) == 0);
    /* Small losses are not swallowed by eps. */
    assert_true(fabs(weir_delta_loss(3e-6f, 1e-6f, 1e-6f) - 2) < 1e-4);
    assert_true(fabs(weir_delta_loss(3e-20f, 1e-20f, 1e-20f) - 2) < 1e-4);
}

static void delta_loss_of_equal_losses_is_not_rounding_noise(void **state)
{
    (void)state;
    for (float l = 1e-8f; l < 1e8f; l *= 3)
        assert_true(weir_delta_loss(nextafterf(l, INFINITY), l, 0) < 0.2);
}

static void delta_loss_of_what_is_not_finite_is_nan(void **state)
{
    (void)state;
    assert_true(isnan(weir_delta_loss(NAN, 1, 1)));
    assert_true(isnan(weir_delta_loss(INFINITY, 1, 1)));
    assert_true(isnan(weir_delta_loss(1, NAN, 1)));
    assert_true(isnan(weir_delta_loss(1, 1, INFINITY)));
}

static void fitness_is_the_mean_over_steps_and_iterations(void **state)
{
    (void)state;
    struct weir_loss_window *w = make(8, 2);
    ok(weir_loss_window_add(w, 0, 3, 1.0));
    ok(weir_loss_window_add(w, 0, 3, 0.0));
    ok(weir_loss_window_add(w, 0, 7, 5.0));
    ok(weir_loss_window_add(w, 1, 0, 0.25));
    struct weir_fitness p[4];
    assert_int_equal(weir_loss_window_population(w, 4, 1, p), 2);
    assert_int_equal(p[0].simulation, 1);
    assert_true(p[0].q == 0.25);
    assert_int_equal(p[1].simulation, 0);
    assert_true(p[1].q == 2.0);
    weir_loss_window_destroy(w);
}

static void population_is_the_most_recently_trained_on(void **state)
{
    (void)state;
    struct weir_loss_window *w = make(4, 6);
    const uint32_t trained[] = {5, 0, 1, 5, 3, 0, 3, 2, 1};
    for (size_t i = 0; i < sizeof(trained) / sizeof(*trained); i++)
        ok(weir_loss_window_add(w, trained[i], 0, 1));
    const uint32_t newest_first[] = {1, 2, 3, 0, 5};
    struct weir_fitness p[8];
    assert_int_equal(weir_loss_window_population(w, 8, 1, p), 5);
    for (int i = 0; i < 5; i++)
        assert_int_equal(p[i].simulation, newest_first[i]);
    assert_int_equal(weir_loss_window_population(w, 3, 1, p), 3);
    assert_int_equal(p[2].simulation, 3);
    weir_loss_window_destroy(w);
}

static void a_parent_needs_distinct_steps(void **state)
{
    (void)state;
    struct weir_loss_window *w = make(100, 3);
    for (int i = 0; i < 5; i++)
        ok(weir_loss_window_add(w, 0, 99, 1));
    ok(weir_loss_window_add(w, 1, 63, 1));
    ok(weir_loss_window_add(w, 1, 64, 1));
    ok(weir_loss_window_add(w, 2, 0, 1));
    struct weir_fitness p[3];
    assert_int_equal(weir_loss_window_population(w, 3, 2, p), 1);
    assert_int_equal(p[0].simulation, 1);
    assert_int_equal(weir_loss_window_population(w, 3, 3, p), 0);
    /* Those without enough steps take no place of the M. */
    assert_int_equal(weir_loss_window_population(w, 1, 2, p), 1);
    assert_int_equal(p[0].simulation, 1);
    weir_loss_window_destroy(w);
}

static void it_grows_with_the_ids(void **state)
{
    (void)state;
    struct weir_loss_window *w = make(4, 1);
    for (uint32_t id = 1; id < 1000; id += 37) {
        double u[2] = {id / 1000.0, 0};
        ok(weir_loss_window_meet(w, id, u));
        ok(weir_loss_window_add(w, id, 1, id));
    }
    struct weir_fitness p[50];
    assert_int_equal(weir_loss_window_population(w, 50, 1, p), 27);
    assert_int_equal(p[0].simulation, 963);
    assert_true(weir_loss_window_parameters(w, 963)[0] == 0.963);
    assert_true(weir_loss_window_parameters(w, 0)[1] == 0.5);
    weir_loss_window_destroy(w);
}

static void losses_of_strangers_are_refused(void **state)
{
    (void)state;
    struct weir_loss_window *w = make(4, 2);
    fails(weir_loss_window_add(w, 7, 0, 1), -EINVAL);
    says("simulation 7");
    fails(weir_loss_window_add(w, 1, 4, 1), -EINVAL);
    says("step 4, expected 0 to 3");
    struct weir_fitness p[1];
    assert_int_equal(weir_loss_window_population(w, 1, 1, p), 0);
    weir_loss_window_destroy(w);
}

static void a_restored_window_is_the_same_window(void **state)
{
    (void)state;
    struct weir_loss_window *w = make(70, 30), *r = make(70, 1);
    for (uint32_t i = 0; i < 500; i++)
        ok(weir_loss_window_add(w, i * i % 29, i % 70, i % 13));
    struct weir_blob blob = {0};
    ok(weir_loss_window_save(w, &blob));
    ok(weir_loss_window_restore(r, &blob));
    assert_int_equal(blob.at, blob.size);
    struct weir_fitness a[30], b[30];
    for (uint32_t i = 0; i < 50; i++) {
        size_t n = weir_loss_window_population(w, 30, i % 20, a);
        assert_int_equal(weir_loss_window_population(r, 30, i % 20, b), n);
        for (size_t k = 0; k < n; k++) {
            assert_int_equal(a[k].simulation, b[k].simulation);
            assert_true(a[k].q == b[k].q);
        }
        ok(weir_loss_window_add(w, i % 30, i, 1));
        ok(weir_loss_window_add(r, i % 30, i, 1));
    }
    weir_blob_free(&blob);
    weir_loss_window_destroy(w);
    weir_loss_window_destroy(r);
}

static void a_cut_or_foreign_state_leaves_it_unchanged(void **state)
{
    (void)state;
    struct weir_loss_window *w = make(4, 3), *r = make(4, 2);
    ok(weir_loss_window_add(w, 2, 1, 1));
    ok(weir_loss_window_add(w, 1, 1, 1));
    ok(weir_loss_window_add(r, 0, 0, 7));
    struct weir_blob blob = {0};
    struct weir_fitness p[3];
    ok(weir_loss_window_save(w, &blob));
    size_t whole = blob.size;
    for (size_t size = 0; size < whole; size++) {
        blob.size = size;
        blob.at = 0;
        fails(weir_loss_window_restore(r, &blob), -WEIR_ECORRUPT);
        assert_int_equal(weir_loss_window_population(r, 3, 1, p), 1);
        assert_true(p[0].q == 7);
    }
    blob.size = whole;
    blob.at = 0;
    blob.data[whole - 1] = 0x7f; /* the last id of the order */
    fails(weir_loss_window_restore(r, &blob), -WEIR_ECORRUPT);
    struct weir_loss_window *other = make(5, 3);
    blob.at = 0;
    fails(weir_loss_window_restore(other, &blob), -EINVAL);
    says("4 samples per simulation, this run");
    weir_blob_free(&blob);
    weir_loss_window_destroy(w);
    weir_loss_window_destroy(r);
    weir_loss_window_destroy(other);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(delta_loss_counts_deviations_above_the_mean),
        cmocka_unit_test(delta_loss_of_equal_losses_is_not_rounding_noise),
        cmocka_unit_test(delta_loss_of_what_is_not_finite_is_nan),
        cmocka_unit_test(fitness_is_the_mean_over_steps_and_iterations),
        cmocka_unit_test(population_is_the_most_recently_trained_on),
        cmocka_unit_test(a_parent_needs_distinct_steps),
        cmocka_unit_test(it_grows_with_the_ids),
        cmocka_unit_test(losses_of_strangers_are_refused),
        cmocka_unit_test(a_restored_window_is_the_same_window),
        cmocka_unit_test(a_cut_or_foreign_state_leaves_it_unchanged),
    };
    return RUN(cases);
}
