/* SPDX-License-Identifier: BSD-3-Clause */
#include "pipeline/view/summary.h"

#include "acquire/registry.h"
#include "base/clock.h"
#include "base/heap.h"
#include "pipeline/run/pretty.h"
#include "pipeline/run/telemetry.h"
#include "pipeline/stages/intake.h"
#include "pipeline/stages/reference.h"
#include "pipeline/view/limits.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

const char *weir_ending_text(enum weir_ending ending)
{
    static const char *const text[] = {
        [WEIR_ENDING_NONE] = "did not end",
        [WEIR_ENDING_STEPS] = "all planned gradient steps done",
        [WEIR_ENDING_DRAINED] = "simulations used up and reservoir drained",
        [WEIR_ENDING_INTERRUPTED] = "interrupted",
        [WEIR_ENDING_FAILED] = "failed",
        [WEIR_ENDING_REACHED] = "validation.stop_when reached",
    };
    size_t n = sizeof(text) / sizeof(*text);
    return (size_t)ending < n ? text[ending] : "ended in a way unknown here";
}

static void print_way_on(const struct weir_session *s)
{
    if (weir_session_ending(s) != WEIR_ENDING_INTERRUPTED || !s->run->dir)
        return;
    if (s->trainer->step == 0)
        printf("          training had not begun: there is nothing to keep\n");
    else
        printf("          go on with: weir run --resume --out %s\n",
               s->run->dir);
}

static void print_ending(const struct weir_session *s)
{
    const struct weir_intake *in = weir_boundary_intake(s->trainer->boundary);
    printf("\nended     %s\n", weir_ending_text(weir_session_ending(s)));
    printf("          %llu gradient steps, %u simulations",
           (unsigned long long)s->trainer->step, in->finished);
    if (in->failed)
        printf(" (%u more diverged and were redrawn)", in->failed);
    printf(", %.1f s", (double)(weir_now_ns() - s->began_ns) * 1e-9);
    if (s->first_step)
        printf(" since step %llu", (unsigned long long)s->first_step);
    printf("\n");
    if (s->trainer->skipped)
        printf("          %llu gradient steps were not finite and left out\n",
               (unsigned long long)s->trainer->skipped);
    print_way_on(s);
}

static void print_ratio(const char *name, double error, double persistence,
                        const char *guess)
{
    bool below = error <= persistence;
    double ratio = below ? persistence / error : error / persistence;
    printf("          %-17s %.3e", name, error);
    if (isfinite(ratio))
        printf("  %6.1fx %s %s", ratio, below ? "below" : "ABOVE", guess);
    printf("\n");
}

static void print_rollouts(const struct weir_evaluation *e)
{
    uint32_t n = e->trajectories - e->invalid;
    if (e->rollout_step == 0)
        return;
    printf("          rollout to step %u  ", e->rollout_step);
    if (e->rollout_failures < n)
        printf("nRMSE mean %.3f, median %.3f; ", e->rollout_mean,
               e->rollout_median);
    printf("%u of %u failed (nRMSE above 1)\n", e->rollout_failures, n);
}

static void print_reference(const struct weir_session *s)
{
    const struct weir_trainer *t = s->trainer;
    const struct weir_evaluation *e = &t->test_result;
    printf("test      relative L2 against the reference at %u times, weights "
           "of step %llu\n",
           e->trajectories,
           (unsigned long long)(t->validated ? t->best_step : t->step));
    printf("          all times         %.3e\n",
           weir_reference_error(&t->test));
    print_ratio("mean of times", e->error.mean, e->persistence.mean,
                "the initial state");
    print_ratio("worst time", e->error.max, e->persistence.max,
                "the initial state");
}

static void print_test(const struct weir_session *s)
{
    const struct weir_trainer *t = s->trainer;
    const struct weir_evaluation *e = &t->test_result;
    const char *guess =
        weir_evalset_guesses_mean(&t->test) ? "the mean" : "persistence";
    if (!t->tested)
        return;
    if (s->run->info.residual) {
        print_reference(s);
        return;
    }
    printf("test      one-step nRMSE on %u held-out trajectories, weights of "
           "step %llu\n",
           e->trajectories - e->invalid,
           (unsigned long long)(t->validated ? t->best_step : t->step));
    print_ratio("mean", e->error.mean, e->persistence.mean, guess);
    print_ratio("p99", e->error.p99, e->persistence.p99, guess);
    print_ratio("max", e->error.max, e->persistence.max, guess);
    print_ratio("CVaR 0.99", e->error.cvar99, e->persistence.cvar99, guess);
    print_ratio("worst trajectory", e->error.worst_trajectory,
                e->persistence.worst_trajectory, guess);
    if (e->spread > 0)
        printf("          spread of predictions %.3e, %d member%s\n", e->spread,
               t->members, t->members > 1 ? "s" : "");
    print_rollouts(e);
}

static void print_time(const struct weir_session *s)
{
    const struct weir_trainer_times *t = &s->trainer->times;
    printf("time      training %.2f s, waiting for samples %.2f s, "
           "validation %.2f s, test %.2f s, checkpoints %.3f s",
           (double)t->train * 1e-9, (double)t->wait * 1e-9,
           (double)t->validate * 1e-9, (double)t->test * 1e-9,
           (double)t->checkpoint * 1e-9);
    if (t->strategy)
        printf(", waiting for the strategy %.2f s", (double)t->strategy * 1e-9);
    printf("\n");
}

