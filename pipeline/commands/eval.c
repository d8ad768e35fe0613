/* SPDX-License-Identifier: BSD-3-Clause */
#include "pipeline/commands/commands.h"
#include "pipeline/commands/eval_regions.h"

#include "base/err.h"
#include "pipeline/commands/eval_over.h"
#include "pipeline/commands/eval_score.h"
#include "pipeline/session/loaded.h"
#include "pipeline/stages/reference.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* What is known of one surrogate on the set. */
struct verdict {
    struct weir_evaluation e;
    double whole; /* of an equation: over all times together */
    struct weir_error_figures rollout;
    struct weir_regions regions;
};

/* ---- the set ---- */

static bool is_finite(const float *x, size_t n)
{
    size_t finite = 0;
    for (size_t i = 0; i < n; i++)
        finite += !!isfinite(x[i]);
    return finite == n;
}

static int read_set(const struct weir_loaded *l, const char *path,
                    struct weir_evalset *set)
{
    struct weir_dataset_reader *r;
    int rc = weir_loaded_data(l, path, &r);
    if (rc)
        return weir_argument_refused(rc, "data", path);
    const struct weir_dataset_info *d = weir_dataset_reader_info(r);
    size_t frame = weir_shape_floats(&d->shape), had = d->frames * frame;
    uint32_t steps = d->frames > 1 ? d->frames - 1 : 1;
    size_t one = (steps + 1) * frame;
    rc =
        weir_evalset_allocate((uint32_t)d->trajectories, steps,
                              (uint32_t)l->cfg->test.rollout_steps, frame, set);
    set->given = weir_given_floats(&l->run.info);
    const struct weir_inputs *inputs = weir_predictor_inputs(l->predictor);
    if (rc == 0 && inputs) {
        set->inputs = *inputs;
        rc = weir_loaded_parameters(l, r, &set->parameter);
    }
    for (uint32_t i = 0; rc == 0 && i < set->n; i++) {
        float *to = set->state + (size_t)i * one;
        rc = weir_dataset_reader_frames(r, i, 0, d->frames, WEIR_F32, to);
        /* The one frame of a steady problem is what leads to itself. */
        memcpy(to + one - frame, to + had - frame, frame * sizeof(*to));
        set->valid[i] = rc == 0 && is_finite(to, one);
    }
    weir_dataset_reader_close(r);
    return rc;
}

/* The run's own test set: the same trajectories as at its end. */
static int plan_set(const struct weir_loaded *l, struct weir_evalset *set)
{
    const struct weir_config *cfg = l->cfg;
    if (cfg->test.trajectories == 0) {
        WEIR_FAIL(WEIR_ECONFIG, "%s: its run has no test set", l->info->file);
        return weir_err_hint("give one: --data F.h5 (weir generate makes it)");
    }
    return weir_evalset_create(&l->run, (uint32_t)cfg->test.trajectories,
                               (uint32_t)cfg->test.rollout_steps,
                               cfg->test.seed,
                               1 + (uint64_t)cfg->validation.trajectories, set);
}

static int judge(const struct weir_loaded *l, struct weir_evalset *set,
                 struct verdict *out)
{
    int rc = weir_regions_expect(set);
    rc = rc ? rc : weir_loaded_measure(l, set);
    set->run = NULL; /* it is filled */
    rc = rc ? rc : weir_evalset_figures(set, &out->e);
    out->whole = rc == 0 && set->at ? weir_reference_error(set) : 0;
    if (rc == 0)
        weir_regions_of(set, &out->regions);
    return rc ? rc : weir_evalset_rollout_figures(set, &out->rollout);
}

/* ---- the report ---- */

static void print_surrogate(const char *name, const struct weir_loaded *l)
{
    printf("%-10s%s, step %llu: %s of %zu parameters", name, l->info->file,
           (unsigned long long)l->info->step, l->info->model,
           l->info->parameters);
    if (l->info->members > 1)
        printf(", %d members", l->info->members);
    printf("\n");
}

