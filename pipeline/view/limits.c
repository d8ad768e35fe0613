/* SPDX-License-Identifier: BSD-3-Clause */
#include "pipeline/view/limits.h"

#include "base/heap.h"
#include "pipeline/run/telemetry.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* Shares closer than this are alike: what a busy machine moves them by. */
#define ALIKE 0.05

enum weir_limit weir_limit_of(double wait, double held, double checkpoint,
                              double strategy)
{
    if (strategy > 0.5)
        return WEIR_LIMIT_STRATEGY;
    if (checkpoint > wait && checkpoint > held && checkpoint > ALIKE)
        return WEIR_LIMIT_CHECKPOINTS;
    if (fabs(wait - held) < ALIKE)
        return WEIR_LIMIT_NEITHER;
    return wait > held ? WEIR_LIMIT_SOLVERS : WEIR_LIMIT_TRAINER;
}

static double share(double part, double all)
{
    return all > 0 ? part / all : 0;
}

/* Total of @p metric over its threads, ns. */
static double total(const struct weir_run *run, enum weir_metric metric,
                    struct weir_hist *h)
{
    weir_hist_reset(h);
    weir_telemetry_merge(run, metric, h);
    return weir_hist_mean(h) * (double)weir_hist_count(h);
}

static void share_group_time(const struct weir_run *run, struct weir_limits *l)
{
    struct weir_hist *h = weir_array(1, sizeof(*h));
    if (!h)
        return;
    l->forward = total(run, WEIR_METRIC_FORWARD, h);
    l->backward = total(run, WEIR_METRIC_BACKWARD, h);
    l->reduce = total(run, WEIR_METRIC_REDUCE, h);
    l->others = total(run, WEIR_METRIC_GROUP_WAIT, h);
    free(h);
    double all = l->forward + l->backward + l->reduce + l->others;
    l->forward = share(l->forward, all);
    l->backward = share(l->backward, all);
    l->reduce = share(l->reduce, all);
    l->others = share(l->others, all);
}

void weir_limits_of(const struct weir_session *s, struct weir_limits *out)
{
    const struct weir_trainer_times *t = &s->trainer->times;
    int64_t busy, blocked;
    weir_solver_stage_times(s->solvers, &busy, &blocked);
    double trainer = (double)(t->train + t->wait + t->checkpoint + t->strategy);
    *out = (struct weir_limits){
        .wait = share((double)t->wait, trainer),
        .checkpoint = share((double)t->checkpoint, trainer),
        .strategy = share((double)t->strategy, trainer),
        .held = share((double)blocked, (double)(busy + blocked)),
    };
    out->limit =
        weir_limit_of(out->wait, out->held, out->checkpoint, out->strategy);
    share_group_time(s->run, out);
}

/* The largest part of a group's time. */
static const char *largest(const struct weir_limits *l, double *part)
{
    const struct {
        double part;
        const char *name;
    } all[] = {
        {l->backward, "backward"},
        {l->forward, "forward"},
        {l->reduce, "reduce and update"},
        {l->others, "waiting for one another"},
    };
    size_t at = 0;
    for (size_t i = 1; i < sizeof(all) / sizeof(*all); i++)
        at = all[i].part > all[at].part ? i : at;
    *part = all[at].part;
    return all[at].name;
}

void weir_limits_text(const struct weir_limits *l, char *text, size_t n)
{
    static const char *const who[] = {
        [WEIR_LIMIT_TRAINER] = "the trainer",
        [WEIR_LIMIT_SOLVERS] = "the solvers",
        [WEIR_LIMIT_CHECKPOINTS] = "checkpoints",
        [WEIR_LIMIT_NEITHER] = "neither stage",
        [WEIR_LIMIT_STRATEGY] = "the strategy",
    };
    double part;
    const char *what = largest(l, &part);
    int at = snprintf(text, n,
                      "%s: the trainer waited %.0f %% of its time for samples, "
                      "lanes %.0f %% of theirs for a slot",
                      who[l->limit], 100 * l->wait, 100 * l->held);
    if (l->limit == WEIR_LIMIT_TRAINER && at > 0 && (size_t)at < n)
        snprintf(text + at, n - (size_t)at, "; groups spent %.0f %% in %s",
                 100 * part, what);
    if (l->limit == WEIR_LIMIT_CHECKPOINTS && at > 0 && (size_t)at < n)
        snprintf(text + at, n - (size_t)at,
                 ", and checkpoints held it for %.0f %%", 100 * l->checkpoint);
    if (l->limit == WEIR_LIMIT_STRATEGY && at > 0 && (size_t)at < n)
        snprintf(text + at, n - (size_t)at,
                 "; in lockstep it held the trainer for %.0f %%",
                 100 * l->strategy);
}
