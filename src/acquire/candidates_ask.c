/* SPDX-License-Identifier: BSD-3-Clause */
#include "acquire/candidates_state.h"

#include "base/log.h"

#include <string.h>

/* Numbers that distances of a piece are measured on: a few milliseconds. */
#define DISTANCES 4000000

/* ---- first frames ---- */

/* How many of the call, from @p from on, are not kept. */
static uint32_t missing(const struct weir_candidates *c,
                        const struct weir_starts *kept, uint32_t from,
                        uint32_t n)
{
    uint32_t i = from;
    while (i < n && !weir_starts_has(kept, c->number[i]))
        i++;
    return i - from;
}

/* Make first frames of @p n candidates, or of some. @return how many */
static int make(struct weir_candidates *c, struct weir_starts *kept,
                const uint32_t *number, const double *u, uint32_t n,
                float *first)
{
    struct weir_forecast *f = c->env->forecast;
    int made = f->start(f, u, n, first);
    for (int i = 0; i < made; i++) {
        int rc = weir_starts_put(kept, number[i], first + (size_t)i * f->frame);
        if (rc)
            return rc;
    }
    return made;
}

/* First frames of the call's candidates. @return 1 more are to be made first */
static int start(struct weir_candidates *c, struct weir_starts *kept,
                 uint32_t n)
{
    uint32_t *ready = &c->ask.ready;
    while (*ready < n) {
        const uint32_t *number = c->number + *ready;
        float *first = c->first + *ready * kept->frame;
        uint32_t lack = missing(c, kept, *ready, n);
        int made = 1;
        if (lack)
            made = make(c, kept, number, c->u + *ready * c->env->space.n, lack,
                        first);
        else
            weir_starts_take(kept, *number, first);
        if (made < 0)
            return made;
        *ready += (uint32_t)made;
        if ((uint32_t)made < lack)
            return 1;
    }
    return 0;
}

/* Whether another proposal will want a pool. */
static bool goes_on(const struct weir_candidates *c)
{
    const struct weir_candidates_settings *s = &c->set;
    uint64_t ended = weir_candidates_periods(c, c->at.finished);
    return s->warmup + ended * s->period < c->env->budget;
}

/* Those of the pool to come that are missing, in a row, as many as one call may
 * be about. */
static uint32_t look_ahead(struct weir_candidates *c)
{
    const struct weir_starts *kept = &c->pool_starts;
    uint32_t batch = weir_candidates_batch(c), n = 0;
    for (uint32_t i = weir_starts_missing(kept);
         i < kept->room && n < batch && !weir_starts_has(kept, i); i++) {
        weir_candidates_draw(c, i, c->u + n * c->env->space.n);
        c->number[n++] = i;
    }
    return n;
}

int weir_candidates_learn(void *self)
{
    struct weir_candidates *c = self;
    struct weir_starts *kept = &c->pool_starts;
    if (kept->made == kept->room || !goes_on(c))
        return 0;
    uint32_t n = look_ahead(c);
    c->ask.ready = 0; /* of what the buffers held */
    int made = make(c, kept, c->number, c->u, n, c->first);
    return made < 0 ? made : 1;
}

/* ---- what the surrogate says of them ---- */

static int ask_of_known(struct weir_candidates *c, uint32_t from, uint32_t n)
{
    struct weir_forecast *f = c->env->forecast;
    size_t dims = c->env->space.n;
    memcpy(c->u, c->known.u + from * dims, n * dims * sizeof(*c->u));
    for (uint32_t i = 0; i < n; i++)
        c->number[i] = from + i;
    int rc = start(c, &c->known_starts, n);
    return rc ? rc
              : f->features(f, c->first, n,
                            c->base + from * (size_t)c->set.request.features);
}

static int ask_of_pool(struct weir_candidates *c, uint32_t from, uint32_t n)
{
    struct weir_forecast *f = c->env->forecast;
    size_t each = c->set.request.features;
    memcpy(c->number, c->place + from, n * sizeof(*c->number));
    for (uint32_t i = 0; i < n; i++)
        weir_candidates_draw(c, c->number[i], c->u + i * c->env->space.n);
    int rc = weir_candidates_asks(&c->set) ? start(c, &c->pool_starts, n) : 0;
    if (rc == 0 && c->set.request.score)
        rc = f->score(f, c->first, n, c->score + from);
    if (rc == 0 && each)
        rc = f->features(f, c->first, n, c->row + from * each);
    if (rc == 0 && c->set.by_parameters)
        weir_candidates_describe(c->u, n * c->env->space.n,
                                 c->row + from * c->env->space.n);
    return rc;
}

/* A period has gone by since the proposal began. In lockstep nobody is met
 * meanwhile. */
static bool is_late(const struct weir_candidates *c)
{
    return c->known.n - c->met >= c->set.period && c->ask.from > 1;
}

/* Those asked about are the pool, for all are drawn alike. It steers half as
 * many at most: more would leave it no choice. */
static void cut_short(struct weir_candidates *c)
{
    if (!c->told_late)
        weir_log_info("acquire",
                      "%s: a period went by with %u of %u candidates asked "
                      "about; such proposals choose from those. A larger "
                      "acquisition.cpu_share, or a smaller pool, has them all "
                      "asked about",
                      c->method->name, c->ask.from, c->n);
    c->told_late = true;
    c->n = c->ask.from;
    c->most = c->most < c->n / 2 ? c->most : c->n / 2;
}

/* On to the next call. */
static int advance(struct weir_candidates *c, uint32_t n)
{
    struct weir_candidates_ask *a = &c->ask;
    a->from += n;
    a->ready = 0;
    if (a->phase == WEIR_CANDIDATES_KNOWN && a->from >= c->labelled)
        *a = (struct weir_candidates_ask){WEIR_CANDIDATES_POOL, 0, 0};
    if (a->phase != WEIR_CANDIDATES_POOL)
        return 0;
    if (a->from < c->n && is_late(c))
        cut_short(c);
    return a->from >= c->n ? weir_candidates_begin_choice(c) : 0;
}

static int ask(struct weir_candidates *c)
{
    const struct weir_candidates_ask *a = &c->ask;
    bool of_pool = a->phase == WEIR_CANDIDATES_POOL;
    uint32_t left = (of_pool ? c->n : c->labelled) - a->from;
    uint32_t batch = weir_candidates_batch(c), n = left < batch ? left : batch;
    int rc = (of_pool ? ask_of_pool : ask_of_known)(c, a->from, n);
    return rc ? rc : advance(c, n);
}

int weir_candidates_score(void *self, uint32_t piece)
{
    struct weir_candidates *c = self;
    int rc = piece == 0 ? weir_candidates_begin(c) : 0;
    if (rc < 0)
        return rc;
    if (c->ask.phase != WEIR_CANDIDATES_DISTANCES)
        rc = ask(c);
    else if (!weir_diverse_go_on(&c->diverse,
                                 1 + DISTANCES / weir_candidates_dims(c),
                                 c->chosen))
        c->ask.phase = WEIR_CANDIDATES_READY;
    return rc < 0 ? rc : c->ask.phase != WEIR_CANDIDATES_READY;
}