struct line {
    const char *name;
    size_t at; /* in struct weir_error_figures */
};

#define AT(member) offsetof(struct weir_error_figures, member)
static const struct line lines[] = {
    {"mean", AT(mean)},
    {"std", AT(deviation)},
    {"p50", AT(p50)},
    {"p90", AT(p90)},
    {"p95", AT(p95)},
    {"p99", AT(p99)},
    {"max", AT(max)},
    {"CVaR 0.99", AT(cvar99)},
    {"worst trajectory", AT(worst_trajectory)},
};

static double figure(const struct weir_error_figures *f, size_t at)
{
    return *(const double *)((const char *)f + at);
}

/* Columns: this one, what it is held against, and how many times that is. */
static void print_figures(const struct weir_error_figures *mine,
                          const struct weir_error_figures *reference,
                          const struct weir_error_figures *other, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        double x = figure(mine, lines[i].at);
        printf("  %-18s %.3e", lines[i].name, x);
        if (reference)
            printf("   %.3e %7.2fx", figure(reference, lines[i].at),
                   figure(reference, lines[i].at) / x);
        if (other)
            printf("   %.3e %7.2fx", figure(other, lines[i].at),
                   figure(other, lines[i].at) / x);
        printf("\n");
    }
}

static void print_failures(const struct verdict *v, const char *name)
{
    printf("  %-18s %u of %u (nRMSE above 1 or not finite)\n", name,
           v->e.rollout_failures, v->e.trajectories - v->e.invalid);
}

#define FIGURES (sizeof(lines) / sizeof(*lines))

/* One error a time; then all of them together. */
static void print_points(const struct verdict *v, const struct verdict *other,
                         const struct weir_evalset *set)
{
    printf("data      the reference at %u times, %zu points each\n\n"
           "relative L2 of a time   error   initial state    ratio%s\n",
           set->n, set->frame, other ? "   --against    ratio" : "");
    print_figures(&v->e.error, &v->e.persistence,
                  other ? &other->e.error : NULL, FIGURES - 1);
    if (v->e.spread > 0)
        printf("  %-18s %.3e\n", "spread, mean", v->e.spread);
    printf("relative L2 of all  %.3e", v->whole);
    if (other)
        printf(", --against %.3e: %.2fx", other->whole,
               other->whole / v->whole);
    printf("\n");
}

static void print_verdict(const struct verdict *v, const struct verdict *other,
                          const struct weir_evalset *set)
{
    bool by_mean = weir_evalset_guesses_mean(set);
    const char *more = other ? "   --against    ratio" : "";
    if (set->at) {
        print_points(v, other, set);
        return;
    }
    printf("data      %u trajectories of %u steps", set->n, set->steps);
    if (v->e.invalid)
        printf(", %u of them not finite and left out", v->e.invalid);
    printf("\n\n%s, nRMSE        error   %-11s    ratio%s\n",
           by_mean ? "frames  " : "one step",
           by_mean ? "the mean" : "persistence", more);
    print_figures(&v->e.error, &v->e.persistence,
                  other ? &other->e.error : NULL, FIGURES);
    if (v->e.spread > 0)
        printf("  %-18s %.3e\n", "spread, mean", v->e.spread);
    printf("\nrollout to step %-6u  error%s\n", v->e.rollout_step, more);
    /* Of one error a trajectory the worst is the largest. */
    print_figures(&v->rollout, NULL, other ? &other->rollout : NULL,
                  FIGURES - 1);
    print_failures(v, "failures");
    if (other)
        print_failures(other, "--against");
    weir_print_regions(&v->regions, other ? &other->regions : NULL);
}

/* ---- the command ---- */

