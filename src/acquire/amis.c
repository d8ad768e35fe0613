/* SPDX-License-Identifier: BSD-3-Clause */
#include "acquire/amis.h"

#include "base/err.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Who proposed a simulation last, and before. */
struct origin {
    double first; /* first coordinate of the last proposal */
    uint32_t last, before;
};
static_assert(sizeof(struct origin) == 16, "saved as it lies");

struct generation {
    uint32_t number; /* 0: none yet */
    uint32_t n;      /* parents */
    double share;
};
static_assert(sizeof(struct generation) == 16, "saved as it lies");

/* Parents of generation slot s are [s * window, s * window + n). */
struct weir_amis {
    uint32_t cap, window, room, next;
    struct generation *past; /* [cap], a ring */
    uint32_t *parent;        /* [cap][window] simulations */
    double *weight;          /* [cap][window], of sum 1 */
    struct origin *origin;   /* [room] */
    uint32_t *members;       /* [cap] of the population being weighed */
};

static int make_room(struct weir_amis *a, uint32_t simulation)
{
    if (simulation < a->room)
        return 0;
    size_t room = (size_t)simulation + simulation / 2 + 16;
    struct origin *grown = realloc(a->origin, room * sizeof(*grown));
    if (!grown)
        return WEIR_FAIL(ENOMEM, "origins of %zu simulations", room);
    memset(grown + a->room, 0, (room - a->room) * sizeof(*grown));
    a->origin = grown;
    a->room = (uint32_t)room;
    return 0;
}

int weir_amis_create(uint32_t cap, uint32_t window, uint32_t expected,
                     struct weir_amis **out)
{
    size_t parents = (size_t)cap * window;
    struct weir_amis *a = calloc(1, sizeof(*a));
    if (!a)
        return WEIR_FAIL(ENOMEM, "mixture weights");
    a->cap = cap;
    a->window = window;
    a->past = calloc(cap, sizeof(*a->past));
    a->parent = calloc(parents, sizeof(*a->parent));
    a->weight = calloc(parents, sizeof(*a->weight));
    a->members = calloc(cap, sizeof(*a->members));
    int rc = make_room(a, expected);
    if (!rc && (!a->past || !a->parent || !a->weight || !a->members))
        rc = WEIR_FAIL(ENOMEM, "%u generations of %u parents", cap, window);
    if (rc) {
        weir_amis_destroy(a);
        return rc;
    }
    *out = a;
    return 0;
}

void weir_amis_destroy(struct weir_amis *a)
{
    if (!a)
        return;
    free(a->past);
    free(a->parent);
    free(a->weight);
    free(a->origin);
    free(a->members);
    free(a);
}

int weir_amis_proposed(struct weir_amis *a, uint32_t simulation,
                       uint32_t generation, double first)
{
    int rc = make_room(a, simulation);
    if (rc)
        return rc;
    struct origin *o = &a->origin[simulation];
    o->before = o->last;
    o->last = generation;
    o->first = first;
    return 0;
}

void weir_amis_met(struct weir_amis *a, uint32_t simulation, double first)
{
    if (simulation >= a->room)
        return;
    struct origin *o = &a->origin[simulation];
    if (o->last && o->first != first)
        o->last = o->before;
    o->first = first;
}

uint32_t weir_amis_generation(const struct weir_amis *a, uint32_t simulation)
{
    return simulation < a->room ? a->origin[simulation].last : 0;
}

void weir_amis_remember(struct weir_amis *a, const struct weir_population *p,
                        const double *weight, double share)
{
    struct generation *g = &a->past[a->next];
    size_t at = (size_t)a->next * a->window;
    double sum = 0;
    *g = (struct generation){.number = p->at.generation, .share = share};
    a->next = (a->next + 1) % a->cap;
    for (size_t i = 0; share > 0 && i < p->n; i++)
        sum += weight[i];
    for (size_t i = 0; sum > 0 && i < p->n; i++) {
        if (weight[i] == 0)
            continue;
        a->parent[at + g->n] = p->member[i].simulation;
        a->weight[at + g->n++] = weight[i] / sum;
    }
    g->share = g->n ? share : 0;
}

/* log of sum over the parents of slot @p s of a_k K(u; u_k). */
static double log_bred(const struct weir_amis *a, uint32_t s,
                       const struct weir_population *p,
                       const struct weir_kernel *kernel, const double *u)
{
    double sum = -HUGE_VAL;
    for (uint32_t k = 0; k < a->past[s].n; k++) {
        size_t at = (size_t)s * a->window + k;
        const double *parent =
            weir_loss_window_parameters(p->window, a->parent[at]);
        sum = weir_log_sum(sum, log(a->weight[at]) +
                                    weir_kernel_log_density(kernel, parent, u));
    }
    return sum;
}

/* Members of @p p that generation @p number proposed. */
static uint32_t count(const struct weir_amis *a,
                      const struct weir_population *p, uint32_t number)
{
    uint32_t n = 0;
    for (size_t i = 0; i < p->n; i++)
        n += weir_amis_generation(a, p->member[i].simulation) == number;
    return n;
}

