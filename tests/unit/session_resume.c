/* SPDX-License-Identifier: BSD-3-Clause */
/* A lockstep run that was stopped and resumed ends with the bits of one that
 * was not, wherever it was stopped. */
#include "tests/session_parts.h"

#include "pipeline/stages/cut.h"
#include "tests/brittle.h"

#define SET(...)                                                               \
    (const char *const[])                                                      \
    {                                                                          \
        __VA_ARGS__, NULL                                                      \
    }

static void lockstep_goes_on_bit_for_bit(const char *const *set)
{
    struct outcome whole, parts;
    session_whole(set, &whole);
    for (uint64_t seed = 0; seed < 2; seed++) {
        int sessions = play_in_parts(set, 12, seed, &parts);
        assert_true(sessions > 1);
        same_weights(&whole, &parts);
        same_simulations(&whole, &parts);
        assert_memory_equal(&whole.totals, &parts.totals, sizeof(whole.totals));
        assert_int_equal(whole.generation, parts.generation);
        outcome_free(&parts);
    }
    outcome_free(&whole);
}

static void lockstep_goes_on_bit_for_bit_under_every_rule(void **state)
{
    (void)state;
    lockstep_goes_on_bit_for_bit(SET("run.clock=lockstep"));
    lockstep_goes_on_bit_for_bit(
        SET("run.clock=lockstep", "reservoir.rule=firo", "training.steps=0"));
    lockstep_goes_on_bit_for_bit(
        SET("run.clock=lockstep", "reservoir.rule=fifo", "training.steps=13"));
}

static void so_does_all_that_training_can(void **state)
{
    (void)state;
    lockstep_goes_on_bit_for_bit(
        SET("run.clock=lockstep", "training.members=2", "training.ema=0.9",
            "training.clip=adaptive", "training.clip_limit=1.01",
            "training.loss=rmse", "training.steps=40"));
}

/* Few samples a step: most moments lie between the last sample of a simulation
 * and the word that it is done, or inside an intake. */
static void lockstep_goes_on_where_lanes_have_just_ended(void **state)
{
    (void)state;
    session_solver = brittle_solver();
    brittle.step_ns = 300000;
    lockstep_goes_on_bit_for_bit(SET(
        "run.clock=lockstep", "simulations.steps=2", "simulations.budget=60",
        "training.steps=40", "run.lanes=4", "reservoir.samples_per_batch=1.5"));
    lockstep_goes_on_bit_for_bit(SET("run.clock=lockstep", "training.steps=40",
                                     "reservoir.samples_per_batch=6",
                                     "placement.groups=1"));
    brittle.share = 0.3;
    brittle.at = 4;
    lockstep_goes_on_bit_for_bit(SET("run.clock=lockstep", "training.steps=40",
                                     "reservoir.samples_per_batch=5",
                                     "acquisition.strategy=uniform"));
    session_solver = NULL;
    memset(&brittle, 0, sizeof(brittle));
}

/* Being resumed is no crash: simulations are given up after as many. */
static void a_resume_is_no_crash(void **state)
{
    (void)state;
    lockstep_goes_on_bit_for_bit(
        SET("run.clock=lockstep", "simulations.crashes_before_redraw=2"));
    lockstep_goes_on_bit_for_bit(SET(
        "run.clock=lockstep", "simulations.crashes_before_redraw=3",
        "training.steps=40", "acquisition.strategy=uniform", "run.lanes=5"));
}

/* ---- what a strategy has used, of what its run has ---- */

enum { UNSEEN = 7 }; /* losses that an earlier session did not read in time */