static int compare(const struct weir_loaded *l,
                   const struct weir_arguments *args, struct weir_evalset *set,
                   struct verdict *out)
{
    struct weir_loaded other;
    int rc = weir_loaded_open(args->against, args->weights, &other);
    if (rc)
        return weir_argument_refused(rc, "against", args->against);
    const struct weir_shape *a = &l->info->shape, *b = &other.info->shape;
    if (a->channels != b->channels || a->n[0] != b->n[0] || a->n[1] != b->n[1])
        rc = WEIR_FAIL(WEIR_ECONFIG, "%s and %s take states of other shapes",
                       l->info->file, other.info->file);
    if (rc == 0 && !other.info->inputs != !l->info->inputs)
        rc =
            WEIR_FAIL(WEIR_ECONFIG, "%s and %s: one steps, the other is direct",
                      l->info->file, other.info->file);
    rc = rc ? rc : judge(&other, set, out);
    if (rc == 0)
        print_surrogate("against", &other);
    weir_loaded_close(&other);
    return rc;
}

static int evaluate(const struct weir_loaded *l,
                    const struct weir_arguments *args)
{
    struct weir_evalset set = {0};
    struct verdict mine, other;
    struct weir_over over = {0};
    struct weir_scoring scoring = {0};
    int rc = args->data ? read_set(l, args->data, &set) : plan_set(l, &set);
    rc = rc ? rc : weir_over_open(l, args->over, args->data, &set, &over);
    rc = rc ? rc : weir_scoring_open(l, args->score, &set, &scoring);
    rc = rc ? rc : judge(l, &set, &mine);
    if (rc == 0 && mine.e.invalid == mine.e.trajectories)
        rc = WEIR_FAIL(WEIR_EDIVERGED, "no trajectory of the set is finite");
    rc = rc ? rc : weir_scoring_judge(&scoring, l, &set);
    if (rc == 0) {
        weir_over_gather(&over, &set);
        print_surrogate("surrogate", l);
    }
    if (rc == 0 && args->against)
        rc = compare(l, args, &set, &other);
    if (rc == 0)
        print_verdict(&mine, args->against ? &other : NULL, &set);
    if (rc == 0) {
        weir_over_print(&over);
        weir_scoring_print(&scoring);
    }
    weir_over_close(&over);
    weir_scoring_close(&scoring);
    weir_evalset_destroy(&set);
    return rc;
}

static int eval(int argc, char **argv)
{
    struct weir_arguments args;
    struct weir_loaded l;
    int first = weir_arguments_parse(&weir_command_eval,
                                     "OPERANDS data against over score weights",
                                     argc, argv, &args);
    if (first < 0)
        return first;
    if (first + 1 != argc)
        return weir_usage(&weir_command_eval, "which run?");
    int rc = weir_loaded_open(argv[first], args.weights, &l);
    if (rc)
        return rc;
    rc = evaluate(&l, &args);
    weir_loaded_close(&l);
    return rc;
}

const struct weir_command weir_command_eval = {
    .name = "eval",
    .arguments =
        "DIR|FILE [--data F.h5] [--against DIR] [--over A,B] [--score S]",
    .summary = "measure a surrogate: errors of one step and of rollouts",
    .help = "  --data F.h5       trajectories in The Well's layout; else the "
            "run's test set\n"
            "  --against DIR     another run's surrogate on the same set; a "
            "ratio above 1\n"
            "                    says that the first is better\n"
            "  --over A,B        the error of one step in bins of two "
            "parameters, or of one\n"
            "  --score S         how well a score ranks the true errors: "
            "disagreement, entropy\n"
            "                    or evidential, as strategies compute it\n"
            "  --weights WHICH   best (validation) or newest\n\n"
            "FILE is a checkpoint. An error is rms(prediction - truth) / "
            "rms(truth) of a state;\na rollout is compared at the "
            "configuration's test.rollout_steps.\n\nOf a steady problem whose "
            "source and solution have largest value 1, weighted\nerrors stand "
            "by region too: the source (> 0), the field (the rest), and rings\n"
            "of it by the solution: from 0.2, from 0.1 to 0.2, from 0.05 to "
            "0.1.\n",
    .run = eval,
};