static void print_allocation(const struct weir_session *s)
{
    const struct weir_run *run = s->run;
    if (!weir_run_is_adaptive(run))
        return;
    printf("cores     %d groups and %d solver threads at the start, %lld and "
           "%lld at the end, %lld changes\n",
           run->seats.groups, run->seats.solvers,
           (long long)weir_counter_get(run->count.groups),
           (long long)weir_counter_get(run->count.solvers),
           (long long)weir_counter_get(run->count.moves));
}

/* fio's columns; the widest distributions need the far ones most. */
static const double quantiles[] = {0.01, 0.5, 0.9, 0.99, 0.999};
#define QUANTILES (sizeof(quantiles) / sizeof(*quantiles))

static void print_value(double value, enum weir_stats_class kind)
{
    char text[32];
    if (kind == WEIR_STATS_COUNT)
        snprintf(text, sizeof(text), "%.0f", value);
    else
        weir_pretty_ns(value, text);
    printf(" %9s", text);
}

static void print_distribution(enum weir_metric metric,
                               const struct weir_hist *h)
{
    enum weir_stats_class kind = weir_metric_class(metric);
    printf("          %-28s %9llu", weir_metric_title(metric),
           (unsigned long long)weir_hist_count(h));
    for (size_t i = 0; i < QUANTILES; i++)
        print_value((double)weir_hist_quantile(h, quantiles[i]), kind);
    print_value((double)weir_hist_max(h), kind);
    print_value(weir_hist_mean(h), kind);
    printf("\n");
}

static void print_latency(const struct weir_session *s)
{
    struct weir_hist *h = weir_array(1, sizeof(*h));
    if (!h)
        return;
    printf("latency   %-28s %9s %9s %9s %9s %9s %9s %9s %9s\n", "", "count",
           "p1", "p50", "p90", "p99", "p99.9", "max", "mean");
    for (enum weir_metric m = 0; m < WEIR_METRIC_COUNT; m++) {
        weir_hist_reset(h);
        weir_telemetry_merge(s->run, m, h);
        if (weir_hist_count(h))
            print_distribution(m, h);
    }
    free(h);
}

static void print_samples(const struct weir_session *s)
{
    struct weir_intake *in = weir_boundary_intake(s->trainer->boundary);
    const struct weir_reservoir_totals *r =
        weir_reservoir_totals(in->reservoir);
    struct weir_hist *views = weir_array(1, sizeof(*views));
    if (!views)
        return;
    weir_reservoir_view_histogram(in->reservoir, true, views);
    printf("samples   %llu in, used %.2f times each (p1 %llu, p99 %llu), %llu "
           "steps yielded to blocked solvers\n",
           (unsigned long long)r->accepted, weir_hist_mean(views),
           (unsigned long long)weir_hist_quantile(views, 0.01),
           (unsigned long long)weir_hist_quantile(views, 0.99),
           (unsigned long long)r->yields);
    if (r->withdrawn || r->refused)
        printf("          %llu withdrawn, %llu refused\n",
               (unsigned long long)r->withdrawn,
               (unsigned long long)r->refused);
    free(views);
}

static void print_strategy(const struct weir_session *s)
{
    double cpu = (double)weir_acquisition_cpu_ns(s->acquisition) * 1e-9;
    double total = (double)s->cpu_ns * 1e-9;
    printf("strategy  %s: %u generations, %.3f s of CPU (%.2f %% of the "
           "run's)",
           s->run->cfg->acquisition.strategy,
           weir_acquisition_generation(s->acquisition), cpu,
           total > 0 ? 100 * cpu / total : 0.0);
    if (weir_acquisition_effective(s->acquisition) > 0)
        printf(", effective sample size %.1f at the last",
               weir_acquisition_effective(s->acquisition));
    if (weir_acquisition_lost(s->acquisition))
        printf(", %llu losses not read in time",
               (unsigned long long)weir_acquisition_lost(s->acquisition));
    printf("\n");
}

static uint32_t count_steered(const struct weir_run *run)
{
    uint32_t n = 0;
    for (uint32_t id = 0; id < weir_table_count(run->table); id++) {
        struct weir_cell_view cell;
        weir_table_read(run->table, id, &cell);
        n += cell.attempt > 0 && cell.origin.bred;
    }
    return n;
}

/* Live, predictions may take longer than a run has time for. */
static void print_silence(const struct weir_session *s)
{
    const struct weir_config *cfg = s->run->cfg;
    const struct weir_strategy_ops *ops =
        weir_strategy_find(cfg->acquisition.strategy);
    if (weir_acquisition_generation(s->acquisition)) {
        if (count_steered(s->run) == 0)
            printf("          none of the simulations that ran was steered\n");
        return;
    }
    if (!ops || !ops->score || weir_run_is_lockstep(s->run))
        return;
    printf("          it has steered nothing: no prediction was complete in "
           "time. Raise acquisition.cpu_share (%g) or,\n"
           "          if that is not used up, placement.acquisition_threads; "
           "or lower acquisition.pool or acquisition.rollout\n",
           cfg->acquisition.cpu_share);
}

static void print_limit(const struct weir_session *s)
{
    struct weir_limits l;
    char text[256];
    weir_limits_of(s, &l);
    weir_limits_text(&l, text, sizeof(text));
    printf("limited by %s\n", text);
}

void weir_summary_print(const struct weir_session *s)
{
    print_ending(s);
    print_test(s);
    print_time(s);
    print_samples(s);
    print_allocation(s);
    if (s->trainer->step > s->first_step) {
        print_latency(s);
        print_strategy(s);
        print_silence(s);
        print_limit(s);
    }
    if (s->run->dir)
        printf("results   %s/run.h5, %s/checkpoints\n", s->run->dir,
               s->run->dir);
}