/* log D(u): members[s] are of the generation in slot s, the others uniform. */
static double log_mixture(const struct weir_amis *a,
                          const struct weir_population *p,
                          const struct weir_kernel *kernel, const double *u)
{
    double uniform = 1, sum = -HUGE_VAL;
    for (uint32_t s = 0; s < a->cap; s++) {
        double bred = a->past[s].share * a->members[s] / (double)p->n;
        if (bred == 0)
            continue;
        uniform -= bred;
        sum = weir_log_sum(sum, log(bred) + log_bred(a, s, p, kernel, u));
    }
    /* What rounding leaves of nothing is no density. */
    return uniform > 1e-12 ? weir_log_sum(sum, log(uniform)) : sum;
}

double weir_amis_weights(struct weir_amis *a, const struct weir_population *p,
                         const struct weir_kernel *kernel, double *weight)
{
    double most = -HUGE_VAL, sum = 0, squares = 0;
    for (uint32_t s = 0; s < a->cap; s++)
        a->members[s] = a->past[s].number ? count(a, p, a->past[s].number) : 0;
    for (size_t i = 0; i < p->n; i++) {
        const double *u = weir_population_parameters(p, i);
        weight[i] = p->member[i].q > 0
                        ? log(p->member[i].q) - log_mixture(a, p, kernel, u)
                        : -HUGE_VAL;
        most = fmax(most, weight[i]);
    }
    for (size_t i = 0; i < p->n; i++) {
        weight[i] = isinf(most) ? 0 : exp(weight[i] - most);
        sum += weight[i];
        squares += weight[i] * weight[i];
    }
    return squares > 0 ? sum * sum / squares : 0;
}

struct saved {
    uint32_t cap, window, room, next;
};

int weir_amis_save(const struct weir_amis *a, struct weir_blob *out)
{
    struct saved s = {a->cap, a->window, a->room, a->next};
    size_t parents = (size_t)a->cap * a->window;
    int rc = weir_blob_put(out, &s, sizeof(s));
    if (!rc)
        rc = weir_blob_put(out, a->past, a->cap * sizeof(*a->past));
    if (!rc)
        rc = weir_blob_put(out, a->parent, parents * sizeof(*a->parent));
    if (!rc)
        rc = weir_blob_put(out, a->weight, parents * sizeof(*a->weight));
    if (!rc)
        rc = weir_blob_put(out, a->origin, a->room * sizeof(*a->origin));
    return rc;
}

static int read_arrays(struct weir_amis *a, struct weir_blob *in)
{
    size_t parents = (size_t)a->cap * a->window;
    int rc = weir_blob_get(in, a->past, a->cap * sizeof(*a->past));
    if (!rc)
        rc = weir_blob_get(in, a->parent, parents * sizeof(*a->parent));
    if (!rc)
        rc = weir_blob_get(in, a->weight, parents * sizeof(*a->weight));
    if (!rc)
        rc = weir_blob_get(in, a->origin, a->room * sizeof(*a->origin));
    return rc;
}

/* A damaged file may not lead outside the arrays. */
static int check_arrays(const struct weir_amis *a)
{
    for (uint32_t s = 0; s < a->cap; s++)
        for (uint32_t k = 0; k < a->past[s].n; k++)
            if (a->past[s].n > a->window ||
                a->parent[(size_t)s * a->window + k] >= a->room)
                return WEIR_FAIL(WEIR_ECORRUPT,
                                 "mixture weights: parent %u of generation %u",
                                 k, a->past[s].number);
    return 0;
}

static int check_saved(const struct weir_amis *a, const struct saved *s,
                       const struct weir_blob *in)
{
    if (s->cap != a->cap || s->window != a->window)
        return WEIR_FAIL(EINVAL,
                         "saved state has %u generations of %u simulations, "
                         "this run %u of %u",
                         s->cap, s->window, a->cap, a->window);
    if (s->next >= s->cap || s->room > (in->size - in->at) / sizeof(*a->origin))
        return WEIR_FAIL(WEIR_ECORRUPT,
                         "mixture weights: %u simulations in a saved state of "
                         "%zu bytes",
                         s->room, in->size);
    return 0;
}

int weir_amis_restore(struct weir_amis *a, struct weir_blob *in)
{
    struct saved s;
    struct weir_amis *fresh;
    int rc = weir_blob_get(in, &s, sizeof(s));
    if (!rc)
        rc = check_saved(a, &s, in);
    if (!rc)
        rc = weir_amis_create(s.cap, s.window, 0, &fresh);
    if (rc)
        return rc;
    if (s.room)
        rc = make_room(fresh, s.room - 1);
    fresh->next = s.next;
    fresh->room = s.room;
    if (!rc)
        rc = read_arrays(fresh, in);
    if (!rc)
        rc = check_arrays(fresh);
    if (!rc) {
        struct weir_amis old = *a;
        *a = *fresh;
        *fresh = old;
    }
    weir_amis_destroy(fresh);
    return rc;
}
