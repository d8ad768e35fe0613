/* SPDX-License-Identifier: BSD-3-Clause */
#include "pipeline/stages/allocation.h"

#include <math.h>

#define GAIN  0.1  /* of a step, that a change must promise */
#define WORSE 0.05 /* of a step, by which a change has failed */
#define VOTES 3
#define TRIAL 3
#define BAR   8
#define OTHER (1 / 3.0) /* of a load, by which it is another */

struct weir_allocation weir_allocation_start(
    const struct weir_allocation_bounds *bounds, int groups)
{
    return (struct weir_allocation){.bounds = *bounds, .groups = groups};
}

int weir_allocation_solvers(const struct weir_allocation_bounds *bounds,
                            int groups)
{
    int left = bounds->cores - groups;
    return left < bounds->most_solvers ? left : bounds->most_solvers;
}

static int rounds(const struct weir_allocation *a, int groups)
{
    return (a->bounds.work + groups - 1) / groups;
}

/* Of a core, that a thread has while both sides work. */
static double part(const struct weir_allocation *a, int groups)
{
    int threads = groups + weir_allocation_solvers(&a->bounds, groups);
    return a->bounds.shared > 0 ? fmin(1, a->bounds.shared / threads) : 1;
}

/* What either side of a step would take alone. */
struct sides {
    double train, solve;
};

static struct sides sides_of(const struct weir_allocation *a,
                             const struct weir_allocation_window *w)
{
    double p = part(a, a->groups), t = w->train, v = (1 - w->idle) * w->step;
    return t < v ? (struct sides){p * t, v - (1 - p) * t}
                 : (struct sides){t - (1 - p) * v, p * v};
}

/* What a step would take, by the model of the header. */
static double expect(const struct weir_allocation *a,
                     const struct weir_allocation_window *w, int groups)
{
    double s = weir_allocation_solvers(&a->bounds, a->groups);
    double other = weir_allocation_solvers(&a->bounds, groups);
    struct sides now = sides_of(a, w);
    double train = now.train * rounds(a, groups) / rounds(a, a->groups);
    double solve = now.solve * s / other;
    return fmax(train, solve) + (1 / part(a, groups) - 1) * fmin(train, solve);
}

/* The fewest groups that need as many rounds as @p groups do. */
static int thrifty(const struct weir_allocation *a, int groups)
{
    int r = rounds(a, groups);
    return (a->bounds.work + r - 1) / r;
}

static int best_groups(const struct weir_allocation *a,
                       const struct weir_allocation_window *w)
{
    int best = a->groups;
    for (int g = 1; g <= a->bounds.most_groups; g++)
        if (expect(a, w, g) < expect(a, w, best))
            best = g;
    return best;
}

/* Half the way to @p best, on to a number that changes the rounds. */
static int halfway(const struct weir_allocation *a, int best)
{
    int half = (a->groups + best + (best > a->groups)) / 2;
    while (half < best && rounds(a, half) == rounds(a, a->groups))
        half++;
    return thrifty(a, half);
}

static struct weir_allocation_load load_of(
    const struct weir_allocation *a, const struct weir_allocation_window *w)
{
    double rounds_each = (double)a->bounds.work / rounds(a, a->groups);
    struct sides now = sides_of(a, w);
    return (struct weir_allocation_load){
        now.train * rounds_each,
        now.solve * weir_allocation_solvers(&a->bounds, a->groups)};
}

static bool is_another(const struct weir_allocation_load *a,
                       const struct weir_allocation_load *b)
{
    double change = fabs(a->train - b->train) + fabs(a->solve - b->solve);
    return change > OTHER * (b->train + b->solve);
}

/* A window under @p load is over. */
static void count_down(struct weir_allocation_way *way,
                       const struct weir_allocation_load *load)
{
    way->bar -= way->bar > 0;
    way->others = is_another(load, &way->failed) ? way->others + 1 : 0;
}

static bool is_barred(const struct weir_allocation_way *way)
{
    return way->bar > 0 || (way->last > 0 && way->others < VOTES);
}

/* Whether windows in a row have promised enough for this way to be taken. */
static bool is_voted(struct weir_allocation_way *way, bool promises)
{
    way->votes = promises && !is_barred(way) ? way->votes + 1 : 0;
    return way->votes >= VOTES;
}

static int change(struct weir_allocation *a, int groups, double step, int trial)
{
    a->was = a->groups;
    a->before = step;
    a->after = INFINITY;
    a->trial = trial;
    a->groups = groups;
    a->more.votes = a->less.votes = 0;
    return groups;
}

/* Whether the last change kept its promise; undone when not. */
static int judge(struct weir_allocation *a,
                 const struct weir_allocation_window *w)
{
    struct weir_allocation_way *way = a->groups > a->was ? &a->more : &a->less;
    if (a->trial < TRIAL)
        a->after = fmin(a->after, w->step);
    if (--a->trial > 0)
        return a->groups;
    if (a->after <= (1 + WORSE) * a->before) {
        way->last = 0;
        return a->groups;
    }
    way->last = way->last ? 2 * way->last : BAR;
    way->bar = way->last;
    way->failed = a->load;
    way->others = 0;
    return change(a, a->was, w->step, 0);
}

int weir_allocation_next(struct weir_allocation *a,
                         const struct weir_allocation_window *w)
{
    if (a->trial > 0)
        return judge(a, w);
    int best = best_groups(a, w);
    a->load = load_of(a, w);
    count_down(&a->more, &a->load);
    count_down(&a->less, &a->load);
    bool promises = expect(a, w, best) < (1 - GAIN) * expect(a, w, a->groups);
    bool more = is_voted(&a->more, promises && best > a->groups);
    bool less = is_voted(&a->less, promises && best < a->groups);
    return more || less ? change(a, halfway(a, best), w->step, TRIAL)
                        : a->groups;
}
