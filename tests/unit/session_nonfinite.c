/* SPDX-License-Identifier: BSD-3-Clause */
/* Samples whose loss is not finite: the run stops there, or leaves the step
 * out, and in neither case does a weight change. */
#include "tests/session.h"

#include "tests/brittle.h"

#include <math.h>

#define SET(...)                                                               \
    (const char *const[])                                                      \
    {                                                                          \
        __VA_ARGS__, NULL                                                      \
    }

/* Few simulations, none of the first, have a frame that is too large. */
static void burst(void)
{
    session_solver = brittle_solver();
    brittle.bursts = true;
    brittle.share = 0.06;
    brittle.at = 6;
}

static void calm(void)
{
    session_solver = NULL;
    memset(&brittle, 0, sizeof(brittle));
}

static void weights_are_finite(const struct outcome *o)
{
    for (size_t i = 0; i < o->n; i++)
        assert_true(isfinite(o->weights[i]));
}

static void steps_are_left_out_and_counted(void **state)
{
    (void)state;
    struct outcome one, three;
    burst();
    session_whole(SET("run.clock=lockstep", "training.on_nonfinite=skip",
                      "training.members=2", "placement.groups=1"),
                  &one);
    assert_int_equal(one.steps, 60);
    assert_in_range(one.skipped, 1, 59);
    weights_are_finite(&one);
    session_whole(SET("run.clock=lockstep", "training.on_nonfinite=skip",
                      "training.members=2", "placement.groups=3"),
                  &three);
    assert_int_equal(one.skipped, three.skipped);
    same_weights(&one, &three);
    same_simulations(&one, &three);
    outcome_free(&one);
    outcome_free(&three);
    session_whole(SET("training.on_nonfinite=skip"), &one); /* live */
    weights_are_finite(&one);
    outcome_free(&one);
    calm();
}

static void a_run_stops_at_that_step(void **state)
{
    (void)state;
    struct outcome o;
    char dir[PATH_MAX], wanted[2 * PATH_MAX];
    uint64_t *steps;
    scratch_make(dir);
    ok(weir_run_dir_prepare(dir));
    burst();
    session_play(SET("run.clock=lockstep", "checkpoint.every=2"), dir, false,
                 (struct interruption){0}, &o);
    assert_int_equal(o.rc, -WEIR_EDIVERGED);
    assert_int_equal(o.ending, WEIR_ENDING_FAILED);
    assert_in_range(o.steps, 2, 59);
    weights_are_finite(&o);
    assert_true(weir_checkpoint_list(dir, &steps) > 0);
    assert_true(steps[0] <= o.steps);
    snprintf(wanted, sizeof(wanted),
             "training: the loss is not finite at gradient step %llu; the last "
             "good checkpoint is %s/checkpoints/step-%08llu.safetensors",
             (unsigned long long)o.steps, dir, (unsigned long long)steps[0]);
    assert_string_equal(weir_err_message(), wanted);
    free(steps);
    outcome_free(&o);
    calm();
    scratch_remove(dir);
}

/* Every target is too large for its weight: to leave out is not to go on. */
static void nothing_but_skipping_is_a_failure(void **state)
{
    (void)state;
    struct outcome o;
    burst();
    brittle.share = 1;
    brittle.at = 1;
    session_play(SET("run.clock=lockstep", "training.on_nonfinite=skip",
                     "training.steps=300", "simulations.steps=1",
                     "simulations.budget=200", "training.loss=wmae_exp"),
                 NULL, false, (struct interruption){0}, &o);
    calm();
    assert_int_equal(o.rc, -WEIR_EDIVERGED);
    assert_int_equal(o.steps, 100);
    says("after as many skipped as are allowed; no checkpoint was written");
    outcome_free(&o);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(steps_are_left_out_and_counted),
        cmocka_unit_test(a_run_stops_at_that_step),
        cmocka_unit_test(nothing_but_skipping_is_a_failure),
    };
    return RUN(cases);
}