/* @p before: what the strategy had come to when the session began. */
static void go_on_from(const struct weir_safetensors *file, bool same_strategy,
                       const char *const *set, int64_t *run_ns,
                       struct weir_strategy_totals *before)
{
    struct weir_session_start start = {
        .checkpoint = file,
        .scope = {.strategy = same_strategy, .validation = true},
        .lineage = "",
    };
    struct weir_config *cfg = session_config(set);
    struct weir_topology topology;
    struct weir_session *s;
    ok(weir_topology_from_synthetic("core:2 pu:1", &topology));
    ok(weir_session_create(cfg, NULL, &topology, &start, &s));
    *before = (struct weir_strategy_totals){
        .cpu_ns = weir_acquisition_cpu_ns(s->acquisition),
        .lost = weir_acquisition_lost(s->acquisition),
        .effective = weir_acquisition_effective(s->acquisition),
    };
    struct weir_strategy_totals unseen = *before;
    unseen.lost += UNSEEN;
    weir_acquisition_restore_totals(s->acquisition, &unseen);
    *run_ns = -s->run->cpu_from_ns;
    ok(weir_session_run(s, session_watch, NULL, 1000));
    int64_t strategy = weir_acquisition_cpu_ns(s->acquisition);
    assert_true(strategy > before->cpu_ns);
    assert_true(s->cpu_ns - *run_ns > strategy - before->cpu_ns);
    assert_int_equal(weir_acquisition_lost(s->acquisition), unseen.lost);
    weir_session_destroy(s);
    weir_config_free(cfg);
}

static void its_totals_go_on_with_the_strategy(void **state)
{
    struct weir_safetensors *file;
    struct outcome o;
    char dir[PATH_MAX];
    uint64_t step;
    int64_t cpu[2], run;
    double effective;
    struct weir_strategy_totals before;
    (void)state;
    scratch_make(dir);
    ok(weir_run_dir_prepare(dir));
    session_play(SET("run.clock=lockstep", "training.steps=20",
                     "acquisition.weights=amis"),
                 dir, false, (struct interruption){0}, &o);
    ok(o.rc);
    outcome_free(&o);
    ok(weir_checkpoint_open_newest(dir, &file, &step));
    ok(weir_safetensors_copy(file, "cpu", WEIR_I64, cpu, sizeof(cpu)));
    assert_true(cpu[1] > 0 && cpu[0] > cpu[1]);
    ok(weir_safetensors_copy(file, "effective", WEIR_F64, &effective, 8));
    assert_true(effective >= 1);
    const char *const *more = SET("run.clock=lockstep", "training.steps=30",
                                  "acquisition.weights=amis");
    go_on_from(file, true, more, &run, &before);
    assert_int_equal(run, cpu[0]);
    assert_int_equal(before.cpu_ns, cpu[1]);
    assert_true(before.effective == effective);
    go_on_from(file, false, more, &run, &before);
    assert_int_equal(run, 0);
    assert_int_equal(before.cpu_ns, 0);
    assert_true(before.effective == 0);
    weir_safetensors_close(file);
    scratch_remove(dir);
}

static void another_layout_of_the_state_is_refused(void **state)
{
    struct weir_text meta = {"weir.format", "1"};
    struct weir_session_start start = {.lineage = ""};
    struct weir_config *cfg = session_config(NULL);
    struct weir_safetensors_head h;
    struct weir_safetensors *file;
    struct weir_topology topology;
    struct weir_session *s;
    char dir[PATH_MAX], path[PATH_MAX + 8];
    (void)state;
    scratch_make(dir);
    snprintf(path, sizeof(path), "%s/old", dir);
    ok(weir_safetensors_head_build(NULL, 0, &meta, 1, &h));
    weir_safetensors_head_seal(&h, NULL);
    scratch_write(path, h.bytes, h.size);
    weir_safetensors_head_free(&h);
    ok(weir_checkpoint_open(path, &file));
    start.checkpoint = file;
    ok(weir_topology_from_synthetic("core:2 pu:1", &topology));
    fails(weir_session_create(cfg, NULL, &topology, &start, &s), -WEIR_EENV);
    says("the checkpoint has format 1");
    weir_session_destroy(s);
    weir_safetensors_close(file);
    weir_config_free(cfg);
    scratch_remove(dir);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(lockstep_goes_on_bit_for_bit_under_every_rule),
        cmocka_unit_test(so_does_all_that_training_can),
        cmocka_unit_test(lockstep_goes_on_where_lanes_have_just_ended),
        cmocka_unit_test(a_resume_is_no_crash),
        cmocka_unit_test(its_totals_go_on_with_the_strategy),
        cmocka_unit_test(another_layout_of_the_state_is_refused),
    };
    return RUN(cases);
}
