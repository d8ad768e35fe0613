/* SPDX-License-Identifier: BSD-3-Clause */
#include "pipeline/stages/allocation.h"

#include <math.h>
#include <stdbool.h>

#define GAIN    0.1       /* of a step, that a promise is */
#define DOUBT   0.2       /* of a step, by which a try may seem to be longer */
#define SHORTER 0.02      /* of a step, that a change must bring */
#define CLEAR   0.1       /* of a step, that is told by few windows */
#define FEW     3         /* windows that are enough for a median */
#define PAUSE   4         /* windows before the first try */
#define OTHER   (1 / 3.0) /* of a load, by which it is another */

struct weir_allocation weir_allocation_start(
    const struct weir_allocation_bounds *bounds, int groups)
{
    return (struct weir_allocation){
        .bounds = *bounds, .groups = groups, .pause = PAUSE, .left = PAUSE};
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

static int best_groups(const struct weir_allocation *a,
                       const struct weir_allocation_window *w)
{
    int best = a->groups;
    for (int g = 1; g <= a->bounds.most_groups; g++)
        if (expect(a, w, g) < expect(a, w, best))
            best = g;
    return best;
}

/* @p groups or the fewest that need as many rounds; from the groups in force up,
 * the first number that changes the rounds, or these groups when none does. */
static int useful(const struct weir_allocation *a, int groups)
{
    while (groups > a->groups && rounds(a, groups) == rounds(a, a->groups))
        if (++groups > a->bounds.most_groups)
            return a->groups;
    int r = rounds(a, groups);
    return (a->bounds.work + r - 1) / r;
}

/* Half the way to what the model has for best, if that promises enough. */
static int promised(const struct weir_allocation *a,
                    const struct weir_allocation_window *w)
{
    int best = best_groups(a, w);
    if (expect(a, w, best) >= (1 - GAIN) * expect(a, w, a->groups))
        return a->groups;
    return useful(a, (a->groups + best + (best > a->groups)) / 2);
}

/* Some groups more or fewer, unless a step is expected to be longer than
 * @p most. */
static int tried(const struct weir_allocation *a,
                 const struct weir_allocation_window *w, int way, double most)
{
    int s = weir_allocation_solvers(&a->bounds, a->groups);
    int quarter = (a->groups < s ? a->groups : s) / 4;
    int groups = a->groups + way * (quarter > 1 ? quarter : 1);
    if (groups < 1 || groups > a->bounds.most_groups)
        return a->groups;
    groups = useful(a, groups);
    return expect(a, w, groups) < most ? groups : a->groups;
}

/* How many groups there should be next, nothing being on trial. A model that
 * promises what was found to be longer has no say against the other way. */
static int proposal(const struct weir_allocation *a,
                    const struct weir_allocation_window *w)
{
    int best = promised(a, w), promise = best - a->groups;
    if (a->left > 0)
        return a->pause > PAUSE ? a->groups : best;
    double most = promise * a->longer > 0
                      ? INFINITY
                      : (1 + DOUBT) * expect(a, w, a->groups);
    int way = a->longer ? -a->longer : promise < 0 ? -1 : 1;
    for (int i = 0; i < 2; i++, way = -way) {
        int groups = promise * way > 0 ? best : tried(a, w, way, most);
        if (groups != a->groups)
            return groups;
    }
    return a->groups;
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

/* Pauses begin anew under another load. */
static void watch_load(struct weir_allocation *a,
                       const struct weir_allocation_window *w)
{
    struct weir_allocation_load load = load_of(a, w);
    if (!is_another(&load, &a->load))
        return;
    a->load = load;
    a->pause = a->left = PAUSE;
    a->longer = 0;
}

static int change(struct weir_allocation *a, int groups)
{
    a->groups = groups;
    a->windows = -1;
    return groups;
}

static int start_trial(struct weir_allocation *a, int groups, double step)
{
    a->was = a->groups;
    a->before = step;
    return change(a, groups);
}

static bool is_told(const struct weir_allocation *a, double step)
{
    return a->windows >= WEIR_ALLOCATION_SEEN ||
           fabs(step - a->before) > CLEAR * a->before;
}

/* @return whether the change stays */
static bool end_trial(struct weir_allocation *a,
                      const struct weir_allocation_window *w)
{
    int was = a->was, way = a->groups > was ? 1 : -1;
    bool stays = w->step < (1 - SHORTER) * a->before;
    a->was = 0;
    a->longer = stays ? -way : way;
    a->pause *= stays ? 1 : 2;
    a->left = stays ? PAUSE : a->pause;
    if (stays)
        a->load = load_of(a, w);
    else
        change(a, was);
    return stays;
}

static double median(const double *x, int n)
{
    double sorted[WEIR_ALLOCATION_SEEN];
    for (int i = 0; i < n; i++) {
        int k = i;
        for (; k > 0 && sorted[k - 1] > x[i]; k--)
            sorted[k] = sorted[k - 1];
        sorted[k] = x[i];
    }
    return sorted[n / 2];
}

static void see(struct weir_allocation *a,
                const struct weir_allocation_window *w)
{
    int i = a->windows++ % WEIR_ALLOCATION_SEEN;
    a->step[i] = w->step;
    a->train[i] = w->train;
    a->idle[i] = w->idle;
    a->left -= a->left > 0;
}

static struct weir_allocation_window medians(const struct weir_allocation *a)
{
    int n =
        a->windows < WEIR_ALLOCATION_SEEN ? a->windows : WEIR_ALLOCATION_SEEN;
    return (struct weir_allocation_window){.step = median(a->step, n),
                                           .train = median(a->train, n),
                                           .idle = median(a->idle, n)};
}

int weir_allocation_next(struct weir_allocation *a,
                         const struct weir_allocation_window *w)
{
    if (a->windows < 0) {
        a->windows = 0;
        return a->groups;
    }
    see(a, w);
    if (a->windows < FEW)
        return a->groups;
    struct weir_allocation_window m = medians(a);
    if (a->was && (!is_told(a, m.step) || !end_trial(a, &m)))
        return a->groups;
    watch_load(a, &m);
    int groups = proposal(a, &m);
    return groups == a->groups ? groups : start_trial(a, groups, m.step);
}
